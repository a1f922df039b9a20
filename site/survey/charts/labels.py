"""Finds places for the labels of a panel: none over another, none over a marker or the frame, few over the cloud.

Greedy by priority over a fixed list of candidate places, then improved label by label; nothing is random. In a panel
with a key, points whose name does not fit get a number, and a name gives way where even a number finds no place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from survey.charts.clearance import LEADER_FROM, Place, free_of
from survey.charts.obstacles import Boxes, Numbers, Obstacles, positions
from survey.charts.scene import LabelRequest, Panel
from survey.charts.style import TYPE_SIZE

# All lengths in points.
BOX_HEIGHT = TYPE_SIZE * 1.12
MARKER_RADIUS = 2.6
FRAME_GAP = 1.5
DISTANCES = (3.2, 5.0, 7.5, 10.5, 14.0, 18.0, 23.0, 29.0, 36.0, 45.0, 55.0)
IMPROVING_ROUNDS = 1
COST_PER_POINT_OF_DISTANCE = 0.7
COST_PER_CLOUD_POINT = 4.0
COST_PER_LINE_POINT = 30.0
COST_PER_CLOUD_POINT_UNDER_LEADER = 3.0
COST_PER_LINE_POINT_UNDER_LEADER = 12.0
COST_OF_MARKER_UNDER_LEADER = 60.0
WORST = 80.0  # a place that costs more is worse than no label
WORST_WITH_KEY = 40.0  # the same where a number can take its place
NUMBER_REACH = 36.0
WORST_NUMBER = 45.0  # a number whose every place costs more moves a name that stands near
WORST_SECOND_PLACE = 22.0  # for a name that gave way and finds room elsewhere
NAME_GIVES_WAY = 14.0  # how near
AT_ONCE = 48  # places compared with the other labels in one go
COST_OF_ANOTHER_SPOT = 3.0  # a label at another point of its line


@dataclass(frozen=True)
class PlacedLabel:
    """A label and its box in points from the lower left corner of the panel, with the leader to its point, if any.

    `keyed` is the name that `text`, then a number, stands for in the key.
    """

    text: str
    left: float
    bottom: float
    width: float
    height: float
    leader: tuple[float, float, float, float] | None
    keyed: str = ""


def place_labels(panel: Panel, width: float, height: float, measure: Callable[[str], float]) -> list[PlacedLabel]:
    """Places for the labels of a panel: as many names as fit, in the order of the requests.

    In a panel with a key the others get numbers, from left to right; elsewhere they are left out.
    """
    requests = sorted(panel.labels, key=lambda label: (-label.priority, label.text, label.x, label.y))
    if not requests:
        return []
    spots = positions([(label.x, label.y) for label in requests], panel, width, height)
    obstacles = Obstacles(panel, spots, width, height)
    worst = WORST_WITH_KEY if panel.keyed else WORST
    candidates = {
        index: _choices(label, measure(label.text), label.reach, panel, obstacles, worst)
        for index, label in enumerate(requests)
    }
    names: dict[int, Place] = {}
    for _ in range(1 + IMPROVING_ROUNDS):
        _place_each(candidates, names, {})
    if not panel.keyed:
        return [_finished(requests[index].text, names[index]) for index in sorted(names)]
    digits = len(str(sum(label.keyed for label in requests)))  # names may yet become numbers
    numbers = _numbers(requests, names, panel, obstacles, measure("0" * digits))
    for index in sorted(numbers):  # a name that gave way may have room elsewhere
        others = [place for other, place in {**numbers, **names}.items() if other != index]
        best = candidates[index].below(WORST_SECOND_PLACE).best(others)
        if best is not None:
            names[index] = best
            del numbers[index]
    named = [_finished(requests[index].text, names[index]) for index in sorted(names)]
    in_order = sorted(numbers, key=lambda index: (requests[index].x, requests[index].y))
    for number, index in enumerate(in_order, start=1):
        named.append(_finished(str(number), numbers[index], requests[index].text, measure(str(number))))
    return named


def _numbers(
    requests: Sequence[LabelRequest], names: dict[int, Place], panel: Panel, obstacles: Obstacles, width: float
) -> dict[int, Place]:
    """Places for the numbers of points without a name. Names that leave no good place for a number go from `names`."""
    found: dict[int, Candidates] = {}
    pressed: dict[int, float] = {}  # how far from these a name still gives way; they choose first, whatever the cost
    numbers: dict[int, Place] = {}
    while True:
        wanted = [index for index, label in enumerate(requests) if label.keyed and index not in names]
        for index in wanted:
            if index not in found:
                found[index] = _choices(requests[index], width, NUMBER_REACH, panel, obstacles, np.inf)
        wanted.sort(key=lambda index: (-pressed.get(index, 0.0), found[index].count_below(WORST_NUMBER), index))
        allowed = {index: found[index].below(np.inf if index in pressed else WORST_NUMBER) for index in wanted}
        _place_each({index: choices for index, choices in allowed.items() if index not in numbers}, numbers, names)
        lost = [index for index in wanted if index not in numbers and pressed.get(index, 0.0) < NUMBER_REACH]
        if not lost:
            _place_each(allowed, numbers, names)
            return numbers
        for index in lost:
            spot = positions([(requests[index].x, requests[index].y)], panel, obstacles.width, obstacles.height)[0]
            distances = {name: _apart(place, spot) for name, place in names.items() if requests[name].keyed}
            nearest = min(distances, key=lambda name: (distances[name], name), default=None)
            if nearest is not None and distances[nearest] < pressed.get(index, NAME_GIVES_WAY):
                del names[nearest]
            else:
                pressed[index] = pressed.get(index, 0.0) + NAME_GIVES_WAY
                numbers.clear()


def _place_each(candidates: Mapping[int, Candidates], placed: dict[int, Place], fixed: Mapping[int, Place]) -> None:
    """Give each in turn its cheapest place beside those that are fixed or placed so far, itself excepted."""
    for index, candidate in candidates.items():
        others = [*fixed.values(), *(place for other, place in placed.items() if other != index)]
        best = candidate.best(others)
        if best is not None:
            placed[index] = best


def _apart(place: Place, spot: Numbers) -> float:
    """How far a spot lies from a place's box."""
    return float(np.hypot(*(np.clip(spot, place.box[:2], place.box[2:]) - spot)))


