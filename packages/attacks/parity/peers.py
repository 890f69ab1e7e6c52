#!/usr/bin/env python3
"""The attacks of Foolbox, torchattacks and ART on the networks of make-fixtures.mjs; compare.mjs asks.

Started with the fixtures' folder and a number of threads, it prints one line of JSON with the versions of what it has.
Then each line of standard input is a request, answered by a line:

    {"network", "peer", …: see adversarial()}  {"file": adversarial images, float32 [n, height, width, channels]}
    {"network", "time": runs, "options"}       {"ms": [...]}, of Foolbox's PGD
    anything that goes wrong                   {"error": "..."}

Images and kernels come channels last (NHWC, HWIO); here they are channels first (NCHW, OIHW), and the first dense
layer's rows are put into that order.
"""

import contextlib
import copy
import importlib
import json
import math
import pathlib
import sys
import time

import numpy as np
import torch
from torch import nn


def optional(name):
    try:
        return importlib.import_module(name)
    except ImportError as problem:
        print(f"{name}: {problem}", file=sys.stderr)
        return None


foolbox, torchattacks, art = optional("foolbox"), optional("torchattacks"), optional("art")


class Fixture:
    """A network, its images and labels, and the logits that they had on the other side."""

    def __init__(self, folder, name):
        about = json.loads((folder / f"{name}.json").read_text())
        values = np.fromfile(folder / f"{name}.bin", dtype=np.float32)

        def take(shape):
            nonlocal values
            size = math.prod(shape)
            part, values = values[:size], values[size:]
            return torch.from_numpy(part.copy()).reshape(shape)

        weights = [take(shape) for shape in about["shapes"]]
        self.images = take(about["images"]).permute(0, 3, 1, 2).contiguous()
        self.labels = torch.tensor(about["labels"])
        self.model = network(about["layers"], weights, self.images.shape[1:]).eval().requires_grad_(False)
        self.logits = take([len(self.labels), about["shapes"][-1][0]])
        self.starts = self.targets = None

    def part(self, count, starts, targets, softmax):
        """Of its first images; where attacks by decisions begin, what they aim at, and probabilities instead of logits."""
        some = copy.copy(self)
        some.images, some.labels = self.images[:count], self.labels[:count]
        some.logits = self.logits[:count]
        some.starts = None if starts is None else self.images[starts]
        some.targets = None if targets is None else torch.tensor(targets)
        some.model = nn.Sequential(self.model, nn.Softmax(dim=1)) if softmax else self.model
        return some

    def each(self):
        """Parts of one image."""
        for i in range(len(self.labels)):
            one = copy.copy(self)
            for name in ("images", "labels", "logits", "starts", "targets"):
                values = getattr(self, name)
                setattr(one, name, None if values is None else values[i : i + 1])
            yield one


def network(layers, weights, shape):
    channels, height, width = shape
    stack, flat = [], False
    for i, layer in enumerate(layers):
        kernel, bias = weights[2 * i], weights[2 * i + 1]
        if "conv" in layer:
            module = nn.Conv2d(channels, layer["conv"], 3)
            kernel = kernel.permute(3, 2, 0, 1)
            channels, height, width = layer["conv"], height - 2, width - 2
        else:
            if not flat:
                stack.append(nn.Flatten())
                kernel = kernel.reshape(height, width, channels, -1).permute(2, 0, 1, 3).flatten(0, 2)
                flat = True
            module = nn.Linear(*kernel.shape)
            kernel = kernel.T
        module.weight.data, module.bias.data = kernel.contiguous(), bias
        stack.append(module)
        if "conv" in layer or layer.get("activation") == "relu":
            stack.append(nn.ReLU())
    return nn.Sequential(*stack)


def by_foolbox(name, fixture, epsilon, options):
    attack = getattr(foolbox.attacks, name)(**options)
    model = foolbox.PyTorchModel(fixture.model, bounds=(0, 1))
    given = {} if fixture.starts is None else {"starting_points": fixture.starts}
    # Where epsilon is None it looks for the nearest image.
    return attack(model, fixture.images, fixture.labels, epsilons=epsilon, **given)[0]


def by_torchattacks(name, fixture, epsilon, options):
    attack = getattr(torchattacks, name)(fixture.model, eps=epsilon, **options)
    return attack(fixture.images, fixture.labels)


def by_art(name, fixture, epsilon, options):
    evasion = importlib.import_module("art.attacks.evasion")
    estimators = importlib.import_module("art.estimators.classification")
    classifier = estimators.PyTorchClassifier(
        model=fixture.model,
        loss=nn.CrossEntropyLoss(),
        input_shape=tuple(fixture.images.shape[1:]),
        nb_classes=fixture.logits.shape[1],
        clip_values=(0, 1),
        device_type="cpu",
    )
    radius = {} if epsilon is None else {"eps": epsilon}
    attack = getattr(evasion, name)(classifier, batch_size=len(fixture.labels), **radius, **options)
    aim = fixture.labels if fixture.targets is None else fixture.targets
    return torch.from_numpy(attack.generate(fixture.images.numpy(), aim.numpy()))


LIBRARIES = {"foolbox": by_foolbox, "torchattacks": by_torchattacks, "art": by_art}


def adversarial(fixture, peer, epsilon, options, seed=1, count=None, starts=None, targets=None, softmax=False, alone=False):
    library, name = peer.split(".")
    if globals()[library] is None:
        raise RuntimeError(f"{library} is not installed")
    torch.manual_seed(seed)
    np.random.seed(seed)
    part = fixture.part(count, starts, targets, softmax)
    return torch.cat([LIBRARIES[library](name, one, epsilon, options) for one in (part.each() if alone else [part])])


def milliseconds(fixture, runs, options):
    if foolbox is None:
        raise RuntimeError("foolbox is not installed")
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        adversarial(fixture, "foolbox.LinfPGD", 0.3, options)
        times.append(1000 * (time.perf_counter() - start))
    return times


def main():
    folder = pathlib.Path(sys.argv[1])
    torch.set_num_threads(int(sys.argv[2]))
    answers = sys.stdout
    fixtures = {path.stem: Fixture(folder, path.stem) for path in folder.glob("*.bin")}
    versions = {"Python": sys.version.split()[0], "PyTorch": torch.__version__, "NumPy": np.__version__}
    named = [("Foolbox", foolbox), ("torchattacks", torchattacks), ("ART", art)]
    versions |= {name: library.__version__ for name, library in named if library}
    logits = {
        name: (fixture.model(fixture.images) - fixture.logits).abs().max().item()
        for name, fixture in fixtures.items()
    }
    print(json.dumps({"versions": versions, "logits": logits}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        fixture = fixtures[request["network"]]
        try:
            with contextlib.redirect_stdout(sys.stderr):
                if "time" in request:
                    answer = {"ms": milliseconds(fixture, request["time"], request["options"])}
                else:
                    del request["network"]
                    images = adversarial(fixture, **request)
                    file = folder / "peer.f32"
                    images.detach().permute(0, 2, 3, 1).contiguous().numpy().astype(np.float32).tofile(file)
                    answer = {"file": str(file)}
        except Exception as problem:
            answer = {"error": f"{type(problem).__name__}: {problem}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
