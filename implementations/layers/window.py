"""Owns the cutting of feature maps into windows, shifted or not, and the mask that keeps shifted windows apart.

Blocks keep their tokens in the order of their windows, since nothing else in them depends on where a token lies: from
one block to the next they are rearranged once, instead of there and back around each attention.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from keras import ops

Pair = tuple[int, int]
APART = -100.0  # added to the logits of tokens that only the cyclic shift brought together


@dataclass(frozen=True)
class Windows:
    """Windows of `size` tokens over a map that is first rolled by `shift`, both (height, width).

    As timm, and unlike Microsoft's code, the map is rolled before it is padded at the bottom and the right; the padding
    is not masked. The two orders differ where the windows do not divide the map.
    """

    size: Pair
    shift: Pair

    @classmethod
    def fitted(cls, resolution: Pair, size: Pair, shifted: bool, always_partition: bool) -> "Windows":
        """Windows for a map: unless `always_partition`, clipped to the map and not shifted along an axis they span."""
        shift = (size[0] // 2, size[1] // 2) if shifted else (0, 0)
        if always_partition:
            return cls(tuple(size), shift)
        clipped = tuple(min(side, window) for side, window in zip(resolution, size, strict=True))
        kept = tuple(0 if side <= window else by for side, window, by in zip(resolution, clipped, shift, strict=True))
        return cls(clipped, kept)

    @property
    def area(self) -> int:
        """Tokens of one window."""
        return self.size[0] * self.size[1]

    def padded(self, resolution: Sequence[int]) -> Pair:
        """Height and width of a map after padding to whole windows."""
        return tuple(-(-side // window) * window for side, window in zip(resolution, self.size, strict=True))

    def count(self, resolution: Sequence[int]) -> int:
        """Windows of a map."""
        height, width = self.padded(resolution)
        return (height // self.size[0]) * (width // self.size[1])

    def divides(self, resolution: Sequence[int]) -> bool:
        """Whether a map needs no padding."""
        return self.padded(resolution) == tuple(resolution)

    def order(self, resolution: Pair) -> np.ndarray:
        """Place in the map, row by row, of each token of a map that the windows divide, window by window: (H * W,)."""
        places = np.arange(resolution[0] * resolution[1], dtype=np.int32).reshape(resolution)
        places = np.roll(places, (-self.shift[0], -self.shift[1]), axis=(0, 1))
        (height, width), rows, columns = (
            self.size,
            *(side // by for side, by in zip(resolution, self.size, strict=True)),
        )
        return places.reshape(rows, height, columns, width).transpose(0, 2, 1, 3).ravel()

    def partition(self, x):
        """(B, H, W, C) -> (B * windows, area, C), windows row by row within each image."""
        height, width, channels = x.shape[1:]
        x = roll(x, (-self.shift[0], -self.shift[1]))
        padded = self.padded((height, width))
        if padded != (height, width):
            x = ops.pad(x, ((0, 0), (0, padded[0] - height), (0, padded[1] - width), (0, 0)))
        # Rows of a window stay together, so that four axes are enough for the transposition.
        x = ops.reshape(x, (-1, self.size[0], padded[1] // self.size[1], self.size[1] * channels))
        return ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, self.area, channels))

    def merge(self, windows, resolution: Pair):
        """(B * windows, area, C) -> (B, H, W, C): the inverse of `partition` for a map of `resolution`."""
        height, width = self.padded(resolution)
        channels = windows.shape[-1]
        x = ops.reshape(windows, (-1, width // self.size[1], self.size[0], self.size[1] * channels))
        x = ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, height, width, channels))
        return roll(x[:, : resolution[0], : resolution[1]], self.shift)

    def mask(self, resolution: Pair) -> np.ndarray | None:
        """Additive mask (windows, area, area), float32, for a map of `resolution`; None without a shift."""
        return _shift_mask(self, self.padded(resolution)) if any(self.shift) else None


def rearrange(tokens, resolution: Pair, present: Windows | None, wanted: Windows | None, training=None):
    """(B, H * W, C) in the order of the `present` windows to that of the `wanted` ones; None is row by row.

    One gathering of rows is the fastest way, but for its gradient: in training axes are transposed instead.
    """
    if not training:
        places = _places(resolution, present, wanted)
        return tokens if places is None else ops.take(tokens, places, axis=1)
    if present == wanted:
        return tokens
    count, channels = tokens.shape[1:]
    if present is not None:
        tokens = present.merge(ops.reshape(tokens, (-1, present.area, channels)), resolution)
    if wanted is not None:
        tokens = wanted.partition(ops.reshape(tokens, (-1, *resolution, channels)))
    return ops.reshape(tokens, (-1, count, channels))


@lru_cache(maxsize=128)
def _places(resolution: Pair, present: Windows | None, wanted: Windows | None) -> np.ndarray | None:
    """Place in the present order of each token of the wanted one, (H * W,) int32; None if they are the same."""
    row_by_row = np.arange(resolution[0] * resolution[1], dtype=np.int32)
    present, wanted = (row_by_row if windows is None else windows.order(resolution) for windows in (present, wanted))
    places = np.argsort(present).astype(np.int32)[wanted]
    places.flags.writeable = False
    return None if np.array_equal(places, row_by_row) else places


def roll(x, shift: Pair):
    """Cyclic shift of (B, H, W, C) along height and width, from slices: not every export format knows `roll`."""
    for axis, by in ((1, shift[0]), (2, shift[1])):
        start = -by % x.shape[axis]
        if start:
            head, tail = (x[:, start:], x[:, :start]) if axis == 1 else (x[:, :, start:], x[:, :, :start])
            x = ops.concatenate([head, tail], axis=axis)
    return x


@lru_cache(maxsize=128)
def _shift_mask(windows: Windows, padded: Pair) -> np.ndarray:
    regions = np.zeros(padded, dtype=np.int32)
    bands = [
        (slice(0, -size), slice(-size, -shift), slice(-shift, None))
        for size, shift in zip(windows.size, windows.shift, strict=True)
    ]
    for index, (rows, columns) in enumerate((rows, columns) for rows in bands[0] for columns in bands[1]):
        regions[rows, columns] = index
    height, width = windows.size
    regions = regions.reshape(padded[0] // height, height, padded[1] // width, width)
    regions = regions.transpose(0, 2, 1, 3).reshape(-1, windows.area)  # windows, area
    mask = np.where(regions[:, None, :] == regions[:, :, None], 0.0, APART).astype(np.float32)
    mask.flags.writeable = False
    return mask
