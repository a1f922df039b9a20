"""Owns differential attention (https://arxiv.org/abs/2410.05258), as timm's timm/layers/diff_attention.py."""

import math

import keras
from keras import ops

from implementations.layers.attention import attend, attention_weights, head_dim, token_count
from implementations.layers.linear import Linear
from implementations.layers.norm import RmsNorm, create_norm


class DiffHeads(keras.layers.Layer):
    """Attention of paired heads whose second map, times a learned lambda, is subtracted from the first.

    Shapes: query and key (B, 2 * heads, N, head_dim), value (B, heads, N, 2 * head_dim) -> (B, heads, N, 2 * head_dim)
    and the maps before subtraction (B, 2 * heads, N, N).
    """

    def __init__(self, num_heads: int, head_dim: int, depth: int, **kwargs):
        super().__init__(**kwargs)
        self.num_heads, self.head_dim = num_heads, head_dim
        self.lambda_init = 0.8 - 0.6 * math.exp(-0.3 * depth)
        initializer = keras.initializers.RandomNormal(stddev=0.1)
        self.lambdas = [
            self.add_weight(
                (head_dim,), initializer=initializer, dtype="float32", autocast=False, name=f"lambda_{name}"
            )
            for name in ("q1", "k1", "q2", "k2")
        ]
        self.sub_norm = RmsNorm(2 * head_dim, epsilon=1e-5)
        self.seed_generator = keras.random.SeedGenerator()
        self.built = True

    def call(self, query, key, value, dropout=0.0):
        q1, k1, q2, k2 = self.lambdas
        factor = ops.exp(ops.sum(q1 * k1)) - ops.exp(ops.sum(q2 * k2)) + self.lambda_init
        attention = attention_weights(query, key)  # B, 2 * heads, N, N
        dropped = keras.random.dropout(attention, dropout, seed=self.seed_generator) if dropout else attention
        tokens = token_count(query[:, 0])
        pairs = ops.reshape(dropped, (-1, self.num_heads, 2, tokens, tokens))
        difference = pairs[:, :, 0] - ops.cast(factor, pairs.dtype) * pairs[:, :, 1]  # B, heads, N, N
        x = attend(difference, value)  # B, heads, N, 2 * head_dim
        return self.sub_norm(x) * (1 - self.lambda_init), attention


@keras.saving.register_keras_serializable(package="implementations")
class DiffAttention(keras.layers.Layer):
    """Differential self-attention. Shapes: (B, N, dim) -> (B, N, dim), or rows of it with `flat`.

    The maps are (B, 2 * num_heads, N, N).
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        depth: int,
        qkv_bias: bool = False,
        qk_norm: bool = False,
        scale_norm: bool = False,
        proj_bias: bool = True,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        norm_layer: str = "RmsNorm",
        norm_eps: float = 1e-6,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.dim, self.num_heads, self.attn_drop = dim, num_heads, attn_drop
        self.head_dim = head_dim(dim, 2 * num_heads)
        self.qkv = Linear(dim, 3 * dim, use_bias=qkv_bias)
        self.q_norm = create_norm(norm_layer, self.head_dim, norm_eps) if qk_norm else None
        self.k_norm = create_norm(norm_layer, self.head_dim, norm_eps) if qk_norm else None
        self.norm = create_norm(norm_layer, dim, norm_eps) if scale_norm else None
        self.proj = Linear(dim, dim, use_bias=proj_bias)
        self.proj_drop = keras.layers.Dropout(proj_drop)
        self._heads = DiffHeads(num_heads, self.head_dim, depth)
        self.lambda_q1, self.lambda_k1, self.lambda_q2, self.lambda_k2 = self._heads.lambdas
        self.sub_norm = self._heads.sub_norm
        self.built = True

    def call(self, x, training=None, return_attention=False, flat=False):
        tokens = token_count(x)
        qkv = ops.reshape(self.qkv(x), (-1, tokens, 3, 2 * self.num_heads, self.head_dim))
        query, key, value = ops.unstack(ops.transpose(qkv, (2, 0, 3, 1, 4)), 3)  # B, 2 * heads, N, head_dim
        value = ops.reshape(ops.transpose(value, (0, 2, 1, 3)), (-1, tokens, self.num_heads, 2 * self.head_dim))
        value = ops.transpose(value, (0, 2, 1, 3))  # B, heads, N, 2 * head_dim
        if self.q_norm is not None:
            query, key = self.q_norm(query), self.k_norm(key)
        x, attention = self._heads(query, key, value, dropout=self.attn_drop if training else 0.0)
        x = ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, self.dim))  # B * N, dim
        if self.norm is not None:
            x = self.norm(x)
        x = self.proj_drop(self.proj(x), training=training)  # B * N, dim
        x = x if flat else ops.reshape(x, (-1, tokens, self.dim))
        return (x, attention) if return_attention else x
