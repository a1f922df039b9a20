"""Moves tensors between timm's names and layouts and Keras variables, by one rule for every backbone.

A variable's name is the path of attributes that leads to it, which equals timm's; only the last part and the layout
depend on the kind of layer: linear kernels are transposed, convolution kernels go from (out, in, height, width) to
(height, width, in, out), and norms say gamma and beta for weight and bias.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from implementations.checkpoint import FLOATS, read_state_dict, unfit_type
from implementations.errors import WeightsError
from implementations.family import PretrainedConfig
from implementations.layer_tree import children
from implementations.layers.linear import Conv2d, Linear

SHOWN = 8  # mismatches named in one message

_NORM_NAMES = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
_NORMS = (keras.layers.LayerNormalization, keras.layers.BatchNormalization, keras.layers.GroupNormalization)
# Axes that bring timm's kernel to Keras's, by the number of axes.
_TO_KERAS = {2: (1, 0), 4: (2, 3, 1, 0)}
_TO_TIMM = {2: (1, 0), 4: (3, 2, 0, 1)}


@dataclass(frozen=True)
class Slot:
    """One variable, timm's name for it, and whether it is a kernel whose axes are in another order there."""

    name: str
    variable: Any
    is_kernel: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape in timm's layout."""
        shape = tuple(self.variable.shape)
        return tuple(shape[axis] for axis in _TO_TIMM[len(shape)]) if self.is_kernel else shape

    def to_keras(self, array: np.ndarray) -> np.ndarray:
        """timm's array in Keras's layout."""
        return array.transpose(_TO_KERAS[array.ndim]) if self.is_kernel else array

    def to_timm(self) -> np.ndarray:
        """The variable's value in timm's layout, contiguous."""
        return np.ascontiguousarray(self.in_timm_layout(keras.ops.convert_to_numpy(self.variable)))

    def in_timm_layout(self, array: np.ndarray) -> np.ndarray:
        """An array of the variable's shape (its value, its gradient) in timm's layout."""
        return array.transpose(_TO_TIMM[array.ndim]) if self.is_kernel else array


def slots(layer: keras.layers.Layer, prefix: str = "") -> Iterator[Slot]:
    """Every weight below a layer, by timm's dotted path, in order of creation; random-number state is no weight."""
    for name, value in children(layer):
        if isinstance(value, keras.Variable):
            yield _slot(layer, prefix, name, value)
        elif isinstance(value, keras.layers.Layer):
            yield from slots(value, f"{prefix}{name}.")


def load_weights(model: Any, source: Any, adapt_to: PretrainedConfig | None = None) -> None:
    """Load timm weights; nothing is changed unless everything fits.

    Args:
        model: a Backbone.
        source: what `read_state_dict` takes.
        adapt_to: the configuration that the weights were trained under; given, a first convolution of other channels is
            summed or repeated and a classifier of other classes is left as initialised, as timm's pretrained=True does.

    Raises:
        WeightsError: as `implementations.load_weights`.
    """
    state = model.convert_state_dict(read_state_dict(source))
    expected = {slot.name: slot for slot in slots(model)}
    fresh: set[str] = set()
    if adapt_to is not None:
        state = _adapt_first_conv(state, model, adapt_to)
        fresh = _drop_classifier(state, expected, model, adapt_to)
    state = {name: array for name, array in state.items() if name in expected or not model.is_pruned(name)}
    assign_state(model, state, model.name, fresh)


def assign_state(
    layer: keras.layers.Layer, state: dict[str, np.ndarray], label: str, fresh: Collection[str] = ()
) -> None:
    """Assign tensors in timm's names and layouts to a layer's weights, all of them or none.

    Args:
        layer: a model or layer.
        state: its tensors.
        label: what to call the layer in errors.
        fresh: names of weights that stay as initialised.

    Raises:
        WeightsError: one line that names the tensors missing, extra, of another shape or type, or not finite.
    """
    expected = {slot.name: slot for slot in slots(layer)}
    _check(label, state, {name: slot for name, slot in expected.items() if name not in fresh})
    for name, array in state.items():
        slot = expected[name]
        slot.variable.assign(slot.to_keras(array).astype(slot.variable.dtype))


