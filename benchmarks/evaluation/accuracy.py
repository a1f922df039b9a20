"""Accuracy: counts of right predictions, as percentages with their confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from benchmarks.evaluation.batches import BatchPredictions

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Share:
    """A share of the images in %, with the ends of its 95 % confidence interval."""

    percent: float
    low: float
    high: float


@dataclass(frozen=True)
class AccuracyCounts:
    """Images that were read, those that were not, and how many of the former were predicted."""

    images: int
    unreadable: int
    top1_count: int
    top5_count: int

    @property
    def top1(self) -> Share:
        """Images whose class is the first prediction."""
        return wilson(self.top1_count, self.images)

    @property
    def top5(self) -> Share:
        """Images whose class is among the first five predictions."""
        return wilson(self.top5_count, self.images)


def measure(results: Iterable[BatchPredictions], labels: Sequence[int]) -> AccuracyCounts:
    """Count what batches of predictions, at most one of each place, got right."""
    images = unreadable = top1 = top5 = 0
    for result in results:
        for place, predicted in enumerate(result.top5, start=result.start):
            if predicted is None:
                unreadable += 1
                continue
            images += 1
            top1 += predicted[0] == labels[place]
            top5 += labels[place] in predicted
    return AccuracyCounts(images, unreadable, top1, top5)


def wilson(successes: int, trials: int) -> Share:
    """A proportion and its score interval, which holds at 0 % and 100 % too, unlike the normal approximation's.

    Source: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927), 209-212.
    """
    if not trials:
        return Share(math.nan, 0.0, 100.0)
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share = successes / trials
    centre = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 100 / (1 + z * z / trials)
    return Share(100 * share, max(0.0, scale * (centre - half)), min(100.0, scale * (centre + half)))
