"""PyTorch's learning step: eager, one thread, fused Adam; answers `workload.serve`'s questions."""

import sys

import torch
from torch import nn
from torch.nn import functional

import workload


class Net(nn.Module):
    """Dense layers over the numbers and, where the net has tables, over one lookup in all of them side by side; W1d's over
    one sum of weighted rows."""

    def __init__(self, net, activation):
        super().__init__()
        _, tables, _ = workload.NETS[net]
        self.table = None
        if tables:
            # One table of all rows: a single lookup and a single sparse gradient, faster than 26 modules.
            self.table = nn.Embedding(tables * workload.TABLE_ROWS, workload.TABLE_WIDTH, sparse=True)
            with torch.no_grad():
                self.table.weight.uniform_(-0.05, 0.05)
        self.weighted = net == "W1d"
        if self.weighted:
            self.table = nn.EmbeddingBag(workload.ROWS, workload.ROW_WIDTH, mode="sum", sparse=True)
            with torch.no_grad():
                self.table.weight.uniform_(-0.05, 0.05)
        self.dense = nn.ModuleList(nn.Linear(*size) for size in workload.layer_sizes(net))
        self.activation = {
            "relu": functional.relu,
            "gelu": lambda z: functional.gelu(z, approximate="tanh"),
            "swish": functional.silu,
        }[activation]

    def forward(self, x, rows):
        if self.weighted:
            x = self.activation(self.table(rows, per_sample_weights=x))
        elif self.table is not None:
            x = torch.cat((self.table(rows).view(len(x), -1), x), 1)
        for layer in self.dense[:-1]:
            x = self.activation(layer(x))
        return self.dense[-1](x).squeeze(1)


def main(net, rows, activation):
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    _, tables, _ = workload.NETS[net]
    first = torch.arange(tables) * workload.TABLE_ROWS if tables else 0
    data = [
        (torch.from_numpy(x), torch.from_numpy(buckets) + first, torch.from_numpy(y))
        for x, buckets, y in workload.batches(net, rows)
    ]
    model = Net(net, activation)
    dense = list(model.dense.parameters())
    optimizers = [torch.optim.Adam(dense, lr=1e-3, fused=True)]
    if model.table is not None:
        optimizers.append(torch.optim.Adagrad([model.table.weight], lr=1e-2))
    loss_of = functional.binary_cross_entropy_with_logits
    position = 0

    def run(count):
        nonlocal position
        for _ in range(count):
            x, buckets, y = data[position % workload.BATCHES]
            position += 1
            for optimizer in optimizers:
                optimizer.zero_grad(set_to_none=True)
            loss_of(model(x, buckets), y).backward()
            # Sparse gradients are left out of the norm, which spares PyTorch a pass over them.
            nn.utils.clip_grad_norm_(dense, 1.0, foreach=True)
            for optimizer in optimizers:
                optimizer.step()

    workload.serve(run, units=rows)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
