"""Models by name: the variant's arguments, then what its weights were trained with, then the caller's wishes."""

import dataclasses
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras

from implementations import registry
from implementations.backbone import Backbone, dtype_policy
from implementations.errors import BackboneError


def create_model(
    name: str, pretrained: bool = False, weights: Any = None, dtype: Any = None, **arguments: Any
) -> Backbone:
    """See `implementations.create_model`."""
    variant, _ = registry.split_name(name)
    model_class = registry.family_of(variant).model_class()
    wishes = {argument: value for argument, value in arguments.items() if value is not None}
    known = [field.name for field in dataclasses.fields(model_class.config_class)]
    unknown = [argument for argument in wishes if argument not in known]
    if unknown:
        raise BackboneError(f"{variant} takes no argument {unknown[0]!r}; it takes {', '.join(sorted(known))}")
    if pretrained and weights is not None:
        raise BackboneError("give pretrained=True or weights, not both")
    source = weights
    if pretrained:  # before building: no network, no model
        from implementations.hub import download_weights

        source = download_weights(name)
    pretrained_cfg = registry.pretrained_config(name)
    defaults = registry.default_arguments(name)
    config = model_class.config_class(**{**defaults, **wishes})
    with dtype_policy(dtype):
        model = model_class(config, pretrained_cfg=pretrained_cfg, name=variant)
    if config.img_size != model_class.config_class(**defaults).img_size:
        _warn_of_remainder(variant, config)
    if source is not None:
        from implementations.weights import load_weights

        load_weights(model, source, adapt_to=pretrained_cfg)
    return model


def _warn_of_remainder(variant: str, config: Any) -> None:
    """Say what the patches leave out of a size of the caller's; timm leaves it out without a word."""
    patch, (height, width) = getattr(config, "patch_size", 1), config.img_size
    rows, columns = height % patch, width % patch
    if rows or columns:
        warnings.warn(
            f"{variant}: img_size {height}x{width} is no multiple of the patch of {patch} pixels; {rows} rows at the"
            f" bottom and {columns} columns at the right of every image are not seen",
            stacklevel=4,
        )


def create_unallocated(name: str, **arguments: Any) -> Backbone:
    """A model whose variables have shapes and no values: for counting and comparing, not for running.

    It is made in a thread of its own: Keras keeps per thread the variables that are still to be given values, and the
    caller's are left alone with his names of layers and his dtype policy.
    """

    def create() -> Backbone:
        with keras.StatelessScope(initialize_variables=False):
            return create_model(name, **arguments)

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(create).result()
