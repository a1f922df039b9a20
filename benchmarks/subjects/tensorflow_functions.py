"""Owns TensorFlow's functions as subjects: the matrix product, which is the machine's practical peak."""

from __future__ import annotations

from benchmarks.specification import Run
from benchmarks.subject import Loaded, Reference
from benchmarks.subjects.layers import need_layer
from benchmarks.subjects.runtimes import keras_loaded, need_runtime


def load(run: Run, reference: Reference) -> Loaded:
    """`tf.matmul`, or relu(x) + 1.

    Raises:
        BenchmarkError: another layer, or another runtime.
    """
    layer = need_layer(run, "matrix-product", "trivial-function")
    need_runtime(run, "tf-graph", "tf-xla")
    import tensorflow as tf

    functions = {"matrix-product": tf.linalg.matmul, "trivial-function": lambda x: tf.nn.relu(x) + 1}
    return keras_loaded(run, functions[layer.kind], list(reference.inputs().values()), None, None, [])
