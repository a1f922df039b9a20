"""Owns torch's functions as subjects: fused attention and the matrix product, eager or compiled."""

from __future__ import annotations

from benchmarks.specification import Run
from benchmarks.subject import Loaded, Reference
from benchmarks.subjects.layers import TORCH_RUNTIMES, need_layer, torch_loaded, trivial
from benchmarks.subjects.runtimes import need_runtime


def load(run: Run, reference: Reference) -> Loaded:
    """`torch.nn.functional.scaled_dot_product_attention`, `torch.matmul`, or relu(x) + 1.

    Raises:
        BenchmarkError: another layer, or another runtime.
    """
    layer = need_layer(run, "sdpa", "matrix-product", "trivial-function")
    need_runtime(run, *TORCH_RUNTIMES)
    import torch

    functions = {
        "sdpa": torch.nn.functional.scaled_dot_product_attention,
        "matrix-product": torch.matmul,
        "trivial-function": trivial,
    }
    return torch_loaded(run, reference, functions[layer.kind], [])
