"""Owns reading the sizes of a plain Vision Transformer off timm's tensors, for the rivals that build one."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.subjects.timm_tensors import TimmTensors

HEAD_DIM = 64  # of every plain ViT and DeiT; no tensor tells


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
