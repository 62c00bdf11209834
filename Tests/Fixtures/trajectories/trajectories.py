#!/usr/bin/env python3
"""Writes 100 training steps of small networks in PyTorch, for LearningTests to follow: one JSON file a group.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install torch numpy
    /tmp/venv/bin/python Tests/Fixtures/trajectories/trajectories.py [GROUP ...]

Without a group all are written, beside this file. A run is a dictionary that the tests read too: `spec` holds what its
learner's spec has otherwise than SPEC, under the learner's names; `heads`, `optimizer` (of the dense layers) and
`wideOptimizer` are read by `losses.py` and `optimizers.py`; embedding rows, and wide ones without an optimiser of their
own, follow plain SGD at 0.1. To add runs, add dictionaries to a group, or a group.

Data come from the generator that the tests use too (`streams.py`), so a file holds only what PyTorch computed: the
initial parameters, the primary head's loss of each tenth step (of values in label units, the squared one not halved), and
the final parameters, all in the learner's canonical order: hidden and cross layers, heads, logarithms of learned
temperatures, tables, wide rows. Float32, one thread.
"""
import json
import pathlib
import sys

import numpy
import torch

import losses
import optimizers
from layers import GATES, Network
from losses import of_classes, of_values
from streams import ROWS, Batch, SplitMix64, Statistics

STEPS = 100


def number(name, standardize=False, missing=False):
    return {"name": name, "standardize": standardize, "missingIndicator": missing}


def category(name, buckets, dimension, slots=1, combiner="mean"):
    shape = {"name": name, "buckets": buckets, "dimension": dimension, "slots": slots, "combiner": combiner}
    return {**shape, "ownRows": 0, "listed": 0}


SPEC = {
    "numbers": [number(f"n{place}") for place in range(4)], "categories": [category("c", 5, 3)], "weighted": None,
    "inputClip": 5, "kind": "network", "hidden": [9, 6], "activation": "tanh", "activationLimit": None,
    "normalization": "none", "residual": False, "crossLayers": 0, "crossRank": 0, "factorization": False,
    "activationL1": 0.0, "activationL2": 0.0, "wide": False,
}
ADAM = {"kind": "adam", "learningRate": 0.01}


def compute(run):
    run = {"name": name(run), "spec": {}, "heads": [of_classes(1)], "optimizer": ADAM, **run}
    spec, heads = {**SPEC, **run["spec"]}, run["heads"]
    torch.manual_seed(run["seed"])
    network = Network(spec, [max(head["classes"], 1) for head in heads])
    logarithms = [torch.zeros(()) if head.get("learnsTemperature") else None for head in heads]

    def parameters():
        learned = [logarithm for logarithm in logarithms if logarithm is not None]
        return [shortest(value) for tensor in [*network.dense(), *learned, *network.rows()]
                for value in tensor.detach().reshape(-1).tolist()]

    initial, reports = parameters(), []
    stepping, scheduling = optimizers_of(run, network)
    statistics = [Statistics() for _ in heads]
    random = SplitMix64(run["seed"])
    for step in range(STEPS):
        batch = Batch(random, spec)
        logits, given = network(batch)
        total, reported = penalty(spec, given), None
        for place, (head, z) in enumerate(zip(heads, logits, strict=True)):
            y = losses.labels(head, batch.buckets, batch.scores)
            loss, report = losses.losses_of(head, statistics[place], z, y)
            total = total + head.get("weight", 1.0) * loss / ROWS
            reported = report / ROWS if place == 0 else reported
            if logarithms[place] is not None:
                losses.calibrate(head, logarithms[place], z, y)
            statistics[place].see(y)
        network.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 0.5)
        for each in stepping + scheduling:
            each.step()
        network.numbers.see(batch.numbers)
        if step % 10 == 9:
            reports.append(reported)
    return {**run, "initial": initial, "losses": reports, "final": parameters()}


def penalty(spec, given):
    """Of hidden outputs."""
    return sum((spec["activationL1"] * y.abs() + spec["activationL2"] * y * y).sum() for y in given) / ROWS


