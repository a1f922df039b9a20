"""Pooling of tokens: their mean, and attention with a learned query (timm's `AttentionPoolLatent`, SigLIP's head)."""

import math

import keras
from keras import ops

from implementations.layers.attention import head_dim, scaled_dot_product_attention, token_count
from implementations.layers.linear import Linear
from implementations.layers.mlp import Mlp
from implementations.layers.norm import create_norm


def token_mean(x):
    """Mean over tokens, (B, N, C) -> (B, C), taken over rows of tokens and then over the rows.

    One running float32 sum over a thousand tokens loses more digits than timm's does; two short ones do not.
    """
    tokens, channels = x.shape[1], x.shape[2]
    if tokens is None:
        return ops.mean(x, axis=1)
    rows = max(divisor for divisor in range(1, math.isqrt(tokens) + 1) if tokens % divisor == 0)
    x = ops.mean(ops.reshape(x, (-1, rows, tokens // rows, channels)), axis=2)  # B, rows, C
    return ops.mean(x, axis=1)


@keras.saving.register_keras_serializable(package="implementations")
class AttentionPoolLatent(keras.layers.Layer):
    """One latent token attends to all tokens, then a residual feed-forward. Shapes: (B, N, dim) -> (B, dim)."""

    def __init__(
        self,
        dim: int,
        num_heads: int,
        mlp_ratio: float = 4.0,
        norm_layer: str = "LayerNorm",
        norm_eps: float = 1e-6,
        act_layer: str = "gelu",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.dim, self.num_heads, self.head_dim = dim, num_heads, head_dim(dim, num_heads)
        initializer = keras.initializers.TruncatedNormal(stddev=dim**-0.5)
        self.latent = self.add_weight((1, 1, dim), initializer=initializer, name="latent")
        self.q = Linear(dim, dim)
        self.kv = Linear(dim, 2 * dim)
        self.proj = Linear(dim, dim)
        self.norm = create_norm(norm_layer, dim, norm_eps)
        self.mlp = Mlp(dim, int(dim * mlp_ratio), act_layer=act_layer)
        self.built = True

    def call(self, x, training=None):
        latent = ops.cast(self.latent, x.dtype)
        query = ops.reshape(self.q(latent), (1, 1, self.num_heads, self.head_dim))
        query = ops.broadcast_to(
            ops.transpose(query, (0, 2, 1, 3)), (ops.shape(x)[0], self.num_heads, 1, self.head_dim)
        )
        kv = ops.reshape(self.kv(x), (-1, token_count(x), 2, self.num_heads, self.head_dim))
        key, value = ops.unstack(ops.transpose(kv, (2, 0, 3, 1, 4)), 2)  # B, heads, N, head_dim
        x = scaled_dot_product_attention(query, key, value)  # B, heads, 1, head_dim
        x = self.proj(ops.reshape(x, (-1, self.dim)))  # B, dim
        return x + self.mlp(self.norm(x), training=training)
