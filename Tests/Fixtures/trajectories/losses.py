#!/usr/bin/env python3
"""Writes losses.json: 100 training steps with each loss, and with several heads, in PyTorch, for LearningTests to follow.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install torch numpy
    /tmp/venv/bin/python Tests/Fixtures/trajectories/losses.py

The network is that of trajectories.py (tanh, Adam), with one linear layer a head on top of it. Values are learned
standardised by the running mean and deviation of the labels of all steps before, as the learner does; a head's weight
multiplies its loss in the sum; losses are summed over rows and divided by the rows, whatever the classes weigh. The file
holds the initial parameters, the primary head's loss of each tenth step (of values in label units, the squared one not
halved), and the final parameters, in canonical order: dense layers, heads, logarithms of learned temperatures, tables.
Float32, one thread.
"""
import json
import pathlib

import numpy
import torch
from torch.nn import functional

from trajectories import BUCKETS, DIMENSION, HIDDEN, NUMBERS, ROWS, STEPS, SplitMix64


def batch(random):
    numbers, buckets, scores = [], [], []
    for _ in range(ROWS):
        row = [numpy.float32(random.unit() * 4 - 2) for _ in range(NUMBERS)]
        bucket = random.next() % BUCKETS
        numbers.append(row)
        buckets.append(bucket)
        scores.append(float(row[0]) - float(row[1]) + 0.5 * bucket - 1)
    return torch.tensor(numpy.array(numbers)), torch.tensor(buckets), scores


def labels(head, buckets, scores):
    """Follow from the score: no draw of their own."""
    above = [1 if score > 0 else 0 for score in scores]
    if head["classes"] == 1:
        return torch.tensor(above)
    if head["classes"] > 1:
        return torch.tensor([(bucket + one) % head["classes"] for bucket, one in zip(buckets.tolist(), above)])
    if head["loss"] == "poisson":
        return torch.tensor([float(max(0, int(3 + score))) for score in scores])
    return torch.tensor(numpy.array([numpy.float32(30 + 5 * score) for score in scores]))


class Statistics:
    """Welford 1962, in double precision."""

    def __init__(self):
        self.count, self.mean, self.squares = 0, 0.0, 0.0

    def see(self, values):
        for value in values.double().tolist():
            self.count += 1
            step = value - self.mean
            self.mean += step / self.count
            self.squares += step * (value - self.mean)

    @property
    def deviation(self):
        return (self.squares / self.count) ** 0.5 if self.count else 0.0


def class_loss(head, z, y):
    """Sum over rows; classes as in the learner, one logit for two."""
    classes = max(head["classes"], 2)
    weights = torch.tensor(head.get("classWeights", [1.0] * classes))
    smoothing = head.get("labelSmoothing", 0.0)
    if head["classes"] == 1:
        z, hard = z[:, 0], y.float()
        if head["loss"] == "cross_entropy":
            target = hard * (1 - smoothing) + smoothing / 2
            return weights[0] * functional.binary_cross_entropy_with_logits(
                z, target, pos_weight=weights[1] / weights[0], reduction="sum")
        true = torch.where(hard > 0.5, z, -z)
        return (weights[y] * torch.sigmoid(-true) ** head["gamma"] * functional.softplus(-true)).sum()
    if head["loss"] == "cross_entropy":
        return functional.cross_entropy(z, y, weight=weights, label_smoothing=smoothing, reduction="sum")
    logs = functional.log_softmax(z, dim=1).gather(1, y[:, None])[:, 0]
    return (weights[y] * (1 - logs.exp()) ** head["gamma"] * -logs).sum()


def value_loss(head, z, y, delta):
    """Sum over rows, in the unit of z and y; delta: Huber's bound in that unit."""
    if head["loss"] == "squared":
        return functional.mse_loss(z, y, reduction="sum") / 2
    if head["loss"] == "huber":
        return functional.huber_loss(z, y, delta=delta, reduction="sum") if delta > 0 else (z * 0).sum()
    level = head["level"]
    return torch.maximum(level * (y - z), (level - 1) * (y - z)).sum()


def losses_of(head, statistics, z, y):
    """What a step descends, and what is reported."""
    if head["classes"] > 0:
        loss = class_loss(head, z, y)
        return loss, loss.item()
    z = z[:, 0]
    if head["loss"] == "poisson":
        loss = functional.poisson_nll_loss(z, y, log_input=True, full=False, reduction="sum")
        return loss, loss.item()
    mean, deviation = statistics.mean, statistics.deviation
    inverse = 1 / deviation if deviation > 0 else 0.0
    target = ((y.double() - mean) * inverse).float()
    loss = value_loss(head, z, target, head.get("delta", 1.0) * inverse)
    answer = (mean + deviation * z.detach().double()).float()
    reported = value_loss(head, answer, y, head.get("delta", 1.0)).item()
    return loss, reported * (2 if head["loss"] == "squared" else 1)


