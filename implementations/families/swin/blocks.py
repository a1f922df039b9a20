"""What the Swin Transformer is built of: attention within windows, blocks, patch merging, stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from implementations.layers.attention import head_dim as channels_per_head
from implementations.layers.attention import in_float32, join_heads, softmax
from implementations.layers.cost_trace import record
from implementations.layers.linear import Linear
from implementations.layers.mlp import Mlp
from implementations.layers.norm import LayerNorm
from implementations.layers.pair import Pair, pair
from implementations.layers.relative_position import relative_position_index, table_length
from implementations.layers.residual import DropPath
from implementations.layers.window import Windows

EPSILON = 1e-5  # torch's own LayerNorm, which timm uses here


class WindowAttentionBase(keras.layers.Layer):
    """softmax(scale * query @ key^T + bias + mask) @ value within each window.

    Shapes: (B * windows, area, dim) -> the same, and the map (B * windows, heads, area, area). A mask is
    (windows, area, area). A subclass gives the projections (`qkv_of`), what of them meets (`queries_and_keys`, `scale`)
    and the bias by relative position (`position_bias`).
    """

    scale: float
    proj: Linear

    def __init__(self, window: Pair, num_heads: int, head_dim: int, attn_drop: float, proj_drop: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.window, self.num_heads, self.head_dim = pair(window), num_heads, head_dim
        self.attn_drop = keras.layers.Dropout(attn_drop)
        self.proj_drop = keras.layers.Dropout(proj_drop)

    def qkv_of(self, x):
        """(..., dim) -> (..., 3 * heads * head_dim)."""
        raise NotImplementedError

    def queries_and_keys(self, query, key):
        """What meets in the dot products, of projections (B * windows, heads, area, head_dim)."""
        raise NotImplementedError

    def position_bias(self):
        """Bias of the logits, (heads, area, area)."""
        raise NotImplementedError

    def call(self, x, attn_mask: np.ndarray | None = None, training=None):
        query, key, value = self.project(x)
        logits = ops.matmul(query * ops.cast(self.scale, query.dtype), ops.swapaxes(key, -1, -2))
        record("attention", logits.shape, self.head_dim)
        logits = in_float32(logits)
        logits = logits + ops.cast(self.position_bias(), logits.dtype)
        if attn_mask is not None:
            each = logits.shape[1:]  # heads, area, area
            logits = ops.reshape(logits, (-1, attn_mask.shape[0], *each))  # B, windows, heads, area, area
            logits = ops.reshape(logits + ops.cast(attn_mask[:, None], logits.dtype), (-1, *each))
        attention = ops.cast(softmax(logits), value.dtype)
        x = ops.matmul(self.attn_drop(attention, training=training), value)  # B * windows, heads, area, head_dim
        record("attention", x.shape, attention.shape[-1])
        return self.proj_drop(self.proj(join_heads(x)), training=training), attention

    def project(self, x):
        """Queries, keys and values (B * windows, heads, area, head_dim) of windows, given as such or as rows."""
        area = self.window[0] * self.window[1]
        qkv = ops.reshape(self.qkv_of(x), (-1, area, 3, self.num_heads, self.head_dim))
        query, key, value = ops.unstack(ops.transpose(qkv, (2, 0, 3, 1, 4)), 3)
        return *self.queries_and_keys(query, key), value

    def by_pair(self, table):
        """Table ((2h-1)(2w-1), heads) -> (heads, area, area)."""
        area = self.window[0] * self.window[1]
        pairs = ops.take(ops.transpose(table), relative_position_index(self.window), axis=1)  # heads, area * area
        return ops.reshape(pairs, (self.num_heads, area, area))


@keras.saving.register_keras_serializable(package="implementations")
class WindowAttention(WindowAttentionBase):
    """Swin's: scaled dot products plus a table of biases per head and offset (timm/models/swin_transformer.py)."""

    def __init__(
        self,
        dim: int,
        window: Pair,
        num_heads: int,
        head_dim: int | None = None,
        qkv_bias: bool = True,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        **kwargs: Any,
    ):
        head_dim = head_dim or channels_per_head(dim, num_heads)
        super().__init__(window, num_heads, head_dim, attn_drop, proj_drop, **kwargs)
        self.scale = head_dim**-0.5
        initializer = keras.initializers.TruncatedNormal(stddev=0.02)
        self.relative_position_bias_table = self.add_weight(
            (table_length(window), num_heads), initializer=initializer, name="relative_position_bias_table"
        )
        self.qkv = Linear(dim, 3 * num_heads * head_dim, use_bias=qkv_bias)
        self.proj = Linear(num_heads * head_dim, dim)
        self.built = True

    def qkv_of(self, x):
        return self.qkv(x)

    def queries_and_keys(self, query, key):
        return query, key

    def position_bias(self):
        return self.by_pair(self.relative_position_bias_table)


