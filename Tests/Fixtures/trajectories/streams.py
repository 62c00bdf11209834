"""What a trajectory learns from: the generator that the tests use too, so that no file need hold a record."""
import numpy
import torch

ROWS = 8
MASK = (1 << 64) - 1


class SplitMix64:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def unit(self):
        return (self.next() >> 11) * 2.0**-53


class Batch:
    """ROWS records, drawn row by row: numbers, some of them absent (NaN); each category's values; pairs of a row and a
    weight. `buckets`: the first category's first value, which the labels follow together with the score."""

    def __init__(self, random, spec):
        self.rows, self.values, self.pairs, self.buckets, self.scores = [], [], [], [], []
        for _ in range(ROWS):
            row = [self.number(random, column) for column in spec["numbers"]]
            values = [self.category(random, category) for category in spec["categories"]]
            self.rows.append(row)
            self.values.append(values)
            if spec["weighted"]:
                self.pairs.append([self.pair(random, spec["weighted"]) for _ in range(random.next() % 5)])
            present = [0.0 if numpy.isnan(number) else float(number) for number in row]
            self.buckets.append(values[0][0])
            self.scores.append(present[0] - present[1] + 0.5 * values[0][0] - 1)
        self.numbers = torch.tensor(numpy.array(self.rows))

    @staticmethod
    def number(random, column):
        number = numpy.float32(random.unit() * 4 - 2)
        return numpy.float32("nan") if column["missingIndicator"] and random.unit() < 0.2 else number

    @staticmethod
    def category(random, category):
        slots = category["slots"]
        return [random.next() % category["buckets"] for _ in range(slots) if slots == 1 or random.unit() >= 0.4]

    @staticmethod
    def pair(random, weighted):
        row = random.next() % weighted["rows"]
        return row, numpy.float32(random.unit() * 2 - 1)


class Statistics:
    """Welford 1962, in double precision; of what is there."""

    def __init__(self):
        self.count, self.mean, self.squares = 0, 0.0, 0.0

    def see(self, values):
        for value in values.double().tolist():
            if value != value:
                continue
            self.count += 1
            step = value - self.mean
            self.mean += step / self.count
            self.squares += step * (value - self.mean)

    @property
    def deviation(self):
        return (self.squares / self.count) ** 0.5 if self.count else 0.0

    def standardize(self, values):
        """0 while nothing is known, or where all were alike."""
        inverse = 1 / self.deviation if self.deviation > 0 else 0.0
        return ((values.double() - self.mean) * inverse).float()
