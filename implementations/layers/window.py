"""Feature maps cut into windows, shifted or not, and the mask that keeps shifted windows apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from keras import ops

from implementations.layers.pair import Pair, pair

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
            return cls(pair(size), shift)
        height, width = min(resolution[0], size[0]), min(resolution[1], size[1])
        kept = 0 if resolution[0] <= height else shift[0], 0 if resolution[1] <= width else shift[1]
        return cls((height, width), kept)

    @property
    def area(self) -> int:
        """Tokens of one window."""
        return self.size[0] * self.size[1]

    def padded(self, resolution: Sequence[int]) -> Pair:
        """Height and width of a map after padding to whole windows."""
        (height, width), (rows, columns) = resolution, self.size
        return -(-height // rows) * rows, -(-width // columns) * columns

    def count(self, resolution: Sequence[int]) -> int:
        """Windows of a map."""
        height, width = self.padded(resolution)
        return (height // self.size[0]) * (width // self.size[1])

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
    tiles = regions.reshape(padded[0] // height, height, padded[1] // width, width)
    each = tiles.transpose(0, 2, 1, 3).reshape(-1, windows.area)  # windows, area
    mask = np.where(each[:, None, :] == each[:, :, None], 0.0, APART).astype(np.float32)
    mask.flags.writeable = False
    return mask
