"""Builds a backbone from its name: variant table, then pretrained facts, then the caller's wishes; then its weights."""

import dataclasses
from typing import Any

from implementations import registry
from implementations.backbone import Backbone, dtype_policy
from implementations.errors import BackboneError


def create_model(
    name: str, pretrained: bool = False, weights: Any = None, dtype: Any = None, **arguments: Any
) -> Backbone:
    """See `implementations.create_model`."""
    variant, _ = registry.split_name(name)
    model_class = registry.model_class(variant)
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
    config = model_class.config_class(**{**registry.default_arguments(name), **wishes})
    with dtype_policy(dtype):
        model = model_class(config, name=variant)
    if source is not None:
        from implementations.weights import load_weights

        load_weights(model, source, adapt_to=registry.pretrained_config(name))
    return model
