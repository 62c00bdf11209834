"""Predictions against ONNX Runtime, one thread each, in turn on one processor: microseconds a batch.

    pip install -r Sources/retrain-bench/Peers/requirements.txt
    swift build -c release --product retrain-bench
    python Sources/retrain-bench/Peers/infer.py [--case W1:1:relu …]

ONNX Runtime is called from Python with inputs and outputs bound beforehand; a caller in C would be about a microsecond
faster. retrain-bench standardises its inputs as well.
"""

import argparse
import json
import os

import contest

CASES = ["W1:1:relu", "W1:32:relu"]


def measure(case, options):
    net, rows, activation = case.split(":")
    peer = contest.Peer("onnxruntime", "infer_onnx.py", net, rows, activation)

    def mine():
        return contest.product(
            options.binary, "infer", "--net", net, "--batch", rows, "--activation", activation, "--seconds",
            options.seconds, "--clock", options.clock)["infer"]

    contestants = {"retrain": mine, "onnxruntime": lambda: 1e6 / peer.calls(options.clock, options.seconds)}
    values = contest.rounds(options.rounds, contestants)
    peer.close()
    return {
        "case": case, "unit": "us/batch", "rounds": options.rounds, "clock": options.clock,
        **contest.summary(values, smaller_is_better=True),
        "samples": {name: [round(v, 2) for v in samples] for name, samples in values.items()},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    contest.common_arguments(parser)
    parser.add_argument("--case", action="append", help="NET:BATCH:ACTIVATION; both of the table without it")
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    results = []
    for case in options.case or CASES:
        results.append(measure(case, options))
        print(json.dumps(results[-1]), flush=True)
    print()
    contest.table(
        [
            {
                "case": r["case"], "retrain": f"{r['retrain']:.2f}", "onnxruntime": f"{r['onnxruntime']:.2f}",
                "vs_onnxruntime": f"{r['vs_onnxruntime']:.2f}",
            }
            for r in results
        ], ["case", "retrain", "onnxruntime", "vs_onnxruntime"])


if __name__ == "__main__":
    main()
