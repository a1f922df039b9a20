"""Attention rollout, which is where in the image a backbone's output looked, and its picture in one call."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops
from PIL import Image

from implementations.backbone import Backbone
from implementations.errors import BackboneError
from implementations.layers.resize import resize_grid
from implementations.layers.window import Windows

# Seven colours of matplotlib's "inferno", from no attention to the most.
COLOURS = np.array(
    [(0, 0, 4), (51, 10, 95), (120, 28, 109), (190, 55, 82), (237, 105, 37), (251, 180, 26), (252, 255, 164)], float
)


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


def draw_attention(
    model: Backbone, image: Any, path: str | Path | None = None, processor: Any = None, opacity: float = 0.6
) -> Image.Image:
    """Draw an image beside its attention rollout, and write it to `path` if there is one.

    Args:
        model: a backbone with attention and three channels.
        image: a path, the bytes of a JPEG or PNG, uint8 (H, W, 3), or a PIL image.
        path: where to write; the ending chooses the format.
        processor: an `ImageProcessor` of the model's size; by default that of the weights it was created for.
        opacity: of the colours over the image, from 0 to 1.

    Returns:
        An RGB picture of twice the model's width: what the model saw, and the same under the rollout.

    Raises:
        BackboneError: as `attention_rollout`; ValueError or TypeError: the image cannot be read.
    """
    from implementations.image_processing import ImageProcessor

    processor = processor or ImageProcessor.for_model(model)
    if isinstance(image, str | Path):
        image = Path(image).read_bytes()
    elif isinstance(image, Image.Image):
        image = np.asarray(image.convert("RGB"))
    seen = processor(image)  # H, W, 3
    share = attention_rollout(model, seen[None])[0]
    heat = resize_grid(share / share.max(), processor.output_size, kernel="bilinear")  # H, W
    plain = np.clip((seen * processor.std + processor.mean) * 255, 0, 255)
    under = plain + opacity * (_coloured(heat) - plain)
    picture = Image.fromarray(np.rint(np.concatenate([plain, under], axis=1)).astype(np.uint8))
    if path is not None:
        picture.save(path)
    return picture


def _coloured(heat: np.ndarray) -> np.ndarray:
    """Values in 0..1 (H, W) -> colours (H, W, 3) in 0..255."""
    stops = np.linspace(0, 1, len(COLOURS))
    return np.stack([np.interp(heat, stops, channel) for channel in COLOURS.T], axis=-1)
