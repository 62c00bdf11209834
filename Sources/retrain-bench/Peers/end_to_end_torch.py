"""PyTorch learns W1 from a topic: eager, fused Adam; the client's own thread fetches beside it."""

import sys

import torch
from torch import nn
from torch.nn import functional

import kafka_batches


def main(brokers, topic, records):
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)

    def one_pass():
        model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 1))
        parameters = list(model.parameters())
        optimizer = torch.optim.Adam(parameters, lr=1e-3, fused=True)
        for x, y in kafka_batches.batches(brokers, topic, records):
            optimizer.zero_grad(set_to_none=True)
            z = model(torch.from_numpy(x)).squeeze(1)
            functional.binary_cross_entropy_with_logits(z, torch.from_numpy(y)).backward()
            nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)
            optimizer.step()

    kafka_batches.serve(one_pass)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
