"""ONNX Runtime's prediction of 64 -> 256 -> 128 -> 1 behind uvicorn: `bare` or `fastapi`; says its port, ends with its input."""

import json
import socket
import sys
import threading

import numpy as np
import onnxruntime
import orjson
import uvicorn

import infer_onnx

FEATURES = 64
NAMES = [f"feature_{i}" for i in range(FEATURES)]


def session():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    model, _ = infer_onnx.model("W1", 1, "relu")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


RUN = session().run


def predict(values):
    """values: 64 numbers. The answer, as the Open Inference Protocol has it."""
    x = np.array(values, dtype=np.float32).reshape(1, FEATURES)
    probability = float(RUN(None, {"x": x})[0][0, 0])
    output = {"name": "y", "shape": [1], "datatype": "FP32", "data": [probability]}
    return {"model_name": "bench", "model_version": "1", "outputs": [output]}


def record(body):
    return [body[name] for name in NAMES]


def columns(body):
    found = {column["name"]: column["data"][0] for column in body["inputs"]}
    return [found[name] for name in NAMES]


def tensor(body):
    return body["inputs"][0]["data"]


READERS = {"/record": record, "/columns": columns, "/tensor": tensor}
HEADERS = [(b"content-type", b"application/json")]


async def bare(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    answer = orjson.dumps(predict(READERS[scope["path"]](orjson.loads(body))))
    headers = [*HEADERS, (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


def fastapi():
    import fastapi
    import pydantic

    class Tensor(pydantic.BaseModel):
        name: str
        shape: list[int]
        datatype: str
        data: list[float]

    class Inputs(pydantic.BaseModel):
        inputs: list[Tensor]

    Record = pydantic.create_model("Record", **{name: (float, ...) for name in NAMES})
    app = fastapi.FastAPI()

    @app.post("/record")
    async def _(body: Record):
        return predict([getattr(body, name) for name in NAMES])

    @app.post("/columns")
    async def _(body: Inputs):
        found = {column.name: column.data[0] for column in body.inputs}
        return predict([found[name] for name in NAMES])

    @app.post("/tensor")
    async def _(body: Inputs):
        return predict(body.inputs[0].data)

    return app


def main(kind):
    app = fastapi() if kind == "fastapi" else bare
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", access_log=False, log_level="error", lifespan="off")
    server = uvicorn.Server(config)

    def end_with_input():
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=end_with_input, daemon=True).start()
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    listener.listen(128)
    server.run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1])
