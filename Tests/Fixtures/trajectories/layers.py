"""Layers of a trajectory, written from their definitions on PyTorch's modules. A spec has the learner's names.

Each module gives its parameters in the learner's canonical order: weights as [inputs x outputs], then biases, gains,
offsets, slopes.
"""
import itertools

import torch
from torch import nn
from torch.nn import functional

from streams import Statistics

ELEMENTWISE = {
    "relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "elu": nn.ELU, "selu": nn.SELU, "relu6": nn.ReLU6,
    "gelu": lambda: nn.GELU(approximate="tanh"), "gelu_exact": nn.GELU, "swish": nn.SiLU, "mish": nn.Mish,
    "hard_swish": nn.Hardswish, "softplus": nn.Softplus, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid,
    "hard_sigmoid": nn.Hardsigmoid, "identity": nn.Identity,
    "softmax": lambda: nn.Softmax(dim=-1), "log_softmax": lambda: nn.LogSoftmax(dim=-1),
}

# Shazeer 2020, "GLU variants improve Transformer", equations 4 and 5; values first, as in PyTorch's GLU.
GATES = {
    "glu": functional.glu,
    "swiglu": lambda z: z.chunk(2, dim=-1)[0] * functional.silu(z.chunk(2, dim=-1)[1]),
    "geglu": lambda z: z.chunk(2, dim=-1)[0] * functional.gelu(z.chunk(2, dim=-1)[1], approximate="tanh"),
    "reglu": lambda z: z.chunk(2, dim=-1)[0] * functional.relu(z.chunk(2, dim=-1)[1]),
}

NORMS = {"none": lambda width: None, "layer_norm": lambda width: nn.LayerNorm(width, eps=1e-5),
         "rms_norm": lambda width: nn.RMSNorm(width, eps=1e-5)}


def canonical(*layers):
    for layer in layers:
        if isinstance(layer, nn.Linear):
            yield layer.weight.T
        elif layer is not None:
            yield from (p for name, p in layer.named_parameters() if name == "weight")
        if getattr(layer, "bias", None) is not None:
            yield layer.bias


class Hidden(nn.Module):
    """Dense, normalisation, activation, clipping, skip connection (He et al. 2016)."""

    def __init__(self, spec, inputs, units):
        super().__init__()
        kind = spec["activation"]
        width = 2 * units if kind in GATES else units
        self.linear, self.norm = nn.Linear(inputs, width), NORMS[spec["normalization"]](width)
        self.slopes = nn.PReLU(units, init=0.25) if kind == "prelu" else None
        self.activation = self.slopes or GATES.get(kind) or ELEMENTWISE[kind]()
        self.limit, self.skips = spec["activationLimit"], spec["residual"] and inputs == units

    def forward(self, x):
        z = self.linear(x)
        y = self.activation(z if self.norm is None else self.norm(z))
        if self.limit is not None:
            y = y.clamp(-self.limit, self.limit)
        return x + y if self.skips else y

    def canonical(self):
        return canonical(self.linear, self.norm, self.slopes)


class Cross(nn.Module):
    """Wang et al. 2021, "DCN V2", equations 1 and 2: x0 * (W x + b) + x, W of full or low rank."""

    def __init__(self, width, rank):
        super().__init__()
        self.narrow = nn.Linear(width, rank, bias=False) if rank else None
        self.linear = nn.Linear(rank or width, width)

    def forward(self, x0, x):
        return x0 * self.linear(x if self.narrow is None else self.narrow(x)) + x

    def canonical(self):
        return canonical(self.narrow, self.linear)


def interactions(fields):
    """He & Chua 2017, equation 3: the products of all pairs, summed element by element."""
    return sum(one * other for one, other in itertools.combinations(fields, 2))


class Table(nn.Module):
    """A category's rows: the one of its value, or those of its values combined (sqrtn: their sum over the root of n)."""

    def __init__(self, category, dimension):
        super().__init__()
        self.combiner, self.slots = category["combiner"], category["slots"]
        mode = "mean" if self.combiner == "mean" else "sum"
        self.rows = nn.EmbeddingBag(category["buckets"], dimension, mode=mode)

    def forward(self, values):
        if self.slots == 1:
            return functional.embedding(torch.tensor(values)[:, 0], self.rows.weight)
        weights = None
        if self.combiner == "sqrtn":
            weights = torch.tensor([len(row) ** -0.5 for row in values for _ in row])
        return bag(self.rows, values, weights)


def bag(rows, values, weights=None):
    offsets = [0, *itertools.accumulate(len(row) for row in values)][:-1]
    flat = torch.tensor([value for row in values for value in row], dtype=torch.long)
    return rows(flat, torch.tensor(offsets), per_sample_weights=weights)


class Weighted(nn.Module):
    """The sum of weight * row over a record's pairs, and the activation where it stands for a first layer."""

    def __init__(self, spec):
        super().__init__()
        weighted = spec["weighted"]
        self.rows = nn.EmbeddingBag(weighted["rows"], weighted["dimension"], mode="sum")
        self.activation = ELEMENTWISE[spec["activation"]]() if weighted["activates"] else nn.Identity()

    def forward(self, pairs):
        weights = torch.tensor([weight for row in pairs for _, weight in row], dtype=torch.float32)
        return self.activation(bag(self.rows, [[row for row, _ in pair] for pair in pairs], weights))


