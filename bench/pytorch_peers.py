#!/usr/bin/env python3
"""What `weightmap bench` measures, in PyTorch: the same networks, their training step, their noise and FGSM sweeps, and
the loop of a grid's cell.

`weightmap bench --peers` starts this beside its own processes. It describes the network, this script builds it, warms
up, and prints {"parameters": N}. Then every line of standard input that holds a number n is answered by the wall-clock
times of n runs: {"ms": [...]}. A run of the task `step` is forward pass, cross-entropy, backward pass, fused Adam, and
reading the loss; of `uniform-noise` and `fgsm` the error at every strength over all images, batch by batch. A run of
`cell` is two short epochs with validation, and both sweeps; it has four times: of a step of the second epoch, and of an
image in its validation, the noise and the FGSM sweep. By hand:

    echo 20 | python3 bench/pytorch_peers.py --form tuned --way compile --network \\
      '{"architecture": "cnn", "kind": "smoothing", "channels": [32, 32, 8], "kernelSize": 3,
        "image": [28, 28, 1], "classes": 10}'
    echo 20 | python3 bench/pytorch_peers.py --form tuned --network \\
      '{"architecture": "densenet", "kinds": ["conv", "smoothing"], "stem": 16, "growth": 8,
        "denseLayers": [2, 4, 8, 16], "image": [28, 28, 1], "classes": 10}'

Forms of the weight map layers, from the fastest that we know how to write to the most literal (plain convolutions have
one form, which all three names give):

    tuned   one matrix product a pixel over batch and channels, pooled with the channels last in memory
    einsum  the channel sum as an einsum, pooled as PyTorch lays images out by default
    paper   the paper's equations word for word: every product of map and image in memory, convolved with ones

Ways to run a network, which a PyTorch user has:

    eager          as one writes it first
    channels-last  network and images with the channels last in memory
    compile        torch.compile(network); compiling is part of the warm-up, whose seconds are printed with "parameters"
    bfloat16       the forward pass under autocast: fewer digits, so no float32 form is compared with it

Needs: pip install torch
"""

import argparse
import itertools
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


def box_sums(images, kernel, padding, stride):
    """Sums over kernel × kernel windows of [batch, channels, height, width], zeros outside."""
    return functional.avg_pool2d(images, kernel, stride=stride, padding=padding, divisor_override=1)


def sides(size, kernel, padding, stride):
    """Height and width of what a window leaves of a map."""
    return tuple((side + 2 * padding - kernel) // stride + 1 for side in size)


class WeightMap(nn.Module):
    """[batch, Ci, H, W] → [batch, Co, Ho, Wo]: box(m) for smoothing, 2·m − box(m) for unsharp, m = Σ W ⊙ x, plus bias.

    A stride keeps every s-th position, from the first on; the bias has one number for each that is kept.
    """

    def __init__(self, unsharp, size, inputs, outputs, kernel, padding, stride, form):
        super().__init__()
        self.unsharp, self.kernel, self.padding, self.stride, self.form = unsharp, kernel, padding, stride, form
        self.height, self.width = size
        bound = (inputs * kernel * kernel) ** -0.5
        uniform = lambda *shape: nn.Parameter(torch.empty(*shape).uniform_(-bound, bound))
        if form == "paper":
            self.map = uniform(outputs, inputs, self.height, self.width)
            self.register_buffer("ones", torch.ones(1, inputs, kernel, kernel))
        elif form == "einsum":
            self.map = uniform(self.height, self.width, inputs, outputs)
        else:
            self.map = uniform(self.height * self.width, inputs, outputs)
        self.bias = uniform(outputs, *sides(size, kernel, padding, stride))

    def forward(self, x):
        return getattr(self, self.form)(x) + self.bias

    def kept(self, m):
        """The pixels under the windows' centres ('same' padding)."""
        return m[:, :, :: self.stride, :: self.stride] if self.stride > 1 else m

    def filtered(self, m):
        sums = box_sums(m, self.kernel, self.padding, self.stride)
        return 2 * self.kept(m) - sums if self.unsharp else sums

    def paper(self, x):
        outputs = self.map.shape[0]
        products = (self.map * x[:, None]).flatten(0, 1)
        sums = functional.conv2d(products, self.ones, stride=self.stride, padding=self.padding)
        if self.unsharp:
            sums = 2 * self.kept(products).sum(1, keepdim=True) - sums
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


def feature_layer(kind, size, inputs, outputs, form, kernel=3, padding=1, stride=1):
    """A convolution, or a weight map layer in its place."""
    if kind == "conv":
        return nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding)
    return WeightMap(kind == "unsharp", size, inputs, outputs, kernel, padding, stride, form)


class InputScale(nn.Module):
    """[batch, C, H, W] → the same, times a learned map."""

    def __init__(self, shape):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(shape))

    def forward(self, x):
        return x * self.scale


