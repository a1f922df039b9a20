"""The ratio of two speeds that were measured in turns, with the interval that its rounds allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

DRAWS = 4000
INTERVAL = 95  # per cent
SEED = 20_261_120


@dataclass(frozen=True)
class Ratio:
    """How many times as fast a is as b: the median over rounds, and the ends of its 95 % bootstrap interval."""

    median: float
    low: float
    high: float


def speed_ratio(a_rounds: Sequence[float], b_rounds: Sequence[float]) -> Ratio:
    """How many times as fast a is as b, from their milliseconds per step, round by round.

    The n-th numbers were measured next to each other, so rounds are kept in pairs: a slow spell of the machine hits
    both. The same rounds give the same interval.

    Raises:
        ValueError: no rounds, or not as many of one as of the other: they were not measured in turns.
    """
    import numpy as np

    if not len(a_rounds) or len(a_rounds) != len(b_rounds):
        raise ValueError(f"{len(a_rounds)} rounds and {len(b_rounds)}: expected as many of both, and at least one")
    ratios = np.asarray(b_rounds, float) / np.asarray(a_rounds, float)
    picks = np.random.default_rng(SEED).integers(0, len(ratios), (DRAWS, len(ratios)))
    beyond = (100 - INTERVAL) / 2
    low, high = np.percentile(np.median(ratios[picks], axis=1), (beyond, 100 - beyond))
    return Ratio(float(np.median(ratios)), float(low), float(high))


def parse_rounds(cell: str) -> list[float]:
    """The milliseconds in a `rounds_ms` cell."""
    return [float(number) for number in cell.split()]
