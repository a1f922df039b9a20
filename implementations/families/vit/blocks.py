"""The transformer blocks of the vision transformers, under timm's class and attribute names.

Every block maps tokens (B, N, C) to (B, N, C) and, asked to, also returns its attention maps (B, heads, N, N) in the
order of its `attention_paths`.
"""

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from implementations.errors import BackboneError
from implementations.layers.activations import get_activation
from implementations.layers.attention import (
    Attention,
    head_dim,
    join_heads,
    scaled_dot_product_attention,
    split_heads,
)
from implementations.layers.diff_attention import DiffAttention, DiffHeads
from implementations.layers.linear import Linear
from implementations.layers.mlp import create_mlp
from implementations.layers.norm import create_norm
from implementations.layers.residual import DropPath, LayerScale


@dataclass(frozen=True)
class BlockSettings:
    """What all blocks of one model share; names and meanings as timm's `Block`."""

    dim: int
    num_heads: int
    mlp_ratio: float
    qkv_bias: bool
    qk_norm: bool
    scale_attn_norm: bool
    scale_mlp_norm: bool
    proj_bias: bool
    init_values: float | None
    proj_drop: float
    attn_drop: float
    act_layer: str
    norm_layer: str
    norm_eps: float
    mlp_layer: str
    attn_layer: str

    def norm(self) -> keras.layers.Layer:
        """A norm of the model's kind over the block's channels."""
        return create_norm(self.norm_layer, self.dim, self.norm_eps)

    def head_norm(self, channels: int) -> keras.layers.Layer:
        """A norm of queries or keys, or nothing where the model has none."""
        return create_norm(self.norm_layer if self.qk_norm else None, channels, self.norm_eps)

    def scale(self) -> keras.layers.Layer:
        """Layer scale, or nothing where the model has none."""
        return LayerScale(self.dim, self.init_values) if self.init_values else keras.layers.Identity()

    def attention(self, depth: int) -> keras.layers.Layer:
        """The self-attention of block `depth`."""
        arguments: dict[str, Any] = {
            "num_heads": self.num_heads,
            "qkv_bias": self.qkv_bias,
            "qk_norm": self.qk_norm,
            "scale_norm": self.scale_attn_norm,
            "proj_bias": self.proj_bias,
            "attn_drop": self.attn_drop,
            "proj_drop": self.proj_drop,
            "norm_layer": self.norm_layer,
            "norm_eps": self.norm_eps,
        }
        if self.attn_layer == "diff":
            return DiffAttention(self.dim, depth=depth, **arguments)
        if self.attn_layer not in ("", "attn", "Attention"):
            raise BackboneError(f"attn_layer {self.attn_layer!r}: expected attn or diff")
        return Attention(self.dim, **arguments)

    def mlp(self) -> keras.layers.Layer:
        """The feed-forward layer."""
        return create_mlp(
            self.mlp_layer,
            self.dim,
            int(self.dim * self.mlp_ratio),
            act_layer=self.act_layer,
            norm_layer=self.norm_layer if self.scale_mlp_norm else None,
            norm_eps=self.norm_eps,
            use_bias=self.proj_bias,
            drop=self.proj_drop,
        )


class Block(keras.layers.Layer):
    """Pre-norm block: x + attn(norm1(x)), then x + mlp(norm2(x)); each branch with layer scale and drop path."""

    attention_paths = ("attn",)

    def __init__(self, settings: BlockSettings, depth: int, drop_path: float, **kwargs):
        super().__init__(**kwargs)
        self.norm1 = settings.norm()
        self.attn = settings.attention(depth)
        self.ls1 = settings.scale()
        self.drop_path1 = DropPath(drop_path)
        self.norm2 = settings.norm()
        self.mlp = settings.mlp()
        self.ls2 = settings.scale()
        self.drop_path2 = DropPath(drop_path)
        self.built = True

    def call(self, x, training=None, return_attention=False):
        branch, attention = self.attn(self.norm1(x), training=training, return_attention=True)
        x = x + self.drop_path1(self.ls1(branch), training=training)  # B, N, C
        branch = self.mlp(self.norm2(x), training=training)
        x = x + self.drop_path2(self.ls2(branch), training=training)  # B, N, C
        return (x, [attention]) if return_attention else x


