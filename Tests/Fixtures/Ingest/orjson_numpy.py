#!/usr/bin/env python3
"""Decodes the records of `retrain-bench ingest` with orjson and numpy, as a Python service would, and compares.

    pip install orjson numpy
    python3 Tests/Fixtures/Ingest/orjson_numpy.py .build/release/retrain-bench [--shape nested] [--digits 6]

Both sides read the same file, on one thread, in turn. Prints one JSON object.
"""
import argparse
import json
import operator
import os
import random
import subprocess
import tempfile
import time

import numpy as np
import orjson

WIDTH, BATCH, COUNT = 64, 256, 20_000


def write_records(path, nested, digits):
    rng = random.Random(64)
    with open(path, "w") as f:
        for i in range(COUNT):
            x = ",".join('"f%02d":%.*g' % (k, digits, rng.uniform(-100, 100)) for k in range(WIDTH))
            f.write(('{"x":{%s},"y":%d}\n' if nested else '{%s,"y":%d}\n') % (x, i % 2))


def measure_python(path, nested, rounds=7):
    records = open(path, "rb").read().splitlines()
    take = operator.itemgetter(*("f%02d" % k for k in range(WIDTH)))
    best = 0
    for _ in range(rounds):
        start = time.perf_counter()
        for i in range(0, len(records), BATCH):
            objects = [orjson.loads(r) for r in records[i:i + BATCH]]
            x = np.array([take(o["x"] if nested else o) for o in objects], dtype=np.float32)
            y = np.array([o["y"] for o in objects], dtype=np.float32)
        best = max(best, len(records) / (time.perf_counter() - start))
    assert x.shape[1] == WIDTH and y.shape[0] == x.shape[0]
    return best


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("--shape", choices=["flat", "nested"], default="flat")
    parser.add_argument("--digits", type=int, default=6)
    a = parser.parse_args()
    nested = a.shape == "nested"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "records.jsonl")
        write_records(path, nested, a.digits)
        command = [a.bench, "ingest", "--shape", a.shape, "--file", path]
        ours = max(json.loads(subprocess.check_output(command))["max"] for _ in range(2))
        python = measure_python(path, nested)
        ours = max(ours, json.loads(subprocess.check_output(command))["max"])
    print(json.dumps({"shape": a.shape, "digits": a.digits, "retrain": round(ours), "orjson_numpy": round(python),
                      "ratio": round(ours / python, 2), "unit": "records/s, best round"}))


if __name__ == "__main__":
    main()
