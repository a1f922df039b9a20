"""Single layers as subjects: attention by us, timm and Keras, and the functions of torch and TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from benchmarks.comparison import Layer, Run
from benchmarks.errors import BenchmarkError
from benchmarks.layer_references import checked_layer
from benchmarks.machine import versions
from benchmarks.subject import Executable, ReferenceFiles
from benchmarks.subjects.steps import KERAS_BACKENDS, keras_executable, need_runtime, switches, torch_step, use_keras
from benchmarks.timm_tensors import TimmTensors
from catalog.vocabulary import OURS, TIMM

TORCH_RUNTIMES = ("torch", "torch-compile")


def load(run: Run, reference: ReferenceFiles) -> Executable:
    """A layer, by whoever has it.

    Raises:
        BenchmarkError: the implementation does not have the layer, or not under this runtime.
    """
    loaders = {OURS: _ours, TIMM: _timm, "keras": _keras, "torch": _torch, "tensorflow": _tensorflow}
    return loaders[run.subject.implementation](run, reference)


def _ours(run: Run, reference: ReferenceFiles) -> Executable:
    """`implementations.layers.attention`: `Attention` or `scaled_dot_product_attention`."""
    layer = _need_layer(run, "self-attention", "sdpa")
    need_runtime(run, *KERAS_BACKENDS)
    use_keras(run)
    from implementations.layers.attention import Attention, scaled_dot_product_attention

    inputs = list(reference.inputs().values())
    if layer.kind == "sdpa":
        return keras_executable(run, scaled_dot_product_attention, inputs, None, None, ["keras"])
    from implementations.weights import assign_state

    channels, heads, _ = layer.sizes
    attention = Attention(channels, num_heads=heads, qkv_bias=True)
    assign_state(attention, TimmTensors(reference.weights).tensors, run.comparison.workload)
    return keras_executable(run, attention, inputs, attention, attention.count_params(), ["keras"])


def _timm(run: Run, reference: ReferenceFiles) -> Executable:
    """timm's `Attention` as its users run it: fused, eager or compiled; and the trivial function beside its models."""
    layer = _need_layer(run, "self-attention", "trivial-function")
    need_runtime(run, *TORCH_RUNTIMES)
    if layer.kind == "trivial-function":
        return _torch_executable(run, reference, _trivial, [])
    import torch

    from runtimes.torchvision_ops import define_missing_operators

    define_missing_operators()
    from timm.layers import Attention

    channels, heads, _ = layer.sizes
    attention = Attention(channels, num_heads=heads, qkv_bias=True).eval()
    tensors = TimmTensors(reference.weights).tensors
    attention.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in tensors.items()})
    return _torch_executable(run, reference, attention, ["timm"])


def _keras(run: Run, reference: ReferenceFiles) -> Executable:
    """`keras.layers.MultiHeadAttention` of a sequence with itself, or `keras.ops.dot_product_attention`.

    The latter takes (B, tokens, heads, channels), so its inputs lie that way before timing starts, and its output is
    turned after.
    """
    layer = _need_layer(run, "self-attention", "sdpa")
    need_runtime(run, *KERAS_BACKENDS)
    keras = use_keras(run)
    inputs = reference.inputs()
    if layer.kind == "sdpa":
        turned = [array.swapaxes(1, 2).copy() for array in inputs.values()]  # B, tokens, heads, channels
        executable = keras_executable(run, keras.ops.dot_product_attention, turned, None, None, ["keras"])
        return _with_heads_first(executable)
    channels, heads, _ = layer.sizes
    attention = keras.layers.MultiHeadAttention(num_heads=heads, key_dim=channels // heads)
    shape = inputs["x"].shape
    attention.build(shape, shape)
    tensors = TimmTensors(reference.weights)
    tensors.separate_qkv("qkv", attention.query_dense, attention.key_dense, attention.value_dense)
    tensors.joined_heads("proj", attention.output_dense)
    tensors.finish(attention.weights)

    def call(x: Any) -> Any:
        return attention(x, x)

    return keras_executable(run, call, [inputs["x"]], attention, attention.count_params(), ["keras"])


def _with_heads_first(executable: Executable) -> Executable:
    return replace(executable, to_numpy=lambda output: executable.to_numpy(output).swapaxes(1, 2))


def _torch(run: Run, reference: ReferenceFiles) -> Executable:
    """`torch.nn.functional.scaled_dot_product_attention`, `torch.matmul`, or relu(x) + 1."""
    layer = _need_layer(run, "sdpa", "matrix-product", "trivial-function")
    need_runtime(run, *TORCH_RUNTIMES)
    import torch

    functions = {
        "sdpa": torch.nn.functional.scaled_dot_product_attention,
        "matrix-product": torch.matmul,
        "trivial-function": _trivial,
    }
    return _torch_executable(run, reference, functions[layer.kind], [])


def _tensorflow(run: Run, reference: ReferenceFiles) -> Executable:
    """`tf.matmul`, which is the machine's practical peak, or relu(x) + 1."""
    layer = _need_layer(run, "matrix-product", "trivial-function")
    need_runtime(run, "tf-graph", "tf-xla")
    import tensorflow as tf

    functions = {"matrix-product": tf.linalg.matmul, "trivial-function": lambda x: tf.nn.relu(x) + 1}
    return keras_executable(run, functions[layer.kind], list(reference.inputs().values()), None, None, [])


def _trivial(x: Any) -> Any:
    """relu(x) + 1, what it costs to compile anything at all."""
    return x.relu() + 1


def _torch_executable(run: Run, reference: ReferenceFiles, call: Callable, packages: list[str]) -> Executable:
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
    return Executable(step, to_numpy, params_m, "", versions("torch", *packages), switches(run.subject.runtime))


def _need_layer(run: Run, *kinds: str) -> Layer:
    """The layer of a run. Raises BenchmarkError where it is not of `kinds`."""
    if run.comparison.layer is None or run.comparison.layer.kind not in kinds:
        raise BenchmarkError(f"{run.subject}: {run.comparison.workload} is not raced; {', '.join(kinds)} are")
    return checked_layer(run.comparison)
