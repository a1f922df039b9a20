"""What a backbone family is proven against: something that builds a torch module which our model must equal.

Torch and timm are imported when a reference is built, so that families can be listed without them.
"""

from __future__ import annotations

import importlib
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol


class Reference(Protocol):
    """Builds the torch module of a variant, in eval mode, that speaks as timm's models do.

    It is called with images (B, C, H, W) and gives logits; it has `forward_intermediates(images) -> (features, maps)`
    and `forward_head(features)`; a submodule whose name ends in `attn_drop` outputs the attention map of the layer that
    holds it. `source` says where the reference is written down, `package` is the distribution whose version counts.
    """

    @property
    def source(self) -> str:
        """The file or the address of the reference, as the pages name it."""

    @property
    def package(self) -> str:
        """The distribution that holds the reference, whose version a result depends on."""

    def build(self, variant: str, device: str | None = None, **arguments: Any) -> Any:
        """The module of a variant; on the device "meta" it has shapes and no values."""

    def our_name(self, name: str) -> str:
        """Our name of a tensor of the module's state dict."""


@dataclass(frozen=True)
class TimmReference:
    """A module of timm, `timm.models.<module>`: our names are its names."""

    module: str
    package: ClassVar[str] = "timm"

    @property
    def source(self) -> str:
        """The file in timm's repository."""
        return f"timm/models/{self.module}.py"

    def build(self, variant: str, device: str | None = None, **arguments: Any) -> Any:
        """timm's model with attention spelled out: where it is fused there is no map to compare."""
        from runtimes.torchvision_ops import define_missing_operators

        define_missing_operators()
        import timm
        from timm.layers import set_fused_attn

        set_fused_attn(False)
        return timm.create_model(variant, device=device, **arguments).eval()

    def our_name(self, name: str) -> str:
        """The name itself."""
        return name


@dataclass(frozen=True)
class ModuleReference:
    """A torch module of another package, of an original file, or an oracle of our own.

    `builder` is "module:function", imported when it is needed and called with the variant and the arguments; `names`
    are pairs of a prefix of its tensors' names and ours in its place.
    """

    builder: str
    source: str
    package: str = "torch"
    names: tuple[tuple[str, str], ...] = ()

    def build(self, variant: str, device: str | None = None, **arguments: Any) -> Any:
        """What the builder makes of the variant."""
        import torch

        module_name, _, function = self.builder.partition(":")
        with torch.device(device) if device else nullcontext():
            return getattr(importlib.import_module(module_name), function)(variant, **arguments).eval()

    def our_name(self, name: str) -> str:
        """The name with the first known prefix exchanged."""
        for theirs, ours in self.names:
            if name.startswith(theirs):
                return ours + name.removeprefix(theirs)
        return name
