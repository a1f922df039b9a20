"""Owns the fastest way to run a Keras model under TensorFlow: its weights frozen into one optimised graph."""

from collections.abc import Callable
from typing import Any

import keras

from implementations.errors import BackboneError
from implementations.layers.kernels import inference_kernels


def inference_function(model: Any, batch_size: int | None, jit_compile: bool = False) -> Callable[[Any], Any]:
    """A function of images alone that computes what `model(images, training=False)` does, with weights as constants.

    TensorFlow computes what depends on weights alone once, at the first call: weights in bfloat16, relative position
    biases with their masks, products packed for the processor. Later changes of the model's weights do not reach the
    function. Sizes known ahead (`batch_size` and the model's input) let TensorFlow fuse more than unknown ones.

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
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    signature = tf.TensorSpec((batch_size, *_image_shape(model)), model.compute_dtype)

    def call(images):
        return model(images, training=False)

    with inference_kernels(enabled=not jit_compile):
        traced = tf.function(call, input_signature=[signature]).get_concrete_function()
    frozen = convert_variables_to_constants_v2(traced)
    structure = traced.structured_outputs

    def run(images):
        return tf.nest.pack_sequence_as(structure, frozen(tf.cast(images, signature.dtype)))

    return tf.function(run, jit_compile=jit_compile, input_signature=[signature]) if jit_compile else run


def _image_shape(model: Any) -> tuple[int | None, ...]:
    """(H, W, C) that the model takes."""
    config = getattr(model, "config", None)
    if config is not None and hasattr(config, "img_size"):
        return (*config.img_size, config.in_chans)
    shape = model.input_shape
    if not isinstance(shape, tuple) or not all(side is None or isinstance(side, int) for side in shape):
        raise BackboneError(f"inference_function: {model.name} has inputs of shapes {shape}, expected one input")
    return shape[1:]
