"""Where the output window lies in the resized image: the integer rules of torchvision, timm and Hugging Face."""

from __future__ import annotations

from typing import Literal

import tensorflow as tf

Resize = Literal["exact", "shortest", "cover", "fit"]
Crop = Literal["torchvision", "hugging_face"]


def _quotient(numerator: tf.Tensor, denominator: tf.Tensor) -> tf.Tensor:
    """Python's true division of two int32 tensors, in float64."""
    return tf.cast(numerator, tf.float64) / tf.cast(denominator, tf.float64)


def _round(x: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.round(x), tf.int32)  # half to even, as Python's round


def resized_size(
    height: tf.Tensor, width: tf.Tensor, target: tuple[int, int], resize: Resize
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the (height, width) int32 scalars to which an image is resized.

    - "exact": to `target`, whatever the aspect ratio;
    - "shortest": the shorter edge to `target[0]`, the longer truncated (torchvision `Resize(int)`, Hugging Face);
    - "cover" and "fit": one ratio for both edges so that the image covers `target`, or fits into it (timm
      `ResizeKeepRatio` with `longest` 0 and 1), rounded.
    """
    if resize == "exact":
        return tf.constant(target[0], tf.int32), tf.constant(target[1], tf.int32)
    if resize == "shortest":
        short, long = tf.minimum(height, width), tf.maximum(height, width)
        longer = tf.cast(_quotient(target[0] * long, short), tf.int32)  # truncates, as int()
        shorter = tf.constant(target[0], tf.int32)
        return tf.where(width <= height, longer, shorter), tf.where(width <= height, shorter, longer)
    ratios = _quotient(height, tf.constant(target[0])), _quotient(width, tf.constant(target[1]))
    ratio = tf.minimum(*ratios) if resize == "cover" else tf.maximum(*ratios)
    return _round(tf.cast(height, tf.float64) / ratio), _round(tf.cast(width, tf.float64) / ratio)


def crop_offset(resized: tf.Tensor, size: int, crop: Crop) -> tf.Tensor:
    """Return where a centred window of `size` starts on an axis of `resized` pixels; negative where it pads.

    Sources: `center_crop` of torchvision and of transformers (`image_transforms`), timm `center_crop_or_pad`.
    """
    if crop == "hugging_face":
        return tf.where(resized >= size, (resized - size) // 2, -((size - resized + 1) // 2))
    inside = _round(_quotient(resized - size, tf.constant(2)))
    return tf.where(resized >= size, inside, -((size - resized) // 2))


def window_of(
    height: int, width: int, target: tuple[int, int], resize: Resize, size: tuple[int, int], crop: Crop
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return size and offset that `resized_size` and `crop_offset` give, for an image whose size is known: numbers."""
    if resize == "exact":
        resized = target
    elif resize == "shortest":
        longer = int(target[0] * max(height, width) / min(height, width))
        resized = (longer, target[0]) if width <= height else (target[0], longer)
    else:
        ratio = (min if resize == "cover" else max)(height / target[0], width / target[1])
        resized = (round(height / ratio), round(width / ratio))
    resized = (max(resized[0], 1), max(resized[1], 1))
    return resized, (_offset(resized[0], size[0], crop), _offset(resized[1], size[1], crop))


def _offset(resized: int, size: int, crop: Crop) -> int:
    if resized >= size:
        return (resized - size) // 2 if crop == "hugging_face" else round((resized - size) / 2)
    return -((size - resized + (crop == "hugging_face")) // 2)