@dataclass(frozen=True)
class Candidates:
    """The places a label could take as far as fixed things are concerned, and what each costs, the cheapest first."""

    boxes: Boxes
    leaders: Boxes
    costs: Numbers

    def below(self, worst: float) -> Candidates:
        """Those that cost less."""
        good = self.costs < worst
        return Candidates(self.boxes[good], self.leaders[good], self.costs[good])

    def count_below(self, worst: float) -> int:
        """How many cost less."""
        return int((self.costs < worst).sum())

    def best(self, others: Sequence[Place]) -> Place | None:
        """The cheapest place that meets no other label and no leader; none when there is none."""
        for start in range(0, len(self.costs), AT_ONCE):
            boxes, leaders = self.boxes[start : start + AT_ONCE], self.leaders[start : start + AT_ONCE]
            free = np.flatnonzero(free_of(boxes, leaders, others)) if others else [0]
            if len(free):
                return Place(boxes[free[0]], leaders[free[0]])
        return None


def _choices(
    label: LabelRequest, text_width: float, reach: float, panel: Panel, obstacles: Obstacles, worst: float
) -> Candidates:
    """The places around the label's point and around the other points that it may stand at."""
    spots = positions([(label.x, label.y), *label.others], panel, obstacles.width, obstacles.height)
    found = [_allowed(spot, text_width, reach, obstacles, worst) for spot in spots]
    extra = [np.full(len(each.costs), COST_OF_ANOTHER_SPOT * (place > 0)) for place, each in enumerate(found)]
    costs = np.concatenate([each.costs for each in found]) + np.concatenate(extra)
    order = np.argsort(costs, kind="stable")
    boxes = np.concatenate([each.boxes for each in found])
    leaders = np.concatenate([each.leaders for each in found])
    return Candidates(boxes[order], leaders[order], costs[order])


def _allowed(spot: Numbers, text_width: float, reach: float, obstacles: Obstacles, worst: float) -> Candidates:
    """The places around a point that lie within the panel, on no marker, and cost less than the worst allowed."""
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
    under += COST_OF_MARKER_UNDER_LEADER * _marker_hits(leaders, spot, obstacles.markers)
    costs = costs + drawn * under
    good = costs < worst
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


def _marker_hits(leaders: Boxes, spot: Numbers, markers: Numbers) -> npt.NDArray[np.int64]:
    """How many markers of other points each leader runs over."""
    others = markers[np.hypot(*(markers - spot).T) > 0.5]
    direction = leaders[:, 2:] - leaders[:, :2]
    squared = np.maximum((direction**2).sum(axis=1), 1e-9)
    along = ((others[None] - leaders[:, None, :2]) * direction[:, None]).sum(axis=2) / squared[:, None]
    nearest = leaders[:, None, :2] + np.clip(along, 0, 1)[..., None] * direction[:, None]
    return (np.hypot(*np.moveaxis(others[None] - nearest, 2, 0)) < MARKER_RADIUS * 0.8).sum(axis=1)


def _finished(text: str, place: Place, keyed: str = "", width: float | None = None) -> PlacedLabel:
    """The label in its place; one that needs less than the width of its box stands on the side of its point."""
    left, bottom, right, top = (float(value) for value in place.box)
    x, y, end_x, end_y = (float(value) for value in place.leader)
    if width is not None:
        left += (right - left - width) * min(1.0, max(0.0, (x - left) / (right - left)))
        right = left + width
        end_x = min(max(x, left), right)
    leader = (x, y, end_x, end_y) if place.has_leader else None
    return PlacedLabel(text, left, bottom, right - left, top - bottom, leader, keyed)
