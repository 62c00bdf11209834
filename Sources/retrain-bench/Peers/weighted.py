"""Records with weights learned by a linear model, against Vowpal Wabbit and River: what the predictions were worth.

    pip install -r Sources/retrain-bench/Peers/requirements.txt
    swift build -c release --product retrain-bench
    python Sources/retrain-bench/Peers/weighted.py [--rows 200000] [--batch 32] [--keep 8]

One stream of `linear.py`'s records of which, as is usual with rare positives, one negative in `--keep` was kept: each
counts for as many. Every learner tests a record before it learns it. Told are, each by weight, the log loss and the
positives over the sum of the predicted probabilities: 1 where they mean what they say. `ignored` learns the same stream
without its weights: what they are worth to each learner.
"""

import argparse
import json
import math
import os
import subprocess
import tempfile

import numpy as np
import vowpalwabbit
from river import compose, linear_model, optim, preprocessing

import contest

NUMBERS, CATEGORIES, VALUES = 20, 10, 1000


def make_stream(rows, keep):
    """Numbers [n, 20], categories [n, 10], labels and weights [n], in their order."""
    random = np.random.default_rng(31)
    slopes = random.normal(0, 0.3, NUMBERS)
    levels = random.normal(0, 0.5, (CATEGORIES, VALUES))
    numbers = random.normal(size=(rows, NUMBERS)).round(4)
    values = (random.random((rows, CATEGORIES)) ** 3 * VALUES).astype(int)
    score = numbers @ slopes + levels[np.arange(CATEGORIES), values].sum(axis=1) - 2.5
    labels = random.random(rows) < 1 / (1 + np.exp(-score))
    kept = labels | (random.random(rows) < 1 / keep)
    weights = np.where(labels, 1, keep)
    loss = np.logaddexp(0, score) - labels * score
    rule = float((loss[kept] * weights[kept]).sum() / weights[kept].sum())
    return numbers[kept], values[kept], labels[kept], weights[kept], rule


class Worth:
    """Log loss and calibration by weight, of predictions made before the record was learned."""

    def __init__(self):
        self.weight = self.loss = self.positives = self.predicted = 0.0

    def add(self, probability, label, weight):
        probability = min(max(probability, 1e-7), 1 - 1e-7)
        self.weight += weight
        self.loss -= weight * math.log(probability if label else 1 - probability)
        self.positives += weight * label
        self.predicted += weight * probability

    def report(self):
        return {"log_loss": round(self.loss / self.weight, 5),
                "observed_to_predicted": round(self.positives / self.predicted, 4)}


def vowpal(stream, learns):
    workspace = vowpalwabbit.Workspace("--loss_function logistic --link logistic -b 18 --quiet")
    worth = Worth()
    for x, c, y, w in stream:
        weight = w if learns else 1
        features = " ".join([f"{i}:{v:.4f}" for i, v in enumerate(x)] + [f"c{i}=v{v}" for i, v in enumerate(c)])
        example = workspace.example(f"{1 if y else -1} {weight} | {features}")
        workspace.learn(example)  # gives the prediction of before
        worth.add(example.get_simplelabel_prediction(), y, w)
        workspace.finish_example(example)
    return worth.report()


def river(stream, learns):
    model = (
        compose.SelectType(float) | preprocessing.StandardScaler()
    ) + (
        compose.SelectType(str) | preprocessing.OneHotEncoder(drop_zeros=True)
    ) | linear_model.LogisticRegression(optim.AdaGrad(0.2), intercept_lr=0.05)
    worth = Worth()
    for x, c, y, w in stream:
        record = {f"n{i}": v for i, v in enumerate(x)} | {f"c{i}": f"v{v}" for i, v in enumerate(c)}
        worth.add(model.predict_proba_one(record).get(True, 0.5), y, w)
        model.learn_one(record, bool(y), w=w if learns else 1)
    return worth.report()


def ours(binary, path, batch, rate, learns):
    line = subprocess.run(
        [binary, "linear", "--file", path, "--batch", str(batch), "--rate", rate, "--samples", "1", "--weight", "w",
         "--weights", "learned" if learns else "measured"],
        check=True, capture_output=True, text=True).stdout
    params = json.loads(line)["params"]
    return {name: float(params[name]) for name in ("log_loss", "observed_to_predicted")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    contest.common_arguments(parser, rounds=1, seconds=1.0)
    parser.add_argument("--rows", type=int, default=200_000, help="records before negatives are left out")
    parser.add_argument("--batch", type=int, default=32, help="records a step of ours; the others' is 1")
    parser.add_argument("--keep", type=int, default=8, help="of so many negatives one is kept")
    parser.add_argument("--rate", default="0.2", help="our learning rate")
    options = parser.parse_args()
    numbers, values, labels, weights, rule = make_stream(options.rows, options.keep)
    stream = list(zip(numbers.tolist(), values.tolist(), labels.astype(int).tolist(), weights.tolist()))
    results = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "stream.jsonl")
        with open(path, "w", encoding="ascii") as file:
            for x, c, y, w in stream:
                record = {f"n{i}": v for i, v in enumerate(x)} | {f"c{i}": f"v{v}" for i, v in enumerate(c)}
                file.write(json.dumps(record | {"y": y, "w": w}, separators=(",", ":")) + "\n")
        sides = {
            "retrain": lambda learns: ours(options.binary, path, options.batch, options.rate, learns),
            "vowpal_wabbit": lambda learns: vowpal(stream, learns),
            "river": lambda learns: river(stream, learns),
        }
        for name, side in sides.items():
            for learns in (True, False):
                results.append({"case": name, "weights": "learned" if learns else "ignored", **side(learns)})
                print(json.dumps(results[-1]), flush=True)
    print(json.dumps({"records": len(stream), "log_loss_of_the_rule": round(rule, 5)}))
    print()
    contest.table(results, ["case", "weights", "log_loss", "observed_to_predicted"])


if __name__ == "__main__":
    main()
