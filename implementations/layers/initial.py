"""The values that weights start with, and the way to leave them out where others are about to replace them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import keras

_left_out: ContextVar[bool] = ContextVar("initial_values_left_out", default=False)


@contextmanager
def initial_values_left_out() -> Iterator[None]:
    """Create weights as zeros: drawing the random values of a large model takes longer than loading its weights."""
    token = _left_out.set(True)
    try:
        yield
    finally:
        _left_out.reset(token)


def truncated_normal(std: float) -> keras.initializers.Initializer:
    """Normal of standard deviation `std`, cut at two of them: timm's initial values of linear kernels and tokens."""
    return keras.initializers.Zeros() if _left_out.get() else keras.initializers.TruncatedNormal(stddev=std)


def conv_uniform() -> keras.initializers.Initializer:
    """Uniform within the inverse root of the fan-in: torch's initial values of convolution kernels."""
    if _left_out.get():
        return keras.initializers.Zeros()
    return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
