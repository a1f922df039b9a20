"""The references of single layers: inputs, weights, and what torch and timm make of them in float64."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.comparison import Comparison, Layer
from benchmarks.errors import BenchmarkError
from benchmarks.subject import WEIGHTS

# `image-processing` has a reference of its own making.
KINDS = ("self-attention", "sdpa", "matrix-product", "trivial-function")


def write_layer_reference(comparison: Comparison, folder: Path, seed: int = 0) -> None:
    """Write `inputs.npz`, `outputs.npz` and, for self-attention, `weights.safetensors` into a folder.

    Inputs: `x` (B, tokens, channels) of self-attention; `q`, `k`, `v` (B, heads, tokens, channels of a head) of sdpa;
    `a` (B * side, side) and `b` (side, side) of the matrix product; `x` (B, n) of the trivial function relu(x) + 1.
    Weights are those of timm's `Attention`. Outputs are `double`, `single` and `half`: float64, float32 and bfloat16.

    Args:
        comparison: whose workload names the layer.
        folder: exists.
        seed: of inputs and weights.

    Raises:
        BenchmarkError: the workload is not one of these layers, or its heads do not divide its channels.
    """
    function, inputs, weights = _build(checked_layer(comparison), comparison.batch_size, np.random.default_rng(seed))
    np.savez(folder / "inputs.npz", **inputs)
    if weights:
        from safetensors.numpy import save_file

        save_file(weights, folder / WEIGHTS)
    np.savez(folder / "outputs.npz", **_outputs(function, inputs, ("single", "double", "half")))


def layer_outputs(comparison: Comparison, precisions: tuple[str, ...], seed: int = 0) -> dict[str, np.ndarray]:
    """The outputs that `write_layer_reference` writes, in some precisions. Raises as it does."""
    function, inputs, _ = _build(checked_layer(comparison), comparison.batch_size, np.random.default_rng(seed))
    return _outputs(function, inputs, precisions)


def layer_gmacs(layer: Layer) -> float | None:
    """GMACs of one sample, attention counted unfused; None for what is not counted in MACs."""
    if layer.kind == "self-attention":
        channels, _, tokens = layer.sizes
        return (4 * tokens * channels**2 + 2 * tokens**2 * channels) / 1e9
    if layer.kind == "sdpa":
        head_dim, heads, tokens = layer.sizes
        return 2 * heads * tokens**2 * head_dim / 1e9
    if layer.kind == "matrix-product":
        return layer.sizes[0] ** 3 / 1e9
    return None


def checked_layer(comparison: Comparison) -> Layer:
    """The layer of a comparison.

    Raises:
        BenchmarkError: there is none, or its heads do not divide its channels.
    """
    layer = comparison.layer
    if layer is None or layer.kind not in KINDS:
        raise BenchmarkError(f"workload {comparison.workload!r} is not one of the layers {', '.join(KINDS)}")
    if layer.kind == "self-attention" and layer.sizes[0] % layer.sizes[1]:
        channels, heads, _ = layer.sizes
        raise BenchmarkError(
            f"workload {comparison.workload!r}: {channels} channels cannot be split into {heads} heads"
        )
    return layer


def _build(layer: Layer, batch_size: int, generator: np.random.Generator) -> tuple[Any, dict, dict]:
    """A function of torch tensors, its inputs, and its weights."""
    import torch

    def normal(*shape: int) -> np.ndarray:
        return generator.standard_normal(shape, dtype="float32")

    if layer.kind == "self-attention":
        channels, heads, tokens = layer.sizes
        attention, weights = _timm_attention(channels, heads, normal)
        return attention, {"x": normal(batch_size, tokens, channels)}, weights
    if layer.kind == "sdpa":
        head_dim, heads, tokens = layer.sizes
        inputs = {name: normal(batch_size, heads, tokens, head_dim) for name in "qkv"}
        return torch.nn.functional.scaled_dot_product_attention, inputs, {}
    (size,) = layer.sizes
    if layer.kind == "matrix-product":
        return torch.matmul, {"a": normal(batch_size * size, size), "b": normal(size, size)}, {}
    return (lambda x: x.relu() + 1), {"x": normal(batch_size, size)}, {}


def _timm_attention(channels: int, heads: int, normal: Any) -> tuple[Any, dict[str, np.ndarray]]:
    """timm's layer with weights that keep the size of what passes, so that its softmax is neither flat nor a step."""
    import torch

    from runtimes.torchvision_ops import define_missing_operators

    define_missing_operators()
    from timm.layers import Attention

    attention = Attention(channels, num_heads=heads, qkv_bias=True).eval()
    weights = {
        "qkv.weight": normal(3 * channels, channels) * channels**-0.5,
        "qkv.bias": normal(3 * channels),
        "proj.weight": normal(channels, channels) * channels**-0.5,
        "proj.bias": normal(channels),
    }
    attention.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return attention, weights


def _outputs(function: Any, inputs: dict[str, np.ndarray], precisions: tuple[str, ...]) -> dict[str, Any]:
    """Outputs by precision (arrays); `half` has to come last, since a module's weights stay rounded."""
    import torch

    dtypes = {"single": torch.float32, "double": torch.float64, "half": torch.bfloat16}
    outputs = {}
    for precision in precisions:
        dtype = dtypes[precision]
        if isinstance(function, torch.nn.Module):
            function.to(dtype)
        with torch.inference_mode():
            output = function(*(torch.from_numpy(array).to(dtype) for array in inputs.values()))
        outputs[precision] = output.to(torch.float64 if precision == "double" else torch.float32).numpy()
    return outputs