def optimizers_of(run, network):
    """Of dense layers, tables and wide part, and their schedules."""
    rows, apart = network.rows(), []
    if "wideOptimizer" in run:
        wide = [table.rows.weight for table in network.wide]
        apart = [*wide, *network.wide_numbers()]
        rows = [row for row in rows if all(row is not one for one in wide)]
    dense = [p for p in network.parameters() if all(p is not one for one in [*rows, *apart])]
    weights = [layer.weight for layer in network.modules() if isinstance(layer, torch.nn.Linear)]
    main = optimizers.make(run["optimizer"], dense, weights)
    schedule = optimizers.schedule(run["optimizer"], main)
    stepping = [main] + ([torch.optim.SGD(rows, lr=0.1)] if rows else [])
    stepping += [optimizers.make(run["wideOptimizer"], apart, apart)] if apart else []
    return stepping, [schedule] if schedule else []


def shortest(value):
    """The fewest digits that say which float32 it is."""
    return float(str(numpy.float32(value)))


def name(run):
    """What sets it apart, for people."""
    return run.get("name") or ", ".join(words(value) for key, value in run.items() if key != "seed")


def words(value):
    if isinstance(value, dict):
        return ", ".join(f"{key} {words(one)}" for key, one in value.items())
    return f"[{'; '.join(map(words, value))}]" if isinstance(value, list) else str(value)


MOMENTUM = {"kind": "sgd", "learningRate": 0.05, "momentum": 0.9}
ADAGRAD = {"kind": "adagrad", "learningRate": 0.05}
FTRL = {"kind": "ftrl", "learningRate": 0.1}
LAYER_NORM, RMS_NORM = {"normalization": "layer_norm"}, {"normalization": "rms_norm"}
# The default input is seven wide.
RESIDUAL = {"hidden": [7, 7, 6], "residual": True}
ALIKE = {"categories": [category("c", 5, 3), category("d", 4, 3), category("e", 7, 3)]}
INTERACTIONS = {**ALIKE, "factorization": True}


def lists(combiner):
    return {"categories": [category("c", 5, 3), category("l", 6, 4, slots=4, combiner=combiner)]}


def weighted(activates):
    return {"weighted": {"name": "w", "rows": 9, "dimension": 8, "activates": activates}}


NETWORKS = [
    *({"spec": {"activation": name}, "seed": 10 + i} for i, name in enumerate(
        ["relu", "leaky_relu", "gelu", "swish", "tanh", "sigmoid", "identity"])),
    {"optimizer": MOMENTUM, "seed": 30},
    {"optimizer": ADAGRAD, "seed": 31},
    {"spec": {"activation": "swish", **LAYER_NORM}, "seed": 40},
    {"spec": {"activation": "gelu", **LAYER_NORM}, "heads": [of_classes(3)], "optimizer": MOMENTUM, "seed": 41},
    {"spec": {"activation": "relu"}, "heads": [of_classes(4)], "seed": 42},
    *({"spec": {"activation": name}, "seed": 200 + i} for i, name in enumerate(
        ["elu", "selu", "relu6", "gelu_exact", "mish", "hard_swish", "softplus", "hard_sigmoid", "softmax", "log_softmax",
         "prelu", *GATES])),
]

