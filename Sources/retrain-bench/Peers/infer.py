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
    peer = contest.Peer("onnxruntime", "infer_onnx.py", net, rows, activation)

    def mine():
        report = contest.product(
            options.binary, "infer", "--net", net, "--batch", rows, "--activation", activation, "--seconds",
            options.seconds, "--clock", options.clock)["infer"]
        return report["median"], report["min"]

    def theirs():
        return [1e6 / rate for rate in peer.calls(options.clock, options.seconds)]

    contestants = {"retrain": mine, "onnxruntime": theirs}
    values = contest.rounds(options.rounds, contestants)
    peer.close()
    return {
        "case": case, "unit": "us/batch", "rounds": options.rounds, "clock": options.clock,
        **contest.summary(values, smaller_is_better=True),
        "medians": {name: [round(median, 2) for median, _ in turns] for name, turns in values.items()},
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
                **{name: f"{r[name]:.2f}" for name in RATIOS},
            }
            for r in results
        ], ["case", "retrain", "onnxruntime", *RATIOS])


if __name__ == "__main__":
    main()
