"""Sizes along height and width."""

from collections.abc import Sequence

import numpy as np

Pair = tuple[int, int]


def pair(value: int | Sequence[int]) -> Pair:
    """(height, width): two numbers, or one for both."""
    height, width = (value, value) if isinstance(value, int | np.integer) else value
    return int(height), int(width)
