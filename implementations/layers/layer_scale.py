"""Owns the learned per-channel scale of a residual branch (https://arxiv.org/abs/2103.17239)."""

import keras


@keras.saving.register_keras_serializable(package="implementations")
class LayerScale(keras.layers.Layer):
    """`x * gamma` over the last axis; `gamma` (dim,) starts at `init_values`."""

    def __init__(self, dim: int, init_values: float = 1e-5, **kwargs):
        super().__init__(**kwargs)
        self.gamma = self.add_weight((dim,), initializer=keras.initializers.Constant(init_values), name="gamma")
        self.built = True

    def call(self, x):
        return x * self.gamma
