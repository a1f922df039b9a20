"""Finds places for the labels of a panel: none over another, none over a marker or the frame, few over the cloud.

Greedy by priority over a fixed list of candidate places, then improved label by label; nothing is random.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from survey.charts.obstacles import Boxes, Numbers, Obstacles, along_line, positions
from survey.charts.scene import LabelRequest, Panel
from survey.charts.style import TYPE_SIZE

# All lengths in points.
BOX_HEIGHT = TYPE_SIZE * 1.12
GAP = 0.7  # least distance between two labels
MARKER_RADIUS = 2.6
FRAME_GAP = 1.5
DISTANCES = (3.2, 5.0, 7.5, 10.5, 14.0, 18.0, 23.0, 29.0, 36.0, 45.0, 55.0)
LEADER_FROM = 5.0  # a label further away is tied to its point by a thin line
IMPROVING_ROUNDS = 1
COST_PER_POINT_OF_DISTANCE = 0.7
COST_PER_CLOUD_POINT = 4.0
COST_PER_LINE_POINT = 30.0
COST_PER_CLOUD_POINT_UNDER_LEADER = 3.0
COST_PER_LINE_POINT_UNDER_LEADER = 12.0
COST_OF_CROSSING = 60.0
WORST = 80.0  # a place that costs more is worse than no label


@dataclass(frozen=True)
class PlacedLabel:
    """A label and its box in points from the lower left corner of the panel, with the leader to its point, if any."""

    text: str
    left: float
    bottom: float
    width: float
    height: float
    leader: tuple[float, float, float, float] | None


@dataclass(frozen=True)
class Place:
    """A box (left, bottom, right, top) and the leader (x, y of the point; x, y on the box)."""

    box: Boxes
    leader: Boxes

    @property
    def has_leader(self) -> bool:
        """Whether the leader is long enough to be drawn."""
        return bool(np.hypot(*(self.leader[2:] - self.leader[:2])) >= LEADER_FROM)


def place_labels(panel: Panel, width: float, height: float, measure: Callable[[str], float]) -> list[PlacedLabel]:
    """Places for as many labels as fit, in the order of the requests. A label that fits nowhere is left out."""
    requests = sorted(panel.labels, key=lambda label: (-label.priority, label.text, label.x, label.y))
    if not requests:
        return []
    spots = positions([(label.x, label.y) for label in requests], panel, width, height)
    obstacles = Obstacles(panel, spots, width, height)
    candidates = [
        _allowed(spot, measure(label.text), label.reach, obstacles) for spot, label in zip(spots, requests, strict=True)
    ]
    placed: dict[int, Place] = {}
    for _ in range(1 + IMPROVING_ROUNDS):
        for index, candidate in enumerate(candidates):
            others = [place for other, place in placed.items() if other != index]
            best = candidate.best(others)
            if best is not None:
                placed[index] = best
    return [_finished(requests[index], placed[index]) for index in sorted(placed)]


@dataclass(frozen=True)
class Candidates:
    """The places a label could take as far as fixed things are concerned, and what each costs."""

    boxes: Boxes
    leaders: Boxes
    costs: Numbers

    def best(self, others: Sequence[Place]) -> Place | None:
        """The cheapest place beside other labels; none when all are too bad."""
        free = np.ones(len(self.costs), dtype=bool)
        for other in others:
            free &= ~_overlaps(self.boxes, other.box)
        boxes, leaders = self.boxes[free], self.leaders[free]
        costs = self.costs[free] + COST_OF_CROSSING * _crossings(boxes, leaders, others)
        if not len(costs) or costs.min() >= WORST:
            return None
        best = int(np.argmin(costs))
        return Place(boxes[best], leaders[best])


def _allowed(spot: Numbers, text_width: float, reach: float, obstacles: Obstacles) -> Candidates:
    """The places around a point that lie within the panel and on no marker."""
    boxes, distances = _around(spot, text_width, reach)
    inside = (boxes[:, :2] >= FRAME_GAP).all(axis=1)
    inside &= (boxes[:, 2] <= obstacles.width - FRAME_GAP) & (boxes[:, 3] <= obstacles.height - FRAME_GAP)
    free = inside & (_count_inside(boxes, obstacles.markers, MARKER_RADIUS) == 0)
    boxes, distances = boxes[free], distances[free]
    ends = np.clip(spot, boxes[:, :2], boxes[:, 2:])
    leaders = np.column_stack([np.broadcast_to(spot, ends.shape), ends])
    costs = COST_PER_POINT_OF_DISTANCE * distances
    costs = costs + COST_PER_CLOUD_POINT * obstacles.cloud.in_boxes(boxes)
    costs += COST_PER_LINE_POINT * obstacles.lines.in_boxes(boxes)
    drawn = distances >= LEADER_FROM
    under = COST_PER_CLOUD_POINT_UNDER_LEADER * obstacles.cloud.under(leaders)
    under += COST_PER_LINE_POINT_UNDER_LEADER * obstacles.lines.under(leaders)
    under += COST_OF_CROSSING * _marker_hits(leaders, spot, obstacles.markers)
    costs = costs + drawn * under
    good = costs < WORST
    return Candidates(boxes[good], leaders[good], costs[good])


def _around(spot: Numbers, text_width: float, reach: float) -> tuple[Boxes, Numbers]:
    """Boxes around a point, nearest first, with the distance of each."""
    angles = np.arange(24) * (np.pi / 12)
    directions = np.column_stack([np.cos(angles), np.sin(angles)])
    half = np.array([text_width / 2, BOX_HEIGHT / 2])
    edge = np.clip(directions * 1.42, -1, 1) * half  # the box touches the ring with the side that faces the point
    rings = [distance for distance in DISTANCES if distance <= reach]
    centres = np.concatenate([spot + directions * distance + edge for distance in rings])
    return np.column_stack([centres - half, centres + half]), np.repeat(np.array(rings), len(directions))


def _count_inside(boxes: Boxes, points: Numbers, margin: float) -> npt.NDArray[np.int64]:
    x, y = points[:, 0], points[:, 1]
    hit = (x > boxes[:, [0]] - margin) & (x < boxes[:, [2]] + margin)
    hit &= (y > boxes[:, [1]] - margin) & (y < boxes[:, [3]] + margin)
    return hit.sum(axis=1)


def _overlaps(boxes: Boxes, other: Boxes) -> npt.NDArray[np.bool_]:
    apart = (boxes[:, 0] > other[2] + GAP) | (boxes[:, 2] < other[0] - GAP)
    return ~(apart | (boxes[:, 1] > other[3] + GAP / 2) | (boxes[:, 3] < other[1] - GAP / 2))


def _crossings(boxes: Boxes, leaders: Boxes, others: Sequence[Place]) -> npt.NDArray[np.int64]:
    """How many leaders of others run through each box or leader, and boxes of others through each leader."""
    count = np.zeros(len(boxes), dtype=np.int64)
    drawn = np.hypot(*(leaders[:, 2:] - leaders[:, :2]).T) >= LEADER_FROM
    steps = np.linspace(0, 1, 9)
    own = leaders[:, None, :2] + steps[None, :, None] * (leaders[:, None, 2:] - leaders[:, None, :2])
    for other in others:
        if other.has_leader:
            count += _count_inside(boxes, along_line(other.leader), 0.5) > 0
            count += drawn & _segments_cross(leaders, other.leader)
        hit = np.all((own > other.box[:2]) & (own < other.box[2:]), axis=2)
        count += drawn & np.any(hit, axis=1)
    return count


def _marker_hits(leaders: Boxes, spot: Numbers, markers: Numbers) -> npt.NDArray[np.int64]:
    """How many markers of other points each leader runs over."""
    others = markers[np.hypot(*(markers - spot).T) > 0.5]
    direction = leaders[:, 2:] - leaders[:, :2]
    squared = np.maximum((direction**2).sum(axis=1), 1e-9)
    along = ((others[None] - leaders[:, None, :2]) * direction[:, None]).sum(axis=2) / squared[:, None]
    nearest = leaders[:, None, :2] + np.clip(along, 0, 1)[..., None] * direction[:, None]
    return (np.hypot(*np.moveaxis(others[None] - nearest, 2, 0)) < MARKER_RADIUS * 0.8).sum(axis=1)


def _segments_cross(segments: Boxes, other: Boxes) -> npt.NDArray[np.bool_]:
    start, end, first, last = segments[:, :2], segments[:, 2:], other[:2], other[2:]
    across = _side(start, end, first) * _side(start, end, last) < 0
    return across & (_side(first, last, start) * _side(first, last, end) < 0)


def _side(origin: Numbers, target: Numbers, point: Numbers) -> Numbers:
    """Positive for a point to the left of the line from origin to target, negative to its right."""
    ahead, aside = target - origin, point - origin
    return ahead[..., 0] * aside[..., 1] - ahead[..., 1] * aside[..., 0]


def _finished(label: LabelRequest, place: Place) -> PlacedLabel:
    left, bottom, right, top = (float(value) for value in place.box)
    x, y, end_x, end_y = (float(value) for value in place.leader)
    leader = (x, y, end_x, end_y) if place.has_leader else None
    return PlacedLabel(label.text, left, bottom, right - left, top - bottom, leader)
