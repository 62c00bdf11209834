"""ONNX Runtime's prediction of W1: one thread, inputs and outputs bound; answers `workload.serve`'s questions."""

import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

import workload


def model(net, rows, activation):
    """Dense layers, then the probability, with fixed shapes."""
    random = np.random.default_rng(1)
    nodes, weights, value = [], [], "x"
    sizes = workload.layer_sizes(net)
    for index, (inputs, outputs) in enumerate(sizes):
        w = (random.standard_normal((inputs, outputs)) * (2 / inputs) ** 0.5).astype(np.float32)
        weights.append(onnx.numpy_helper.from_array(w, f"w{index}"))
        weights.append(onnx.numpy_helper.from_array(np.zeros(outputs, np.float32), f"b{index}"))
        nodes.append(helper.make_node("Gemm", [value, f"w{index}", f"b{index}"], [f"z{index}"]))
        operator = "Sigmoid" if index == len(sizes) - 1 else {"relu": "Relu", "gelu": "Gelu"}[activation]
        extra = {"approximate": "tanh"} if operator == "Gelu" else {}
        value = f"y{index}"
        nodes.append(helper.make_node(operator, [f"z{index}"], [value], **extra))
    graph = helper.make_graph(
        nodes, net, [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, sizes[0][0]])],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, [rows, 1])], weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    made.ir_version = 10
    return made.SerializeToString(), value


def main(net, rows, activation):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    bytes_of_model, output = model(net, rows, activation)
    session = onnxruntime.InferenceSession(bytes_of_model, options, providers=["CPUExecutionProvider"])
    # One binding a batch, made beforehand: a call only runs.
    bindings = []
    for x, _, _ in workload.batches(net, rows):
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", onnxruntime.OrtValue.ortvalue_from_numpy(x))
        binding.bind_ortvalue_output(output, onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros((rows, 1), np.float32)))
        bindings.append(binding._iobinding)
    # The session beneath the Python class, which saves a call's worth of Python.
    call = session._sess.run_with_iobinding
    position = 0

    def run(count):
        nonlocal position
        for _ in range(count):
            call(bindings[position % workload.BATCHES], None)
            position += 1

    workload.serve(run)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
