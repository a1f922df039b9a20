"""Finds places for the labels of a panel: none over another, a marker or the frame, few over the cloud.

Points and lines are ink on a fine grid; a place costs what it covers and how far it is from its point. Labels choose by
priority, nothing is random. In a panel with a key, points whose name does not fit get a number, and a name gives way
where even a number finds no place. (adjustText leaves overlaps on these charts and stops by the clock; textalloc drops
what does not fit, and its leaders run over markers.)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from generator.charts.scene import Label, Panel
from generator.charts.style import TYPE_SIZE

Numbers = npt.NDArray[np.float64]

# Lengths in points.
CELL = 0.5  # of the grid
BOX_HEIGHT = TYPE_SIZE * 1.12
GAP = np.array([0.7, 0.35])  # least distance between two labels, across and upward
FRAME_GAP = 1.5
MARKER_RADIUS = 2.6
LINE_RADIUS = 0.75
LEADER_FROM = 5.0  # a label further away is tied to its point by a thin line
DISTANCES = np.array([3.2, 5.0, 7.5, 10.5, 14.0, 18.0, 23.0, 29.0, 36.0, 45.0, 55.0])
NUMBER_REACH = 36.0
GIVES_WAY = 14.0  # how near to a number without a good place a name gives way, a little farther each time
MOST_PRESSED = 4  # times
# Costs: of a point of distance, and of a square point of ink under a label; under a leader by a factor.
DISTANCE_COST = 0.7
CLOUD_COST = 0.75
LINE_COST = 7.0
MARKER_COST = 1e6  # never under a label
LEADER_COST = 1.5
MOST_UNDER_LEADER = 16.0  # so that a leader may run over a marker if need be
OTHER_SPOT_COST = 3.0  # of a label at another point of its line
WORST = 80.0  # a place that costs more is worse than no label
WORST_WITH_KEY = 45.0  # the same where a number can take its place


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
    """Places for the labels of a panel: as many names as fit, in the order of their priority.

    In a panel with a key the others get numbers, from left to right; elsewhere they are left out.
    """
    labels = sorted(panel.labels, key=lambda label: (-label.priority, label.text, label.x, label.y))
    if not labels:
        return []
    ground = Ground(panel, labels, width, height)
    worst = WORST_WITH_KEY if panel.keyed else WORST
    choices = {
        index: ground.places(label, measure(label.text), label.reach, worst) for index, label in enumerate(labels)
    }
    names: dict[int, Numbers] = {}
    for _ in range(2):  # the second time each knows where the others stand
        _settle(choices, names)
    numbers: dict[int, Numbers] = {}
    if panel.keyed:
        digits = len(str(sum(label.keyed for label in labels)))  # names may yet become numbers
        numbers = _numbers(labels, names, ground, measure("0" * digits))
    for index in sorted(numbers):  # a name that gave way may have room elsewhere
        others = [place for other, place in {**numbers, **names}.items() if other != index]
        second = choices[index].best(others)
        if second is not None:
            names[index] = second
            del numbers[index]
    placed = [_placed(labels[index].text, place) for index, place in sorted(names.items())]
    in_order = sorted(numbers, key=lambda index: (labels[index].x, labels[index].y))
    for number, index in enumerate(in_order, start=1):
        placed.append(_placed(str(number), numbers[index], labels[index].text, measure(str(number))))
    return placed


@dataclass(frozen=True)
class Places:
    """Where a label could stand, cheapest first: eight numbers each.

    The box (left, bottom, right, top) and the leader (x, y of the point; x, y on the box), of no length where the box
    is close to the point.
    """

    rows: Numbers
    costs: Numbers

    def below(self, worst: float) -> Places:
        """Those that cost less."""
        return Places(self.rows[self.costs < worst], self.costs[self.costs < worst])

    def best(self, others: Collection[Numbers]) -> Numbers | None:
        """The cheapest place that keeps clear of others: no box over a box, no leader through a box or a leader."""
        rows, taken = self.rows, np.array([*others]).reshape(-1, 8)
        apart = (rows[:, None, :2] > taken[:, 2:4] + GAP) | (rows[:, None, 2:4] < taken[:, :2] - GAP)
        clear = (apart[..., 0] | apart[..., 1]).all(axis=1)
        rows = rows[clear]
        tied = _through(rows[:, 4:], taken) | _through(taken[:, 4:], rows).T | _cross(rows[:, None, 4:], taken[:, 4:])
        found = np.flatnonzero(~tied.any(axis=1))
        return rows[found[0]] if len(found) else None


class Ground:
    """The ink of a panel, as what it costs a label to cover it, on a grid of cells from the lower left corner."""

    def __init__(self, panel: Panel, labels: Sequence[Label], width: float, height: float) -> None:
        self.panel, self.size = panel, np.array([width, height])
        self.cost = np.zeros((self.size / CELL).astype(int) + 1)
        for mark in panel.marks:
            points, quiet = self.positions(list(zip(*mark.path, strict=True))), mark.look.tint < 1
            if mark.look.line:
                self._ink(_dense(points), LINE_RADIUS, CLOUD_COST if quiet else LINE_COST)
            if mark.look.edged:
                self._ink(points, MARKER_RADIUS, MARKER_COST)
            elif mark.look.size:
                self._ink(points, mark.look.size / 2, CLOUD_COST)
        self._ink(self.positions([(label.x, label.y) for label in labels]), MARKER_RADIUS, MARKER_COST)
        self.sums = np.pad(self.cost.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0))) * CELL**2

    def positions(self, values: Sequence[tuple[float, float]]) -> Numbers:
        """Values in the panel's units as points from its lower left corner."""
        parts = [(self.panel.x.fraction(x), self.panel.y.fraction(y)) for x, y in values]
        return np.array(parts).reshape(-1, 2) * self.size

    def places(self, label: Label, width: float, reach: float, worst: float) -> Places:
        """The places for a text so wide around the label's point, or its other points, that cost less than `worst`."""
        half = np.array([width, BOX_HEIGHT]) / 2
        angles = np.arange(24) * (np.pi / 12)
        directions = np.column_stack([np.cos(angles), np.sin(angles)])
        side = np.clip(directions * 1.42, -1, 1) * half  # the box touches the ring with the side that faces the point
        rings = DISTANCES[reach >= DISTANCES]
        offsets = (rings[:, None, None] * directions + side).reshape(-1, 2)
        spots = self.positions([(label.x, label.y), *label.others])
        spot = np.repeat(spots, len(offsets), axis=0)
        centre = spot + np.tile(offsets, (len(spots), 1))
        distance = np.tile(np.repeat(rings, len(directions)), len(spots))
        boxes = np.hstack([centre - half, centre + half])
        ends = np.where(distance[:, None] < LEADER_FROM, spot, np.clip(spot, boxes[:, :2], boxes[:, 2:]))
        rows = np.hstack([boxes, spot, ends])
        costs = DISTANCE_COST * distance + OTHER_SPOT_COST * (np.arange(len(rows)) >= len(offsets))
        inside = (boxes[:, :2] >= FRAME_GAP).all(axis=1) & (boxes[:, 2:] <= self.size - FRAME_GAP).all(axis=1)
        rows, costs = rows[inside], costs[inside]
        under = self._under_boxes(rows)
        rows, costs = rows[under < MARKER_COST * CELL**2], (costs + under)[under < MARKER_COST * CELL**2]
        costs = costs + LEADER_COST * self._under_leaders(rows)
        order = np.argsort(costs, kind="stable")
        return Places(rows[order], costs[order]).below(worst)

    def _ink(self, points: Numbers, radius: float, cost: float) -> None:
        """Give the cells in a square around each point a cost, if they have no higher one."""
        far = round(radius / CELL - 0.5)
        reach = np.arange(-far, far + 1)
        around = np.stack(np.meshgrid(reach, reach), axis=-1).reshape(1, -1, 2)
        cells = (np.floor(points / CELL).astype(int)[:, None] + around).reshape(-1, 2)
        x, y = cells[((cells >= 0) & (cells < self.cost.shape)).all(axis=1)].T
        self.cost[x, y] = np.maximum(self.cost[x, y], cost)

    def _under_boxes(self, rows: Numbers) -> Numbers:
        left, bottom, right, top = np.rint(rows[:, :4] / CELL).astype(int).T
        sums = self.sums
        under: Numbers = sums[right, top] - sums[left, top] - sums[right, bottom] + sums[left, bottom]
        return under

    def _under_leaders(self, rows: Numbers) -> Numbers:
        """The ink under a leader one point wide, from where it leaves its own marker."""
        samples = _along(rows[:, 4:])
        x, y = np.floor(samples / CELL).astype(int).clip(0, np.array(self.cost.shape) - 1).transpose(2, 0, 1)
        away = np.hypot(*(samples - rows[:, None, 4:6]).transpose(2, 0, 1)) > MARKER_RADIUS + CELL
        lengths = np.hypot(*(rows[:, 6:] - rows[:, 4:6]).T)
        under: Numbers = (np.minimum(self.cost[x, y], MOST_UNDER_LEADER) * away).mean(axis=1) * lengths
        return under


