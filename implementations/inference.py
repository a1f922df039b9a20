"""The fastest way to run a Keras model under TensorFlow: one function, traced for inference alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras

from implementations.backbone import Backbone
from implementations.errors import BackboneError
from implementations.layers.kernels import inference_kernels


def inference_function(model: Any, batch_size: int | None, jit_compile: bool = False) -> Callable[[Any], Any]:
    """A function of images alone that computes what `model(images, training=False)` does, without gradients.

    Layers use kernels of oneDNN that TensorFlow's graph optimiser does not reach, and what a backbone can `fold` is
    computed once, so that a later change of those weights does not reach the function. A model in
    "bfloat16" is faster than one in "mixed_bfloat16", which casts its weights anew in every call. Sizes known ahead
    (`batch_size` and the model's input) let TensorFlow fuse more than unknown ones. For single images set
    TF_ONEDNN_THREADPOOL_USE_CALLER_THREAD=1 before TensorFlow is imported: a tenth faster (methodology, benchmarks).

    Args:
        model: any Keras model of one input, on the TensorFlow back end.
        batch_size: images per call, None for any number.
        jit_compile: let XLA compile the graph.

    Returns:
        A function from a tensor (batch_size, H, W, C), best in the model's compute dtype, to the model's output.

    Raises:
        BackboneError: another back end than TensorFlow, or a model that has several inputs.
    """
    if keras.backend.backend() != "tensorflow":
        raise BackboneError(f"inference_function: needs KERAS_BACKEND=tensorflow, not {keras.backend.backend()}")
    import tensorflow as tf

    signature = tf.TensorSpec((batch_size, *_image_shape(model)), model.compute_dtype)
    function = tf.function(
        lambda images: model(images, training=False), input_signature=[signature], jit_compile=jit_compile
    )
    with_kernels = not jit_compile and model.compute_dtype in ("float32", "bfloat16")
    with inference_kernels(enabled=with_kernels), _folded(model):
        traced = function.get_concrete_function()
    return lambda images: traced(tf.cast(images, signature.dtype))


@contextmanager
def _folded(model: Any) -> Iterator[None]:
    """The model with its foldable parts folded; as it was, afterwards, unless the caller had folded it."""
    if not isinstance(model, Backbone) or model.folded:
        yield
        return
    model.fold()
    try:
        yield
    finally:
        model.unfold()


def _image_shape(model: Any) -> tuple[int | None, ...]:
    """(H, W, C) that the model takes."""
    config = getattr(model, "config", None)
    if config is not None and hasattr(config, "img_size"):
        return (*config.img_size, config.in_chans)
    shape = model.input_shape
    if not isinstance(shape, tuple) or not all(side is None or isinstance(side, int) for side in shape):
        raise BackboneError(f"inference_function: {model.name} has inputs of shapes {shape}, expected one input")
    return shape[1:]
