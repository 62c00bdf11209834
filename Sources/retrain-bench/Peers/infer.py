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
RATIOS = ("vs_onnxruntime", "best_vs_onnxruntime")


def measure(case, options):
    net, rows, activation = case.split(":")
    contestants = [
        contest.Contestant(
            "retrain", options.binary, "infer", "--net", net, "--batch", rows, "--activation", activation, "--turns",
            "yes"),
        contest.peer("onnxruntime", "infer_onnx.py", net, rows, activation),
    ]
    rates = contest.compare(contestants, options)
    for contestant in contestants:
        contestant.close()
    return {
        "case": case, "unit": "batches/s", "rounds": options.rounds, "clock": options.clock, **contest.summary(rates),
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
    rows = [
        {
            "case": r["case"], "retrain us": f"{1e6 / r['retrain']:.2f}",
            "onnxruntime us": f"{1e6 / r['onnxruntime']:.2f}", **{name: f"{r[name]:.2f}" for name in RATIOS},
        }
        for r in results
    ]
    print()
    contest.table(rows, ["case", "retrain us", "onnxruntime us", *RATIOS])


if __name__ == "__main__":
    main()