class ResPostBlock(keras.layers.Layer):
    """Residual-post-norm block: x + norm1(attn(x)), then x + norm2(mlp(x)); `init_values` start the norms' scales."""

    attention_paths = ("attn",)

    def __init__(self, settings: BlockSettings, depth: int, drop_path: float, **kwargs):
        super().__init__(**kwargs)
        self.attn = settings.attention(depth)
        self.norm1 = settings.norm()
        self.drop_path1 = DropPath(drop_path)
        self.mlp = settings.mlp()
        self.norm2 = settings.norm()
        self.drop_path2 = DropPath(drop_path)
        if settings.init_values is not None:
            for norm in (self.norm1, self.norm2):
                norm.gamma.assign(ops.full(norm.gamma.shape, settings.init_values))
        self.built = True

    def call(self, x, training=None, return_attention=False):
        branch, attention = self.attn(x, training=training, return_attention=True)
        x = x + self.drop_path1(self.norm1(branch), training=training)  # B, N, C
        x = x + self.drop_path2(self.norm2(self.mlp(x, training=training)), training=training)  # B, N, C
        return (x, [attention]) if return_attention else x


class ParallelScalingBlock(keras.layers.Layer):
    """Attention and feed-forward side by side from one input product (ViT-22B, https://arxiv.org/abs/2302.05442)."""

    attention_paths = ("",)

    def __init__(self, settings: BlockSettings, depth: int, drop_path: float, **kwargs):
        super().__init__(**kwargs)
        if settings.scale_attn_norm or settings.scale_mlp_norm:
            raise BackboneError(f"{type(self).__name__} has no scale norms")
        self.dim, self.num_heads = settings.dim, settings.num_heads
        self.mlp_hidden_dim = int(settings.mlp_ratio * settings.dim)
        self.in_norm = settings.norm()
        self.in_proj = Linear(settings.dim, self.mlp_hidden_dim + 3 * settings.dim, use_bias=settings.qkv_bias)
        self.mlp_bias = None
        if not settings.qkv_bias:
            self.mlp_bias = self.add_weight((self.mlp_hidden_dim,), initializer="zeros", name="mlp_bias")
        self._create_heads(settings, depth)
        self.attn_drop = settings.attn_drop
        self.seed_generator = keras.random.SeedGenerator() if settings.attn_drop else None
        self.mlp_drop = keras.layers.Dropout(settings.proj_drop)
        self.mlp_act = get_activation(settings.act_layer)
        self._create_outputs(settings)
        self.ls = settings.scale()
        self.drop_path = DropPath(drop_path)
        self.built = True

    def _create_heads(self, settings: BlockSettings, depth: int) -> None:
        self.head_dim = head_dim(self.dim, self.num_heads)
        self.q_norm, self.k_norm = settings.head_norm(self.head_dim), settings.head_norm(self.head_dim)

    def _create_outputs(self, settings: BlockSettings) -> None:
        self.attn_out_proj = Linear(self.dim, self.dim, use_bias=settings.proj_bias)
        self.mlp_out_proj = Linear(self.mlp_hidden_dim, self.dim, use_bias=settings.proj_bias)

    def _attend(self, query, key, value, dropout):
        """Attention output (B, N, dim) and map from projections (B, N, dim)."""
        query, key, value = (split_heads(tensor, self.num_heads) for tensor in (query, key, value))
        query, key = self.q_norm(query), self.k_norm(key)
        attended, attention = scaled_dot_product_attention(
            query, key, value, dropout_p=dropout, return_weights=True, seed=self.seed_generator
        )
        return join_heads(attended), attention

    def _project(self, attended, hidden):
        return self.attn_out_proj(attended) + self.mlp_out_proj(hidden)

    def call(self, x, training=None, return_attention=False):
        projected = self.in_proj(self.in_norm(x))  # B, N, hidden + 3 * dim
        hidden, query, key, value = ops.split(
            projected, [self.mlp_hidden_dim + index * self.dim for index in range(3)], axis=-1
        )
        if self.mlp_bias is not None:
            hidden = hidden + self.mlp_bias
        dropout = self.attn_drop if training else 0.0
        attended, attention = self._attend(query, key, value, dropout)
        hidden = self.mlp_drop(self.mlp_act(hidden), training=training)  # B, N, hidden
        x = x + self.drop_path(self.ls(self._project(attended, hidden)), training=training)  # B, N, C
        return (x, [attention]) if return_attention else x


