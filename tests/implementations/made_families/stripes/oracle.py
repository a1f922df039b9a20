"""Stripes written slowly and obviously in torch, under the names of its paper."""

import torch
from torch import nn


class Oracle(nn.Module):
    """What the paper says, a patch at a time."""

    def __init__(self, in_chans, patch_size, width, depth, num_classes):
        super().__init__()
        self.stem = nn.Conv2d(in_chans, width, patch_size, stride=patch_size)
        self.layers = nn.ModuleList(
            nn.ModuleDict({"norm": nn.LayerNorm(width, eps=1e-6), "mix": nn.Linear(width, width)}) for _ in range(depth)
        )
        self.head = nn.Linear(width, num_classes)

    def forward_intermediates(self, images):
        x, maps = self.stem(images), []  # B, C, H, W
        for layer in self.layers:
            columns = [
                torch.stack([x[:, :, i, j] + layer["mix"](layer["norm"](x[:, :, i, j])) for j in range(x.shape[3])], 2)
                for i in range(x.shape[2])
            ]
            x = torch.stack(columns, 2)
            maps.append(x)
        return x.permute(0, 2, 3, 1), maps

    def forward_head(self, features):
        return self.head(features.mean((1, 2)))

    def forward(self, images):
        return self.forward_head(self.forward_intermediates(images)[0])


def build(variant, img_size=32, in_chans=3, patch_size=8, width=12, depth=2, num_classes=7):
    widths = {"stripes_small": 12, "stripes_large": 20}
    return Oracle(in_chans, patch_size, widths[variant], depth, num_classes)