class Numbers:
    """Standardised by what was seen before, clipped, 0 where absent; then what says which are absent."""

    def __init__(self, spec):
        self.columns, self.limit = spec["numbers"], spec["inputClip"]
        self.statistics = [Statistics() for _ in self.columns]

    def __call__(self, numbers):
        given = []
        for column, values, statistics in zip(self.columns, numbers.T, self.statistics):
            if column["standardize"]:
                values = statistics.standardize(values).clamp(-self.limit, self.limit)
            given.append(values.nan_to_num(nan=0.0))
        given += [values.isnan().float() for column, values in zip(self.columns, numbers.T)
                  if column["missingIndicator"]]
        return torch.stack(given, dim=1)

    def see(self, numbers):
        for values, statistics in zip(numbers.T, self.statistics):
            statistics.see(values)


class Head(nn.Module):
    """Logits: what the head reads from each part of the network, summed."""

    def __init__(self, outputs, top, cross, pooled, numeric):
        super().__init__()
        self.top = nn.Linear(top, outputs) if top else None
        self.alone = None if top else nn.Parameter(torch.zeros(outputs))
        self.parts = nn.ModuleList(nn.Linear(width, outputs, bias=False) for width in (cross, pooled, numeric) if width)

    def forward(self, top, parts):
        z = self.alone if self.top is None else self.top(top)
        for layer, part in zip(self.parts, parts, strict=True):
            z = z + layer(part)
        return z

    def canonical(self):
        return itertools.chain(canonical(self.top) if self.top else [self.alone], canonical(*self.parts))


class Network(nn.Module):
    """`outputs`: of each head."""

    def __init__(self, spec, outputs):
        super().__init__()
        self.spec, categories, weighted = spec, spec["categories"], spec["weighted"]
        self.is_linear = spec["kind"] == "linear"
        self.has_wide = spec["wide"] or self.is_linear
        embedded = [] if self.is_linear else categories
        self.tables = nn.ModuleList(Table(category, category["dimension"]) for category in embedded)
        self.weighted = Weighted(spec) if weighted else None
        with torch.no_grad():
            for table in [*self.tables, *([self.weighted] if weighted else [])]:
                table.rows.weight.mul_(0.1)
        self.numbers = Numbers(spec)
        numeric = len(spec["numbers"]) + sum(column["missingIndicator"] for column in spec["numbers"])
        width = sum(category["dimension"] for category in embedded) + (weighted["dimension"] if weighted else 0)
        top = inputs = 0 if self.is_linear else width + numeric
        self.hidden = nn.ModuleList()
        for units in [] if self.is_linear else spec["hidden"]:
            self.hidden.append(Hidden(spec, top, units))
            top = units
        self.crosses = nn.ModuleList(Cross(inputs, spec["crossRank"]) for _ in range(spec["crossLayers"]))
        self.heads = nn.ModuleList(
            Head(count, top, inputs if self.crosses else 0, categories[0]["dimension"] if spec["factorization"] else 0,
                 numeric if self.has_wide else 0) for count in outputs)
        self.split = list(outputs)
        self.wide = nn.ModuleList(Table(category, sum(outputs)) for category in categories if self.has_wide)
        with torch.no_grad():
            for weight in [*(p for p in self.wide.parameters()), *self.wide_numbers()]:
                weight.zero_()

    def forward(self, batch):
        """Logits of each head, and all that hidden layers gave."""
        values = list(zip(*batch.values))
        numeric = self.numbers(batch.numbers)
        fields = [table(list(column)) for table, column in zip(self.tables, values)]
        x = torch.cat([*fields, *([self.weighted(batch.pairs)] if self.weighted else []), numeric], dim=1)
        top, given, crossed = x, [], x
        for layer in self.hidden:
            top = layer(top)
            given.append(top)
        for layer in self.crosses:
            crossed = layer(x, crossed)
        parts = [crossed] if self.crosses else []
        parts += [interactions(fields)] if self.spec["factorization"] else []
        parts += [numeric] if self.has_wide else []
        logits = [head(top, parts) for head in self.heads]
        if self.wide:
            wide = sum(table(list(column)) for table, column in zip(self.wide, values))
            logits = [z + part for z, part in zip(logits, wide.split(self.split, dim=1))]
        return logits, given

    def wide_numbers(self):
        """The weights that heads have for raw numbers: the last part of each."""
        return [head.parts[-1].weight for head in self.heads] if self.has_wide else []

    def dense(self):
        """All parameters that a step always moves, in canonical order."""
        return itertools.chain(*(layer.canonical() for layer in [*self.hidden, *self.crosses, *self.heads]))

    def rows(self):
        tables = [*self.tables, *([self.weighted] if self.weighted else []), *self.wide]
        return [table.rows.weight for table in tables]
