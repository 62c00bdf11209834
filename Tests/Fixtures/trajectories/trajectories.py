#!/usr/bin/env python3
"""Writes 100 training steps of small networks in PyTorch, for LearningTests to follow: one JSON file a group.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install torch numpy
    /tmp/venv/bin/python Tests/Fixtures/trajectories/trajectories.py [GROUP ...]

Without a group all are written, beside this file. A run is a dictionary that the tests read too; what it leaves out has
the default of `defaults`, and optimisers are in `optimizers.py`. To add runs, add dictionaries to a group, or a group.

Data come from the generator that the tests use too (SplitMix64), so a file holds only what PyTorch computed:
the initial parameters, the loss of each tenth step, and the final parameters, all in the learner's canonical order
(dense layers: weights [inputs x outputs], bias, LayerNorm gain and offset; then embedding tables). Float32, one thread.
"""
import json
import pathlib
import sys

import numpy
import torch

import optimizers

STEPS, ROWS, NUMBERS, BUCKETS, DIMENSION, HIDDEN = 100, 8, 4, 5, 3, [9, 6]
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


def batch(random, classes):
    numbers, buckets, labels = [], [], []
    for _ in range(ROWS):
        row = [numpy.float32(random.unit() * 4 - 2) for _ in range(NUMBERS)]
        bucket = random.next() % BUCKETS
        numbers.append(row)
        buckets.append(bucket)
        score = float(row[0]) - float(row[1]) + 0.5 * bucket - 1
        labels.append((1 if score > 0 else 0) if classes == 1 else (bucket + (1 if score > 0 else 0)) % classes)
    return torch.tensor(numpy.array(numbers)), torch.tensor(buckets), torch.tensor(labels)


ACTIVATIONS = {
    "relu": torch.nn.ReLU, "leaky_relu": torch.nn.LeakyReLU, "gelu": lambda: torch.nn.GELU(approximate="tanh"),
    "swish": torch.nn.SiLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid, "identity": torch.nn.Identity,
}


def defaults(run):
    """The dictionary of a run with what it leaves out."""
    return {"activation": "tanh", "layerNorm": False, "classes": 1, "clipGlobalNorm": 0.5, **run}


def compute(run):
    activation, layer_norm, classes, seed = run["activation"], run["layerNorm"], run["classes"], run["seed"]
    torch.manual_seed(seed)
    table = torch.nn.Embedding(BUCKETS, DIMENSION)
    with torch.no_grad():
        table.weight.mul_(0.1)
    layers, width = [], DIMENSION + NUMBERS
    for units in HIDDEN:
        layers.append(torch.nn.Linear(width, units))
        if layer_norm:
            layers.append(torch.nn.LayerNorm(units, eps=1e-5))
        layers.append(ACTIVATIONS[activation]())
        width = units
    layers.append(torch.nn.Linear(width, classes))
    network = torch.nn.Sequential(*layers)

    def parameters():
        values = []
        for layer in network:
            if isinstance(layer, torch.nn.Linear):
                values += layer.weight.detach().T.reshape(-1).tolist() + layer.bias.detach().tolist()
            elif isinstance(layer, torch.nn.LayerNorm):
                values += layer.weight.detach().tolist() + layer.bias.detach().tolist()
        return values + table.weight.detach().reshape(-1).tolist()

    initial, losses = parameters(), []
    dense = optimizers.make(run["optimizer"], network)
    schedule = optimizers.schedule(run["optimizer"], dense)
    rows = torch.optim.SGD(table.parameters(), lr=0.1)
    random = SplitMix64(seed)
    for step in range(STEPS):
        numbers, buckets, labels = batch(random, classes)
        logits = network(torch.cat([table(buckets), numbers], dim=1))
        if classes == 1:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits[:, 0], labels.float())
        else:
            loss = torch.nn.functional.cross_entropy(logits, labels)
        dense.zero_grad()
        rows.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*network.parameters(), *table.parameters()], run["clipGlobalNorm"])
        dense.step()
        rows.step()
        if schedule:
            schedule.step()
        if step % 10 == 9:
            losses.append(loss.item())
    return {**run, "initial": initial, "losses": losses, "final": parameters()}


ADAM = {"kind": "adam", "learningRate": 0.01}
MOMENTUM = {"kind": "sgd", "learningRate": 0.05, "momentum": 0.9}
ADAGRAD = {"kind": "adagrad", "learningRate": 0.05}

GROUPS = {
    "networks": [
        *({"activation": name, "optimizer": ADAM, "seed": 10 + i} for i, name in enumerate(ACTIVATIONS)),
        {"optimizer": MOMENTUM, "seed": 30},
        {"optimizer": ADAGRAD, "seed": 31},
        {"activation": "swish", "optimizer": ADAM, "layerNorm": True, "seed": 40},
        {"activation": "gelu", "optimizer": MOMENTUM, "layerNorm": True, "classes": 3, "seed": 41},
        {"activation": "relu", "optimizer": ADAM, "classes": 4, "seed": 42},
    ],
    "optimizers": [
        {"optimizer": optimizer, "seed": 50 + i} for i, optimizer in enumerate([
            {**MOMENTUM, "nesterov": True},
            {**MOMENTUM, "l2": 0.02},
            {**ADAM, "l2": 0.02},
            {**ADAGRAD, "l2": 0.02},
            {"kind": "rmsprop", "learningRate": 0.005},
            {"kind": "rmsprop", "learningRate": 0.005, "l2": 0.02},
            {"kind": "adamw", "learningRate": 0.01, "weightDecay": 0.1},
            {"kind": "amsgrad", "learningRate": 0.01},
            {"kind": "ftrl", "learningRate": 0.1},
            {"kind": "ftrl", "learningRate": 0.1, "l1": 0.05, "l2": 0.1},
            {"kind": "lion", "learningRate": 0.002},
            {"kind": "lion", "learningRate": 0.002, "weightDecay": 0.1},
            {**MOMENTUM, "schedule": {"kind": "constant", "warmupSteps": 30}},
            {**MOMENTUM, "schedule": {"kind": "cosine", "steps": 100, "floor": 0.1}},
            {**ADAM, "schedule": {"kind": "cosine", "warmupSteps": 20, "steps": 80}},
            {**ADAM, "schedule": {"kind": "exponential", "steps": 20, "factor": 0.5}},
            {"kind": "adamw", "learningRate": 0.01, "weightDecay": 0.1,
             "schedule": {"kind": "inverse_sqrt", "warmupSteps": 10, "steps": 10}},
        ])
    ],
}


def main():
    torch.set_num_threads(1)
    for name in sys.argv[1:] or GROUPS:
        runs = [compute(defaults(run)) for run in GROUPS[name]]
        file = pathlib.Path(__file__).with_name(name + ".json")
        content = {"torch": torch.__version__, "numpy": numpy.__version__, "runs": runs}
        file.write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
