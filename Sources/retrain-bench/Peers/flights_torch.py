"""PyTorch learns the flights test-then-train: embeddings and two layers of ReLU, batches of 32, eager, fused Adam."""

import json
import operator
import sys
import time
import zlib

import numpy as np
import orjson
import torch
from torch import nn
from torch.nn import functional

from flights_records import CATEGORIES, NUMBERS, worth

BATCH, BUCKETS, WIDTH = 32, [16, 16, 64, 16384, 8192, 8, 512, 128], 8


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        # One table of all rows: a single lookup and a single sparse gradient, faster than a module each.
        self.table = nn.Embedding(sum(BUCKETS), WIDTH, sparse=True)
        with torch.no_grad():
            self.table.weight.uniform_(-0.05, 0.05)
        self.dense = nn.Sequential(
            nn.Linear(2 * len(NUMBERS) + len(BUCKETS) * WIDTH, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(),
            nn.Linear(32, 1))

    def forward(self, x, rows):
        return self.dense(torch.cat((x, self.table(rows).view(len(rows), -1)), 1)).squeeze(1)


class Moments:
    """Running mean and deviation of each column; NaN: absent."""

    def __init__(self, width):
        self.count, self.mean, self.square = np.zeros(width), np.zeros(width), np.zeros(width)

    def standardised(self, x):
        z = (x - self.mean) / np.sqrt(np.maximum(self.square / np.maximum(self.count, 1), 1e-12))
        return np.where(np.isnan(x), 0, np.clip(z, -5, 5))

    def add(self, x):
        there = ~np.isnan(x)
        count = there.sum(axis=0)
        total = self.count + count
        filled = np.where(there, x, 0)
        mean = filled.sum(axis=0) / np.maximum(count, 1)
        square = (np.where(there, x - mean, 0) ** 2).sum(axis=0)
        change = mean - self.mean
        self.square += square + change**2 * self.count * count / np.maximum(total, 1)
        self.mean += change * count / np.maximum(total, 1)
        self.count = total


def main(path, clock):
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    first = np.concatenate(([0], np.cumsum(BUCKETS[:-1]))).tolist()
    known = [{} for _ in CATEGORIES]

    def row(column, value):
        """The row of a category's value; a dictionary remembers its hash."""
        rows = known[column]
        place = rows.get(value)
        if place is None:
            hashed = zlib.crc32(str(value).encode()) % (BUCKETS[column] - 1) + 1 if value is not None else 0
            place = rows[value] = first[column] + hashed
        return place

    nan, columns = float("nan"), list(enumerate(CATEGORIES))
    model, moments = Net(), Moments(len(NUMBERS))
    dense = list(model.dense.parameters())
    optimizers = [torch.optim.Adam(dense, lr=1e-3, fused=True), torch.optim.Adagrad([model.table.weight], lr=0.05)]
    predictions, labels = [], []
    now = time.perf_counter if clock == "wall" else time.process_time
    start = now()
    with open(path, "rb") as file:
        while lines := [line for _, line in zip(range(BATCH), file)]:
            records = list(map(orjson.loads, lines))
            features = list(map(operator.itemgetter("x"), records))
            raw = np.array([[f.get(name, nan) for name in NUMBERS] for f in features])
            rows = torch.tensor([[row(i, f.get(name)) for i, name in columns] for f in features])
            y = np.array([r["y"].get("late15", nan) for r in records], np.float32)
            x = torch.from_numpy(np.concatenate((moments.standardised(raw), np.isnan(raw)), axis=1, dtype=np.float32))
            moments.add(raw)
            z = model(x, rows)
            # Tested first: these are the weights before the step.
            predictions.append(torch.sigmoid(z.detach()).numpy())
            labels.append(y)
            there = torch.from_numpy(~np.isnan(y))
            if not there.any():
                continue
            for optimizer in optimizers:
                optimizer.zero_grad(set_to_none=True)
            functional.binary_cross_entropy_with_logits(z[there], torch.from_numpy(y)[there]).backward()
            for optimizer in optimizers:
                optimizer.step()
    seconds = now() - start
    p, y = np.concatenate(predictions), np.concatenate(labels)
    print(json.dumps({"rate": len(y) / seconds, **worth(p, y)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
