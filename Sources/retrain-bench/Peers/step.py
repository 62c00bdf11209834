"""Learning steps against PyTorch and JAX, one thread each, in turn on one processor.

    pip install -r Sources/retrain-bench/Peers/requirements.txt
    swift build -c release --product retrain-bench
    python Sources/retrain-bench/Peers/step.py [--case W1:256:relu …]

Each round asks retrain-bench, PyTorch and JAX for one short turn of steps; what counts is the median over the rounds of
the ratio within a round. On a busy machine the best turns, last columns, tell what each does while nobody disturbs it.
One JSON line a case, then a table. `gemm` is the share of the processor's peak that the matrix products reach inside
retrain's steps.
"""

import contest

CASES = [
    *(f"W1:{rows}:{activation}" for rows in (32, 256) for activation in ("relu", "gelu", "swish")),
    "W1:1024:relu", "W1b:512:relu", "W1c:512:relu", *(f"W1d:{rows}:relu" for rows in (1, 8, 32)),
]
RATIOS = ("vs_pytorch", "vs_jax", "best_vs_pytorch", "best_vs_jax")


def measure(net, rows, activation, options):
    mine = contest.Contestant(
        "retrain", options.binary, "step", "--net", net, "--batch", rows, "--activation", activation, "--turns", "yes")
    contestants = [mine, contest.peer("pytorch", "step_torch.py", net, rows, activation)]
    if net not in ("W1c", "W1d"):  # JAX has no sparse gradients
        contestants.append(contest.peer("jax", "step_jax.py", net, rows, activation))
    rates = contest.compare(contestants, options)
    for contestant in contestants[1:]:
        contestant.close()
    share = contest.last_report(mine.close())
    return {
        "unit": "records/s", **contest.summary(rates),
        "gemm_share_of_peak": round(share["median"], 3), "gemm_share_of_peak_best": round(share["max"], 3),
    }


def main():
    results = contest.run_cases(__doc__, CASES, measure)
    rows = [
        {
            "case": r["case"],
            **{name: f"{r[name]:,.0f}" for name in ("retrain", "pytorch", "jax") if name in r},
            **{name: f"{r[name]:.2f}" for name in RATIOS if name in r},
            "gemm": f"{100 * r['gemm_share_of_peak']:.0f} %",
        }
        for r in results
    ]
    contest.table(rows, ["case", "retrain", "pytorch", "jax", *RATIOS, "gemm"])


if __name__ == "__main__":
    main()
