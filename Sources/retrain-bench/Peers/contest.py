"""Contestants that take turns on one processor: whoever else uses the machine disturbs all of them alike."""

import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PRODUCT = os.path.join(HERE, "..", "..", "..", ".build", "release", "retrain-bench")


class Peer:
    """A script of this folder that answers `workload.serve`'s questions, in a process of its own."""

    def __init__(self, name, script, *arguments):
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", os.path.join(HERE, script), *map(str, arguments)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"})
        self._line("ready")

    def _line(self, expected=None):
        line = self.process.stdout.readline().strip()
        if not line or (expected and line != expected):
            raise SystemExit(f"{self.name} ended early")
        return line

    def calls(self, clock, seconds):
        """Calls a second of one window."""
        self.process.stdin.write(f"{clock} {seconds}\n")
        self.process.stdin.flush()
        return float(self._line())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def product(binary, *arguments):
    """The reports of one run of `retrain-bench`: median over its windows, by workload."""
    lines = subprocess.run([binary, *map(str, arguments)], check=True, capture_output=True, text=True).stdout
    return {report["workload"]: report["median"] for report in map(json.loads, lines.splitlines())}


def rounds(count, contestants):
    """Asks each contestant once a round, in turn: {name: [value of each round]}."""
    values = {name: [] for name in contestants}
    for _ in range(count):
        for name, ask in contestants.items():
            values[name].append(ask())
    return values


def summary(values, mine="retrain", smaller_is_better=False):
    """Medians, and the ratio to each peer as the median over rounds."""
    result = {name: statistics.median(samples) for name, samples in values.items()}
    for name, samples in values.items():
        if name == mine:
            continue
        pairs = [theirs / ours if smaller_is_better else ours / theirs for ours, theirs in zip(values[mine], samples)]
        result["vs_" + name] = round(statistics.median(pairs), 3)
        result["vs_" + name + "_range"] = [round(min(pairs), 3), round(max(pairs), 3)]
    return result


def common_arguments(parser):
    parser.add_argument("--binary", default=PRODUCT, help="retrain-bench, built with -c release")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="the processor to stay on")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one window")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: processor time of the process")


def table(rows, columns):
    """Prints rows of {column: text} under their columns."""
    widths = [max(len(column), *(len(str(row.get(column, ""))) for row in rows)) for column in columns]
    for line in [dict(zip(columns, columns)), *rows]:
        print("  ".join(str(line.get(column, "")).rjust(width) for column, width in zip(columns, widths)))
