"""Answers over HTTP against ONNX Runtime behind FastAPI and behind a bare ASGI handler: requests a second.

    swift build -c release --product retrain-bench
    python Sources/retrain-bench/Peers/serve.py --install FOLDER   # what the peers need, by pip, into FOLDER
    FOLDER/bin/python Sources/retrain-bench/Peers/serve.py

The same dense network, 64 -> 256 -> 128 -> 1 with one thread each, behind one process: retrain-bench serve, and uvicorn
(uvloop, httptools). wrk puts the load on, over 1, 8 and 32 connections; servers have one processor, wrk has another one,
and they take turns. Three forms of a request: a record (names and numbers), 64 named columns (Open Inference Protocol),
and a tensor [1, 64]. What a server takes of its processor is told as well: requests by second of its own time.

The bare handler reads with orjson and writes with it; FastAPI has pydantic models and answers as it does by default. The
peers neither check nor clip values, count, keep versions or have a canary.
"""

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.request
import venv

HERE = os.path.dirname(os.path.abspath(__file__))
PRODUCT = os.path.join(HERE, "..", "..", "..", ".build", "release", "retrain-bench")
FEATURES = 64
FORMS = ("record", "columns", "tensor")


def bodies():
    """{form: the request's body}"""
    numbers = random.Random(1)
    values = [round(numbers.gauss(0, 1), 4) for _ in range(FEATURES)]
    columns = [
        {"name": f"feature_{i}", "shape": [1], "datatype": "FP32", "data": [v]} for i, v in enumerate(values)
    ]
    tensor = {"name": "features", "shape": [1, FEATURES], "datatype": "FP32", "data": values}
    forms = {
        "record": {f"feature_{i}": v for i, v in enumerate(values)}, "columns": {"inputs": columns},
        "tensor": {"inputs": [tensor]},
    }
    return {form: json.dumps(body, separators=(",", ":")) for form, body in forms.items()}


class Server:
    """A process that says its port and ends with its input."""

    def __init__(self, name, paths, processor, *command):
        self.name, self.paths = name, paths
        self.process = subprocess.Popen(
            ["taskset", "-c", processor, *command], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"})
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{name} ended early")
        self.base = f"http://127.0.0.1:{json.loads(line)['port']}"

    def ask(self, form, body):
        request = urllib.request.Request(
            self.base + self.paths[form], body.encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=20)


def servers(options):
    infer = "/v2/models/bench/infer"
    ours = {"record": "/predict", "columns": infer, "tensor": infer}
    theirs = {form: "/" + form for form in FORMS}
    script = os.path.join(HERE, "serve_onnx.py")
    return [
        Server("retrain", ours, options.server, options.binary, "serve"),
        Server("bare", theirs, options.server, sys.executable, "-W", "ignore", script, "bare"),
        Server("fastapi", theirs, options.server, sys.executable, "-W", "ignore", script, "fastapi"),
    ]


def prove(contestants, requests):
    """Each gives one probability for the record, however it is asked, and the peers the same one."""
    for server in contestants:
        found = set()
        for form in server.paths:
            answer = server.ask(form, requests[form])
            if "prediction" in answer:
                answer = answer["prediction"]["probability"]
            else:
                answer = answer["outputs"][0]["data"][0]
            found.add(round(answer, 6))
        if len(found) != 1 or not 0 < next(iter(found)) < 1:
            raise SystemExit(f"{server.name} answers {found}")
        print(json.dumps({"proved": server.name, "probability": next(iter(found))}), flush=True)


def processor_time(process):
    """Seconds of a processor that a process has taken."""
    with open(f"/proc/{process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(server, form, body, connections, options):
    """Requests a second of one turn, and a second of the server's processor."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(
            f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = {json.dumps(body)}\n')
        script.flush()
        before = processor_time(server.process)
        run = subprocess.run(
            ["taskset", "-c", options.client, "wrk", "-t1", f"-c{connections}", f"-d{options.seconds}s", "-s",
             script.name, server.base + server.paths[form]], text=True, capture_output=True, check=True)
    if "Non-2xx" in run.stdout or "Socket errors" in run.stdout:
        raise SystemExit(f"{server.name}, {form}: {run.stdout}")
    taken = max(processor_time(server.process) - before, 0.01)
    count = int(re.search(r"(\d+) requests in", run.stdout).group(1))
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", run.stdout).group(1)), count / taken


def install(folder):
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(python):
        venv.create(folder, with_pip=True)
    wanted = os.path.join(HERE, "requirements-serve.txt")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", wanted], check=True)
    print(f"{python} {os.path.relpath(__file__)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--install", metavar="FOLDER", help="bring what the peers need, and end")
    parser.add_argument("--binary", default=PRODUCT, help="retrain-bench")
    parser.add_argument("--rounds", type=int, default=3, help="turns each; one more before warms up")
    parser.add_argument("--seconds", type=int, default=3, help="of a turn")
    parser.add_argument("--connections", type=int, nargs="*", default=[1, 8, 32])
    parser.add_argument("--server", default="0", help="the processor of the servers")
    parser.add_argument("--client", default="1", help="the processor of wrk")
    options = parser.parse_args()
    if options.install:
        return install(options.install)
    requests = bodies()
    contestants = servers(options)
    prove(contestants, requests)
    ours = contestants[0]
    for form in FORMS:
        for connections in options.connections:
            rates = {server.name: [] for server in contestants}
            costs = {server.name: [] for server in contestants}
            for turn in range(options.rounds + 1):
                for server in contestants:
                    asked = form if form in server.paths else "columns"
                    rate, cost = load(server, asked, requests[asked], connections, options)
                    if turn > 0:
                        rates[server.name].append(rate)
                        costs[server.name].append(cost)
            median = {name: statistics.median(found) for name, found in rates.items()}
            report = {
                "workload": "serve", "form": form, "connections": connections, "unit": "requests/s",
                **{name: round(rate) for name, rate in median.items()},
            }
            for name in list(median)[1:]:
                report[f"vs_{name}"] = round(median[ours.name] / median[name], 2)
            report["per_processor_second"] = {name: round(statistics.median(found)) for name, found in costs.items()}
            print(json.dumps(report), flush=True)
    for server in contestants:
        server.close()


if __name__ == "__main__":
    main()
