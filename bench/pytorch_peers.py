#!/usr/bin/env python3
"""The same network and the same training step as `weightmap bench` measures, in PyTorch.

`weightmap bench --peers` starts this beside its own processes. It describes the network, this script builds it, warms
up, and prints {"parameters": N}. Then every line of standard input that holds a number n is answered by the wall-clock
times of n steps: {"ms": [...]}. A step is forward pass, cross-entropy, backward pass, fused Adam, and reading the loss.
By hand:

    echo 20 | python3 bench/pytorch_peers.py --form tuned --network \\
      '{"kind": "smoothing", "channels": [32, 32, 8], "kernelSize": 3, "image": [28, 28, 1], "classes": 10}'

Forms of the weight map layers, from the fastest that we know how to write to the most literal (plain convolutions have
one form, which all three names give):

    tuned   one matrix product a pixel over batch and channels, pooled with the channels last in memory
    einsum  the channel sum as an einsum, pooled as PyTorch lays images out by default
    paper   the paper's equations word for word: every product of map and image in memory, convolved with ones

Needs: pip install torch
"""

import argparse
import json
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional
except ImportError as problem:
    print(json.dumps({"missing": str(problem)}), flush=True)
    sys.exit(3)


def box_sums(images, kernel, padding):
    """Sums over kernel × kernel windows of [batch, channels, height, width], zeros outside."""
    return functional.avg_pool2d(images, kernel, stride=1, padding=padding, divisor_override=1)


class WeightMap(nn.Module):
    """[batch, Ci, H, W] → [batch, Co, Ho, Wo]: box(m) for smoothing, 2·m − box(m) for unsharp, m = Σ W ⊙ x, plus bias."""

    def __init__(self, unsharp, size, inputs, outputs, kernel, padding, form):
        super().__init__()
        self.unsharp, self.kernel, self.padding, self.form = unsharp, kernel, padding, form
        self.height, self.width = size
        shrink = 2 * padding - kernel + 1
        bound = (inputs * kernel * kernel) ** -0.5
        uniform = lambda *shape: nn.Parameter(torch.empty(*shape).uniform_(-bound, bound))
        if form == "paper":
            self.map = uniform(outputs, inputs, self.height, self.width)
            self.register_buffer("ones", torch.ones(1, inputs, kernel, kernel))
        elif form == "einsum":
            self.map = uniform(self.height, self.width, inputs, outputs)
        else:
            self.map = uniform(self.height * self.width, inputs, outputs)
        self.bias = uniform(outputs, self.height + shrink, self.width + shrink)

    def forward(self, x):
        return getattr(self, self.form)(x) + self.bias

    def filtered(self, m):
        sums = box_sums(m, self.kernel, self.padding)
        return 2 * m - sums if self.unsharp else sums

    def paper(self, x):
        outputs = self.map.shape[0]
        products = (self.map * x[:, None]).flatten(0, 1)
        sums = functional.conv2d(products, self.ones, padding=self.padding)
        if self.unsharp:
            sums = 2 * products.sum(1, keepdim=True) - sums
        return sums.unflatten(0, (len(x), outputs)).squeeze(2)

    def einsum(self, x):
        return self.filtered(torch.einsum("nihw,hwio->nohw", x, self.map))

    def tuned(self, x):
        batch, inputs = x.shape[:2]
        pixels = x.permute(2, 3, 0, 1).reshape(-1, batch, inputs)
        # The products lie as [pixel, batch · Co]: to the pooling, one image whose channels are last in memory.
        m = torch.bmm(pixels, self.map).view(1, self.height, self.width, -1).permute(0, 3, 1, 2)
        # Back by way of that layout: the gradient then reaches the pooling in it, several times faster than otherwise.
        y = self.filtered(m).permute(0, 2, 3, 1)
        return y.reshape(*y.shape[1:3], batch, -1).permute(2, 3, 0, 1)


class InputScale(nn.Module):
    """[batch, C, H, W] → the same, times a learned map."""

    def __init__(self, shape):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(shape))

    def forward(self, x):
        return x * self.scale


def network(kind, channels, kernelSize, image, classes, form, batchNorm=False, inputScale=False):
    """The CNN of the paper's table 1, as @weightmap/architectures builds it."""
    height, width, inputs = image
    layers = [InputScale((inputs, height, width))] if inputScale else []
    for outputs in channels:
        padding = kernelSize // 2 if kind == "unsharp" else (kernelSize - 3) // 2
        if kind == "conv":
            layers.append(nn.Conv2d(inputs, outputs, kernelSize, padding=padding))
        else:
            layers.append(
                WeightMap(kind == "unsharp", (height, width), inputs, outputs, kernelSize, padding, form)
            )
        if batchNorm:
            layers.append(nn.BatchNorm2d(outputs))
        layers.append(nn.ReLU())
        shrink = 2 * padding - kernelSize + 1
        height, width, inputs = height + shrink, width + shrink, outputs
    layers += [nn.Flatten(), nn.Linear(height * width * inputs, 64), nn.ReLU(), nn.Linear(64, classes)]
    return nn.Sequential(*layers)


def training_step(model, images, labels):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def milliseconds(step):
    start = time.perf_counter()
    step()
    return 1000 * (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", type=json.loads, required=True, help="as in the example above")
    parser.add_argument("--form", choices=["tuned", "einsum", "paper"], default="tuned")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    height, width, channels = options.network["image"]
    model = network(**options.network, form=options.form)
    step = training_step(
        model,
        torch.rand(options.batch, channels, height, width),
        torch.randint(options.network["classes"], (options.batch,)),
    )
    for _ in range(3):
        step()
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(json.dumps({"parameters": parameters, "version": torch.__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"ms": [milliseconds(step) for _ in range(int(line))]}), flush=True)


if __name__ == "__main__":
    main()
