"""Scaled dot-product attention with torch's arguments, and timm's self-attention on top of it."""

import keras
import numpy as np
from keras import ops

from implementations.errors import BackboneError
from implementations.layers.cost_trace import record
from implementations.layers.kernels import in_float32, softmax
from implementations.layers.linear import Linear
from implementations.layers.norm import create_norm


def scaled_dot_product_attention(
    query,
    key,
    value,
    attn_mask=None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    *,
    return_weights: bool = False,
    seed=None,
):
    """`softmax(scale * query @ key^T + mask) @ value`, with the arguments of torch's function of this name.

    Args:
        query: (..., heads, L, E).
        key: (..., heads, S, E); with `enable_gqa` its heads may be a divisor of the query's.
        value: (..., heads, S, V), heads as the key's.
        attn_mask: broadcastable to (..., heads, L, S); boolean (True takes part) or additive.
        dropout_p: probability of dropping an attention weight; applied whenever it is above 0.
        is_causal: query i sees keys 0..i; excludes `attn_mask`.
        scale: factor of the logits; default `E ** -0.5`.
        enable_gqa: repeat key and value heads to the number of the query's.
        return_weights: also return the attention map (..., heads, L, S), after softmax and before dropout.
        seed: seed or `keras.random.SeedGenerator` of the dropout.

    Returns:
        (..., heads, L, V), or that and the map. A row whose keys are all masked attends to nothing: its weights and its
        output are zeros, with zero gradient. The softmax runs in float32 at least.

    Raises:
        BackboneError: mask and causal together, or head counts that do not fit.
    """
    if enable_gqa:
        key, value = _repeat_heads(query, key, value)
    weights = attention_weights(query, key, attn_mask, is_causal, scale)
    output = attend(weights, value, dropout_p, seed)
    return (output, weights) if return_weights else output


def attention_weights(query, key, attn_mask=None, is_causal: bool = False, scale: float | None = None):
    """The attention map (..., heads, L, S) of `scaled_dot_product_attention`, before dropout."""
    if is_causal and attn_mask is not None:
        raise BackboneError("attention: give attn_mask or is_causal=True, not both")
    size = query.shape[-1]
    query = query * (size**-0.5 if scale is None else scale)
    logits = ops.matmul(query, ops.swapaxes(key, -1, -2))  # ..., heads, L, S
    record("attention", logits.shape, size)
    if is_causal:
        attn_mask = np.tri(query.shape[-2], key.shape[-2], dtype=bool)
    if attn_mask is not None:
        return ops.cast(_masked_softmax(in_float32(logits), attn_mask), logits.dtype)
    if logits.shape[-1] == 1:
        return ops.exp(logits - logits)  # softmax over one key is 1, which Keras's softmax warns about
    return softmax(logits)


def attend(weights, value, dropout_p: float = 0.0, seed=None):
    """`weights @ value` after dropout of the weights: (..., L, S) and (..., S, V) -> (..., L, V)."""
    if dropout_p:
        weights = keras.random.dropout(weights, dropout_p, seed=seed)
    output = ops.matmul(weights, value)
    record("attention", output.shape, weights.shape[-1])
    return output