def cnn(kind, channels, kernelSize, image, classes, form, batchNorm=False, inputScale=False):
    """The paper's table 1."""
    *size, inputs = image
    layers = [InputScale((inputs, *size))] if inputScale else []
    for outputs in channels:
        padding = kernelSize // 2 if kind == "unsharp" else (kernelSize - 3) // 2
        layers.append(feature_layer(kind, size, inputs, outputs, form, kernelSize, padding))
        if batchNorm:
            layers.append(nn.BatchNorm2d(outputs))
        layers.append(nn.ReLU())
        size, inputs = sides(size, kernelSize, padding, 1), outputs
    height, width = size
    layers += [nn.Flatten(), nn.Linear(height * width * inputs, 64), nn.ReLU(), nn.Linear(64, classes)]
    return nn.Sequential(*layers)


class Residual(nn.Module):
    """ReLU(second(ReLU(first(x))) + shortcut(x))."""

    def __init__(self, first, second, shortcut):
        super().__init__()
        self.first, self.second, self.shortcut = first, second, shortcut

    def forward(self, x):
        return functional.relu(self.second(functional.relu(self.first(x))) + self.shortcut(x))


def resnet(kinds, stages, image, classes, form):
    """The paper's table 2."""
    *size, inputs = image
    kinds = itertools.cycle(kinds)
    layers = []
    for position, stage in enumerate(stages):
        outputs = stage["channels"]
        for block in range(stage["blocks"]):
            stride = 2 if position > 0 and block == 0 else 1
            first = feature_layer(next(kinds), size, inputs, outputs, form, stride=stride)
            size = sides(size, 3, 1, stride)
            second = feature_layer(next(kinds), size, outputs, outputs, form)
            same = stride == 1 and inputs == outputs
            layers.append(
                Residual(first, second, nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride=stride))
            )
            inputs = outputs
    return nn.Sequential(*layers, *average_head(inputs, classes))


class Dense(nn.Module):
    """[x, ReLU(layer(x))], side by side in the channels."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return torch.cat([x, functional.relu(self.layer(x))], 1)


def densenet(kinds, stem, growth, denseLayers, image, classes, form):
    """The paper's table 3."""
    *size, inputs = image
    kinds = itertools.cycle(kinds)
    layers = [feature_layer(next(kinds), size, inputs, stem, form), nn.ReLU()]
    inputs = stem
    for position, count in enumerate(denseLayers):
        if position > 0:
            layers.append(nn.MaxPool2d(2, 2))
            size = sides(size, 2, 0, 2)
        for _ in range(count):
            layers.append(Dense(feature_layer(next(kinds), size, inputs, growth, form)))
            inputs += growth
    return nn.Sequential(*layers, *average_head(inputs, classes))


def average_head(inputs, classes):
    return nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes)


# As @weightmap/architectures builds them.
ARCHITECTURES = {"cnn": cnn, "resnet": resnet, "densenet": densenet}


def network(architecture, **options):
    return ARCHITECTURES[architecture](**options)


class Bfloat16(nn.Module):
    """The network under autocast; its logits as float32 again."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.inner(x).float()


def run_in(way, model, images, **compiling):
    """The network and images as the way wants them."""
    if way == "channels-last":
        last = torch.channels_last
        return model.to(memory_format=last), [(x.contiguous(memory_format=last), y) for x, y in images]
    if way == "compile":
        return torch.compile(model, **compiling), images
    return (Bfloat16(model) if way == "bfloat16" else model), images


def training_step(model, images, labels):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def batches(options):
    """Images of random pixels with labels; made before anything is timed."""
    height, width, channels = options.network["image"]
    images = torch.rand(options.images, channels, height, width)
    labels = torch.randint(options.network["classes"], (options.images,))
    return list(zip(images.split(options.batch), labels.split(options.batch)))


@torch.no_grad()
def wrong(model, images, labels):
    return (model(images).argmax(1) != labels).sum().item()


def noise_sweep(model, sets, strengths):
    """x + U(0, β), rescaled to [0, 1] by each image's extremes; one draw for all β."""

    def sweep():
        errors = [0] * len(strengths)
        for images, labels in sets:
            noise = torch.rand_like(images)
            for i, beta in enumerate(strengths):
                noisy = images
                if beta > 0:
                    noisy = images + beta * noise
                    low, high = noisy.amin((1, 2, 3), keepdim=True), noisy.amax((1, 2, 3), keepdim=True)
                    noisy = (noisy - low) / (high - low)
                errors[i] += wrong(model, noisy, labels)
        return errors

    return sweep


def fgsm_sweep(model, sets, strengths):
    """clip(x + ε·sign ∇ₓ cross-entropy); one gradient for all ε."""

    def sweep():
        errors = [0] * len(strengths)
        for images, labels in sets:
            images = images.clone().requires_grad_()
            loss = functional.cross_entropy(model(images), labels, reduction="sum")
            direction = torch.autograd.grad(loss, images)[0].sign()
            images = images.detach()
            for i, epsilon in enumerate(strengths):
                errors[i] += wrong(model, (images + epsilon * direction).clamp(0, 1), labels)
        return errors

    return sweep


