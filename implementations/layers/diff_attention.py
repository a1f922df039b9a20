"""Differential attention (https://arxiv.org/abs/2410.05258), as timm's timm/layers/diff_attention.py."""

import math

import keras
from keras import ops

from implementations.layers.attention import attend, attention_weights, head_dim, join_heads, split_heads, token_count
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
    """Differential self-attention. Shapes: (B, N, dim) -> (B, N, dim); the maps are (B, 2 * num_heads, N, N)."""

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
        self.q_norm = create_norm(norm_layer if qk_norm else None, self.head_dim, norm_eps)
        self.k_norm = create_norm(norm_layer if qk_norm else None, self.head_dim, norm_eps)
        self.norm = create_norm(norm_layer if scale_norm else None, dim, norm_eps)
        self.proj = Linear(dim, dim, use_bias=proj_bias)
        self.proj_drop = keras.layers.Dropout(proj_drop)
        self._heads = DiffHeads(num_heads, self.head_dim, depth)
        self.lambda_q1, self.lambda_k1, self.lambda_q2, self.lambda_k2 = self._heads.lambdas
        self.sub_norm = self._heads.sub_norm
        self.built = True

    def call(self, x, training=None, return_attention=False):
        query, key, value = self.project(x)
        x, attention = self.attend(query, key, value, training)
        x = self.output(join_heads(x), training)  # B, N, dim
        return (x, attention) if return_attention else x

    def project(self, x):
        """Queries and keys (B, 2 * num_heads, N, head_dim) and values (B, num_heads, N, 2 * head_dim) of tokens."""
        query, key, value = ops.split(self.qkv(x), 3, axis=-1)  # B, N, dim
        query, key = split_heads(query, 2 * self.num_heads), split_heads(key, 2 * self.num_heads)
        return self.q_norm(query), self.k_norm(key), split_heads(value, self.num_heads)

    def attend(self, query, key, value, training=None):
        """What the heads attend to, (B, num_heads, N, 2 * head_dim), and the maps."""
        return self._heads(query, key, value, dropout=self.attn_drop if training else 0.0)

    def output(self, x, training=None):
        """(..., dim) -> (..., dim): the optional norm, the product, dropout."""
        return self.proj_drop(self.proj(self.norm(x)), training=training)
