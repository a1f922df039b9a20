"""Pillow's resampling in TensorFlow operations: the same bytes out, for image sizes known only at run time.

Source: Pillow `src/libImaging/Resample.c`. Pillow resizes 8-bit images in two passes with weights in fixed point of 22
bits and rounds to 8 bits after each; `window.height_first` tells which goes first.

Each pass is a band matrix and runs as dense products over tiles of neighbouring outputs. The weights are split into
their upper and lower 11 bits, whose sums float32 holds without error up to a reduction of about 16, so that the result
does not depend on the order of summation. Only outputs that survive the crop are computed, which changes none of them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import tensorflow as tf

from implementations.image_processing.window import height_first

SUPPORT = {"box": 0.5, "bilinear": 1.0, "hamming": 1.0, "bicubic": 2.0, "lanczos": 3.0}
PRECISION = 2.0**22
COARSE = 2.0**11
TILE = 16


def _sinc(x: tf.Tensor) -> tf.Tensor:
    safe = tf.where(x == 0.0, tf.ones_like(x), x * math.pi)
    return tf.where(x == 0.0, tf.ones_like(x), tf.sin(safe) / safe)


def _filter(x: tf.Tensor, interpolation: str) -> tf.Tensor:
    """Pillow's filter at distance `x` (float64, in units of the widened pixel)."""
    zero = tf.zeros_like(x)
    if interpolation == "box":
        return tf.where((x > -0.5) & (x <= 0.5), tf.ones_like(x), zero)
    if interpolation == "lanczos":
        return tf.where((x >= -3.0) & (x < 3.0), _sinc(x) * _sinc(x / 3.0), zero)
    x = tf.abs(x)
    if interpolation == "bilinear":
        return tf.where(x < 1.0, 1.0 - x, zero)
    if interpolation == "hamming":
        return tf.where(x < 1.0, _sinc(x) * (0.54 + 0.46 * tf.cos(x * math.pi)), zero)
    inner = ((1.5 * x - 2.5) * x) * x + 1.0
    outer = (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5
    return tf.where(x < 1.0, inner, tf.where(x < 2.0, outer, zero))


def _taps(in_size: tf.Tensor, resized: tf.Tensor, offset: tf.Tensor, count: int, interpolation: str):
    """First input sample (count) int32 and weights (count, taps) float64, multiples of 2**-22, of each output.

    Output i is pixel `offset + i` of the resized axis; one outside of it gets zero weights.
    """
    size, new_size = tf.cast(in_size, tf.float64), tf.cast(resized, tf.float64)
    scale = size / new_size
    widening = tf.maximum(scale, 1.0)
    support = SUPPORT[interpolation] * widening
    index = offset + tf.range(count)  # count
    centre = (tf.cast(index, tf.float64) + 0.5) * scale  # count
    first = tf.cast(tf.maximum(centre - support + 0.5, 0.0), tf.int32)
    last = tf.minimum(tf.cast(tf.maximum(centre + support + 0.5, 0.0), tf.int32), in_size)  # exclusive
    first = tf.minimum(first, in_size - 1)
    taps = tf.cast(tf.math.ceil(support), tf.int32) * 2 + 1
    sample = first[:, None] + tf.range(taps)  # count, taps
    weights = _filter((tf.cast(sample, tf.float64) - centre[:, None] + 0.5) * (1.0 / widening), interpolation)
    weights = tf.where(sample < last[:, None], weights, tf.zeros_like(weights))
    total = tf.reduce_sum(weights, axis=1, keepdims=True)
    weights = weights / tf.where(total == 0.0, tf.ones_like(total), total)
    fixed = weights * PRECISION
    fixed = tf.where(fixed < 0.0, tf.math.ceil(fixed - 0.5), tf.floor(fixed + 0.5))
    inside = (index >= 0) & (index < resized)
    return first, tf.where(inside[:, None], fixed / PRECISION, tf.zeros_like(fixed))


class Tiles(NamedTuple):
    """The band matrix of one axis, cut into dense tiles of TILE neighbouring outputs."""

    start: tf.Tensor  # (tiles), the first sample that a tile reads, int32
    weights: tf.Tensor  # (tiles, TILE, reach), float64
    reach: tf.Tensor  # samples that each tile reads, int32 scalar

    def moved(self, origin: tf.Tensor) -> Tiles:
        """Return the same tiles for samples that are counted from `origin`."""
        return self._replace(start=self.start - origin)


def _tiles(in_size: tf.Tensor, resized: tf.Tensor, offset: tf.Tensor, count: int, interpolation: str) -> Tiles:
    """Return the tiles for outputs `offset` to `offset + count` of an axis resized from `in_size` to `resized`."""
    first, weights = _taps(in_size, resized, offset, count, interpolation)
    tiles = -(-count // TILE)
    padding = tiles * TILE - count
    first = tf.concat([first, tf.repeat(first[-1:], padding)], axis=0)
    weights = tf.pad(weights, [[0, padding], [0, 0]])
    taps = tf.shape(weights)[1]
    first = tf.reshape(first, [tiles, TILE])
    start = tf.reduce_min(first, axis=1)
    reach = tf.minimum(tf.reduce_max(tf.reduce_max(first, axis=1) + taps - start), in_size)
    start = tf.minimum(start, in_size - reach)
    column = tf.reshape(first - start[:, None], [-1, 1]) + tf.range(taps)  # tiles*TILE, taps
    row = tf.broadcast_to(tf.range(tiles * TILE)[:, None], tf.shape(column))
    # A tap beyond the last sample has weight zero: folded onto the last column it adds nothing.
    indices = tf.stack([row, tf.minimum(column, reach - 1)], axis=-1)
    dense = tf.scatter_nd(indices, weights, tf.stack([tiles * TILE, reach]))  # tiles*TILE, reach
    return Tiles(start, tf.reshape(dense, tf.stack([tiles, TILE, reach])), reach)


def _split(weights: tf.Tensor) -> tf.Tensor:
    """Stack the upper and the lower 11 bits of the weights (tiles, TILE, reach) as float32 (tiles, 2 * TILE, reach)."""
    upper = tf.round(weights * COARSE) / COARSE
    return tf.cast(tf.concat([upper, weights - upper], axis=1), tf.float32)


def _join(upper: tf.Tensor, lower: tf.Tensor) -> tf.Tensor:
    """Round the sum of the two partial sums, half up, to uint8 without leaving what float32 holds exactly."""
    shifted = upper + 0.5
    whole = tf.floor(shifted)
    byte = whole + tf.floor((shifted - whole) + lower)
    return tf.cast(tf.minimum(tf.maximum(byte, 0.0), 255.0), tf.uint8)


def _pass(planes: tf.Tensor, axis: int, tiles: Tiles, count: int) -> tf.Tensor:
    """Resample uint8 planes (P, H, W) along `axis` (1 or 2) to `count` samples and round to uint8."""
    shape = tf.shape(planes)
    zero = tf.zeros_like(tiles.start)
    begins = tf.unstack(tf.stack([zero, tiles.start, zero] if axis == 1 else [zero, zero, tiles.start], axis=1))
    size = tf.stack([shape[0], tiles.reach, shape[2]] if axis == 1 else [shape[0], shape[1], tiles.reach])
    products = []
    for begin, weights in zip(begins, tf.unstack(_split(tiles.weights)), strict=True):
        samples = tf.cast(tf.slice(planes, begin, size), tf.float32)  # P, reach, W or P, H, reach
        if axis == 1:
            products.append(tf.matmul(weights, samples))  # P, 2*TILE, W
        else:
            products.append(tf.matmul(samples, weights, transpose_b=True))  # P, H, 2*TILE
    sums = tf.concat(products, axis=axis)
    if axis == 1:
        sums = tf.reshape(sums, tf.stack([shape[0], -1, 2, TILE, shape[2]]))
        joined = _join(sums[:, :, 0], sums[:, :, 1])  # P, tiles, TILE, W
        return tf.reshape(joined, tf.stack([shape[0], -1, shape[2]]))[:, :count]
    sums = tf.reshape(sums, tf.stack([shape[0], shape[1], -1, 2, TILE]))
    joined = _join(sums[..., 0, :], sums[..., 1, :])  # P, H, tiles, TILE
    return tf.reshape(joined, tf.stack([shape[0], shape[1], -1]))[..., :count]


def resample(
    images: tf.Tensor,
    resized: tuple[tf.Tensor, tf.Tensor],
    offset: tuple[tf.Tensor, tf.Tensor],
    out_size: tuple[int, int],
    interpolation: str,
    pillow: int = 13,
) -> tf.Tensor:
    """Resize uint8 (B, H, W, C) to `resized` as Pillow does and return the window `out_size` of it at `offset`.

    `resized` and `offset` are (vertical, horizontal) int32 scalars, `out_size` is static. Pixels of the window outside
    the resized image are 0. `pillow` is the major version whose order of passes to follow. Returns uint8
    (B, out height, out width, C).
    """
    shape = tf.shape(images)
    batch, height, width, channels = shape[0], shape[1], shape[2], images.shape[3]
    rows = _tiles(height, resized[0], offset[0], out_size[0], interpolation)
    columns = _tiles(width, resized[1], offset[1], out_size[1], interpolation)
    # Cut what no output reads, which matters for a crop of a large image.
    top, left = rows.start[0], columns.start[0]
    images = images[:, top : rows.start[-1] + rows.reach, left : columns.start[-1] + columns.reach]
    rows, columns = rows.moved(top), columns.moved(left)
    planes = tf.concat(tf.unstack(images, axis=3), axis=0)  # C*B, H, W

    def width_then_height() -> tf.Tensor:
        return _pass(_pass(planes, 2, columns, out_size[1]), 1, rows, out_size[0])

    def height_then_width() -> tf.Tensor:
        return _pass(_pass(planes, 1, rows, out_size[0]), 2, columns, out_size[1])

    swapped = height_first((height, width), resized, pillow)
    planes = width_then_height() if swapped is False else tf.cond(swapped, height_then_width, width_then_height)
    planes = tf.reshape(planes, tf.stack([channels, batch, *out_size]))
    images = tf.transpose(planes, [1, 2, 3, 0])  # B, out height, out width, C
    return tf.ensure_shape(images, [None, *out_size, channels])
