"""Owns Keras's own attention as subjects: `MultiHeadAttention` and `ops.dot_product_attention`."""

from __future__ import annotations

import dataclasses
from typing import Any

from benchmarks.specification import Run
from benchmarks.subject import Loaded, Reference
from benchmarks.subjects.layers import need_layer
from benchmarks.subjects.runtimes import KERAS_BACKENDS, keras_loaded, need_runtime, use_keras
from benchmarks.subjects.timm_tensors import TimmTensors


def load(run: Run, reference: Reference) -> Loaded:
    """`keras.layers.MultiHeadAttention` of a sequence with itself, or `keras.ops.dot_product_attention`.

    The latter takes (B, tokens, heads, channels), so its inputs lie that way before timing starts, and its output is
    turned after.

    Raises:
        BenchmarkError: another layer, or another runtime.
    """
    layer = need_layer(run, "self-attention", "sdpa")
    need_runtime(run, *KERAS_BACKENDS)
    keras = use_keras(run)
    inputs = reference.inputs()
    if layer.kind == "sdpa":
        turned = [array.swapaxes(1, 2).copy() for array in inputs.values()]  # B, tokens, heads, channels
        loaded = keras_loaded(run, keras.ops.dot_product_attention, turned, None, None, ["keras"])
        return _with_heads_first(loaded)
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

    return keras_loaded(run, call, [inputs["x"]], attention, attention.count_params(), ["keras"])


def _with_heads_first(loaded: Loaded) -> Loaded:
    return dataclasses.replace(loaded, to_numpy=lambda output: loaded.to_numpy(output).swapaxes(1, 2))
