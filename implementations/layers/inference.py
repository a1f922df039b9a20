"""Forms of the shared layers for inference: the same values, in an order of operations that TensorFlow runs faster.

Its optimiser looks for product, bias, activation and sum one after the other, and fuses them: a reshape between two of
them, free in itself, keeps them apart. So tokens (..., C) go through products as rows (rows, C), and with all sizes but
one known, reshapes there and back cancel each other out.
"""

from keras import ops

from implementations.layers.linear import from_rows, to_rows


def add(x, branch):
    """`x` (..., C) + `branch`, of that shape or rows of it: given as rows, it is fused with the product it is from."""
    return from_rows(to_rows(x) + to_rows(branch), x)


def attention_rows(layer, x, queries: int | None = None):
    """Self-attention of tokens (B, N, dim) as rows (B * N, dim); with `queries`, of that many leading tokens."""
    query, key, value = layer.project(x)  # B, heads, N, channels
    x, _ = layer.attend(query if queries is None else query[:, :, :queries], key, value)
    return layer.output(joined_rows(x))


def joined_rows(x):
    """(B, heads, N, channels) -> (B * N, heads * channels)."""
    return ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, x.shape[1] * x.shape[3]))
