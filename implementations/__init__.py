"""Keras 3 backbones under timm's names, proven equal to their references and benchmarked beside them.

Importing this package loads neither Keras nor TensorFlow; the first model does.
"""

from typing import Any

from implementations.errors import BackboneError, DownloadError, UnknownNameError, WeightsError
from implementations.family import PretrainedConfig
from implementations.registry import list_models, list_pretrained, pretrained_config

__all__ = [
    "BackboneError",
    "DownloadError",
    "PretrainedConfig",
    "UnknownNameError",
    "WeightsError",
    "create_model",
    "list_models",
    "list_pretrained",
    "load_weights",
    "pretrained_config",
    "state_dict",
]


def create_model(name: str, pretrained: bool = False, weights: Any = None, **arguments: Any) -> Any:
    """Build a backbone by timm's name.

    Args:
        name: `variant` or `variant.tag`; see `list_models`.
        pretrained: fetch the weights of the tag (or the default tag) from the Hub and load them.
        weights: load these instead: a path (.safetensors, .bin, .pth), a state dict or a live torch module.
        **arguments: `num_classes` (0 for none), `img_size` (pixels or (height, width)), `in_chans`, `features_only`,
            `out_indices`, `drop_rate`, `drop_path_rate`, `dtype` ("mixed_bfloat16", ...), and any field of the
            backbone's configuration. None keeps the variant's own value.

    Returns:
        A `keras.Model` on (B, H, W, C) images. With weights, another `num_classes` starts a new classifier, another
        `in_chans` sums or repeats the first convolution, and another `img_size` resizes positions, as in timm.

    Raises:
        UnknownNameError, BackboneError, WeightsError, DownloadError: one line each; no model half loaded is returned.
    """
    from implementations.factory import create_model as create

    return create(name, pretrained=pretrained, weights=weights, **arguments)


def load_weights(model: Any, path_or_state_dict: Any) -> None:
    """Load timm weights into a model from a path, a state dict or a live torch module; all tensors or none.

    Raises:
        WeightsError: unreadable, NaN, or not this model's tensors; each wrong tensor is named with both shapes.
    """
    from implementations.weights import load_weights as load

    load(model, path_or_state_dict)


def state_dict(model: Any) -> Any:
    """The model's tensors as numpy arrays under timm's names and layouts, ready for timm's `load_state_dict`."""
    from implementations.weights import state_dict as export

    return export(model)
