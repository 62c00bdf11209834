"""JSON records to batches against orjson and numpy, one thread each, in turn on one processor: records a second.

    pip install -r Sources/retrain-bench/Peers/requirements.txt
    swift build -c release --product retrain-bench
    python Sources/retrain-bench/Peers/ingest.py [--case flat:6 …]

Both sides decode the same records into float32 batches of 256. Each round asks both for one window; what counts is the
median over the rounds of the ratio within a round.
"""

import argparse
import itertools
import json
import operator
import os
import random
import tempfile
import time

import numpy as np
import orjson

import contest

WIDTH, BATCH, COUNT = 64, 256, 20_000
CASES = ["flat:6", "nested:6", "flat:17"]


def write_records(path, shape, digits):
    rng = random.Random(64)
    form = '{"x":{%s},"y":%d}\n' if shape == "nested" else "{%s,\"y\":%d}\n"
    with open(path, "w", encoding="ascii") as file:
        for number in range(COUNT):
            values = ",".join('"f%02d":%.*g' % (k, digits, rng.uniform(-100, 100)) for k in range(WIDTH))
            file.write(form % (values, number % 2))


def decoder(shape):
    """The fastest of seven ways tried: one getter for a whole record, and no list of lists in between."""
    names = ["f%02d" % k for k in range(WIDTH)]
    features, all_values = operator.itemgetter(*names), operator.itemgetter(*names, "y")
    flat = itertools.chain.from_iterable

    def decode_flat(records):
        values = flat(map(all_values, map(orjson.loads, records)))
        table = np.fromiter(values, np.float64, len(records) * (WIDTH + 1)).reshape(-1, WIDTH + 1).astype(np.float32)
        return table[:, :WIDTH], table[:, WIDTH]

    def decode_nested(records):
        objects = list(map(orjson.loads, records))
        values = flat(features(o["x"]) for o in objects)
        table = np.fromiter(values, np.float64, len(records) * WIDTH).reshape(-1, WIDTH).astype(np.float32)
        return table, np.fromiter((o["y"] for o in objects), np.float32, len(records))

    return decode_nested if shape == "nested" else decode_flat


def measure(case, options):
    shape, digits = case.split(":")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "records.jsonl")
        write_records(path, shape, int(digits))
        with open(path, "rb") as file:
            records = file.read().splitlines()
        decode = decoder(shape)
        x, y = decode(records[:3])
        first = json.loads(records[2])
        fields = first["x"] if shape == "nested" else first
        assert y[2] == first["y"] and x[2, 63] == np.float32(fields["f63"]) and x.shape == (3, WIDTH)

        def python():
            now = time.perf_counter if options.clock == "wall" else time.process_time
            start, done = now(), 0
            while now() - start < options.seconds:
                for i in range(0, COUNT, BATCH):
                    decode(records[i:i + BATCH])
                done += COUNT
            return done / (now() - start)

        def mine():
            report = contest.product(
                options.binary, "ingest", "--shape", shape, "--file", path, "--samples", 15, "--clock",
                options.clock)["ingest"]
            return report["median"]

        values = contest.rounds(options.rounds, {"retrain": mine, "orjson_numpy": python})
    return {
        "case": case, "unit": "records/s", "rounds": options.rounds, "clock": options.clock,
        **contest.summary(values), "samples": {name: [round(v) for v in samples] for name, samples in values.items()},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    contest.common_arguments(parser, rounds=7, seconds=1.0)
    parser.add_argument("--case", action="append", help="flat|nested:DIGITS; all of the table without it")
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    rows = []
    for case in options.case or CASES:
        result = measure(case, options)
        print(json.dumps(result), flush=True)
        rows.append({
            "case": case, "retrain": f"{result['retrain']:,.0f}", "orjson_numpy": f"{result['orjson_numpy']:,.0f}",
            "ratio": f"{result['vs_orjson_numpy']:.2f}",
        })
    print()
    contest.table(rows, ["case", "retrain", "orjson_numpy", "ratio"])


if __name__ == "__main__":
    main()
