"""The flights test-then-train against PyTorch (MLP with embeddings) and River (logistic regression).

    pip install -r Sources/retrain-bench/Peers/requirements.txt
    swift build -c release --product retrain-bench
    python Sources/retrain-bench/Peers/flights.py

Every side reads the same file of JSON lines from the first record to the last, predicts each record and then learns it,
labels at once; batches of 32 where there are batches. Records a second, and the log loss and ROC-AUC of the predictions.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile

import zstandard

import contest

ROOT = os.path.join(contest.HERE, "..", "..", "..")


def decompress(source, target, rows):
    with open(source, "rb") as file, open(target, "wb") as plain:
        lines = io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(file))
        for _, line in zip(range(rows), lines):
            plain.write(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    contest.common_arguments(parser, rounds=7, seconds=1.0)
    parser.add_argument("--stream", default=os.path.join(ROOT, "Pipelines", "data", "flights.jsonl.zst"))
    parser.add_argument("--pipeline", default=os.path.join(ROOT, "Pipelines", "network.yaml"))
    parser.add_argument("--rows", type=int, default=1 << 40, help="of the stream's beginning")
    parser.add_argument("--model", default="mlp", help="ours: mlp, PyTorch's network; quickstart: the pipeline's own")
    parser.add_argument("--river-rounds", type=int, default=3, help="a round of River takes longest")
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    worth = {}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "flights.jsonl")
        decompress(options.stream, path, options.rows)

        def mine():
            line = subprocess.run(
                [options.binary, "flights", "--file", path, "--pipeline", options.pipeline, "--model", options.model,
                 "--samples", "1", "--clock", options.clock], check=True, capture_output=True, text=True).stdout
            report = json.loads(line)
            worth["retrain"] = {name: float(report["params"][name]) for name in ("log_loss", "auc")}
            return report["median"]

        def peer(name):
            line = subprocess.run(
                [sys.executable, "-W", "ignore", os.path.join(contest.HERE, f"flights_{name}.py"), path,
                 options.clock], check=True,
                capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}).stdout
            report = json.loads(line)
            worth[name] = {key: round(report[key], 5) for key in ("log_loss", "auc")}
            return report["rate"]

        contestants = {"retrain": mine, "torch": lambda: peer("torch"), "river": lambda: peer("river")}
        values = contest.rounds(options.river_rounds, contestants)
        del contestants["river"]
        for name, more in contest.rounds(max(0, options.rounds - options.river_rounds), contestants).items():
            values[name] += more
    result = {
        "case": f"flights, {options.model}", "unit": "records/s", "clock": options.clock,
        **contest.summary(values), "worth": worth,
        "samples": {name: [round(v) for v in samples] for name, samples in values.items()},
    }
    print(json.dumps(result))
    print()
    contest.table(
        [{"": name, "records/s": f"{result[name]:,.0f}", "log loss": f"{worth[name]['log_loss']:.4f}",
          "AUC": f"{worth[name]['auc']:.4f}",
          "ours is": f"{result['vs_' + name]:.1f} times as fast" if name != "retrain" else ""} for name in values],
        ["", "records/s", "log loss", "AUC", "ours is"])


if __name__ == "__main__":
    main()
