#!/usr/bin/env python3
"""The attacks of torchattacks on the network that speed.mjs has trained, which asks for them line by line.

Started with the network's folder, a number of threads and a form: `eager`, or `channels-last`, which oneDNN convolves faster.
"""

import json
import math
import pathlib
import sys
import time

import numpy as np
import torch
import torchattacks
from torch import nn

EPSILON = 0.1


class ChannelsLast(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)

    def forward(self, x):
        return self.network(x.contiguous(memory_format=torch.channels_last))


def load(folder):
    about = json.loads((folder / "network.json").read_text())
    values = torch.from_numpy(np.fromfile(folder / "network.bin", dtype=np.float32))
    weights = []
    for shape in about["shapes"]:
        size = math.prod(shape)
        weights.append(values[:size].reshape(shape))
        values = values[size:]
    network = nn.Sequential(
        *[nn.Conv2d(1, 33, 3), nn.ReLU(), nn.Conv2d(33, 33, 3), nn.ReLU(), nn.Conv2d(33, 8, 3), nn.ReLU()],
        *[nn.Flatten(), nn.Linear(22 * 22 * 8, 64), nn.ReLU(), nn.Linear(64, 10)],
    )
    layers = [layer for layer in network if hasattr(layer, "weight")]
    for layer, kernel, bias in zip(layers, weights[::2], weights[1::2]):
        if kernel.dim() == 4:
            kernel = kernel.permute(3, 2, 0, 1)
        else:
            if kernel.shape[0] == 22 * 22 * 8:  # rows in the order of channels last
                kernel = kernel.reshape(22, 22, 8, -1).permute(2, 0, 1, 3).flatten(0, 2)
            kernel = kernel.T
        layer.weight.data, layer.bias.data = kernel.contiguous(), bias.clone()
    return network.eval().requires_grad_(False), values.reshape(-1, 1, 28, 28), torch.tensor(about["labels"])


def attack(model, name, size):
    if name == "square":
        return torchattacks.Square(model, eps=EPSILON, n_queries=size)
    if name == "pgd":
        return torchattacks.PGD(model, eps=EPSILON, alpha=0.01, steps=size)
    return torchattacks.AutoAttack(model, eps=EPSILON)


def main():
    folder, threads, form = sys.argv[1:]
    torch.set_num_threads(int(threads))
    network, images, labels = load(pathlib.Path(folder))
    model = ChannelsLast(network) if form == "channels-last" else network
    print("{}", flush=True)
    for line in sys.stdin:
        name, count, size = line.split(",")
        some, truth = images[: int(count)], labels[: int(count)]
        torch.manual_seed(1)
        start, before = time.perf_counter(), time.process_time()
        found = attack(model, name, int(size))(some, truth)
        seconds, processor = time.perf_counter() - start, time.process_time() - before
        with torch.no_grad():
            robust = (model(found).argmax(1) == truth).sum().item()
        print(json.dumps({"seconds": seconds, "processor": processor, "robust": robust}), flush=True)


if __name__ == "__main__":
    main()
