"""The normalisation layers under timm's names and epsilons (Keras's default of 1e-3 is not theirs)."""

import keras
from keras import ops

from implementations.errors import BackboneError
from implementations.layers import kernels
from implementations.layers.cost_trace import record


@keras.saving.register_keras_serializable(package="implementations")
class LayerNorm(keras.layers.LayerNormalization):
    """Layer normalisation over a last axis of `channels`; epsilon 1e-6 as timm's LayerNorm (torch's own: 1e-5)."""

    def __init__(self, channels: int, epsilon: float = 1e-6, **kwargs):
        super().__init__(epsilon=epsilon, **kwargs)
        self.channels = channels
        self.build((None, channels))

    def call(self, x):
        record("norm", x.shape, 5)
        if kernels.in_use():
            return kernels.layer_norm(x, self.gamma, self.beta, self.epsilon)
        return super().call(x)

    def get_config(self):
        """Arguments of the constructor; those of Keras's layer that are fixed here are left out."""
        base = keras.layers.Layer.get_config(self)
        return {**base, "channels": self.channels, "epsilon": self.epsilon}


@keras.saving.register_keras_serializable(package="implementations")
class RmsNorm(keras.layers.Layer):
    """Root-mean-square normalisation over the last axis: no mean, no bias; epsilon 1e-6 as timm's RmsNorm."""

    def __init__(self, channels: int, epsilon: float = 1e-6, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.gamma = self.add_weight((channels,), initializer="ones", name="gamma")
        self.built = True

    def call(self, x):
        wide = ops.cast(x, "float32") if keras.backend.standardize_dtype(x.dtype) != "float64" else x
        power = ops.mean(ops.square(wide), axis=-1, keepdims=True)
        return ops.cast(wide * ops.rsqrt(power + self.epsilon), x.dtype) * self.gamma


NORM_LAYERS = {"LayerNorm": LayerNorm, "RmsNorm": RmsNorm}


def create_norm(name: str | None, channels: int, epsilon: float) -> keras.layers.Layer:
    """Norm layer by timm's class name; None gives a layer that does nothing."""
    if name is None:
        return keras.layers.Identity()
    if name not in NORM_LAYERS:
        raise BackboneError(f"norm_layer {name!r}: expected one of {', '.join(NORM_LAYERS)}")
    return NORM_LAYERS[name](channels, epsilon=epsilon)
