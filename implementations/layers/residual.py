"""What stands on a residual branch: a learned scale of its channels, and stochastic depth."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="implementations")
class LayerScale(keras.layers.Layer):
    """`x * gamma` over the last axis (https://arxiv.org/abs/2103.17239); `gamma` (dim,) starts at `init_values`."""

    def __init__(self, dim: int, init_values: float = 1e-5, **kwargs):
        super().__init__(**kwargs)
        self.gamma = self.add_weight((dim,), initializer=keras.initializers.Constant(init_values), name="gamma")
        self.built = True

    def call(self, x):
        return x * self.gamma


@keras.saving.register_keras_serializable(package="implementations")
class DropPath(keras.layers.Layer):
    """Stochastic depth (https://arxiv.org/abs/1603.09382), on whole samples.

    In training it zeroes each with probability `rate` and divides the kept ones by `1 - rate`.
    Shapes: (batch, ...) -> the same. Outside training, or at rate 0, the input itself.
    """

    def __init__(self, rate: float = 0.0, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.seed = float(rate), seed
        self.seed_generator = keras.random.SeedGenerator(seed) if rate else None
        self.built = True

    def call(self, x, training=None):
        if not training or not self.rate:
            return x
        shape = (ops.shape(x)[0], *(1 for _ in x.shape[1:]))
        drawn = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        kept = ops.cast(drawn >= self.rate, x.dtype)
        return x * (kept / (1.0 - self.rate))


def drop_path_rates(maximum: float, depth: int) -> list[float]:
    """Rates rising linearly from 0 in the first block to `maximum` in the last, as timm's."""
    return [maximum * index / max(depth - 1, 1) for index in range(depth)]
