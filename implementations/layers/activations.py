"""The activation functions by timm's names."""

from collections.abc import Callable

from keras import ops

from implementations.errors import BackboneError


def gelu(x):
    """Exact GELU (error function), torch's default; Flax's default is the tanh approximation.

    Spelled out with erf, which converters know and TensorFlow fuses with the product before it; Keras's own uses erfc
    on TensorFlow, for which ONNX has no operator.
    """
    return 0.5 * x * (1.0 + ops.erf(x * 0.5**0.5))


def gelu_tanh(x):
    """GELU approximated with tanh."""
    return ops.gelu(x, approximate=True)


def quick_gelu(x):
    """`x * sigmoid(1.702 x)`, the GELU of OpenAI's CLIP."""
    return x * ops.sigmoid(1.702 * x)


ACTIVATIONS: dict[str, Callable] = {
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "quick_gelu": quick_gelu,
    "silu": ops.silu,
    "SiLU": ops.silu,
    "relu": ops.relu,
}


def get_activation(name: str) -> Callable:
    """Activation by timm's name."""
    if name not in ACTIVATIONS:
        raise BackboneError(f"act_layer {name!r}: expected one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]
