"""Counts parameters and multiply-accumulates of a variant from its layers alone: nothing is allocated, nothing run."""

from dataclasses import dataclass
from math import prod
from typing import Any

import keras

from implementations.factory import create_unallocated
from implementations.layers.cost_trace import counting_macs
from implementations.weights import tensor_shapes


@dataclass(frozen=True)
class Costs:
    """Cost of a variant at an image size (height, width); multiply-accumulates in timm's convention, one image."""

    img_size: tuple[int, int]
    parameters: int
    macs: int
    macs_by_kind: dict[str, int]

    @property
    def params_m(self) -> float:
        """Parameters in millions."""
        return self.parameters / 1e6

    @property
    def gmacs(self) -> float:
        """Multiply-accumulates in thousand millions (GMACs, not FLOPs)."""
        return self.macs / 1e9


def count_costs(name: str, *, every_token: bool = True, **arguments: Any) -> Costs:
    """Costs of a variant; `arguments` as `create_model`.

    With `every_token` all tokens go through all blocks, as in timm and as its published figures count; without, only
    those that the head reads go through the last block, as when the model is called (`Backbone.infer`).

    Raises:
        UnknownNameError, BackboneError: as `create_model`.
    """
    model = create_unallocated(name, **arguments)
    image = keras.KerasTensor((1, *model.config.img_size, model.config.in_chans))
    with keras.StatelessScope(initialize_variables=False), counting_macs() as macs:
        whole = every_token and not model.config.features_only
        (_EveryToken(model) if whole else model)(image)
    parameters = sum(prod(shape) for shape in tensor_shapes(model).values())
    return Costs(model.config.img_size, parameters, sum(macs.values()), dict(macs))


class _EveryToken(keras.layers.Layer):
    """A backbone's trunk as a whole, then its head."""

    def __init__(self, backbone: Any) -> None:
        super().__init__()
        self.backbone = backbone

    def call(self, images):
        return self.backbone.forward_head(self.backbone.run(images)[0])
