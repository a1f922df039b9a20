"""The feed-forward layers of transformer blocks, under timm's class and attribute names (timm/layers/mlp.py)."""

import keras
from keras import ops

from implementations.errors import BackboneError
from implementations.layers.activations import get_activation
from implementations.layers.linear import Linear
from implementations.layers.norm import create_norm


@keras.saving.register_keras_serializable(package="implementations")
class Mlp(keras.layers.Layer):
    """fc1, activation, dropout, optional norm, fc2, dropout. Shapes: (..., dim) -> (..., dim)."""

    def __init__(
        self,
        dim: int,
        hidden_features: int,
        act_layer: str = "gelu",
        norm_layer: str | None = None,
        norm_eps: float = 1e-6,
        use_bias: bool = True,
        drop: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self._create_inputs(dim, hidden_features, use_bias)
        self.act = get_activation(act_layer)
        self.drop1 = keras.layers.Dropout(drop)
        width = self._width(hidden_features)
        self.norm = create_norm(norm_layer, width, norm_eps)
        self.fc2 = Linear(width, dim, use_bias=use_bias)
        self.drop2 = keras.layers.Dropout(drop)
        self.built = True

    def _create_inputs(self, dim: int, hidden_features: int, use_bias: bool) -> None:
        self.fc1 = Linear(dim, hidden_features, use_bias=use_bias)

    def _width(self, hidden_features: int) -> int:
        return hidden_features

    def _hidden(self, x):
        return self.act(self.fc1(x))

    def call(self, x, training=None):
        x = self.norm(self.drop1(self._hidden(x), training=training))  # ..., hidden
        return self.drop2(self.fc2(x), training=training)  # ..., dim


@keras.saving.register_keras_serializable(package="implementations")
class SwiGLUPacked(Mlp):
    """Gated feed-forward with one packed input product: the first half gates the second (https://arxiv.org/abs/2002.05202)."""

    def _width(self, hidden_features: int) -> int:
        return hidden_features // 2

    def _hidden(self, x):
        gate, value = ops.split(self.fc1(x), 2, axis=-1)
        return self.act(gate) * value


@keras.saving.register_keras_serializable(package="implementations")
class SwiGLU(Mlp):
    """Gated feed-forward with separate products for gate (`fc1_g`) and value (`fc1_x`)."""

    def _create_inputs(self, dim: int, hidden_features: int, use_bias: bool) -> None:
        self.fc1_g = Linear(dim, hidden_features, use_bias=use_bias)
        self.fc1_x = Linear(dim, hidden_features, use_bias=use_bias)

    def _hidden(self, x):
        return self.act(self.fc1_g(x)) * self.fc1_x(x)


MLP_LAYERS = {"Mlp": Mlp, "SwiGLU": SwiGLU, "SwiGLUPacked": SwiGLUPacked}


def create_mlp(name: str, *args, **kwargs) -> Mlp:
    """Feed-forward layer by timm's class name."""
    if name not in MLP_LAYERS:
        raise BackboneError(f"mlp_layer {name!r}: expected one of {', '.join(MLP_LAYERS)}")
    return MLP_LAYERS[name](*args, **kwargs)
