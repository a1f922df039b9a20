"""Finds places for the labels of a panel: none over another, none over a marker or the frame, few over the cloud.

Greedy by priority with a fixed list of candidate places, then improved label by label; no randomness.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from survey.charts.scene import LabelRequest, Panel
from survey.charts.style import TYPE_SIZE

Points = npt.NDArray[np.float64]

BOX_HEIGHT = TYPE_SIZE * 1.12
GAP = 0.9  # least distance between two labels, points
MARKER_RADIUS = 2.6
DISTANCES = (3.2, 6.0, 10.0, 15.0, 21.0, 28.0, 36.0, 45.0, 55.0, 66.0, 78.0)
LEADER_FROM = 5.0  # a label further away is tied to its point by a thin line
FRAME_GAP = 1.5
IMPROVING_ROUNDS = 2
COST_PER_POINT = 0.5  # of distance
COST_PER_CLOUD_POINT = 4.0
COST_PER_LINE_POINT = 12.0
COST_PER_CLOUD_POINT_UNDER_LEADER = 2.5
COST_OF_CROSSING = 60.0
WORST = 85.0  # a place that costs more is worse than no label


@dataclass(frozen=True)
class PlacedLabel:
    """A label and its box in points from the lower left corner of the panel, with the leader to its point, if any."""

    text: str
    colour: str
    left: float
    bottom: float
    width: float
    height: float
    leader: tuple[float, float, float, float] | None


@dataclass
class _Place:
    box: Points  # left, bottom, right, top
    leader: Points  # x, y of the point; x, y on the box


def place_labels(panel: Panel, width: float, height: float, measure: Callable[[str], float]) -> list[PlacedLabel]:
    """Places for as many labels as fit, in the order of the requests. A label that fits nowhere is left out."""
    requests = sorted(panel.labels, key=lambda label: (-label.priority, label.text, label.x, label.y))
    spots = _positions([(label.x, label.y) for label in requests], panel, width, height)
    obstacles = _Obstacles(panel, spots, width, height)
    placed: dict[int, _Place] = {}
    for _ in range(1 + IMPROVING_ROUNDS):
        for index, label in enumerate(requests):
            others = [place for other, place in placed.items() if other != index]
            best = _best_place(spots[index], measure(label.text), others, obstacles, width, height)
            if best is not None:
                placed[index] = best
    return [_finished(requests[index], placed[index]) for index in sorted(placed)]


class _Obstacles:
    """What labels keep away from: markers strictly, cloud and lines where they can."""

    def __init__(self, panel: Panel, spots: Points, width: float, height: float) -> None:
        cloud: list[tuple[float, float]] = []
        lines: list[Points] = []
        markers: list[Points] = [spots]
        for layer in panel.layers:
            points = list(zip(layer.x, layer.y, strict=True))
            if layer.role in ("cloud", "hollow", "quiet method"):
                cloud += points
            elif points:
                position = _positions(points, panel, width, height)
                lines.append(_along(position, stepped=layer.role == "steps"))
                if layer.role in ("highlight", "method"):
                    markers.append(position)
        self.cloud = _positions(cloud, panel, width, height)
        self.line = np.concatenate([np.empty((0, 2)), *lines])
        self.markers = np.concatenate(markers)


def _positions(values: Sequence[tuple[float, float]], panel: Panel, width: float, height: float) -> Points:
    return np.array([(panel.x.fraction(x) * width, panel.y.fraction(y) * height) for x, y in values]).reshape(-1, 2)


def _along(points: Points, *, stepped: bool) -> Points:
    """Points every few units of length along a line."""
    if len(points) < 2:
        return points
    if stepped:
        corners = np.column_stack([points[1:, 0], points[:-1, 1]])
        points = np.concatenate([np.stack([points[:-1], corners], axis=1).reshape(-1, 2), points[-1:]])
    pieces = []
    for start, end in zip(points[:-1], points[1:], strict=True):
        count = max(1, int(np.hypot(*(end - start)) / 3))
        pieces.append(start + (end - start) * (np.arange(count) / count)[:, None])
    return np.concatenate(pieces)


def _candidates(spot: Points, text_width: float) -> tuple[Points, Points]:
    """Boxes around a point, nearest first, with the distance of each."""
    angles = np.arange(16) * (np.pi / 8)
    directions = np.column_stack([np.cos(angles), np.sin(angles)])
    half = np.array([text_width / 2, BOX_HEIGHT / 2])
    edge = np.clip(directions * 1.42, -1, 1) * half  # the box touches the ring with the side that faces the point
    centres = np.concatenate([spot + directions * distance + edge for distance in DISTANCES])
    distances = np.repeat(np.array(DISTANCES), len(directions))
    return np.column_stack([centres - half, centres + half]), distances


def _best_place(
    spot: Points, text_width: float, others: Sequence[_Place], obstacles: _Obstacles, width: float, height: float
) -> _Place | None:
    boxes, distances = _candidates(spot, text_width)
    inside = (boxes[:, :2] >= FRAME_GAP).all(axis=1)
    inside &= (boxes[:, 2] <= width - FRAME_GAP) & (boxes[:, 3] <= height - FRAME_GAP)
    boxes, distances = boxes[inside], distances[inside]
    free = _count_inside(boxes, obstacles.markers, MARKER_RADIUS) == 0
    for other in others:
        free &= ~_overlaps(boxes, other.box)
    boxes, distances = boxes[free], distances[free]
    if not len(boxes):
        return None
    ends = np.clip(spot, boxes[:, :2], boxes[:, 2:])
    leaders = np.column_stack([np.broadcast_to(spot, ends.shape), ends])
    cost = COST_PER_POINT * distances + COST_PER_CLOUD_POINT * _count_inside(boxes, obstacles.cloud, 0.8)
    cost += COST_PER_LINE_POINT * _count_inside(boxes, obstacles.line, 0.8)
    cost += COST_OF_CROSSING * _crossings(boxes, leaders, distances, others)
    cost += COST_OF_CROSSING * _leader_hits(leaders, distances, spot, obstacles.markers, MARKER_RADIUS * 0.8)
    near = obstacles.cloud[np.abs(obstacles.cloud - spot).max(axis=1) < DISTANCES[-1]]
    cost += COST_PER_CLOUD_POINT_UNDER_LEADER * _leader_hits(leaders, distances, spot, near, 1.2)
    best = int(np.argmin(cost))
    return _Place(boxes[best], leaders[best]) if cost[best] < WORST else None


def _count_inside(boxes: Points, points: Points, margin: float) -> npt.NDArray[np.int64]:
    if not len(points) or not len(boxes):
        return np.zeros(len(boxes), dtype=np.int64)
    x, y = points[:, 0], points[:, 1]
    hit = (x > boxes[:, [0]] - margin) & (x < boxes[:, [2]] + margin)
    hit &= (y > boxes[:, [1]] - margin) & (y < boxes[:, [3]] + margin)
    return hit.sum(axis=1)


def _overlaps(boxes: Points, other: Points) -> npt.NDArray[np.bool_]:
    apart = (boxes[:, 0] > other[2] + GAP) | (boxes[:, 2] < other[0] - GAP)
    return ~(apart | (boxes[:, 1] > other[3] + GAP / 2) | (boxes[:, 3] < other[1] - GAP / 2))


def _crossings(boxes: Points, leaders: Points, distances: Points, others: Sequence[_Place]) -> npt.NDArray[np.int64]:
    """How many leaders of others run through each box, and boxes and leaders of others through each leader."""
    count = np.zeros(len(boxes), dtype=np.int64)
    drawn = distances >= LEADER_FROM
    steps = np.linspace(0, 1, 9)
    for other in others:
        length = np.hypot(*(other.leader[2:] - other.leader[:2]))
        along = other.leader[:2] + steps[:, None] * (other.leader[2:] - other.leader[:2])
        if length >= LEADER_FROM:
            count += _count_inside(boxes, along, 0.5) > 0
            count += drawn & _segments_cross(leaders, other.leader)
        own = leaders[:, None, :2] + steps[None, :, None] * (leaders[:, None, 2:] - leaders[:, None, :2])
        hit = (own > other.box[:2]).all(axis=2) & (own < other.box[2:]).all(axis=2)
        count += drawn & hit.any(axis=1)
    return count


def _leader_hits(
    leaders: Points, distances: Points, spot: Points, markers: Points, radius: float
) -> npt.NDArray[np.int64]:
    """How many markers of other points each leader runs over, or passes within the radius."""
    others = markers[np.hypot(*(markers - spot).T) > 0.5]
    if not len(others):
        return np.zeros(len(leaders), dtype=np.int64)
    direction = leaders[:, 2:] - leaders[:, :2]
    squared = np.maximum((direction**2).sum(axis=1), 1e-9)
    along = ((others[None] - leaders[:, None, :2]) * direction[:, None]).sum(axis=2) / squared[:, None]
    nearest = leaders[:, None, :2] + np.clip(along, 0, 1)[..., None] * direction[:, None]
    near = np.hypot(*np.moveaxis(others[None] - nearest, 2, 0)) < radius
    return (near.sum(axis=1) * (distances >= LEADER_FROM)).astype(np.int64)


def _segments_cross(segments: Points, other: Points) -> npt.NDArray[np.bool_]:
    def side(origin: Points, target: Points, point: Points) -> Points:
        return (target[..., 0] - origin[..., 0]) * (point[..., 1] - origin[..., 1]) - (
            target[..., 1] - origin[..., 1]
        ) * (point[..., 0] - origin[..., 0])

    start, end = segments[:, :2], segments[:, 2:]
    first, last = other[:2], other[2:]
    across = side(start, end, first) * side(start, end, last) < 0
    return across & (side(first, last, start) * side(first, last, end) < 0)


def _finished(label: LabelRequest, place: _Place) -> PlacedLabel:
    left, bottom, right, top = (float(value) for value in place.box)
    x, y, end_x, end_y = (float(value) for value in place.leader)
    leader = (x, y, end_x, end_y) if np.hypot(end_x - x, end_y - y) >= LEADER_FROM else None
    return PlacedLabel(label.text, label.colour, left, bottom, right - left, top - bottom, leader)
