"""Owns self-attention within windows: Swin's, with a table of relative position biases, and SwinV2's, with cosines."""

import math

import keras
import numpy as np
from keras import ops

from implementations.layers import kernels
from implementations.layers.attention import head_dim as split_heads
from implementations.layers.cost_trace import record
from implementations.layers.kernels import softmax
from implementations.layers.linear import Linear
from implementations.layers.relative_position import log_coordinates, relative_position_index, table_length
from implementations.layers.rows import from_rows, to_rows

Pair = tuple[int, int]


class WindowAttentionBase(keras.layers.Layer):
    """What both kinds share: (B * windows, area, dim) -> the same, and the map (B * windows, heads, area, area).

    Tokens may also come, and then leave, as rows (B * windows * area, dim).
    Subclasses give the projections (`project`), what of them meets in the dot products (`parts`, `scale`) and the bias
    by relative position (`position_bias`). The bias depends on weights only: `fold` computes it once, for inference.
    """

    def __init__(self, window: Pair, num_heads: int, head_dim: int, attn_drop: float, proj_drop: float, **kwargs):
        super().__init__(**kwargs)
        self.window, self.num_heads, self.head_dim = tuple(window), num_heads, head_dim
        self.attn_drop = keras.layers.Dropout(attn_drop)
        self.proj_drop = keras.layers.Dropout(proj_drop)
        self._folded: np.ndarray | None = None

    def project(self, x):
        """(rows, dim) -> (rows, 3 * heads * head_dim)."""
        raise NotImplementedError

    def parts(self, qkv):
        """(3, B * windows, heads, area, head_dim) -> query, key and value of it."""
        raise NotImplementedError

    def position_bias(self):
        """Bias of the logits, (heads, area, area)."""
        raise NotImplementedError

    def fold(self) -> None:
        """Replace the computation of the bias by its value; training after this would not move the bias."""
        self._folded = ops.convert_to_numpy(ops.cast(self.position_bias(), "float32"))

    @property
    def folded(self) -> bool:
        """Whether the bias is computed already."""
        return self._folded is not None

    def unfold(self) -> None:
        """Compute the bias from the weights again."""
        self._folded = None

    def gathered(self, table):
        """Table ((2h-1)(2w-1), heads) -> (heads, area, area)."""
        area = self.window[0] * self.window[1]
        pairs = ops.take(ops.transpose(table), relative_position_index(self.window), axis=1)  # heads, area * area
        return ops.reshape(pairs, (self.num_heads, area, area))

    def call(self, tokens, attn_mask: np.ndarray | None = None, training=None):
        area = self.window[0] * self.window[1]
        qkv = ops.reshape(self.project(to_rows(tokens)), (-1, area, 3, self.num_heads, self.head_dim))
        query, key, value = self.parts(ops.transpose(qkv, (2, 0, 3, 1, 4)))  # B * windows, heads, area, head_dim
        attention = ops.cast(softmax(self._logits(query, key, attn_mask)), value.dtype)
        x = ops.matmul(self.attn_drop(attention, training=training), value)  # B * windows, heads, area, head_dim
        record("attention", x.shape, area)
        x = ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, self.num_heads * self.head_dim))
        return from_rows(self.proj_drop(self.proj(x), training=training), tokens), attention

    def _logits(self, query, key, attn_mask: np.ndarray | None):
        """(B * windows, heads, area, area), bias and mask included."""
        area, bias = query.shape[-2], self.position_bias() if self._folded is None else self._folded
        if attn_mask is not None:  # it repeats with every image: the heads of all windows of an image side by side
            bias = ops.reshape(bias[None] + ops.cast(attn_mask[:, None], bias.dtype), (-1, area, area))
            query, key = (ops.reshape(part, (-1, bias.shape[0], area, self.head_dim)) for part in (query, key))
        logits = kernels.attention_logits(query, key, self.scale, bias)
        record("attention", logits.shape, self.head_dim)
        return logits if attn_mask is None else ops.reshape(logits, (-1, self.num_heads, area, area))


@keras.saving.register_keras_serializable(package="implementations")
class WindowAttention(WindowAttentionBase):
    """Swin's: scaled dot products plus a learned bias per head and offset (timm/models/swin_transformer.py)."""

    def __init__(
        self,
        dim: int,
        window: Pair,
        num_heads: int,
        head_dim: int | None = None,
        qkv_bias: bool = True,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        **kwargs,
    ):
        super().__init__(window, num_heads, head_dim or split_heads(dim, num_heads), attn_drop, proj_drop, **kwargs)
        initializer = keras.initializers.TruncatedNormal(stddev=0.02)
        shape = (table_length(window), num_heads)
        self.relative_position_bias_table = self.add_weight(shape, initializer=initializer, name="bias_table")
        self.qkv = Linear(dim, 3 * num_heads * self.head_dim, use_bias=qkv_bias)
        self.proj = Linear(num_heads * self.head_dim, dim)
        self.built = True

    def project(self, x):
        return self.qkv(x)

    @property
    def scale(self) -> float:
        """Factor of the dot products."""
        return self.head_dim**-0.5

    def parts(self, qkv):
        return ops.unstack(qkv, 3)

    def position_bias(self):
        return self.gathered(self.relative_position_bias_table)


@keras.saving.register_keras_serializable(package="implementations")
class CosineWindowAttention(WindowAttentionBase):
    """SwinV2's: cosines under a learned temperature, plus a bias that a small network makes of log-spaced offsets.

    Source: https://arxiv.org/abs/2111.09883 sections 3.2 and 3.3, timm/models/swin_transformer_v2.py.
    """

    HIDDEN = 512
    HIGHEST_SCALE = math.log(1 / 0.01)
    HIGHEST_BIAS = 16.0
    scale = 1.0  # of the dot products: the temperature is in the queries

    def __init__(
        self,
        dim: int,
        window: Pair,
        num_heads: int,
        qkv_bias: bool = True,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        pretrained_window: Pair = (0, 0),
        **kwargs,
    ):
        super().__init__(window, num_heads, split_heads(dim, num_heads), attn_drop, proj_drop, **kwargs)
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

    def project(self, x):
        if self.q_bias is None:
            return self.qkv(x)
        query, value = ops.cast(self.q_bias, x.dtype), ops.cast(self.v_bias, x.dtype)
        # Keys have no bias: softmax ignores it.
        return self.qkv(x, bias=ops.concatenate([query, ops.zeros_like(query), value]))

    def parts(self, qkv):
        scale = ops.exp(ops.minimum(ops.cast(self.logit_scale, _wide(qkv.dtype)), self.HIGHEST_SCALE))  # heads, 1, 1
        query, key, value = ops.unstack(qkv, 3)
        query, key = _normalized(query, scale), _normalized(key, 1.0)
        return ops.cast(query, qkv.dtype), ops.cast(key, qkv.dtype), value

    def position_bias(self):
        table = self.coordinates
        for layer in self.cpb_mlp:
            table = layer(table)  # (2h-1)(2w-1), heads at the end
        return self.HIGHEST_BIAS * ops.sigmoid(self.gathered(table))


def _wide(dtype) -> str:
    return "float64" if keras.backend.standardize_dtype(dtype) == "float64" else "float32"


def _normalized(x, length):
    """`x` of this length along the last axis, less if it was shorter than 1e-12; in float32 at least."""
    x = ops.cast(x, _wide(x.dtype))
    return x * (length * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=-1, keepdims=True), 1e-24)))
