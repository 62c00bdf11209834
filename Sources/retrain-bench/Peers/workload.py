"""The networks and the data that every side of a comparison learns from, as `retrain-bench step` has them."""

import time

import numpy as np

BATCHES = 64
TABLE_ROWS = 100_000
TABLE_WIDTH = 16
# W1d's inputs: weighted rows of one table, as many a record; three in four are of the first rows.
ROWS, ROW_WIDTH, PAIRS, FREQUENT_ROWS = 1 << 18, 64, 64, 1024

# numbers, tables, hidden layers
NETS = {
    "W1": (64, 0, (256, 128)),
    "W1b": (128, 0, (1024, 512, 256)),
    "W1c": (13, 26, (256, 128)),
    "W1d": (0, 0, (32,)),
}


def layer_sizes(net):
    """[(inputs, outputs)] of the dense layers, the output layer included."""
    numbers, tables, hidden = NETS[net]
    inputs = ROW_WIDTH if net == "W1d" else numbers + tables * TABLE_WIDTH
    widths = (inputs, *hidden, 1)
    return list(zip(widths[:-1], widths[1:]))


def weighted_batches(rows):
    """Batches of weights, the rows they belong to, and labels of a rule over both."""
    random = np.random.default_rng(7)
    made = []
    for _ in range(BATCHES):
        weights = random.standard_normal((rows, PAIRS), dtype=np.float32)
        end = np.where(random.random((rows, PAIRS)) < 0.25, ROWS, FREQUENT_ROWS)
        keys = random.integers(0, end, dtype=np.int64)
        score = np.where(keys % 2 == 0, weights, -weights).sum(axis=1)
        made.append((weights, keys, (score > 0).astype(np.float32)))
    return made


def batches(net, rows):
    """Batches of standard normal numbers, uniform buckets, and labels of a random linear rule."""
    if net == "W1d":
        return weighted_batches(rows)
    numbers, tables, _ = NETS[net]
    random = np.random.default_rng(7)
    rule = random.standard_normal(numbers, dtype=np.float32)
    made = []
    for _ in range(BATCHES):
        x = random.standard_normal((rows, numbers), dtype=np.float32)
        buckets = random.integers(0, TABLE_ROWS, (rows, tables), dtype=np.int64)
        made.append((x, buckets, (x @ rule > 0).astype(np.float32)))
    return made


def serve(run, finish=lambda: None, units=1):
    """Answers each line `CLOCK SECONDS` on standard input with the units a second of one window.

    `run(n)` makes n calls of `units` each; `finish()` waits for what is still under way. The clock is `wall`, or `cpu`:
    the processor time of all threads of this process, which a busy machine disturbs less.
    """

    def window(now, calls):
        start = now()
        run(calls)
        finish()
        return calls / (now() - start)

    window(time.perf_counter, 2 * BATCHES)
    print("ready", flush=True)
    rate = None
    while True:
        try:
            clock, seconds = input().split()
        except EOFError:
            return
        now = time.perf_counter if clock == "wall" else time.process_time
        if rate is None:
            rate = window(now, BATCHES)
        rate = window(now, max(1, int(rate * float(seconds))))
        print(rate * units, flush=True)
