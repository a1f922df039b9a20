"""Owns stochastic depth (https://arxiv.org/abs/1603.09382)."""

import keras
from keras import ops

from implementations.layers.rows import from_rows


@keras.saving.register_keras_serializable(package="implementations")
class DropPath(keras.layers.Layer):
    """In training, zeroes whole samples with probability `rate` and divides the kept ones by `1 - rate`.

    Shapes: (batch, ...) -> the same. Outside training, or at rate 0, the input itself. With `like` (batch, ..., C) the
    input may be rows of that shape.
    """

    def __init__(self, rate: float = 0.0, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.seed = float(rate), seed
        self.seed_generator = keras.random.SeedGenerator(seed) if rate else None
        self.built = True

    def call(self, x, training=None, like=None):
        if not training or not self.rate:
            return x
        x = x if like is None else from_rows(x, like)
        shape = (ops.shape(x)[0], *(1 for _ in x.shape[1:]))
        drawn = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        kept = ops.cast(drawn >= self.rate, x.dtype)
        return x * (kept / (1.0 - self.rate))


def drop_path_rates(maximum: float, depth: int) -> list[float]:
    """Rates rising linearly from 0 in the first block to `maximum` in the last, as timm's."""
    return [maximum * index / max(depth - 1, 1) for index in range(depth)]
