"""Cosine attention within windows, with biases that a small network makes of log-spaced offsets."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from implementations.families.swin.blocks import WindowAttentionBase
from implementations.layers.attention import head_dim, in_float32
from implementations.layers.linear import Linear
from implementations.layers.pair import Pair


@keras.saving.register_keras_serializable(package="implementations")
class CosineWindowAttention(WindowAttentionBase):
    """SwinV2's: cosines under a learned temperature, plus a bias that a small network makes of log-spaced offsets.

    Source: https://arxiv.org/abs/2111.09883 sections 3.2 and 3.3, timm/models/swin_transformer_v2.py.
    """

    HIDDEN = 512
    HIGHEST_SCALE = math.log(1 / 0.01)
    HIGHEST_BIAS = 16.0
    scale = 1.0  # the temperature is in the queries

    def __init__(
        self,
        dim: int,
        window: Pair,
        num_heads: int,
        qkv_bias: bool = True,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        pretrained_window: Pair = (0, 0),
        **kwargs: Any,
    ):
        super().__init__(window, num_heads, head_dim(dim, num_heads), attn_drop, proj_drop, **kwargs)
        self.coordinates = log_coordinates(window, pretrained_window)
        initializer = keras.initializers.Constant(math.log(10))
        self.logit_scale = self.add_weight((num_heads, 1, 1), initializer=initializer, name="logit_scale")
        self.cpb_mlp = [
            Linear(2, self.HIDDEN),
            keras.layers.ReLU(),
            Linear(self.HIDDEN, num_heads, use_bias=False),
        ]
        self.qkv = Linear(dim, 3 * dim, use_bias=False)
        self.q_bias = self.add_weight((dim,), initializer="zeros", name="q_bias") if qkv_bias else None
        self.v_bias = self.add_weight((dim,), initializer="zeros", name="v_bias") if qkv_bias else None
        self.proj = Linear(dim, dim)
        self.built = True

    def qkv_of(self, x):
        if self.q_bias is None:
            return self.qkv(x)
        query, value = ops.cast(self.q_bias, x.dtype), ops.cast(self.v_bias, x.dtype)
        # Keys have no bias: softmax ignores it.
        return self.qkv(x, bias=ops.concatenate([query, ops.zeros_like(query), value]))

    def queries_and_keys(self, query, key):
        scale = ops.exp(ops.minimum(in_float32(self.logit_scale), self.HIGHEST_SCALE))  # heads, 1, 1
        return _normalized(query, scale), _normalized(key, 1.0)

    def position_bias(self):
        table = self.coordinates
        for layer in self.cpb_mlp:
            table = layer(table)  # (2h-1)(2w-1), heads at the end
        return self.HIGHEST_BIAS * ops.sigmoid(self.by_pair(table))


def _normalized(x, length):
    """`x` of this length along the last axis, less if it was shorter than 1e-12; computed in float32 at least."""
    wide = in_float32(x)
    squares = ops.sum(ops.square(wide), axis=-1, keepdims=True)
    return ops.cast(wide * (length * ops.rsqrt(ops.maximum(squares, 1e-24))), x.dtype)


def log_coordinates(window: Pair, pretrained_window: Pair = (0, 0)) -> np.ndarray:
    """Offsets ((2h-1)(2w-1), 2), float32: scaled to 8 at the (pretrained) window's edge, then log2-spaced.

    Source: https://arxiv.org/abs/2111.09883 section 3.3; a window of 1 has the offset 0 only.
    """
    reference = pretrained_window if pretrained_window[0] > 0 else window
    axes = [
        np.arange(1 - side, side, dtype=np.float32) / max(size - 1, 1) * 8
        for side, size in zip(window, reference, strict=True)
    ]
    offsets = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    return (np.sign(offsets) * np.log2(np.abs(offsets) + 1) / np.log2(8)).astype(np.float32)