def _settle(choices: Mapping[int, Places], placed: dict[int, Numbers], fixed: Collection[Numbers] = ()) -> None:
    """Give each in turn its cheapest place beside those that are fixed or placed so far."""
    for index, places in choices.items():
        placed.pop(index, None)
        best = places.best([*fixed, *placed.values()])
        if best is not None:
            placed[index] = best


def _numbers(labels: Sequence[Label], names: dict[int, Numbers], ground: Ground, width: float) -> dict[int, Numbers]:
    """Places for the numbers of points without a name. Names that leave no good place for a number go from `names`."""
    keyed = [index for index, label in enumerate(labels) if label.keyed]
    choices = {index: ground.places(labels[index], width, NUMBER_REACH, np.inf) for index in keyed}
    good = {index: places.below(WORST_WITH_KEY) for index, places in choices.items()}
    pressed = dict.fromkeys(keyed, 0)  # how often one found no place: it chooses earlier, whatever the cost
    while True:
        wanted = [index for index in keyed if index not in names]
        wanted.sort(key=lambda index: (-pressed[index], len(good[index].costs), index))
        allowed = {index: choices[index] if pressed[index] else good[index] for index in wanted}
        numbers: dict[int, Numbers] = {}
        _settle(allowed, numbers, names.values())
        lost = [index for index in wanted if index not in numbers and pressed[index] < MOST_PRESSED]
        if not lost:
            _settle(allowed, numbers, names.values())
            return numbers
        for index in lost:
            spot = ground.positions([(labels[index].x, labels[index].y)])[0]
            apart = {name: _apart(place, spot) for name, place in names.items() if labels[name].keyed}
            nearest = min(apart, key=lambda name: (apart[name], name), default=index)
            if nearest in names and apart[nearest] < GIVES_WAY * (1 + pressed[index]):
                del names[nearest]
            else:
                pressed[index] += 1


