#!/usr/bin/env python3
"""Small records as JSON Lines: records.py COUNT SEED [BAD], where record number BAD has an amount too large for any float."""
import json
import random
import sys

count, seed = int(sys.argv[1]), int(sys.argv[2])
bad = int(sys.argv[3]) if len(sys.argv) > 3 else -1
r = random.Random(seed)
for number in range(count):
    a, b, c = r.gauss(0, 1), r.gauss(5, 2), r.choice("pqrs")
    record = {"id": f"{seed}-{number}", "a": round(a, 3), "b": round(b, 3), "c": c, "tags": r.sample("xyz", r.randrange(4)),
              "y": int(a + (1 if c == "p" else -0.5) + r.gauss(0, 0.3) > 0), "amount": round(b + a, 2)}
    if number % 10 == 3:
        del record["a"]
    if number % 50 == 7:
        record["b"] = "seven"
    if number == bad:
        record["amount"] = 3e38
    print(json.dumps(record))
