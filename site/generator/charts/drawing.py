"""What stands where on the page of a chart, as strokes, markers and texts in points: SVG, PDF and PNG show it alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan

from generator.charts.layout import HANDLE, Page, PlacedPanel, TextLine
from generator.charts.scene import Mark, Panel, Scene
from generator.charts.style import EQUAL_AREA, GRID, PAPER, QUIET, tint
from generator.charts.typeset import text_width

TICK = 2.0
Frame = tuple[float, float, float, float]  # left, bottom, width, height


@dataclass(frozen=True)
class Stroke:
    """A line through points, interrupted where one is not a number, and cut off at a frame."""

    x: Sequence[float]
    y: Sequence[float]
    colour: str
    width: float
    dashed: bool = False
    frame: Frame | None = None


@dataclass(frozen=True)
class Markers:
    """Markers of one size, `none` for no edge or filling; a later one's edge stands over those before."""

    x: Sequence[float]
    y: Sequence[float]
    marker: str
    size: float
    fill: str
    edge: str
    frame: Frame | None = None


@dataclass(frozen=True)
class Veil:
    """Half-transparent paper under the name of a point."""

    frame: Frame


Shape = Stroke | Markers | Veil | TextLine


def drawing(scene: Scene, page: Page) -> Iterator[Shape]:
    """Everything on the page, the lowest first."""
    for panel, place in zip(scene.panels, page.panels, strict=True):
        yield from _axes(panel, place)
        frame = (place.left, place.bottom, place.width, place.height)
        for mark in panel.marks:
            x = [place.left + panel.x.fraction(value) * place.width for value in mark.path[0]]
            y = [place.bottom + panel.y.fraction(value) * place.height for value in mark.path[1]]
            yield from _mark(mark, x, y, frame)
        yield from _labels(place)
    for entry in page.legend:
        yield from _mark(entry.mark, (entry.left, entry.left + HANDLE), (entry.middle, entry.middle), sample=True)
        yield TextLine(entry.name, entry.left + HANDLE + 3, entry.middle - 2.1)
    yield from page.texts


def _axes(panel: Panel, place: PlacedPanel) -> Iterator[Shape]:
    """Grid, axes, numbers and titles."""
    left, base, right, top = place.left, place.bottom, place.left + place.width, place.bottom + place.height
    across = [(left + panel.x.fraction(value) * place.width, text) for value, text in panel.x.ticks(place.width)]
    upward = [(base + panel.y.fraction(value) * place.height, text) for value, text in panel.y.ticks(place.height)]
    grid = [(x, base, x, top) for x, _ in across] + [(left, y, right, y) for y, _ in upward]
    ticks = [(x, base, x, base - TICK) for x, _ in across] + [(left, y, left - TICK, y) for y, _ in upward]
    yield _segments(grid, GRID, 0.4)
    yield _segments([*ticks, (left, base, right, base), (left, base, left, top)], QUIET, 0.5)
    for x, text in across:
        yield TextLine(text, x - text_width(text) / 2, base - 8.4)
    for y, text in upward:
        yield TextLine(text, left - 3.8 - text_width(text), y - 2.2)
    yield TextLine(panel.x.title, (left + right - text_width(panel.x.title)) / 2, base - 16.6)
    beside = left - 7.4 - max((text_width(text) for _, text in upward), default=0.0)
    yield TextLine(panel.y.title, beside, (base + top - text_width(panel.y.title)) / 2, turned=True)
    if panel.title:
        yield TextLine(panel.title, left, top + 2.5, bold=True)


def _mark(
    mark: Mark, x: Sequence[float], y: Sequence[float], frame: Frame | None = None, *, sample: bool = False
) -> Iterator[Shape]:
    """The mark through these points; a sample for the legend has its marker in the middle."""
    look, colour = mark.look, tint(mark.colour, mark.look.tint)
    if look.line and x:
        yield Stroke(x, y, colour, look.line, look.dashed, frame)
    if look.size and x:
        fill, edge = ("none", colour) if look.hollow else (colour, PAPER if look.edged else "none")
        x, y = ([sum(x) / 2], y[:1]) if sample else (x, y)
        yield Markers(x, y, mark.marker, look.size * EQUAL_AREA[mark.marker], fill, edge, frame)


def _labels(place: PlacedPanel) -> Iterator[Shape]:
    """Leaders, and names on half-transparent paper."""
    left, base = place.left, place.bottom
    leaders = [label.leader for label in place.labels if label.leader]
    if leaders:
        ends = [(left + x, base + y, left + end_x, base + end_y) for x, y, end_x, end_y in leaders]
        yield _segments(ends, QUIET, 0.35)
    for label in place.labels:
        corner = left + label.left, base + label.bottom
        yield Veil((*corner, label.width, label.height))
        yield TextLine(label.text, corner[0], corner[1] + label.height * 0.24, names_point=True)


def _segments(segments: Sequence[tuple[float, float, float, float]], colour: str, width: float) -> Stroke:
    """Lines of one style from (x, y) to (x, y)."""
    x = [value for start, _, end, _ in segments for value in (start, end, nan)]
    y = [value for _, start, _, end in segments for value in (start, end, nan)]
    return Stroke(x, y, colour, width)
