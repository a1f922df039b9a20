"""Owns image processing by Pillow itself, for images in memory: the fastest way on one core, with the same bytes.

The graph operations of `resample` are for TensorFlow pipelines, exported models and other versions of Pillow.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL
from PIL import Image

from implementations.image_processing.geometry import window_of

if TYPE_CHECKING:
    from implementations.image_processing.processor import ImageProcessor

MODES = {1: "L", 3: "RGB"}  # by channels
SWAPS = 13  # the version from which tall images are resized in the other order
LARGEST = 16  # times the output's pixels: a resized image beyond that is mostly cropped away, which Pillow cannot skip


def can_process(processor: ImageProcessor, height: int, width: int) -> bool:
    """Whether the installed Pillow gives this processor's bytes for images of this size, without needless work."""
    if (_installed() >= SWAPS) != (processor.pillow >= SWAPS) or len(processor.mean) not in MODES:
        return False
    resized, _ = window_of(height, width, processor.resize_to, processor.resize, processor.output_size, processor.crop)
    return resized[0] * resized[1] <= LARGEST * processor.output_size[0] * processor.output_size[1]


def process(processor: ImageProcessor, image: Any) -> np.ndarray:
    """Resize, crop and normalise a Pillow image or uint8 pixels (H, W, C) to float32 (height, width, C)."""
    mode = MODES[len(processor.mean)]
    if not isinstance(image, Image.Image):
        image = Image.fromarray(image if mode == "RGB" else image[..., 0])
    if image.mode != mode:
        image = image.convert(mode)
    resized, offset = window_of(
        image.height, image.width, processor.resize_to, processor.resize, processor.output_size, processor.crop
    )
    window = _resized_window(image, resized, offset, processor)
    return _normalised(np.asarray(window), processor)


def _resized_window(image: Image.Image, resized: tuple[int, int], offset: tuple[int, int], processor: ImageProcessor):
    """The window at `offset` of the image resized to `resized`, filled where it exceeds that."""
    height, width = processor.output_size
    filter_ = Image.Resampling[processor.interpolation.upper()]
    inside = 0 <= offset[1] <= resized[1] - width
    left, right = (offset[1], offset[1] + width) if inside else (0, resized[1])
    if _height_first(image, resized):
        image = image.resize(resized[::-1], filter_).crop((left, 0, right, resized[0]))
    else:
        # Pillow's two passes one by one, so that the second leaves out the columns that the crop removes.
        image = image.resize((resized[1], image.height), filter_)
        image = image.crop((left, 0, right, image.height)) if (left, right) != (0, resized[1]) else image
        image = image.resize((right - left, resized[0]), filter_)
    if inside and 0 <= offset[0] <= resized[0] - height:
        return image if image.height == height else image.crop((0, offset[0], width, offset[0] + height))
    fill = processor.fill if len(processor.fill) > 1 else processor.fill[0]
    canvas = Image.new(image.mode, (width, height), fill)
    canvas.paste(image, (-offset[1] if not inside else 0, -offset[0]))
    return canvas


def _height_first(image: Image.Image, resized: tuple[int, int]) -> bool:
    """Whether Pillow resizes the height before the width; see `resample`."""
    if _installed() < SWAPS:
        return False
    return image.height - resized[0] > max(0, 2 * (image.width - resized[1]))


@lru_cache(maxsize=1)
def _installed() -> int:
    """Major version of Pillow."""
    return int(PIL.__version__.split(".")[0])


def _normalised(pixels: np.ndarray, processor: ImageProcessor) -> np.ndarray:
    """Rescale and normalise uint8 (h, w, C) or (h, w) to float32 (h, w, C), with the graph's arithmetic to the bit."""
    height, width, channels = *processor.output_size, len(processor.mean)
    rows = pixels.reshape(height, width * channels)
    if processor.rescale_factor is None:
        output = rows.astype(np.float32)
        output /= np.float32(255.0)
    else:
        output = (rows * np.float64(processor.rescale_factor)).astype(np.float32)
    mean, std = _row(processor.mean, width), _row(processor.std, width)
    output -= mean
    output /= std
    return output.reshape(height, width, channels)


@lru_cache(maxsize=32)
def _row(values: tuple[float, ...], width: int) -> np.ndarray:
    """The values of the channels repeated along a row of pixels: a broadcast over 3 channels is slow."""
    row = np.tile(np.asarray(values, np.float32), width)
    row.flags.writeable = False
    return row