class DiffParallelScalingBlock(ParallelScalingBlock):
    """ParallelScalingBlock with differential attention (https://arxiv.org/abs/2410.05258) and one output product."""

    def _create_heads(self, settings: BlockSettings, depth: int) -> None:
        self.head_dim = head_dim(self.dim, 2 * self.num_heads)
        self.q_norm, self.k_norm = settings.head_norm(self.head_dim), settings.head_norm(self.head_dim)
        self._heads = DiffHeads(self.num_heads, self.head_dim, depth)
        self.sub_norm = self._heads.sub_norm
        self.lambda_q1, self.lambda_k1, self.lambda_q2, self.lambda_k2 = self._heads.lambdas

    def _create_outputs(self, settings: BlockSettings) -> None:
        self.out_proj = Linear(self.dim + self.mlp_hidden_dim, self.dim, use_bias=settings.proj_bias)

    def _attend(self, query, key, value, dropout):
        query, key = (split_heads(tensor, 2 * self.num_heads) for tensor in (query, key))
        query, key = self.q_norm(query), self.k_norm(key)
        attended, attention = self._heads(query, key, split_heads(value, self.num_heads), dropout=dropout)
        return join_heads(attended), attention

    def _project(self, attended, hidden):
        return self.out_proj(ops.concatenate([attended, hidden], axis=-1))


class Branch(keras.layers.Layer):
    """One of several parallel branches: norm, then attention or feed-forward (`kind`), layer scale and drop path."""

    def __init__(self, settings: BlockSettings, kind: str, depth: int, drop_path: float, **kwargs):
        super().__init__(**kwargs)
        self._is_attention = kind == "attn"
        self.norm = settings.norm()
        setattr(self, kind, settings.attention(depth) if self._is_attention else settings.mlp())
        self.ls = settings.scale()
        self.drop_path = DropPath(drop_path)
        self.built = True

    def call(self, x, training=None):
        x = self.norm(x)
        if self._is_attention:
            x, attention = self.attn(x, training=training, return_attention=True)
            return self.drop_path(self.ls(x), training=training), attention
        return self.drop_path(self.ls(self.mlp(x, training=training)), training=training)


class ParallelThingsBlock(keras.layers.Layer):
    """Two parallel attentions, then two parallel feed-forwards (Three things ..., https://arxiv.org/abs/2203.09795)."""

    attention_paths = ("attns.0.attn", "attns.1.attn")

    def __init__(self, settings: BlockSettings, depth: int, drop_path: float, **kwargs):
        super().__init__(**kwargs)
        self.attns = [Branch(settings, "attn", depth, drop_path) for _ in range(2)]
        self.ffns = [Branch(settings, "mlp", depth, drop_path) for _ in range(2)]
        self.built = True

    def call(self, x, training=None, return_attention=False):
        outputs = [branch(x, training=training) for branch in self.attns]
        x = x + (outputs[0][0] + outputs[1][0])  # B, N, C
        x = x + (self.ffns[0](x, training=training) + self.ffns[1](x, training=training))  # B, N, C
        return (x, [attention for _, attention in outputs]) if return_attention else x


BLOCKS = {
    block.__name__: block
    for block in (Block, ResPostBlock, ParallelScalingBlock, DiffParallelScalingBlock, ParallelThingsBlock)
}