def _placed(text: str, place: Numbers, keyed: str = "", width: float | None = None) -> PlacedLabel:
    """The label in its place; one that needs less than the width of its box stands on the side of its point."""
    left, bottom, right, top, x, y, end_x, end_y = (float(value) for value in place)
    if width is not None:
        left += (right - left - width) * min(1.0, max(0.0, (x - left) / (right - left)))
        right = left + width
        end_x = end_x if (end_x, end_y) == (x, y) else min(max(x, left), right)
    leader = None if (end_x, end_y) == (x, y) else (x, y, end_x, end_y)
    return PlacedLabel(text, left, bottom, right - left, top - bottom, leader, keyed)


def _dense(points: Numbers) -> Numbers:
    """Points along a line, closer than a cell."""
    ends = [ends for ends in pairwise(points) if np.isfinite(ends).all()]
    counts = [int(np.hypot(*(end - start)) / CELL) + 2 for start, end in ends]
    return np.vstack([np.empty((0, 2)), *(np.linspace(*pair, count) for pair, count in zip(ends, counts, strict=True))])


def _along(leaders: Numbers) -> Numbers:
    """Points along each leader (x, y to x, y), as near to each other as the longest leader needs."""
    lengths = np.hypot(*(leaders[:, 2:] - leaders[:, :2]).T)
    parts = np.linspace(0, 1, int(lengths.max(initial=0) / CELL) + 2)[:, None]
    samples: Numbers = leaders[:, None, :2] + parts * (leaders[:, None, 2:] - leaders[:, None, :2])
    return samples


def _through(leaders: Numbers, rows: Numbers) -> npt.NDArray[np.bool_]:
    """Whether each leader runs through the box of each row, a little around it included."""
    start, way = leaders[:, None, :2], leaders[:, None, 2:] - leaders[:, None, :2]
    way = np.where(way == 0, 1e-9, way)
    low, high = (rows[:, :2] - 0.4 - start) / way, (rows[:, 2:4] + 0.4 - start) / way
    enter, leave = np.minimum(low, high), np.maximum(low, high)
    through: npt.NDArray[np.bool_] = np.maximum(enter.max(axis=2), 0) < np.minimum(leave.min(axis=2), 1)
    return through


def _cross(ones: Numbers, others: Numbers) -> npt.NDArray[np.bool_]:
    """Whether segments (x, y to x, y) cross; touching ends do not count."""

    def side(line: Numbers, point: Numbers) -> Numbers:
        ahead, aside = line[..., 2:] - line[..., :2], point - line[..., :2]
        return ahead[..., 0] * aside[..., 1] - ahead[..., 1] * aside[..., 0]

    across = side(ones, others[..., :2]) * side(ones, others[..., 2:]) < 0
    return across & (side(others, ones[..., :2]) * side(others, ones[..., 2:]) < 0)


def _apart(place: Numbers, spot: Numbers) -> float:
    """How far a spot lies from a place's box."""
    return float(np.hypot(*(np.clip(spot, place[:2], place[2:4]) - spot)))
