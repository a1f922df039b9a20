"""Owns single layers as subjects: our attention, timm's, and what the subjects of layers share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.layer_reference import checked_layer
from benchmarks.specification import BenchmarkError, Layer, Run
from benchmarks.subject import Loaded, Reference
from benchmarks.subjects.runtimes import (
    KERAS_BACKENDS,
    keras_loaded,
    need_runtime,
    switches,
    torch_step,
    use_keras,
    versions,
)
from benchmarks.subjects.timm_tensors import TimmTensors

TORCH_RUNTIMES = ("torch", "torch-compile")


def load_ours(run: Run, reference: Reference) -> Loaded:
    """`implementations.layers.attention`: `Attention` or `scaled_dot_product_attention`.

    Raises:
        BenchmarkError: another layer, or another runtime.
    """
    layer = need_layer(run, "self-attention", "sdpa")
    need_runtime(run, *KERAS_BACKENDS)
    use_keras(run)
    from implementations.layers.attention import Attention, scaled_dot_product_attention

    inputs = list(reference.inputs().values())
    if layer.kind == "sdpa":
        return keras_loaded(run, scaled_dot_product_attention, inputs, None, None, ["keras"])
    from implementations.weights import assign_state

    channels, heads, _ = layer.sizes
    attention = Attention(channels, num_heads=heads, qkv_bias=True)
    assign_state(attention, TimmTensors(reference.weights).tensors, run.comparison.workload)
    return keras_loaded(run, attention, inputs, attention, attention.count_params(), ["keras"])


def load_timm(run: Run, reference: Reference) -> Loaded:
    """timm's `Attention` as its users run it: fused, eager or compiled; and the trivial function beside its models.

    Raises:
        BenchmarkError: another layer, or another runtime.
    """
    layer = need_layer(run, "self-attention", "trivial-function")
    need_runtime(run, *TORCH_RUNTIMES)
    if layer.kind == "trivial-function":
        return torch_loaded(run, reference, trivial, [])
    import torch

    from runtimes.torchvision_ops import define_missing_operators

    define_missing_operators()
    from timm.layers import Attention

    channels, heads, _ = layer.sizes
    attention = Attention(channels, num_heads=heads, qkv_bias=True).eval()
    tensors = TimmTensors(reference.weights).tensors
    attention.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in tensors.items()})
    return torch_loaded(run, reference, attention, ["timm"])


def trivial(x: Any) -> Any:
    """relu(x) + 1, what it costs to compile anything at all."""
    return x.relu() + 1


def torch_loaded(run: Run, reference: Reference, call: Callable, packages: list[str]) -> Loaded:
    """A torch module or function, eager or compiled, in the precision of the run."""
    import torch

    fixed = run.comparison
    params_m = None
    if isinstance(call, torch.nn.Module):
        params_m = sum(parameter.numel() for parameter in call.parameters()) / 1e6
        call = call.to(
            device="cuda" if fixed.device == "gpu" else "cpu",
            dtype=torch.bfloat16 if fixed.precision == "bf16" else torch.float32,
        )
    if run.subject.runtime == "torch-compile":
        from benchmarks import compilation

        call = torch.compile(call, **compilation.options())
    step, to_numpy = torch_step(call, list(reference.inputs().values()), fixed)
    return Loaded(step, to_numpy, params_m, "", versions("torch", *packages), switches(run.subject.runtime))


def need_layer(run: Run, *kinds: str) -> Layer:
    """The layer of a run.

    Raises:
        BenchmarkError: the workload is not a layer of one of `kinds`; what a subject has not is said by its name.
    """
    if run.comparison.layer is None or run.comparison.layer.kind not in kinds:
        raise BenchmarkError(f"{run.subject}: {run.comparison.workload} is not raced; {', '.join(kinds)} are")
    return checked_layer(run.comparison)
