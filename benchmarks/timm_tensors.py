"""timm's tensors, given to the variables of another implementation: each used, each filled, none left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from benchmarks.errors import BenchmarkError

HEAD_DIM = 64  # of every plain ViT and DeiT; no tensor tells


class TimmTensors:
    """The tensors of a reference, by timm's names, and a record of which have found their variable."""

    def __init__(self, path: Path) -> None:
        self.tensors = load_file(path)
        self._unused = set(self.tensors)
        self._filled: set[int] = set()

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor.

        Raises:
            BenchmarkError: there is no tensor of that name: the workload is another architecture.
        """
        return self._find(name).shape

    def depth(self, blocks: str = "blocks") -> int:
        """How many blocks there are under a prefix."""
        numbers = [re.match(rf"{re.escape(blocks)}\.(\d+)\.", name) for name in self.tensors]
        return 1 + max((int(match[1]) for match in numbers if match), default=-1)

    def give(self, name: str, variable: Any, change: Callable[[np.ndarray], np.ndarray] = np.asarray) -> None:
        """Assign a tensor, after a change of layout, to a variable of Keras or of Keras 2.

        Raises:
            BenchmarkError: no such tensor, or another shape than the variable's.
        """
        self.fill(variable, change(self._find(name)), name)
        self._unused.discard(name)

    def take(self, name: str) -> np.ndarray:
        """A tensor, to be given in parts with `fill`."""
        self._unused.discard(name)
        return self._find(name)

    def fill(self, variable: Any, array: np.ndarray, name: str) -> None:
        """Assign an array that comes from the tensor `name`."""
        if tuple(variable.shape) != array.shape:
            raise BenchmarkError(f"tensor {name}: shape {array.shape} does not fit the rival's {tuple(variable.shape)}")
        variable.assign(np.ascontiguousarray(array))
        self._filled.add(id(variable))

    def finish(self, variables: Iterable[Any]) -> None:
        """Check that nothing was left out on either side.

        Raises:
            BenchmarkError: a tensor without a variable, or a variable without a tensor.
        """
        if self._unused:
            names = ", ".join(sorted(self._unused)[:3])
            raise BenchmarkError(f"{len(self._unused)} tensors of timm have no place in the rival, such as {names}")
        unfilled = [variable.name for variable in variables if id(variable) not in self._filled]
        if unfilled:
            raise BenchmarkError(f"{len(unfilled)} variables of the rival got no tensor, such as {unfilled[0]}")

    def dense(self, name: str, layer: Any) -> None:
        """torch's Linear `name` to a Dense layer."""
        self.give(f"{name}.weight", layer.kernel, np.transpose)
        if layer.use_bias:
            self.give(f"{name}.bias", layer.bias)

    def convolution(self, name: str, layer: Any) -> None:
        """torch's Conv2d `name` to a Conv2D layer."""
        self.give(f"{name}.weight", layer.kernel, lambda kernel: kernel.transpose(2, 3, 1, 0))
        self.give(f"{name}.bias", layer.bias)

    def norm(self, name: str, layer: Any) -> None:
        """torch's LayerNorm `name` to a LayerNormalization."""
        self.give(f"{name}.weight", layer.gamma)
        self.give(f"{name}.bias", layer.beta)

    def separate_qkv(self, name: str, query: Any, key: Any, value: Any) -> None:
        """timm's fused `qkv` to three layers, whatever the shape in which they keep channels and heads."""
        parts = zip(np.split(self.take(f"{name}.weight"), 3), np.split(self.take(f"{name}.bias"), 3), strict=True)
        for layer, (weight, bias) in zip((query, key, value), parts, strict=True):
            self.fill(layer.kernel, weight.T.reshape(tuple(layer.kernel.shape)), f"{name}.weight")
            self.fill(layer.bias, bias.reshape(tuple(layer.bias.shape)), f"{name}.bias")

    def joined_heads(self, name: str, layer: Any) -> None:
        """timm's `proj` to a layer that takes (..., heads, channels of a head)."""
        self.give(f"{name}.weight", layer.kernel, lambda kernel: kernel.T.reshape(tuple(layer.kernel.shape)))
        self.give(f"{name}.bias", layer.bias)

    def _find(self, name: str) -> np.ndarray:
        if name not in self.tensors:
            raise BenchmarkError(f"the workload has no tensor {name}: the rival does not have this architecture")
        return self.tensors[name]


@dataclass(frozen=True)
class VitSizes:
    """What a rival's constructor wants to know."""

    patch_size: int
    embed_dim: int
    depth: int
    num_heads: int
    mlp_dim: int
    num_classes: int


def vit_sizes(tensors: TimmTensors) -> VitSizes:
    """The sizes behind the tensors.

    Raises:
        BenchmarkError: they are not those of a Vision Transformer with a class token and a classifier.
    """
    embed_dim, _, patch_size, _ = tensors.shape("patch_embed.proj.weight")
    tensors.shape("cls_token")
    return VitSizes(
        patch_size=patch_size,
        embed_dim=embed_dim,
        depth=tensors.depth(),
        num_heads=embed_dim // HEAD_DIM,
        mlp_dim=tensors.shape("blocks.0.mlp.fc1.weight")[0],
        num_classes=tensors.shape("head.weight")[0],
    )
