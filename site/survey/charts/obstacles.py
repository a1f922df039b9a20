"""What the labels of a panel keep away from: markers strictly, cloud and lines where they can."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from survey.charts.scene import LINES, Panel

Numbers = npt.NDArray[np.float64]
Boxes = npt.NDArray[np.float64]  # one a row: left, bottom, right, top

STEP = 3.0  # points between the samples of a line
SAMPLES = 24  # along a leader


class Density:
    """Counts points in boxes and along lines from sums on a grid of one point, whatever the number of points."""

    def __init__(self, points: Numbers, width: float, height: float) -> None:
        self.size = np.array([int(width) + 2, int(height) + 2])
        counts = np.zeros(self.size)
        cells = np.floor(points).astype(int)
        cells = cells[((cells >= 0) & (cells < self.size)).all(axis=1)]
        np.add.at(counts, (cells[:, 0], cells[:, 1]), 1)
        self.counts = counts
        self.sums = np.pad(counts.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))

    def in_boxes(self, boxes: Boxes) -> Numbers:
        """How many points lie in each box, to a cell."""
        low = np.clip(np.floor(boxes[:, :2]).astype(int), 0, self.size)
        high = np.clip(np.ceil(boxes[:, 2:]).astype(int), 0, self.size)
        sums: Numbers = self.sums[high[:, 0], high[:, 1]] - self.sums[low[:, 0], high[:, 1]]
        return sums - self.sums[high[:, 0], low[:, 1]] + self.sums[low[:, 0], low[:, 1]]

    def under(self, leaders: Boxes) -> Numbers:
        """How many points lie within a cell of each leader, its first three points of length left out."""
        steps = np.linspace(0, 1, SAMPLES)[None, :, None]
        direction = (leaders[:, 2:] - leaders[:, :2])[:, None]
        length = np.maximum(np.hypot(direction[..., 0], direction[..., 1]), 1e-9)[..., None]
        samples = leaders[:, None, :2] + np.maximum(steps, np.minimum(3 / length, 1)) * direction
        around = np.concatenate([samples - 1, samples + 1], axis=2).reshape(-1, 4)
        found = self.in_boxes(around).reshape(len(leaders), SAMPLES)
        per_cell = length[:, 0, 0] / SAMPLES / 3  # samples overlap: each covers about three points of length
        return found.sum(axis=1) * np.minimum(per_cell, 1)


class Obstacles:
    """The points of a panel in points from its lower left corner, by how they hinder a label."""

    def __init__(self, panel: Panel, spots: Numbers, width: float, height: float) -> None:
        self.width, self.height = width, height
        cloud = [np.empty((0, 2))]
        lines = [np.empty((0, 2))]
        markers = [spots]
        for layer in panel.layers:
            points = positions(list(zip(layer.x, layer.y, strict=True)), panel, width, height)
            if layer.role in ("highlight", "method"):
                markers.append(points)
            if layer.role in ("cloud", "hollow", "quiet method"):
                cloud.append(points)
            if layer.role in LINES:
                drawn = _cornered(points) if layer.role == "steps" else points
                pieces = [along_line(np.concatenate(ends)) for ends in pairwise(drawn)]
                (cloud if layer.role == "quiet method" else lines).extend(pieces)
        self.cloud = Density(np.concatenate(cloud), width, height)
        self.lines = Density(np.concatenate(lines), width, height)
        self.markers = np.concatenate(markers)


def positions(values: Sequence[tuple[float, float]], panel: Panel, width: float, height: float) -> Numbers:
    """Values in the panel's units as points from its lower left corner."""
    return np.array([(panel.x.fraction(x) * width, panel.y.fraction(y) * height) for x, y in values]).reshape(-1, 2)


def along_line(ends: Numbers) -> Numbers:
    """Samples every few points from (x, y) to (x, y), given as four numbers."""
    start, end = ends[:2], ends[2:]
    count = max(2, int(np.hypot(*(end - start)) / STEP) + 1)
    samples: Numbers = start + (end - start) * np.linspace(0, 1, count)[:, None]
    return samples


def _cornered(points: Numbers) -> Numbers:
    """The corners of a line that holds its value until the next point."""
    if len(points) < 2:
        return points
    corners = np.column_stack([points[1:, 0], points[:-1, 1]])
    return np.concatenate([np.stack([points[:-1], corners], axis=1).reshape(-1, 2), points[-1:]])
