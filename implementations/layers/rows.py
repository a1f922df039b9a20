"""Owns the flattening of tokens to rows, in which TensorFlow fuses what follows a matrix product into the product.

Its optimiser looks for product, bias, activation and sum one after the other: a reshape between two of them, free in
itself, keeps them apart. With all sizes but one known, reshapes there and back cancel each other out.
"""

from keras import ops


def to_rows(x):
    """(..., C) -> (rows, C)."""
    return x if len(x.shape) == 2 else ops.reshape(x, (-1, x.shape[-1]))


def from_rows(rows, like):
    """(rows, C) -> (..., C) with the leading axes of `like` (..., any)."""
    sizes = tuple(like.shape[:-1])
    if len(sizes) == 1:
        return rows
    if any(size is None for size in sizes[1:]):
        sizes = ops.shape(like)[:-1]
    return ops.reshape(rows, (-1, *sizes[1:], rows.shape[-1]))


def add(x, branch):
    """`x` (..., C) + `branch`, of that shape or rows of it: given as rows, it is fused with the product it is from."""
    return from_rows(to_rows(x) + to_rows(branch), x)
