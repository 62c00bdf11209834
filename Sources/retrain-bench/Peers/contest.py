"""Contestants that take turns on one processor: whoever else uses the machine disturbs all of them alike."""

import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PRODUCT = os.path.join(HERE, "..", "..", "..", ".build", "release", "retrain-bench")


class Contestant:
    """A process that answers `CLOCK SECONDS` on its standard input with the rate of one window."""

    def __init__(self, name, *command):
        self.name = name
        self.process = subprocess.Popen(
            [str(word) for word in command], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"})
        if self._line() != "ready":
            raise SystemExit(f"{name} did not get ready")

    def _line(self):
        line = self.process.stdout.readline().strip()
        if not line:
            raise SystemExit(f"{self.name} ended early")
        return line

    def rate(self, clock, seconds):
        """Calls or records a second of one turn."""
        self.process.stdin.write(f"{clock} {seconds}\n")
        self.process.stdin.flush()
        return float(self._line())

    def close(self):
        """Ends it; what it said last."""
        rest, _ = self.process.communicate()
        return rest


def peer(name, script, *arguments):
    """A script of this folder."""
    return Contestant(name, sys.executable, "-W", "ignore", os.path.join(HERE, script), *arguments)


def compare(contestants, options):
    """Rounds of one turn each: {name: [rate of each round]}. The first round warms up."""
    rates = {contestant.name: [] for contestant in contestants}
    for turn in range(options.rounds + 1):
        for contestant in contestants:
            rate = contestant.rate(options.clock, options.seconds)
            if turn > 0:
                rates[contestant.name].append(rate)
    return rates


def product(binary, *arguments):
    """The reports of one run of `retrain-bench`, by workload."""
    lines = subprocess.run([binary, *map(str, arguments)], check=True, capture_output=True, text=True).stdout
    return {report["workload"]: report for report in map(json.loads, lines.splitlines())}


def rounds(count, contestants):
    """Asks each contestant, a function, once a round and in turn: {name: [rate of each round]}."""
    rates = {name: [] for name in contestants}
    for _ in range(count):
        for name, ask in contestants.items():
            rates[name].append(ask())
    return rates


def quartiles(samples):
    return [round(q, 3) for q in statistics.quantiles(samples, n=4)]


def summary(rates, mine="retrain"):
    """Median and best rate of each; the ratios to each peer: median over rounds, quartiles, best to best."""
    result = {name: statistics.median(samples) for name, samples in rates.items()}
    result.update({name + "_best": max(samples) for name, samples in rates.items()})
    for name, samples in rates.items():
        if name == mine:
            continue
        pairs = [ours / theirs for ours, theirs in zip(rates[mine], samples)]
        first, middle, third = quartiles(pairs)
        result["vs_" + name] = middle
        result["vs_" + name + "_quartiles"] = [first, third]
        result["best_vs_" + name] = round(max(rates[mine]) / max(samples), 3)
    return result


def common_arguments(parser, rounds=41, seconds=0.15):
    parser.add_argument("--binary", default=PRODUCT, help="retrain-bench, built with -c release")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="the processor to stay on")
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--seconds", type=float, default=seconds, help="of one turn")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: processor time of the process")


def run_cases(description, cases, measure):
    """Measures `NET:BATCH:ACTIVATION` cases, those of the command line or all, and prints each; their results."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    common_arguments(parser)
    parser.add_argument("--case", action="append", help="NET:BATCH:ACTIVATION; all of the table without it")
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    results = []
    for case in options.case or cases:
        net, rows, activation = case.split(":")
        result = measure(net, rows, activation, options)
        results.append({"case": case, "rounds": options.rounds, "clock": options.clock, **result})
        print(json.dumps(results[-1]), flush=True)
    print()
    return results


def last_report(text):
    """The report that a contestant of ours leaves when its input ends; None: it left none."""
    lines = [line for line in text.splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else None


def table(rows, columns):
    """Prints rows of {column: text} under their columns."""
    widths = [max(len(column), *(len(str(row.get(column, ""))) for row in rows)) for column in columns]
    for line in [dict(zip(columns, columns)), *rows]:
        print("  ".join(str(line.get(column, "")).rjust(width) for column, width in zip(columns, widths)))
