"""Learning steps against PyTorch and JAX, one thread each, in turn on one processor.

    pip install -r Sources/retrain-bench/Peers/requirements.txt
    swift build -c release --product retrain-bench
    python Sources/retrain-bench/Peers/step.py [--case W1:256:relu …]

Each round asks retrain-bench, PyTorch and JAX for one window of steps; what counts is the median over the rounds of the
ratio within a round. One JSON line a case, then a table.
"""

import argparse
import json
import os

import contest

CASES = [
    *(f"W1:{rows}:{activation}" for rows in (32, 256) for activation in ("relu", "gelu", "swish")),
    "W1:1024:relu", "W1b:512:relu", "W1c:512:relu",
]


def measure(case, options):
    net, rows, activation = case.split(":")
    rows = int(rows)
    peers = [contest.Peer("pytorch", "step_torch.py", net, rows, activation)]
    if net != "W1c":  # JAX has no sparse gradients
        peers.append(contest.Peer("jax", "step_jax.py", net, rows, activation))

    def mine():
        return contest.product(
            options.binary, "step", "--net", net, "--batch", rows, "--activation", activation, "--seconds",
            options.seconds, "--clock", options.clock)["step"]

    contestants = {"retrain": mine}
    for peer in peers:
        contestants[peer.name] = lambda peer=peer: rows * peer.calls(options.clock, options.seconds)
    values = contest.rounds(options.rounds, contestants)
    for peer in peers:
        peer.close()
    return {
        "case": case, "unit": "records/s", "rounds": options.rounds, "clock": options.clock,
        **contest.summary(values), "samples": {name: [round(v) for v in samples] for name, samples in values.items()},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    contest.common_arguments(parser)
    parser.add_argument("--case", action="append", help="NET:BATCH:ACTIVATION; all of the table without it")
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    results = []
    for case in options.case or CASES:
        results.append(measure(case, options))
        print(json.dumps(results[-1]), flush=True)
    rows = [
        {
            "case": r["case"],
            **{name: f"{r[name]:,.0f}" for name in ("retrain", "pytorch", "jax") if name in r},
            **{name: f"{r[name]:.2f}" for name in ("vs_pytorch", "vs_jax") if name in r},
        }
        for r in results
    ]
    print()
    contest.table(rows, ["case", "retrain", "pytorch", "jax", "vs_pytorch", "vs_jax"])


if __name__ == "__main__":
    main()
