import Foundation
import Learning
import Tensors
import Vocabulary

extension Workload {
  static let activation = Workload(
    name: "activation", summary: "each activation, forward and with its derivative: --seconds S --kernels LEVEL",
    run: runActivation)
}

@Sendable private func runActivation(_ options: inout BenchOptions) throws {
  let seconds = try options.double("seconds", default: 1)
  let kernels = try benchKernels(options.string("kernels", default: "best"))
  try options.refuseUnknown()
  let (rows, units) = (64, 256)  // in L2, as in a training step
  let stride = rowStride(units)
  let z = AlignedBuffer<Float>(count: rows * stride)
  let derivative = AlignedBuffer<Float>(count: rows * stride)
  var random = SplitMix64(seed: 3)
  for index in 0..<z.count { z[index] = normal(&random) * 2 }
  for (formula, name, reference) in formulas {
    try prove(kernels, formula, name, reference)
    for withDerivative in [false, true] {
      // In place and again and again: what the values become does not change the time, but subnormals would.
      let samples = withArithmeticMode {
        timedSamples(seconds: seconds, unitsPerCall: Double(rows * units)) { calls in
          for _ in 0..<calls {
            kernels.activate(
              formula, rows: rows, units: units, z: Rows(z.pointer, stride: stride),
              derivative: withDerivative ? derivative.pointer : nil, stats: nil)
          }
        }
      }
      try BenchReport(
        workload: "activation",
        params: ["activation": name, "derivative": String(withDerivative), "kernels": kernels.level.rawValue],
        samples: samples.map { 1e9 / $0 }, unit: "ns/element"
      ).emit()
    }
  }
}

private let formulas: [(ActivationFormula, String, @Sendable (Double) -> Double)] = [
  (.relu, "relu", { max(0, $0) }),
  (.leakyRelu, "leaky_relu", { $0 > 0 ? $0 : $0 / 100 }),
  (.gelu, "gelu", { $0 / 2 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }),
  (.swish, "swish", { $0 / (1 + exp(-$0)) }),
  (.tanh, "tanh", { tanh($0) }),
  (.sigmoid, "sigmoid", { 1 / (1 + exp(-$0)) }),
  (.identity, "identity", { $0 }),
]

/// Value and derivative are those of double precision, over −20 … 20.
private func prove(
  _ kernels: Kernels, _ formula: ActivationFormula, _ name: String, _ reference: (Double) -> Double
) throws {
  let count = 4096
  let z = AlignedBuffer<Float>(count: count)
  let derivative = AlignedBuffer<Float>(count: count)
  let inputs = (0..<count).map { Float($0 - count / 2) / Float(count) * 40 + 0.003 }
  for (index, x) in inputs.enumerated() { z[index] = x }
  kernels.activate(
    formula, rows: 1, units: count, z: Rows(z.pointer, stride: count), derivative: derivative.pointer, stats: nil)
  for (index, x) in inputs.enumerated() {
    let slope = (reference(Double(x) + 1e-5) - reference(Double(x) - 1e-5)) / 2e-5
    let valueError = abs(Double(z[index]) - reference(Double(x))) / max(1, abs(Double(x)))
    let slopeError = abs(Double(derivative[index]) - slope)
    guard valueError < 5e-7, slopeError < 2e-6 else { throw BenchError("\(name)(\(x)) is not the reference's") }
  }
}