@dataclass(frozen=True)
class StageSettings:
    """One stage; names and meanings as timm's `SwinTransformerStage`.

    `windows` holds the windows of the even and of the odd blocks, `block` the class of the blocks.
    """

    dim: int
    out_dim: int
    resolution: Pair
    downsample: bool
    num_heads: int
    head_dim: int | None
    windows: tuple[Windows, Windows]
    drop_paths: tuple[float, ...]
    mlp_ratio: float
    qkv_bias: bool
    proj_drop: float
    attn_drop: float
    block: type[SwinTransformerBlock]
    act_layer: str = "gelu"
    pretrained_window: Pair = (0, 0)  # of SwinV2


class SwinTransformerBlock(keras.layers.Layer):
    """x + attention(norm1(x)) within windows, then x + mlp(norm2(x)). Shapes: (B, H, W, C) -> (B, H, W, C)."""

    norm_last = False  # whether the norms come after the branches

    def __init__(self, settings: StageSettings, index: int, **kwargs: Any):
        super().__init__(**kwargs)
        dim, drop_path = settings.out_dim, settings.drop_paths[index]
        self.windows = settings.windows[index % 2]
        self.norm1 = self.create_norm(dim)
        self.attn = self.create_attention(settings)
        self.drop_path1 = DropPath(drop_path)
        self.norm2 = self.create_norm(dim)
        self.mlp = Mlp(dim, int(dim * settings.mlp_ratio), act_layer=settings.act_layer, drop=settings.proj_drop)
        self.drop_path2 = DropPath(drop_path)
        self.built = True

    def create_norm(self, dim: int) -> LayerNorm:
        """A norm of the block."""
        return LayerNorm(dim, epsilon=EPSILON)

    def create_attention(self, settings: StageSettings) -> keras.layers.Layer:
        """The attention of the block."""
        return WindowAttention(
            settings.out_dim,
            self.windows.size,
            settings.num_heads,
            head_dim=settings.head_dim,
            qkv_bias=settings.qkv_bias,
            attn_drop=settings.attn_drop,
            proj_drop=settings.proj_drop,
        )

    def call(self, x, training=None, return_attention=False):
        branch, attention = self.attend(self.norm1(x), training)
        x = x + self.drop_path1(branch, training=training)  # B, H, W, C
        x = x + self.drop_path2(self.mlp(self.norm2(x), training=training), training=training)
        return (x, attention) if return_attention else x

    def attend(self, x, training=None):
        """Attention within the windows of a map: the same of (B, H, W, C), and (B * windows, heads, area, area)."""
        resolution = x.shape[1:3]
        windows, attention = self.attn(self.windows.partition(x), self.windows.mask(resolution), training=training)
        return self.windows.merge(windows, resolution), attention


@keras.saving.register_keras_serializable(package="implementations")
class PatchMerging(keras.layers.Layer):
    """Halve height and width, 2x2 patches to one of `out_dim` channels; odd sides get a line of zeros.

    Shapes: (B, H, W, dim) -> (B, ceil(H / 2), ceil(W / 2), out_dim). Swin normalises before reducing, SwinV2 after.
    """

    def __init__(self, dim: int, out_dim: int, norm_last: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.norm_last = norm_last
        self.norm = LayerNorm(out_dim if norm_last else 4 * dim, epsilon=EPSILON)
        self.reduction = Linear(4 * dim, out_dim, use_bias=False)
        self.built = True

    def call(self, x):
        height, width, channels = x.shape[1:]
        if height % 2 or width % 2:
            x = ops.pad(x, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)))
        height, width = -(-height // 2), -(-width // 2)
        x = ops.reshape(x, (-1, 2, width, 2, channels))  # B * H/2, 2, W/2, 2, C
        x = ops.reshape(ops.transpose(x, (0, 2, 3, 1, 4)), (-1, height, width, 4 * channels))
        return self.norm(self.reduction(x)) if self.norm_last else self.reduction(self.norm(x))


class SwinTransformerStage(keras.layers.Layer):
    """Patch merging, where there is one, then blocks that alternate between plain and shifted windows.

    Shapes: (B, H, W, dim) -> (B, H', W', out_dim); asked to, also the attention map of each block.
    """

    def __init__(self, settings: StageSettings, **kwargs: Any):
        super().__init__(**kwargs)
        dims = settings.dim, settings.out_dim
        self.downsample = PatchMerging(*dims, settings.block.norm_last) if settings.downsample else None
        self.blocks = [settings.block(settings, index) for index in range(len(settings.drop_paths))]
        self.built = True

    def call(self, x, training=None, return_attention=False):
        x = x if self.downsample is None else self.downsample(x)
        attentions = []
        for block in self.blocks:
            x, attention = block(x, training=training, return_attention=True)
            attentions.append(attention)
        return (x, attentions) if return_attention else x
