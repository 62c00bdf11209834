"""Streams of an online learner's errors, before and after a change: what `drift.py` gives to the detectors."""

import copy
import itertools
import multiprocessing
import os

import numpy as np
from river import linear_model, preprocessing
from river.datasets import synth

# The learner's own beginning comes before record 0: while it learns, its errors do change.
WARM, CHANGE, WITHIN, STILL = 1000, 1000, 1000, 3000
KINDS = ("none", "abrupt", "gradual")


def sea(seed):
    """Two of three numbers, a threshold on their sum that jumps from 7 to 9.5."""
    return synth.SEA(variant=2, seed=seed), synth.SEA(variant=3, seed=seed + 10_000)


def hyperplane(seed):
    """Ten numbers, a random plane and then another; one label in twenty is wrong."""
    return synth.Hyperplane(seed=seed), synth.Hyperplane(seed=seed + 10_000)


def led(seed):
    """Seven segments of a digit, one in ten inverted, among seventeen others, with four of which they change places."""
    common = {"noise_percentage": 0.1, "irrelevant_features": True}
    return (
        synth.LEDDrift(seed=seed, n_drift_features=0, **common),
        synth.LEDDrift(seed=seed + 10_000, n_drift_features=4, **common))


GENERATORS = {"sea": sea, "hyperplane": hyperplane, "led": led}


class SoftmaxOfDigits:
    """River's `SoftmaxRegression` with its defaults, over arrays: the same errors, in a fraction of the time."""

    def __init__(self, classes=10, features=24, rate=0.01):
        self.weights, self.seen, self.rate = np.zeros((classes, features)), np.zeros(classes, dtype=bool), rate

    def shares(self, x):
        if not self.seen.any():
            return np.zeros(len(self.seen))
        scores = np.where(self.seen, self.weights @ np.fromiter(x.values(), float, len(x)), -np.inf)
        shares = np.exp(scores - scores.max())
        return shares / shares.sum()

    def predict_proba_one(self, x):
        return dict(enumerate(self.shares(x).tolist()))

    def learn_one(self, x, y):
        slope = self.shares(x)
        slope[y] -= 1
        self.weights -= np.outer(self.rate * slope, np.fromiter(x.values(), float, len(x)))
        self.seen[y] = True


def learner(generator):
    if generator == "led":
        return SoftmaxOfDigits()
    return preprocessing.StandardScaler() | linear_model.LogisticRegression()


def run(model, records):
    """Predicts each record, then learns it: [wrong, 1 - p of the true class] of each."""
    told = np.zeros((2, len(records)), dtype=np.float32)
    for index, (x, y) in enumerate(records):
        shares = model.predict_proba_one(x)
        told[0, index] = max(shares, key=shares.get, default=None) != y
        told[1, index] = 1 - shares.get(y, 0)
        model.learn_one(x, y)
    return told


def make(task):
    """The streams of one seed: {kind: [2, records]}."""
    generator, seed = task
    before, after = GENERATORS[generator](seed)
    old = list(itertools.islice(before, WARM + CHANGE + STILL))
    new = list(itertools.islice(after, WITHIN))
    model = learner(generator)
    run(model, old[:WARM])
    first = run(model, old[WARM:WARM + CHANGE])
    rest = old[WARM + CHANGE:]
    random = np.random.default_rng(seed)
    mixed = [
        (new if random.random() < index / WITHIN else rest)[index] for index in range(WITHIN)
    ]
    made = {"none": rest[:STILL - CHANGE], "abrupt": new, "gradual": mixed}
    return {kind: np.concatenate([first, run(copy.deepcopy(model), made[kind])], axis=1) for kind in KINDS}


def load(path, seeds, signal, jobs):
    """{(generator, kind): [seeds, records]} of a range of seeds; made, unless the file at `path` has them."""
    names = [(generator, kind) for generator in GENERATORS for kind in KINDS]
    if path and os.path.exists(path):
        kept = np.load(path)
        if kept["seeds"].tolist() != list(seeds):
            raise SystemExit(f"{path} has the streams of other seeds")
        made = {name: kept["-".join(name)] for name in names}
    else:
        tasks = [(generator, seed) for generator in GENERATORS for seed in seeds]
        with multiprocessing.Pool(jobs) as pool:
            parts = dict(zip(tasks, pool.map(make, tasks, chunksize=5)))
        made = {
            (generator, kind): np.stack([parts[generator, seed][kind] for seed in seeds]) for generator, kind in names
        }
        if path:
            arrays = {"-".join(name): values for name, values in made.items()}
            np.savez_compressed(path, seeds=np.array(seeds), **arrays)
    return {name: values[:, 0 if signal == "wrong" else 1] for name, values in made.items()}
