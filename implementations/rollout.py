"""Attention rollout, which is where in the image a backbone's output looked (Abnar and Zuidema, arXiv 2005.00928)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from implementations.backbone import Backbone
from implementations.errors import BackboneError
from implementations.layers.window import Windows


def attention_rollout(model: Backbone, images: Any) -> np.ndarray:
    """Share of the output that attention draws from each patch: (B, grid height, grid width), each summing to 1.

    Attention rollout of https://arxiv.org/abs/2005.00928: heads are averaged, half of each block is its residual, and
    the blocks are followed back from the output (the class and distillation tokens where they are pooled, else the mean
    of all patches) to the patches. In Swin it follows windows, shifts and mergings back to the first stage's patches.

    Args:
        model: a backbone with attention, without `features_only`.
        images: (B, H, W, C), as the model takes them.

    Raises:
        BackboneError: the model has no attention maps, or gives features only.
    """
    if model.config.features_only:
        raise BackboneError(f"{model.name}: attention rollout needs the whole model; create it without features_only")
    blocks = _mean_attention_by_block(model.attention_maps(images))
    if not blocks:
        raise BackboneError(f"{model.name} has no attention maps to roll out")
    size = tuple(np.shape(images)[1:3])
    grid = tuple(side // patch for side, patch in zip(size, model.patch_embed.patch_size, strict=True))
    share = model.roll_out(blocks, grid)
    share = share.reshape(len(share), *grid)
    return share / share.sum(axis=(1, 2), keepdims=True)


def _mean_attention_by_block(maps: dict[str, Any]) -> dict[str, np.ndarray]:
    """Attention (windows or images, N, N) by path of the block, mean over heads and over a block's parallel layers."""
    found = defaultdict(list)
    for path, weights in maps.items():
        block = re.match(r"(layers\.\d+\.)?blocks\.\d+", path)
        if block:
            mean = ops.convert_to_numpy(ops.cast(ops.mean(weights, axis=1), "float32"))
            found[block[0]].append(np.maximum(mean, 0.0))  # differential attention also subtracts
    return {path: np.mean(each, axis=0) for path, each in found.items()}


def through_tokens(blocks: dict[str, np.ndarray], pooled: slice, prefix: int) -> np.ndarray:
    """Shares (B, patches) of the patches in the `pooled` tokens, through blocks in which every token sees all.

    The first `prefix` tokens are no patches.
    """
    attentions = list(blocks.values())
    share = np.zeros(attentions[0].shape[:2], np.float32)
    share[:, pooled] = 1.0
    for attention in reversed(attentions):
        share = through(share, attention)
    return share[:, prefix:]


def through_windows(
    stages: Sequence[Sequence[Windows]], blocks: dict[str, np.ndarray], grid: tuple[int, int]
) -> np.ndarray:
    """Shares (B, height, width) of the first stage's patches in the last's, all pooled.

    Args:
        stages: the windows of each block of each stage; from one stage to the next 2x2 patches become one.
        blocks: attention (B * windows, area, area) of each block, `layers.<stage>.blocks.<block>`.
        grid: patches of the first stage.
    """
    resolutions = [(-(-grid[0] // 2**index), -(-grid[1] // 2**index)) for index in range(len(stages))]
    images = len(next(iter(blocks.values()))) // stages[0][0].count(resolutions[0])
    share = np.ones((images, *resolutions[-1]), np.float32)
    for index, resolution in reversed(list(enumerate(resolutions))):
        for number, windows in reversed(list(enumerate(stages[index]))):
            tokens = ops.convert_to_numpy(windows.partition(share[..., None]))[..., 0]  # windows, area
            tokens = through(tokens, blocks[f"layers.{index}.blocks.{number}"])
            share = ops.convert_to_numpy(windows.merge(tokens[..., None], resolution))[..., 0]  # B, H, W
        if index:  # a merged patch owes itself to its four in equal parts
            height, width = resolutions[index - 1]
            share = (share / 4).repeat(2, axis=1).repeat(2, axis=2)[:, :height, :width]
    return share


def through(share: np.ndarray, attention: np.ndarray) -> np.ndarray:
    """Shares (B, N) of a block's output tokens -> of its input tokens: half by attention, half by the residual."""
    return 0.5 * share + 0.5 * np.einsum("bn,bnm->bm", share, attention)
