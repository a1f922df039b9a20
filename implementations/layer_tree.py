"""The layers of a model under timm's names: the path of attributes that leads to each."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras


def children(layer: keras.layers.Layer) -> Iterator[tuple[str, Any]]:
    """Layers, variables and seeds that a layer holds itself, by timm's name, in order of creation."""
    # Under Keras's torch back end a layer is a torch module, which keeps its children in a dictionary of their own.
    for name, value in {**vars(layer), **vars(layer).get("_modules", {})}.items():
        if name.startswith("_"):
            continue
        name = name.removesuffix("_")  # `layers_` stands for timm's `layers`, a name that Keras keeps for itself
        if isinstance(value, keras.layers.Layer | keras.Variable | keras.random.SeedGenerator):
            yield name, value
        elif isinstance(value, list | tuple):
            yield from ((f"{name}.{i}", item) for i, item in enumerate(value) if isinstance(item, keras.layers.Layer))


def named_layers(layer: keras.layers.Layer, prefix: str = "") -> Iterator[tuple[str, keras.layers.Layer]]:
    """Every layer below one with its path, such as "blocks.0.attn.qkv", as torch's `named_modules`."""
    for name, value in children(layer):
        if isinstance(value, keras.layers.Layer):
            yield prefix + name, value
            yield from named_layers(value, f"{prefix}{name}.")


def name_by_path(model: keras.layers.Layer) -> None:
    """Name every layer by its path, "blocks.0.attn.qkv", and place its variables there, "blocks/0/attn/qkv/kernel".

    Keras itself numbers layers by the order in which a process made them, so that a second model has other names; its
    torch back end takes no dot in the path of a variable.
    """
    for path, layer in [("", model), *named_layers(model)]:
        place = path.replace(".", "/")
        if path:
            layer.name, layer._path = path, place
        for _, value in children(layer):
            variable = value.state if isinstance(value, keras.random.SeedGenerator) else value
            if isinstance(variable, keras.Variable):
                variable._path = f"{place}/{variable.name}" if path else variable.name


@contextmanager
def output_shapes_noted(layers: list[keras.layers.Layer]) -> Iterator[None]:
    """Note on each layer the shape of what it returns while it is called inside, where Keras's `summary` finds it."""
    for layer in layers:
        layer.call = _noting(layer, layer.call)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call


def _noting(layer: Any, call: Any) -> Any:
    def noted(*args: Any, **kwargs: Any) -> Any:
        outputs = call(*args, **kwargs)
        first = outputs[0] if isinstance(outputs, list | tuple) else outputs
        layer.output_shape = (None, *first.shape[1:])
        layer._build_shapes_dict = {"input_shape": (None, *args[0].shape[1:])}
        return outputs

    return noted
