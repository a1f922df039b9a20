"""TensorFlow's oneDNN kernels that its graph optimiser does not reach by itself, for inference alone.

They have no gradients and no place in an export, so that layers use them only inside `inference_kernels`. Layer
normalisation: the optimiser of TensorFlow 2.21 knows one of its spellings, and then forgets its epsilon (0.001 is used
for every layer); naming the kernel keeps it. Softmax: the kernel adds up in float32 also for bfloat16. Logits
of attention with a bias: one product does it all; it has to be given both a factor and a bias, else it fails.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import keras
from keras import ops

from implementations.layers.linear import from_rows, to_rows

LAYER_NORM, LOGITS = "_MklLayerNorm", "_MklFusedBatchMatMulV2"
_active: ContextVar[bool] = ContextVar("inference_kernels", default=False)


@contextmanager
def inference_kernels(enabled: bool = True) -> Iterator[None]:
    """Let layers that are traced inside use the kernels, if this TensorFlow has them and runs on a processor."""
    token = _active.set(enabled and _available())
    try:
        yield
    finally:
        _active.reset(token)


def in_use() -> bool:
    """Whether layers are being traced inside `inference_kernels`."""
    return _active.get()


def layer_norm(x, gamma, beta, epsilon: float):
    """Layer normalisation over the last axis of (..., C), in float32 inside."""
    from tensorflow.python.framework import op_def_library

    arguments = {"scale": ops.cast(gamma, x.dtype), "offset": ops.cast(beta, x.dtype), "epsilon": epsilon}
    return from_rows(op_def_library.apply_op(LAYER_NORM, name="layer_norm", x=to_rows(x), **arguments), x)


def attention_logits(query, key, scale: float, bias):
    """`scale * query @ key^T + bias`, (B, heads, L, E), (B, heads, S, E) and (heads, L, S) -> (B, heads, L, S).

    In float32 at least, unless inside `inference_kernels`: there one kernel computes it in float32 and rounds once.
    """
    if _active.get():
        from tensorflow.python.framework import op_def_library

        arguments = [ops.convert_to_tensor(scale, query.dtype), ops.cast(bias, query.dtype)[None]]
        fixed = {"adj_x": False, "adj_y": True, "epsilon": 0.0, "leakyrelu_alpha": 0.0, "name": "attention_logits"}
        return op_def_library.apply_op(LOGITS, x=query, y=key, args=arguments, fused_ops=["Mul", "Add"], **fixed)
    query = query if scale == 1 else query * ops.cast(scale, query.dtype)
    return (logits := in_float32(ops.matmul(query, ops.swapaxes(key, -1, -2)))) + ops.cast(bias, logits.dtype)


def softmax(logits):
    """Softmax over the last axis, in float32 at least."""
    if _active.get():
        return ops.softmax(logits, axis=-1)
    return ops.cast(ops.softmax(in_float32(logits), axis=-1), logits.dtype)


def in_float32(x):
    """`x` in float32 if its own precision is lower."""
    half = keras.backend.standardize_dtype(x.dtype) in ("bfloat16", "float16")
    return ops.cast(x, "float32") if half else x


def _available() -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf
    from tensorflow.python.framework import op_def_registry
    from tensorflow.python.util import _pywrap_util_port

    with_onednn = _pywrap_util_port.IsMklEnabled() and all(map(op_def_registry.get, (LAYER_NORM, LOGITS)))
    return with_onednn and not tf.config.list_logical_devices("GPU")