LAYERS = [
    {"name": "RMSNorm", "spec": RMS_NORM},
    {"name": "RMSNorm, SwiGLU, multiclass", "spec": {**RMS_NORM, "activation": "swiglu"}, "heads": [of_classes(3)]},
    {"name": "LayerNorm, PReLU", "spec": {**LAYER_NORM, "activation": "prelu"}},
    {"name": "residual", "spec": RESIDUAL},
    {"name": "residual, RMSNorm, GELU", "spec": {**RESIDUAL, **RMS_NORM, "activation": "gelu"}},
    {"name": "residual, ReGLU, clipped activations",
     "spec": {**RESIDUAL, "activation": "reglu", "activationLimit": 0.5}},
    {"name": "activation penalties", "spec": {**RESIDUAL, "activationL1": 0.02, "activationL2": 0.05}},
    {"name": "cross layers", "spec": {"crossLayers": 2}},
    {"name": "cross layers of rank 3", "spec": {"crossLayers": 2, "crossRank": 3}},
    {"name": "cross layers alone", "spec": {"crossLayers": 3, "hidden": []}},
    {"name": "interactions", "spec": INTERACTIONS},
    {"name": "interactions, multiclass, no hidden layers", "spec": {**INTERACTIONS, "hidden": []},
     "heads": [of_classes(3)]},
    *({"name": f"lists, {combiner}", "spec": lists(combiner)} for combiner in ["sum", "mean", "sqrtn"]),
    {"name": "lists, mean, wide", "spec": {**lists("mean"), "wide": True}},
    {"name": "weighted rows", "spec": weighted(activates=False)},
    {"name": "weighted rows as a first layer", "spec": {**weighted(activates=True), "hidden": [6]}},
    {"name": "wide", "spec": {"wide": True}},
    {"name": "wide, FTRL", "spec": {"wide": True}, "wideOptimizer": {**FTRL, "l1": 0.05, "l2": 0.1}},
    {"name": "linear", "spec": {"kind": "linear", "hidden": []}},
    {"name": "linear, multiclass, lists", "spec": {**lists("sqrtn"), "kind": "linear", "hidden": []},
     "heads": [of_classes(3)]},
    {"name": "standardised inputs, some absent",
     "spec": {"numbers": [number("a", True), number("b", True, True), number("c", False, True), number("d", True)]}},
    {"name": "every part, two heads",
     "spec": {**INTERACTIONS, "crossLayers": 2, "crossRank": 2, "wide": True, **weighted(activates=True)},
     "heads": [of_classes(1, learnsTemperature=True), of_classes(3, weight=0.5, learnsTemperature=True)]},
]

LOSSES = [
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

OPTIMIZERS = [
    {**MOMENTUM, "nesterov": True},
    {**MOMENTUM, "l2": 0.02},
    {**ADAM, "l2": 0.02},
    {**ADAGRAD, "l2": 0.02},
    {"kind": "rmsprop", "learningRate": 0.005},
    {"kind": "rmsprop", "learningRate": 0.005, "l2": 0.02},
    {"kind": "adamw", "learningRate": 0.01, "weightDecay": 0.1},
    {"kind": "amsgrad", "learningRate": 0.01},
    FTRL,
    {**FTRL, "l1": 0.05, "l2": 0.1},
    {"kind": "lion", "learningRate": 0.002},
    {"kind": "lion", "learningRate": 0.002, "weightDecay": 0.1},
    {**MOMENTUM, "schedule": {"kind": "constant", "warmupSteps": 30}},
    {**MOMENTUM, "schedule": {"kind": "cosine", "steps": 100, "floor": 0.1}},
    {**ADAM, "schedule": {"kind": "cosine", "warmupSteps": 20, "steps": 80}},
    {**ADAM, "schedule": {"kind": "exponential", "steps": 20, "factor": 0.5}},
    {"kind": "adamw", "learningRate": 0.01, "weightDecay": 0.1,
     "schedule": {"kind": "inverse_sqrt", "warmupSteps": 10, "steps": 10}},
]

GROUPS = {
    "networks": NETWORKS,
    "layers": [{**run, "seed": 300 + i} for i, run in enumerate(LAYERS)],
    "losses": [{"heads": heads, "seed": 90 + i} for i, heads in enumerate(LOSSES)],
    "optimizers": [{"optimizer": optimizer, "seed": 50 + i} for i, optimizer in enumerate(OPTIMIZERS)],
}


def main():
    torch.set_num_threads(1)
    for group in sys.argv[1:] or GROUPS:
        content = {"torch": torch.__version__, "numpy": numpy.__version__,
                   "runs": [compute(run) for run in GROUPS[group]]}
        file = pathlib.Path(__file__).with_name(group + ".json")
        file.write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