def state_dict(model: keras.layers.Layer) -> dict[str, np.ndarray]:
    """Weights of a model or layer as numpy arrays under timm's names and layouts."""
    return {slot.name: slot.to_timm() for slot in slots(model)}


def tensor_shapes(model: keras.layers.Layer) -> dict[str, tuple[int, ...]]:
    """timm's name and shape of every weight, without reading a value."""
    return {slot.name: slot.shape for slot in slots(model)}


def _slot(layer: keras.layers.Layer, prefix: str, attribute: str, variable: Any) -> Slot:
    if isinstance(layer, Linear | Conv2d):
        return Slot(prefix + {"kernel": "weight"}.get(attribute, attribute), variable, attribute == "kernel")
    if isinstance(layer, _NORMS) or type(layer).__name__ == "RmsNorm":
        return Slot(prefix + _NORM_NAMES.get(attribute, attribute), variable, False)
    return Slot(prefix + attribute, variable, False)


def _check(model_name: str, state: dict[str, np.ndarray], expected: dict[str, Slot]) -> None:
    """Raise one WeightsError that names every tensor missing, extra, of another shape or type, or not finite."""
    missing = [f"{name} {slot.shape} is missing" for name, slot in expected.items() if name not in state]
    extra = [f"{name} {array.shape} is not part of the model" for name, array in state.items() if name not in expected]
    shared = [name for name in expected if name in state]
    shapes = [
        f"{name} has shape {state[name].shape}, expected {expected[name].shape}"
        for name in shared
        if state[name].shape != expected[name].shape
    ]
    if len(missing) == len(expected) or len(missing) + len(shapes) > len(expected) // 2:
        hint = "; these look like weights of another architecture"
    else:
        hint = ""
    problems = shapes + missing + extra
    if not problems:
        problems = [unfit_type(name, state[name].dtype) for name in shared if state[name].dtype.name not in FLOATS]
    if not problems:
        problems = [f"{name} holds NaN or infinity" for name in shared if not _is_finite(state[name])]
    if problems:
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise WeightsError(f"weights do not fit {model_name}: {'; '.join(problems[:SHOWN])}{more}{hint}")


def _is_finite(array: np.ndarray) -> bool:
    with np.errstate(over="ignore"):
        return bool(np.isfinite(array.astype("float32", copy=False)).all())


def _adapt_first_conv(state: dict[str, np.ndarray], model: Any, source: PretrainedConfig) -> dict[str, np.ndarray]:
    name = f"{source.first_conv}.weight"
    channels, wanted = source.input_size[0], model.config.in_chans
    if name not in state or state[name].shape[1] != channels or wanted == channels:
        return state
    kernel = state[name].astype("float32")
    if wanted == 1:
        kernel = kernel.sum(axis=1, keepdims=True)
    else:
        repeats = -(-wanted // channels)
        kernel = np.tile(kernel, (1, repeats, 1, 1))[:, :wanted] * (channels / wanted)
    return {**state, name: kernel}


def _drop_classifier(
    state: dict[str, np.ndarray], expected: dict[str, Slot], model: Any, source: PretrainedConfig
) -> set[str]:
    """Take a classifier of another number of classes out of the state; returns what stays as initialised."""
    if not source.classifier or source.num_classes == model.num_classes:
        return set()
    names = (source.classifier,) if isinstance(source.classifier, str) else source.classifier
    kinds = [f"{name}.{part}" for name in names for part in ("weight", "bias")]
    fitting = [
        kind for kind in kinds if kind in state and kind in expected and state[kind].shape == expected[kind].shape
    ]
    if fitting:  # weights fine-tuned to these classes
        return set()
    for kind in kinds:
        state.pop(kind, None)
    return {kind for kind in kinds if kind in expected}
