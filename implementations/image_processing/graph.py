"""Image processing in TensorFlow operations, for pipelines and exported models, with the bytes that Pillow makes."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import tensorflow as tf

from implementations.image_processing.pillow import MODES, undecodable
from implementations.image_processing.resample import resample
from implementations.image_processing.window import Arithmetic, Pair, crop_offset, resized_size

if TYPE_CHECKING:
    from implementations.image_processing.processor import ImageProcessor

TENSORS = Arithmetic(
    minimum=tf.minimum,
    maximum=tf.maximum,
    where=tf.where,
    real=lambda x: tf.cast(x, tf.float64),
    truncated=lambda x: tf.cast(x, tf.int32),
    rounded=lambda x: tf.cast(tf.round(x), tf.int32),
)


def process(processor: ImageProcessor, images: tf.Tensor) -> tf.Tensor:
    """Process a tensor of bytes, () or (B,), or of uint8 pixels, (H, W, C) or (B, H, W, C), eagerly or in a graph."""
    if images.dtype == tf.string:
        return _process_bytes(processor, images)
    processor.check(tuple(images.shape) if images.shape.rank is not None else (), images.dtype.name)
    if not tf.executing_eagerly():
        return _process_pixels(processor, images)
    return _compiled(processor, images.shape.rank)(images)


def decode(data: tf.Tensor, channels: int) -> tf.Tensor:
    """Decode the bytes of one image to uint8 (H, W, C), exactly as Pillow's `convert` for 8-bit images.

    Except a CMYK JPEG, of which TensorFlow truncates what Pillow rounds.
    """
    if channels not in MODES:
        raise ValueError(f"image: cannot decode bytes to {channels} channels: expected 1 or 3, or pass pixels")
    pixels = tf.cond(
        tf.image.is_jpeg(data),
        lambda: tf.image.decode_jpeg(data, channels=channels, dct_method="INTEGER_ACCURATE"),
        lambda: tf.image.decode_image(data, channels=channels, expand_animations=False),
    )
    return tf.ensure_shape(pixels, [None, None, channels])


def _process_bytes(processor: ImageProcessor, data: tf.Tensor) -> tf.Tensor:
    channels = len(processor.mean)
    if data.shape.rank == 0:
        try:
            return process(processor, decode(data, channels))
        except tf.errors.InvalidArgumentError as error:
            if not tf.executing_eagerly():
                raise
            raise ValueError(f"image: {undecodable(data.numpy())}") from error
    if data.shape.rank is not None and data.shape.rank > 1:
        raise ValueError(f"image: strings of shape {tuple(data.shape)}: expected a scalar or a vector of image bytes")
    if tf.executing_eagerly():
        return tf.stack([_process_bytes(processor, item) for item in data])
    shape = tf.TensorSpec([*processor.output_size, channels], tf.float32)
    return tf.map_fn(functools.partial(_process_bytes, processor), data, fn_output_signature=shape)


@functools.lru_cache(maxsize=32)
def _compiled(processor: ImageProcessor, rank: int) -> tf.types.experimental.GenericFunction:
    """The traced function of a processor for images (rank 3) or batches (rank 4) of any size."""
    signature = [tf.TensorSpec([None] * (rank - 1) + [len(processor.mean)], tf.uint8)]
    return tf.function(functools.partial(_process_pixels, processor), input_signature=signature, autograph=False)


def _process_pixels(processor: ImageProcessor, pixels: tf.Tensor) -> tf.Tensor:
    single = pixels.shape.rank == 3
    images = pixels[None] if single else pixels  # B, H, W, C
    images = tf.ensure_shape(images, [None, None, None, len(processor.mean)])
    height, width = tf.shape(images)[1], tf.shape(images)[2]
    message = "image: height or width is 0: expected at least 1 pixel"
    with tf.control_dependencies([tf.debugging.assert_positive(tf.minimum(height, width), message)]):
        resized = resized_size(height, width, processor.resize_to, processor.resize, TENSORS)
    sizes = zip(resized, processor.output_size, strict=True)
    offset = tuple(crop_offset(*pair, processor.crop, TENSORS) for pair in sizes)
    size, filter_ = processor.output_size, processor.interpolation
    images = resample(images, resized, offset, size, filter_, processor.pillow)  # B, h, w, C
    if _may_pad(processor):
        inside = _inside(resized, offset, size)
        images = tf.where(inside, images, tf.constant(processor.fill, tf.uint8))
    output = _normalised(images, processor)
    return output[0] if single else output


def _may_pad(processor: ImageProcessor) -> bool:
    """Whether any image can be smaller than the window after resizing."""
    sides = zip(processor.resize_to, processor.output_size, strict=True)
    return processor.resize == "fit" or any(edge < size for edge, size in sides)


def _inside(resized: Pair, offset: Pair, size: tuple[int, int]) -> tf.Tensor:
    """A bool mask (height, width, 1) of the window's pixels that lie in the resized image."""
    rows = offset[0] + tf.range(size[0])
    columns = offset[1] + tf.range(size[1])
    rows = (rows >= 0) & (rows < resized[0])
    columns = (columns >= 0) & (columns < resized[1])
    return (rows[:, None] & columns[None, :])[..., None]


def _normalised(images: tf.Tensor, processor: ImageProcessor) -> tf.Tensor:
    """Rescale and normalise uint8 (B, h, w, C) to float32 in the reference's order, to the last bit."""
    width, channels = processor.output_size[1], len(processor.mean)
    rows = tf.reshape(images, [-1, width * channels])  # long rows: a broadcast over 3 channels is slow
    # A one that the graph's optimiser cannot see through: it would turn divisions by constants into products.
    one = tf.cast(tf.reduce_all(rows[:1, :1] <= 255), tf.float32)
    if processor.rescale_factor is None:
        scaled = tf.cast(rows, tf.float32) / (255.0 * one)
    else:
        scaled = tf.cast(tf.cast(rows, tf.float64) * processor.rescale_factor, tf.float32)
    mean, std = tf.constant(processor.mean * width, tf.float32), tf.constant(processor.std * width, tf.float32)
    return tf.reshape((scaled - mean) / (std * one), [-1, *processor.output_size, channels])