def calibrate(head, logarithm, z, y):
    """The learned temperature's small step along the mean log loss of what was answered."""
    logarithm.requires_grad_(True)
    cooled = z.detach() / logarithm.exp()
    if head["classes"] == 1:
        loss = functional.binary_cross_entropy_with_logits(cooled[:, 0], y.float())
    else:
        loss = functional.cross_entropy(cooled, y)
    gradient, = torch.autograd.grad(loss, logarithm)
    logarithm.requires_grad_(False)
    logarithm -= 0.01 * gradient.clamp(-1, 1)


def compute(run):
    heads = run["heads"]
    torch.manual_seed(run["seed"])
    table = torch.nn.Embedding(BUCKETS, DIMENSION)
    with torch.no_grad():
        table.weight.mul_(0.1)
    layers, width = [], DIMENSION + NUMBERS
    for units in HIDDEN:
        layers += [torch.nn.Linear(width, units), torch.nn.Tanh()]
        width = units
    trunk = torch.nn.Sequential(*layers)
    tops = torch.nn.ModuleList(torch.nn.Linear(width, max(head["classes"], 1)) for head in heads)
    logarithms = [torch.zeros(()) if head.get("learnsTemperature") else None for head in heads]

    def parameters():
        values = []
        for layer in [*(layer for layer in trunk if isinstance(layer, torch.nn.Linear)), *tops]:
            values += layer.weight.detach().T.reshape(-1).tolist() + layer.bias.detach().tolist()
        values += [logarithm.item() for logarithm in logarithms if logarithm is not None]
        return values + table.weight.detach().reshape(-1).tolist()

    initial, reports = parameters(), []
    dense = torch.optim.Adam([*trunk.parameters(), *tops.parameters()], lr=0.01)
    rows = torch.optim.SGD(table.parameters(), lr=0.1)
    statistics = [Statistics() for _ in heads]
    random = SplitMix64(run["seed"])
    for step in range(STEPS):
        numbers, buckets, scores = batch(random)
        top = trunk(torch.cat([table(buckets), numbers], dim=1))
        total, reported = 0, None
        for place, head in enumerate(heads):
            z, y = tops[place](top), labels(head, buckets, scores)
            loss, report = losses_of(head, statistics[place], z, y)
            total = total + head.get("weight", 1.0) * loss / ROWS
            reported = report / ROWS if place == 0 else reported
            if logarithms[place] is not None:
                calibrate(head, logarithms[place], z, y)
            statistics[place].see(y)
        dense.zero_grad()
        rows.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_([*trunk.parameters(), *tops.parameters(), *table.parameters()], 0.5)
        dense.step()
        rows.step()
        if step % 10 == 9:
            reports.append(reported)
    return {**run, "initial": initial, "losses": reports, "final": parameters()}


def of_classes(count, loss="cross_entropy", **more):
    return {"classes": count, "loss": loss, **more}


def of_values(loss, **more):
    return {"classes": 0, "loss": loss, **more}


RUNS = [
    [of_classes(1, labelSmoothing=0.1)],
    [of_classes(1, classWeights=[0.5, 3.0])],
    [of_classes(1, classWeights=[0.5, 3.0], labelSmoothing=0.2, learnsTemperature=True)],
    [of_classes(3, labelSmoothing=0.1)],
    [of_classes(4, classWeights=[0.5, 1.0, 2.0, 0.25], labelSmoothing=0.1, learnsTemperature=True)],
    [of_classes(1, "focal", gamma=2.0, classWeights=[0.75, 0.25])],
    [of_classes(3, "focal", gamma=1.5, classWeights=[1.0, 0.5, 2.0])],
    [of_values("squared")],
    [of_values("huber", delta=3.0)],
    [of_values("quantile", level=0.5)],
    [of_values("quantile", level=0.9)],
    [of_values("poisson")],
    [of_classes(1), of_values("huber", delta=4.0, weight=0.5), of_classes(3, weight=0.25, labelSmoothing=0.1)],
    [of_values("quantile", level=0.5), of_values("quantile", level=0.1), of_values("poisson", weight=0.2)],
]


def main():
    torch.set_num_threads(1)
    runs = [compute({"heads": heads, "seed": 90 + place}) for place, heads in enumerate(RUNS)]
    content = {"torch": torch.__version__, "numpy": numpy.__version__, "runs": runs}
    pathlib.Path(__file__).with_name("losses.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