def _repeat_heads(query, key, value):
    heads, key_heads = query.shape[-3], key.shape[-3]
    if heads % key_heads or key_heads != value.shape[-3]:
        raise BackboneError(
            f"attention: {heads} query heads cannot share {key_heads} key and {value.shape[-3]} value heads;"
            " expected equal key and value heads that divide the query's"
        )
    return (ops.repeat(tensor, heads // key_heads, axis=-3) for tensor in (key, value))


def _masked_softmax(logits, attn_mask):
    """Softmax over the last axis in which a row without any key is all zeros."""
    attn_mask = ops.convert_to_tensor(attn_mask)
    if keras.backend.standardize_dtype(attn_mask.dtype) == "bool":
        logits = ops.where(attn_mask, logits, ops.cast(-np.inf, logits.dtype))
    else:
        logits = logits + ops.cast(attn_mask, logits.dtype)
    highest = ops.stop_gradient(ops.max(logits, axis=-1, keepdims=True))
    highest = ops.where(ops.isfinite(highest), highest, ops.zeros_like(highest))
    exponentials = ops.exp(logits - highest)
    total = ops.sum(exponentials, axis=-1, keepdims=True)
    return exponentials / ops.where(total == 0, ops.ones_like(total), total)


@keras.saving.register_keras_serializable(package="implementations")
class Attention(keras.layers.Layer):
    """Multi-head self-attention with a fused qkv product, as timm's `Attention` (timm/layers/attention.py).

    Shapes: (B, N, dim) -> (B, N, dim); the attention map is (B, num_heads, N, N).
    """

    def __init__(
        self,
        dim: int,
        num_heads: int = 8,
        qkv_bias: bool = False,
        qk_norm: bool = False,
        scale_norm: bool = False,
        proj_bias: bool = True,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        norm_layer: str = "LayerNorm",
        norm_eps: float = 1e-6,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_heads, self.head_dim = num_heads, head_dim(dim, num_heads)
        self.attn_drop, self.seed_generator = attn_drop, keras.random.SeedGenerator() if attn_drop else None
        self.qkv = Linear(dim, 3 * dim, use_bias=qkv_bias)
        self.q_norm = create_norm(norm_layer if qk_norm else None, self.head_dim, norm_eps)
        self.k_norm = create_norm(norm_layer if qk_norm else None, self.head_dim, norm_eps)
        self.norm = create_norm(norm_layer if scale_norm else None, dim, norm_eps)
        self.proj = Linear(dim, dim, use_bias=proj_bias)
        self.proj_drop = keras.layers.Dropout(proj_drop)
        self.built = True

    def call(self, x, attn_mask=None, is_causal=False, training=None, return_attention=False):
        query, key, value = self.project(x)
        x, attention = self.attend(query, key, value, training, attn_mask=attn_mask, is_causal=is_causal)
        x = self.output(join_heads(x), training)  # B, N, dim
        return (x, attention) if return_attention else x

    def project(self, x):
        """Queries, keys and values of tokens: (B, N, dim) -> three times (B, num_heads, N, head_dim)."""
        qkv = ops.reshape(self.qkv(x), (-1, token_count(x), 3, self.num_heads, self.head_dim))
        query, key, value = ops.unstack(ops.transpose(qkv, (2, 0, 3, 1, 4)), 3)
        return self.q_norm(query), self.k_norm(key), value

    def attend(self, query, key, value, training=None, **mask):
        """What the heads attend to, (B, num_heads, N, head_dim), and the map; `mask` as the function's."""
        dropout = self.attn_drop if training else 0.0
        return scaled_dot_product_attention(
            query, key, value, dropout_p=dropout, return_weights=True, seed=self.seed_generator, **mask
        )

    def output(self, x, training=None):
        """(..., dim) -> (..., dim): the optional norm, the product, dropout."""
        return self.proj_drop(self.proj(self.norm(x)), training=training)


def split_heads(x, num_heads: int):
    """(B, N, heads * channels) -> (B, heads, N, channels)."""
    x = ops.reshape(x, (-1, token_count(x), num_heads, x.shape[-1] // num_heads))
    return ops.transpose(x, (0, 2, 1, 3))


def join_heads(x):
    """(B, heads, N, channels) -> (B, N, heads * channels)."""
    x = ops.transpose(x, (0, 2, 1, 3))
    return ops.reshape(x, (-1, token_count(x), x.shape[2] * x.shape[3]))


def head_dim(dim: int, num_heads: int) -> int:
    """Channels per head.

    Raises:
        BackboneError: `dim` is not a multiple of `num_heads`.
    """
    if dim % num_heads:
        raise BackboneError(f"attention: {dim} channels cannot be split into {num_heads} heads")
    return dim // num_heads


def token_count(x):
    """Tokens of (B, N, ...): the number where it is known, else a tensor."""
    return x.shape[1] if x.shape[1] is not None else ops.shape(x)[1]
