"""Runs an exported weight map CNN in PyTorch: python weight_map.py <weights.safetensors> <images.json>

The images are lists of numbers in [0, 1], [batch, height, width, channels]. Prints the logits as JSON.
"""

import json
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import load_file


# --- the layer: docs/interop.md shows it
class SmoothingWeightMap(torch.nn.Module):
    """o = box_k(sum over ci of W * x) + b, with 'valid' padding (Amer & Maul, equations 1 and 2).

    x: [batch, Ci, H, W]; weight_map: [H, W, Ci, Co]; bias: [Ho, Wo, Co], as the file has them.
    """

    def __init__(self, weight_map, bias, kernel_size=3):
        super().__init__()
        self.weight_map = torch.nn.Parameter(weight_map)
        self.bias = torch.nn.Parameter(bias.permute(2, 0, 1))
        self.kernel_size = kernel_size

    def forward(self, x):
        products = torch.einsum("bihw,hwio->bohw", x, self.weight_map)
        return F.avg_pool2d(products, self.kernel_size, stride=1, divisor_override=1) + self.bias
# --- end


def smoothing_cnn(weights):
    layers = []
    for n in (1, 2, 3):
        name = f"smoothing{n}"
        layers += [SmoothingWeightMap(weights[f"{name}.weight_map"], weights[f"{name}.bias"]), torch.nn.ReLU()]

    def logits(images):
        x = torch.nn.Sequential(*layers)(images.permute(0, 3, 1, 2))
        x = x.permute(0, 2, 3, 1).flatten(1)  # tfjs flattens [height, width, channels]
        x = F.relu(x @ weights["fc1.kernel"] + weights["fc1.bias"])
        return x @ weights["logits.kernel"] + weights["logits.bias"]

    return logits


if __name__ == "__main__":
    with open(sys.argv[2]) as file, torch.no_grad():
        print(json.dumps(smoothing_cnn(load_file(sys.argv[1]))(torch.tensor(json.load(file))).tolist()))
