"""Owns what Swin and SwinV2 are built of alike: patch merging, blocks under either order of norm, stages."""

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from implementations.layers.drop_path import DropPath
from implementations.layers.linear import Linear
from implementations.layers.mlp import Mlp
from implementations.layers.norm import LayerNorm
from implementations.layers.rows import add, to_rows
from implementations.layers.window import Windows, rearrange
from implementations.layers.window_attention import CosineWindowAttention, WindowAttention

Pair = tuple[int, int]
EPSILON = 1e-5  # torch's own LayerNorm, which timm uses here


@keras.saving.register_keras_serializable(package="implementations")
class PatchMerging(keras.layers.Layer):
    """Halve height and width, 2x2 patches to one of `out_dim` channels; odd sides get a line of zeros.

    Shapes: (B, H, W, dim) -> (B, ceil(H / 2), ceil(W / 2), out_dim). Swin normalises before reducing, SwinV2 after.
    """

    def __init__(self, dim: int, out_dim: int, norm_last: bool, **kwargs):
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


@dataclass(frozen=True)
class StageSettings:
    """One stage of either Swin; names and meanings as timm's `SwinTransformerStage`.

    `windows` holds the windows of the even and of the odd blocks. `cosine` makes the stage SwinV2's: cosine attention,
    norms after the branches and after the reduction.
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
    act_layer: str = "gelu"
    cosine: bool = False
    pretrained_window: Pair = (0, 0)

    def attention(self, windows: Windows) -> WindowAttention | CosineWindowAttention:
        """The attention of a block with these windows."""
        shared: dict[str, Any] = {
            "dim": self.out_dim,
            "window": windows.size,
            "num_heads": self.num_heads,
            "qkv_bias": self.qkv_bias,
            "attn_drop": self.attn_drop,
            "proj_drop": self.proj_drop,
        }
        if self.cosine:
            return CosineWindowAttention(**shared, pretrained_window=self.pretrained_window)
        return WindowAttention(**shared, head_dim=self.head_dim)


class SwinTransformerBlock(keras.layers.Layer):
    """Attention in windows, then a feed-forward layer, each with a residual.

    Shapes: (B, H * W, C) -> (B, H * W, C), tokens in the order of the block's windows where these divide the map, else
    row by row.
    """

    def __init__(self, settings: StageSettings, index: int, **kwargs):
        super().__init__(**kwargs)
        dim, drop_path = settings.out_dim, settings.drop_paths[index]
        self.windows, self.norm_last = settings.windows[index % 2], settings.cosine
        start = "zeros" if settings.cosine else "ones"  # SwinV2 starts with branches that add nothing
        self.norm1 = LayerNorm(dim, epsilon=EPSILON, gamma_initializer=start)
        self.attn = settings.attention(self.windows)
        self.drop_path1 = DropPath(drop_path)
        self.norm2 = LayerNorm(dim, epsilon=EPSILON, gamma_initializer=start)
        hidden = int(dim * settings.mlp_ratio)
        self.mlp = Mlp(dim, hidden, act_layer=settings.act_layer, drop=settings.proj_drop)
        self.drop_path2 = DropPath(drop_path)
        self.built = True

    def call(self, x, resolution: Pair, training=None, return_attention=False):
        branch, attention = self._attend(to_rows(x if self.norm_last else self.norm1(x)), resolution, training)
        branch = self.norm1(branch) if self.norm_last else branch
        x = add(x, self.drop_path1(branch, training=training, like=x))  # B, H * W, C
        branch = self.mlp(to_rows(x if self.norm_last else self.norm2(x)), training=training)
        branch = self.norm2(branch) if self.norm_last else branch
        x = add(x, self.drop_path2(branch, training=training, like=x))  # B, H * W, C
        return (x, attention) if return_attention else x

    def _attend(self, rows, resolution: Pair, training):
        """Rows (B * H * W, C) of tokens to the same of the branch, and the attention map."""
        mask = self.windows.mask(resolution)
        if self.windows.divides(resolution):
            return self.attn(rows, mask, training=training)
        x = self.windows.partition(ops.reshape(rows, (-1, *resolution, rows.shape[-1])))
        x, attention = self.attn(x, mask, training=training)
        return to_rows(self.windows.merge(x, resolution)), attention


class SwinTransformerStage(keras.layers.Layer):
    """Patch merging, where there is one, then blocks that alternate between plain and shifted windows.

    Shapes: (B, H, W, dim) -> (B, H', W', out_dim); asked to, also the attention map of each block.
    """

    def __init__(self, settings: StageSettings, **kwargs):
        super().__init__(**kwargs)
        merging = PatchMerging(settings.dim, settings.out_dim, settings.cosine) if settings.downsample else None
        self.downsample = merging
        self.blocks = [SwinTransformerBlock(settings, index) for index in range(len(settings.drop_paths))]
        self.built = True

    def call(self, x, training=None, return_attention=False):
        x = x if self.downsample is None else self.downsample(x)
        height, width, channels = x.shape[1:]
        resolution, order, attentions = (height, width), None, []
        x = ops.reshape(x, (-1, height * width, channels))
        for block in self.blocks:
            wanted = block.windows if block.windows.divides(resolution) else None
            x, order = rearrange(x, resolution, order, wanted, training), wanted
            x, attention = block(x, resolution=resolution, training=training, return_attention=True)
            attentions.append(attention)
        x = ops.reshape(rearrange(x, resolution, order, None, training), (-1, height, width, channels))
        return (x, attentions) if return_attention else x
