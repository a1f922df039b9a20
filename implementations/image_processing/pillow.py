"""Image processing in memory, by Pillow: bytes and pixels to a model's input without TensorFlow."""

from __future__ import annotations

import io
import struct
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from implementations.image_processing.window import crop_offset, height_first, resized_size

if TYPE_CHECKING:
    from implementations.image_processing.processor import ImageProcessor

MODES = {1: "L", 3: "RGB"}  # by channels
Span = tuple[int, int]
LARGEST = 178_956_970  # pixels of a resized image: beyond it Pillow takes an image that it opens for an attack
# What Pillow raises for bytes that are no image, or a damaged one.
DECODING_ERRORS = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)


def process(processor: ImageProcessor, image: Any) -> np.ndarray:
    """Decode, resize, crop and normalise bytes, a Pillow image, or uint8 pixels (H, W, C) or (B, H, W, C).

    Returns:
        float32 (height, width, C), with a leading B for a batch.
    """
    channels = len(processor.mean)
    if isinstance(image, bytes):
        image = decode(image, channels)
    elif isinstance(image, Image.Image) and channels in MODES:
        image = _in_mode(image, MODES[channels])
    if isinstance(image, Image.Image) and channels in MODES:
        return _normalised(_window(image, processor), processor)
    pixels = np.asarray(image)
    processor.check(pixels.shape, pixels.dtype.name)
    if pixels.ndim == 4:
        return np.stack([process(processor, each) for each in pixels])
    if channels == 3:
        return process(processor, Image.fromarray(pixels))
    bands = [_window(Image.fromarray(pixels[..., index]), processor, index) for index in range(channels)]
    return _normalised(np.stack(bands, axis=-1), processor)


def decode(data: bytes, channels: int) -> Image.Image:
    """The first image of a file's bytes in grey (1 channel) or RGB (3)."""
    if channels not in MODES:
        raise ValueError(f"image: cannot decode bytes to {channels} channels: expected 1 or 3, or pass pixels")
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            return _in_mode(image, MODES[channels])
    except DECODING_ERRORS as error:
        raise ValueError(f"image: {undecodable(data)}") from error


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    return image if image.mode == mode else image.convert(mode)


def undecodable(data: bytes) -> str:
    """What to say of bytes that are no image."""
    start = data[:4].hex(" ")
    return f"{len(data)} bytes that start with [{start}] cannot be decoded: expected a whole JPEG, PNG, BMP or GIF file"


def _window(image: Image.Image, processor: ImageProcessor, band: int = 0) -> np.ndarray:
    """The output window of the resized image, uint8, filled where it exceeds that; `band` of several in grey."""
    height, width = processor.output_size
    size = (image.height, image.width)
    resized = resized_size(*size, processor.resize_to, processor.resize)
    if resized[0] * resized[1] > LARGEST:
        raise ValueError(
            f"image: {size[0]}x{size[1]} pixels would be resized to {resized[0]}x{resized[1]}:"
            f" expected sides that are less unlike, for {LARGEST} pixels at most"
        )
    top, left = (crop_offset(*pair, processor.crop) for pair in zip(resized, processor.output_size, strict=True))
    rows, columns = (_inside(*axis) for axis in ((top, height, resized[0]), (left, width, resized[1])))
    filter_ = Image.Resampling[processor.interpolation.upper()]
    # Pillow's two passes one by one, so that the second leaves out what the crop removes.
    if height_first(size, resized, processor.pillow):
        image = _cut(image.resize((size[1], resized[0]), filter_), rows=rows)
        image = _cut(image.resize((resized[1], image.height), filter_), columns=columns)
    else:
        image = _cut(image.resize((resized[1], size[0]), filter_), columns=columns)
        image = _cut(image.resize((image.width, resized[0]), filter_), rows=rows)
    if image.size == (width, height):
        return np.asarray(image)
    fill = processor.fill if image.mode == "RGB" else processor.fill[band]
    canvas = Image.new(image.mode, (width, height), fill)
    canvas.paste(image, (max(-left, 0), max(-top, 0)))
    return np.asarray(canvas)


def _cut(image: Image.Image, rows: Span | None = None, columns: Span | None = None) -> Image.Image:
    """The rows and columns of an image, first and last (exclusive); None keeps all."""
    (top, bottom), (left, right) = rows or (0, image.height), columns or (0, image.width)
    box = (left, top, right, bottom)
    return image if box == (0, 0, *image.size) else image.crop(box)


def _inside(offset: int, size: int, resized: int) -> Span:
    """First and last (exclusive) pixel of a window that lie in the resized axis."""
    return max(offset, 0), min(offset + size, resized)


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
