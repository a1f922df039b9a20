"""Relative positions within a window: their index, and tables of a bias for each, resized."""

from functools import lru_cache

import numpy as np

from implementations.errors import WeightsError
from implementations.layers.pair import Pair


@lru_cache(maxsize=64)
def relative_position_index(window: Pair) -> np.ndarray:
    """Row of the bias table (2h-1)(2w-1) for each pair of tokens, flat (area * area,), int32."""
    height, width = window
    rows, columns = (axis.ravel() for axis in np.indices(window))
    vertical = rows[:, None] - rows[None, :] + height - 1  # area, area
    horizontal = columns[:, None] - columns[None, :] + width - 1
    index = (vertical * (2 * width - 1) + horizontal).ravel().astype(np.int32)
    index.flags.writeable = False
    return index


def table_length(window: Pair) -> int:
    """Rows of the bias table of a window."""
    return (2 * window[0] - 1) * (2 * window[1] - 1)


def resize_bias_table(table: np.ndarray, new_window: Pair, old_window: Pair | None = None) -> np.ndarray:
    """Bias table (rows, heads) for another window, as timm's `resize_rel_pos_bias_table` (layers/pos_embed_rel.py).

    The old offsets are spread so that they grow geometrically from the centre and span the new ones, and the new
    offsets are read off linearly. Without `old_window` a square one is assumed, as of a checkpoint.

    Raises:
        WeightsError: the table's rows are those of no square window.
    """
    if old_window is None:
        side = round(len(table) ** 0.5)
        if side * side != len(table) or side % 2 == 0:
            raise WeightsError(f"a relative position table of {len(table)} rows is that of no square window")
        old_window = ((side + 1) // 2, (side + 1) // 2)
    old = tuple(2 * side - 1 for side in old_window)
    new = tuple(2 * side - 1 for side in new_window)
    if old == new:
        return table
    grid = table.reshape(*old, -1).astype(np.float64)
    rows, columns = (_linear_weights(_spread(*sizes), sizes[1]) for sizes in zip(old, new, strict=True))
    resized = np.einsum("ih,jw,hwn->ijn", rows, columns, grid, optimize=True)
    return resized.reshape(-1, table.shape[-1]).astype(table.dtype)


def _spread(old: int, new: int) -> np.ndarray:
    """Positions of the old offsets on the axis of the new ones: symmetric, with gaps growing by a constant ratio."""
    low, high, ratio = 1.01, 1.5, 1.0
    while high - low > 1e-6:
        ratio = (low + high) / 2
        if (1 - ratio ** (old // 2)) / (1 - ratio) > new // 2:
            high = ratio
        else:
            low = ratio
    outwards = np.cumsum([ratio**step for step in range(old // 2)])
    return np.concatenate([-outwards[::-1], [0.0], outwards]).astype(np.float32).astype(np.float64)


def _linear_weights(positions: np.ndarray, new: int) -> np.ndarray:
    """Weights (new, old) that read the offsets -(new // 2) .. new // 2 between `positions`, or the last one beyond."""
    targets = np.arange(new) - new // 2
    right = np.minimum(np.searchsorted(positions, targets), len(positions) - 1)
    left = np.maximum(right - 1, 0)
    from_left = np.maximum(targets - positions[left], 0.0)
    from_right = np.maximum(positions[right] - targets, 0.0)
    on_both = (from_left == 0) & (from_right == 0)
    from_left, from_right = np.where(on_both, 1.0, from_left), np.where(on_both, 1.0, from_right)
    weights, rows = np.zeros((new, len(positions))), np.arange(new)
    np.add.at(weights, (rows, left), from_right / (from_left + from_right))
    np.add.at(weights, (rows, right), from_left / (from_left + from_right))
    return weights