def shifted(images, padding):
    """[batch, channels, height, width]: every image padded with zeros, and cropped to its size at a random place."""
    count, _, height, width = images.shape
    padded = functional.pad(images, (padding,) * 4)
    rows = torch.randint(2 * padding + 1, (count, 1)) + torch.arange(height)
    columns = torch.randint(2 * padding + 1, (count, 1)) + torch.arange(width)
    return padded[torch.arange(count)[:, None, None], :, rows[:, :, None], columns[:, None]].permute(0, 3, 1, 2)


EVALUATED = 256  # images in a forward pass


def short_cell(options, parameters, model):
    """The loop of a grid's cell, warmed up. `parameters` is the network whose weights `model` runs."""
    height, width, channels = options.network["image"]
    classes, cell = options.network["classes"], options.cell
    memory = torch.channels_last if options.way == "channels-last" else torch.contiguous_format

    def made(count):
        pixels = torch.randint(256, (count, channels, height, width), dtype=torch.uint8)
        return pixels, torch.randint(classes, (count,))

    def floats(pixels):
        return pixels.to(torch.float32, memory_format=memory).div_(255)

    pixels, labels = made(cell["steps"] * options.batch)
    tested, targets = made(cell["images"])
    optimizer = torch.optim.Adam(parameters.parameters(), lr=1e-3, fused=True)

    def epoch(steps):
        parameters.train().requires_grad_(True)
        for chosen in torch.randperm(len(labels)).split(options.batch)[:steps]:
            images = pixels[chosen]
            images = floats(shifted(images, cell["padding"]) if cell["padding"] else images)
            optimizer.zero_grad(set_to_none=True)
            loss = functional.cross_entropy(model(images), labels[chosen])
            loss.backward()
            optimizer.step()
            loss.item()

    def batches_of(count):
        return [(floats(x), y) for x, y in zip(tested[:count].split(EVALUATED), targets[:count].split(EVALUATED))]

    @torch.no_grad()
    def validate(count):
        parameters.eval().requires_grad_(False)
        loss = errors = 0
        for images, labels in batches_of(count):
            logits = model(images)
            loss += functional.cross_entropy(logits, labels, reduction="sum").item()
            errors += (logits.argmax(1) != labels).sum().item()
        return loss, errors

    def run(steps=cell["steps"], count=cell["images"]):
        epoch(steps)
        validate(count)
        return [
            milliseconds(lambda: epoch(steps)) / steps,
            milliseconds(lambda: validate(count)) / count,
            milliseconds(lambda: noise_sweep(model, batches_of(count), cell["betas"])()) / count,
            milliseconds(lambda: fgsm_sweep(model, batches_of(count), cell["epsilons"])()) / count,
        ]

    run(2, EVALUATED)
    return run


def warmed_up(options, model, sets):
    """What is timed, after its first runs."""
    if options.task == "step":
        run = training_step(model, *sets[0])
        for _ in range(3):
            run()
        return run
    sweep = {"uniform-noise": noise_sweep, "fgsm": fgsm_sweep}[options.task]
    strengths = [float(strength) for strength in options.strengths.split(",")]
    sweep(model, sets[:1] + sets[-1:], strengths)()
    return sweep(model, sets, strengths)


def milliseconds(run):
    start = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=["step", "uniform-noise", "fgsm", "cell"], default="step")
    parser.add_argument("--network", type=json.loads, required=True, help="as in the example above")
    parser.add_argument("--form", choices=["tuned", "einsum", "paper"], default="tuned")
    parser.add_argument("--way", choices=["eager", "channels-last", "compile", "bfloat16"], default="eager")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--images", type=int, help="of a sweep")
    parser.add_argument("--strengths", help="of a sweep, comma-separated")
    parser.add_argument("--cell", type=json.loads, help='{"steps": …, "images": …, "padding": …, "betas": …, "epsilons": …}')
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    model = network(**options.network, form=options.form)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    if options.task == "step":
        options.images = options.batch
    elif options.task != "cell":
        model.eval().requires_grad_(False)
    start = time.perf_counter()
    try:
        if options.task == "cell":
            # Each size of a batch is compiled for itself, which is faster than for all.
            compiled = {"dynamic": False} if options.way == "compile" else {}
            timed = short_cell(options, model, run_in(options.way, model, [], **compiled)[0])
        else:
            model, sets = run_in(options.way, model, batches(options))
            run = warmed_up(options, model, sets)
            timed = lambda: [milliseconds(run)]
    except Exception as problem:  # as where torch.compile finds no C++ compiler
        if options.way == "eager":
            raise
        print(json.dumps({"missing": str(problem).strip().splitlines()[0], "unable": True}), flush=True)
        sys.exit(3)
    ready = {"parameters": parameters, "version": torch.__version__, "warmUpSeconds": time.perf_counter() - start}
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        print(json.dumps({"ms": [ms for _ in range(int(line)) for ms in timed()]}), flush=True)


if __name__ == "__main__":
    main()
