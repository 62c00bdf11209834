"""The linear model online, from a text file, against Vowpal Wabbit: records a second, and what the predictions were worth.

    pip install -r Sources/retrain-bench/Peers/requirements.txt
    swift build -c release --product retrain-bench
    python Sources/retrain-bench/Peers/linear.py [--rows 300000] [--batch 32]

Twenty numbers and ten categories of 1,000 values a record, made from a seed, labels by the odds of a linear rule. Each
side reads its own text (JSON lines; Vowpal Wabbit's format with numbered features, which spares it their hashes), and
tests each record before it learns it; the log loss is that of those predictions. Vowpal Wabbit reads the text on a
thread of its own, so it is compared with `--threads 2`; held on one processor, with `--threads 1`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

import contest

NUMBERS, CATEGORIES, VALUES = 20, 10, 1000

# Runs in a process of its own for each pass, as the product does; what is timed is reading and learning.
VW = """
import sys, time, vowpalwabbit
now = time.perf_counter if sys.argv[1] == "wall" else time.process_time
start = now()
workspace = vowpalwabbit.Workspace(arg_list=sys.argv[2:])
seconds = now() - start
print(seconds, workspace.get_sum_loss() / workspace.get_weighted_examples())
"""


def write_streams(rows, json_path, vw_path):
    random = np.random.default_rng(30)
    slopes = random.normal(0, 0.3, NUMBERS)
    levels = random.normal(0, 0.5, (CATEGORIES, VALUES))
    numbers = random.normal(size=(rows, NUMBERS))
    # Few values are frequent, many are rare.
    values = (random.random((rows, CATEGORIES)) ** 3 * VALUES).astype(int)
    score = numbers @ slopes + levels[np.arange(CATEGORIES), values].sum(axis=1)
    labels = random.random(rows) < 1 / (1 + np.exp(-score))
    json_form = "{" + ",".join(
        [f'"n{i}":%.4f' for i in range(NUMBERS)] + [f'"c{i}":"v%d"' for i in range(CATEGORIES)]) + ',"y":%d}\n'
    vw_form = "%d | " + " ".join(
        [f"{i}:%.4f" for i in range(NUMBERS)] + [f"c{i}=v%d" for i in range(CATEGORIES)]) + "\n"
    with open(json_path, "w", encoding="ascii") as ours, open(vw_path, "w", encoding="ascii") as theirs:
        for x, c, y in zip(numbers.tolist(), values.tolist(), labels.tolist()):
            ours.write(json_form % (*x, *c, y))
            theirs.write(vw_form % (1 if y else -1, *x, *c))
    return float(np.mean(np.logaddexp(0, score) - labels * score))


def vowpal(path, rows, arguments, clock="wall"):
    run = subprocess.run(
        [sys.executable, "-c", VW, clock, "-d", path, "--loss_function", "logistic", "-b", "18", "--quiet", *arguments],
        check=True, capture_output=True, text=True)
    seconds, loss = map(float, run.stdout.split())
    return rows / seconds, loss


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    contest.common_arguments(parser, rounds=7, seconds=1.0)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--batch", type=int, default=32, help="records a step of ours; Vowpal Wabbit's is 1")
    parser.add_argument("--rate", default="0.2", help="our learning rate")
    parser.add_argument("--vw", default="", help="more arguments for Vowpal Wabbit")
    options = parser.parse_args()
    losses, results = {}, []
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = os.path.join(folder, "stream.jsonl"), os.path.join(folder, "stream.vw")
        losses["of the rule itself"] = write_streams(options.rows, ours, theirs)

        def mine(threads):
            line = subprocess.run(
                [options.binary, "linear", "--file", ours, "--threads", str(threads), "--batch", str(options.batch),
                 "--rate", options.rate, "--samples", "1", "--clock", options.clock],
                check=True, capture_output=True, text=True).stdout
            report = json.loads(line)
            losses["retrain"] = float(report["params"]["log_loss"])
            return report["median"]

        def peer():
            rate, losses["vowpal_wabbit"] = vowpal(theirs, options.rows, options.vw.split(), options.clock)
            return rate

        everywhere = os.sched_getaffinity(0)
        for threads in (2, 1):
            os.sched_setaffinity(0, everywhere if threads == 2 else {options.core})
            values = contest.rounds(options.rounds, {"retrain": lambda: mine(threads), "vowpal_wabbit": peer})
            results.append({
                "case": f"{threads} processors", "unit": "records/s", "clock": options.clock,
                "rounds": options.rounds,
                **contest.summary(values), "log_loss": dict(losses),
                "samples": {name: [round(v) for v in samples] for name, samples in values.items()},
            })
            print(json.dumps(results[-1]), flush=True)
    print()
    contest.table(
        [{"case": r["case"], "retrain": f"{r['retrain']:,.0f}", "vowpal wabbit": f"{r['vowpal_wabbit']:,.0f}",
          "ratio": f"{r['vs_vowpal_wabbit']:.2f}", "log loss": f"{r['log_loss']['retrain']:.4f}",
          "theirs": f"{r['log_loss']['vowpal_wabbit']:.4f}"} for r in results],
        ["case", "retrain", "vowpal wabbit", "ratio", "log loss", "theirs"])


if __name__ == "__main__":
    main()
