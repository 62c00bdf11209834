#!/usr/bin/env python3
"""Writes trajectories.json: 100 training steps of small networks in PyTorch, for LearningTests to follow.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install torch numpy
    /tmp/venv/bin/python Tests/Fixtures/trajectories.py Tests/Fixtures/trajectories.json

Data come from the generator that the tests use too (SplitMix64), so the file holds only what PyTorch computed:
the initial parameters, the loss of each tenth step, and the final parameters, all in the learner's canonical order
(dense layers: weights [inputs x outputs], bias, LayerNorm gain and offset; then embedding tables). Float32, one thread.
"""
import json
import sys

import numpy
import torch

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


def optimizer(kind, parameters):
    if kind == "adam":
        return torch.optim.Adam(parameters, lr=0.01, betas=(0.9, 0.999), eps=1e-8)
    if kind == "sgd":
        return torch.optim.SGD(parameters, lr=0.05, momentum=0.9)
    return torch.optim.Adagrad(parameters, lr=0.05, eps=1e-8)


def run(activation, kind, layer_norm, classes, seed):
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
    dense = optimizer(kind, network.parameters())
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
        torch.nn.utils.clip_grad_norm_([*network.parameters(), *table.parameters()], 0.5)
        dense.step()
        rows.step()
        if step % 10 == 9:
            losses.append(loss.item())
    return {
        "activation": activation, "optimizer": kind, "layerNorm": layer_norm, "classes": classes, "seed": seed,
        "initial": initial, "losses": losses, "final": parameters(),
    }


def main():
    torch.set_num_threads(1)
    runs = [run(name, "adam", False, 1, 10 + i) for i, name in enumerate(ACTIVATIONS)]
    runs += [run("tanh", kind, False, 1, 30 + i) for i, kind in enumerate(["sgd", "adagrad"])]
    runs += [run("swish", "adam", True, 1, 40), run("gelu", "sgd", True, 3, 41), run("relu", "adam", False, 4, 42)]
    with open(sys.argv[1], "w") as file:
        json.dump({"torch": torch.__version__, "numpy": numpy.__version__, "runs": runs}, file, separators=(",", ":"))
        file.write("\n")


main()
