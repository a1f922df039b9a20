"""The Swin Transformers' stages in the form that is fastest for inference; what they compute is in blocks.py.

Nothing in a block but its attention depends on where a token lies: tokens stay in the order of its windows, and are
rearranged once from one block to the next, instead of there and back around each attention.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from implementations.layers import kernels
from implementations.layers.attention import softmax
from implementations.layers.cost_trace import record
from implementations.layers.inference import add, joined_rows
from implementations.layers.linear import to_rows
from implementations.layers.pair import Pair
from implementations.layers.window import Windows

if TYPE_CHECKING:
    from implementations.families.swin.blocks import SwinTransformerBlock, WindowAttentionBase
    from implementations.families.swin.model import SwinTransformer


def run(model: SwinTransformer, images: Any, indices: Any) -> tuple[Any, dict[int, Any]]:
    """As `Backbone.infer`; position biases that the model has folded are not computed again."""
    x, maps = model.patch_embed(images), {}
    for index, stage in enumerate(model.layers_):
        x = x if stage.downsample is None else stage.downsample(x)
        height, width, channels = x.shape[1:]
        tokens, order = ops.reshape(x, (-1, height * width, channels)), None
        for number, block in enumerate(stage.blocks):
            wanted = block.windows if divides(block.windows, (height, width)) else None
            tokens, order = rearrange(tokens, (height, width), order, wanted), wanted
            bias = model.folded.get(f"layers.{index}.blocks.{number}.attn")
            tokens = _block(block, tokens, (height, width), bias)
        x = ops.reshape(rearrange(tokens, (height, width), order, None), (-1, height, width, channels))
        if index in indices:
            maps[index] = x
    return model.norm(x), maps


def _block(block: SwinTransformerBlock, x: Any, resolution: Pair, bias: np.ndarray | None) -> Any:
    """(B, H * W, C) -> the same, in the order of the block's windows where these divide the map, else row by row."""
    branch = _attend(block, to_rows(x if block.norm_last else block.norm1(x)), resolution, bias)
    x = add(x, block.norm1(branch) if block.norm_last else branch)
    branch = block.mlp(to_rows(x if block.norm_last else block.norm2(x)))
    return add(x, block.norm2(branch) if block.norm_last else branch)


def _attend(block: SwinTransformerBlock, rows: Any, resolution: Pair, bias: np.ndarray | None) -> Any:
    """Rows (B * H * W, C) of tokens -> rows of the branch."""
    windows, mask = block.windows, block.windows.mask(resolution)
    if divides(windows, resolution):
        return _attention(block.attn, rows, mask, bias)
    x = windows.partition(ops.reshape(rows, (-1, *resolution, rows.shape[-1])))
    x = _attention(block.attn, to_rows(x), mask, bias)
    return to_rows(windows.merge(ops.reshape(x, (-1, windows.area, x.shape[-1])), resolution))


def _attention(layer: WindowAttentionBase, rows: Any, mask: np.ndarray | None, bias: Any) -> Any:
    """Rows (B * windows * area, C) -> the same."""
    query, key, value = layer.project(rows)  # B * windows, heads, area, head_dim
    shape, area = (-1, *query.shape[1:3], query.shape[2]), query.shape[2]
    bias = layer.position_bias() if bias is None else bias
    if mask is not None:  # it repeats with every image: the heads of all windows of an image side by side
        bias = ops.reshape(bias[None] + ops.cast(mask[:, None], bias.dtype), (-1, area, area))
        query, key = (ops.reshape(part, (-1, bias.shape[0], area, layer.head_dim)) for part in (query, key))
    logits = kernels.attention_logits(query, key, layer.scale, bias)
    record("attention", logits.shape, layer.head_dim)
    logits = logits if mask is None else ops.reshape(logits, shape)
    x = ops.matmul(ops.cast(softmax(logits), value.dtype), value)
    record("attention", x.shape, area)
    return layer.proj(joined_rows(x))


def divides(windows: Windows, resolution: Pair) -> bool:
    """Whether the map needs no padding to whole windows."""
    return windows.padded(resolution) == resolution


def rearrange(tokens: Any, resolution: Pair, present: Windows | None, wanted: Windows | None) -> Any:
    """(B, H * W, C) in the order of the `present` windows to that of the `wanted` ones; None is row by row."""
    places = _places(resolution, present, wanted)
    return tokens if places is None else ops.take(tokens, places, axis=1)


@lru_cache(maxsize=128)
def _places(resolution: Pair, present: Windows | None, wanted: Windows | None) -> np.ndarray | None:
    """Place in the present order of each token of the wanted one, (H * W,) int32; None if they are the same."""
    old, new = _order(resolution, present), _order(resolution, wanted)
    places = np.argsort(old).astype(np.int32)[new]
    places.flags.writeable = False
    return None if np.array_equal(old, new) else places


def _order(resolution: Pair, windows: Windows | None) -> np.ndarray:
    """Place in the map, row by row, of each token in the order of windows that divide it: (H * W,)."""
    places = np.arange(resolution[0] * resolution[1], dtype=np.int32).reshape(resolution)
    if windows is None:
        return places.ravel()
    places = np.roll(places, (-windows.shift[0], -windows.shift[1]), axis=(0, 1))
    height, width = windows.size
    return places.reshape(-1, height, resolution[1] // width, width).transpose(0, 2, 1, 3).ravel()
