"""Tells whether a label and its leader keep clear of other labels and theirs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from survey.charts.obstacles import Boxes, Numbers

# Lengths in points.
GAP = 0.7  # least distance between two labels
LEADER_FROM = 5.0  # a label further away is tied to its point by a thin line


@dataclass(frozen=True)
class Place:
    """A box (left, bottom, right, top) and the leader (x, y of the point; x, y on the box)."""

    box: Boxes
    leader: Boxes

    @cached_property
    def has_leader(self) -> bool:
        """Whether the leader is long enough to be drawn."""
        x, y, end_x, end_y = self.leader.tolist()
        return math.hypot(end_x - x, end_y - y) >= LEADER_FROM


def free_of(boxes: Boxes, leaders: Boxes, others: Sequence[Place]) -> npt.NDArray[np.bool_]:
    """Whether a place keeps clear of others: no box over a box, no leader through a box or across a leader."""
    taken = np.stack([other.box for other in others])
    apart = (boxes[:, None, 0] > taken[:, 2] + GAP) | (boxes[:, None, 2] < taken[:, 0] - GAP)
    apart |= (boxes[:, None, 1] > taken[:, 3] + GAP / 2) | (boxes[:, None, 3] < taken[:, 1] - GAP / 2)
    free: npt.NDArray[np.bool_] = np.all(apart, axis=1)
    drawn = np.flatnonzero(free & (lengths_of(leaders) >= LEADER_FROM))
    if len(drawn):
        hit = _within(_sampled(leaders[drawn]), taken, 0.3)
        free[drawn] &= ~hit.any(axis=(1, 2))
    lines = np.array([other.leader for other in others if other.has_leader]).reshape(-1, 4)
    if len(lines) and free.any():
        left = np.flatnonzero(free)
        free[left] &= ~_within(_sampled(lines), boxes[left], 0.5).any(axis=(0, 1))
        drawn = np.flatnonzero(free & (lengths_of(leaders) >= LEADER_FROM))
        free[drawn] &= ~_segments_cross(leaders[drawn][:, None], lines[None]).any(axis=1)
    return free


def lengths_of(leaders: Boxes) -> Numbers:
    """The length of each leader."""
    lengths: Numbers = np.hypot(leaders[:, 2] - leaders[:, 0], leaders[:, 3] - leaders[:, 1])
    return lengths


def _sampled(leaders: Boxes) -> Numbers:
    """Points along each leader, at most two points of length apart."""
    count = int(lengths_of(leaders).max() / 2) + 2
    steps = (np.arange(count) / (count - 1))[None, :, None]
    samples: Numbers = leaders[:, None, :2] + steps * (leaders[:, None, 2:] - leaders[:, None, :2])
    return samples


def _within(samples: Numbers, boxes: Boxes, margin: float) -> npt.NDArray[np.bool_]:
    """Whether each sample (leader, step) lies in each box, a little around it included."""
    x, y = samples[..., None, 0], samples[..., None, 1]
    within: npt.NDArray[np.bool_] = (x > boxes[:, 0] - margin) & (x < boxes[:, 2] + margin)
    within &= (y > boxes[:, 1] - margin) & (y < boxes[:, 3] + margin)
    return within


def _segments_cross(segments: Boxes, others: Boxes) -> npt.NDArray[np.bool_]:
    start, end, first, last = segments[..., :2], segments[..., 2:], others[..., :2], others[..., 2:]
    across = _side(start, end, first) * _side(start, end, last) < 0
    return across & (_side(first, last, start) * _side(first, last, end) < 0)


def _side(origin: Numbers, target: Numbers, point: Numbers) -> Numbers:
    """Positive for a point to the left of the line from origin to target, negative to its right."""
    ahead, aside = target - origin, point - origin
    return ahead[..., 0] * aside[..., 1] - ahead[..., 1] * aside[..., 0]
