"""Self-attention weights in the layouts of timm's `Attention`, Keras's `MultiHeadAttention` and the Model Garden.

timm keeps one fused `qkv`; the others keep `query`, `key` and `value` kernels of (dim, heads, head_dim) and an
`attention_output` kernel of (heads, head_dim, dim). Model Garden's layers extend Keras's, and differ only in the path
and the ":0" of their variables' names.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from implementations.checkpoint import read_state_dict
from implementations.errors import WeightsError
from implementations.layers.attention import Attention
from implementations.weights import assign_state, state_dict

_PARTS = ("query", "key", "value")


def load_attention_weights(layer: Attention, source: Any) -> None:
    """Load a layer from timm's `Attention`, a Keras or Model Garden attention layer, or a mapping of either's names.

    Args:
        layer: the layer to fill.
        source: a torch module, path or state dict in timm's names; a built Keras layer; or a mapping to arrays from
            names that end in "query/kernel", "attention_output/bias", ... (a ":0" is ignored), kernels 3-D or 2-D.

    Raises:
        WeightsError: tensors missing, extra or of other shapes; nothing is changed then.
    """
    if isinstance(source, keras.layers.Layer):
        source = {variable.path: keras.ops.convert_to_numpy(variable) for variable in source.weights}
    if isinstance(source, Mapping) and any("query/kernel" in name for name in source):
        state = _fuse(layer, {_short(name): np.asarray(array) for name, array in source.items()})
    else:
        state = read_state_dict(source)
    assign_state(layer, state, label="attention")


def separate_attention_weights(layer: Attention) -> dict[str, np.ndarray]:
    """The layer's weights under Keras's and Model Garden's names, in the order of `MultiHeadAttention.get_weights`.

    A bias that one of the products lacks is zeros, as they have all biases or none.

    Raises:
        WeightsError: the layer has norms, for which that layout has no place.
    """
    if not all(isinstance(norm, keras.layers.Identity) for norm in (layer.q_norm, layer.norm)):
        raise WeightsError("attention: q, k and scale norms have no place in Keras's layout")
    state, heads, size = state_dict(layer), layer.num_heads, layer.head_dim
    kernels = np.split(state["qkv.weight"].T, 3, axis=1)  # dim, heads * head_dim
    biases = np.split(state.get("qkv.bias", np.zeros(3 * layer.num_heads * layer.head_dim, "float32")), 3)
    has_bias = "qkv.bias" in state or "proj.bias" in state
    found: dict[str, np.ndarray] = {}
    for part, kernel, bias in zip(_PARTS, kernels, biases, strict=True):
        found[f"{part}/kernel"] = kernel.reshape(-1, heads, size)
        if has_bias:
            found[f"{part}/bias"] = bias.reshape(heads, size)
    output = state["proj.weight"].T
    found["attention_output/kernel"] = output.reshape(heads, size, -1)
    if has_bias:
        found["attention_output/bias"] = state.get("proj.bias", np.zeros(output.shape[1], "float32"))
    return found


def _fuse(layer: Attention, separate: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """timm's names and layouts of separate kernels; zero biases of products that have none here are dropped."""
    missing = [f"{part}/kernel" for part in (*_PARTS, "attention_output") if f"{part}/kernel" not in separate]
    if missing:
        raise WeightsError(f"attention: {', '.join(missing)} is missing; found {', '.join(separate)}")
    kernels = [separate[f"{part}/kernel"] for part in _PARTS]
    output = separate["attention_output/kernel"]
    state = {
        "qkv.weight": np.concatenate([kernel.reshape(kernel.shape[0], -1) for kernel in kernels], axis=1).T,
        "proj.weight": output.reshape(-1, output.shape[-1]).T,
    }
    if all(f"{part}/bias" in separate for part in _PARTS):
        state["qkv.bias"] = np.concatenate([separate[f"{part}/bias"].reshape(-1) for part in _PARTS])
    if "attention_output/bias" in separate:
        state["proj.bias"] = separate["attention_output/bias"]
    for name, product in (("qkv.bias", layer.qkv), ("proj.bias", layer.proj)):
        if product.bias is None and name in state and not state[name].any():
            del state[name]
    return state


def _short(name: str) -> str:
    return "/".join(name.removesuffix(":0").split("/")[-2:])
