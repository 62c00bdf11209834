"""Predictions against ONNX Runtime, one thread each, in turn on one processor: microseconds a batch.

    pip install -r Sources/retrain-bench/Peers/requirements.txt
    swift build -c release --product retrain-bench
    python Sources/retrain-bench/Peers/infer.py [--case W1:1:relu …]

ONNX Runtime is called from Python with inputs and outputs bound beforehand; a caller in C would be about a microsecond
faster. retrain-bench standardises its inputs as well.
"""

import contest

CASES = ["W1:1:relu", "W1:32:relu"]
RATIOS = ("vs_onnxruntime", "best_vs_onnxruntime")


def measure(net, rows, activation, options):
    contestants = [
        contest.Contestant(
            "retrain", options.binary, "infer", "--net", net, "--batch", rows, "--activation", activation, "--turns",
            "yes"),
        contest.peer("onnxruntime", "infer_onnx.py", net, rows, activation),
    ]
    rates = contest.compare(contestants, options)
    for contestant in contestants:
        contestant.close()
    return {"unit": "batches/s", **contest.summary(rates)}


def main():
    results = contest.run_cases(__doc__, CASES, measure)
    rows = [
        {
            "case": r["case"], "retrain us": f"{1e6 / r['retrain']:.2f}",
            "onnxruntime us": f"{1e6 / r['onnxruntime']:.2f}", **{name: f"{r[name]:.2f}" for name in RATIOS},
        }
        for r in results
    ]
    contest.table(rows, ["case", "retrain us", "onnxruntime us", *RATIOS])


if __name__ == "__main__":
    main()
