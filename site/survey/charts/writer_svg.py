"""Writes a laid-out chart as light SVG with real text, which can be searched and selected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise
from math import isnan

from survey.charts.layout import HANDLE, LegendEntry, Page, PlacedPanel, TextLine
from survey.charts.scene import Mark, Panel, Scene
from survey.charts.style import EQUAL_AREA, GRID, INK, PAPER, QUIET, QUIET_INK, TYPE_SIZE, tint
from survey.charts.typeset import FONT, text_width

# Corners of the markers around the origin, one point across; the circle has none.
CORNERS = {
    "s": ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)),
    "^": ((0, -0.5), (0.5, 0.5), (-0.5, 0.5)),
    "v": ((0, 0.5), (0.5, -0.5), (-0.5, -0.5)),
    "D": ((0, -0.707), (0.707, 0), (0, 0.707), (-0.707, 0)),
    "p": ((0, -0.5), (0.476, -0.155), (0.294, 0.405), (-0.294, 0.405), (-0.476, -0.155)),
}


def svg_of(scene: Scene, page: Page, title: str, description: str) -> str:
    """The chart as an SVG file. Title and description are announced by screen readers."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc" '
        f'viewBox="0 0 {page.width:g} {page.height:.1f}" width="{page.width:g}pt" height="{page.height:.1f}pt" '
        f'font-family="{FONT}, Verdana, sans-serif" font-size="{TYPE_SIZE:g}" fill="{INK}">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(description)}</desc>',
        f'<rect width="{page.width:g}" height="{page.height:.1f}" fill="{PAPER}"/>',
    ]
    for number, (panel, place) in enumerate(zip(scene.panels, page.panels, strict=True)):
        parts += _panel(panel, place, page.height, f"frame{number}")
    for entry in page.legend:
        parts += _legend(entry, page.height)
    parts += [_line_of_text(line, page.height) for line in page.texts]
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, place: PlacedPanel, height: float, frame: str) -> Iterator[str]:
    left, base = place.left, height - place.bottom
    right, top = left + place.width, base - place.height
    across = [(left + panel.x.fraction(value) * place.width, text) for value, text in panel.x.ticks(place.width)]
    upward = [(base - panel.y.fraction(value) * place.height, text) for value, text in panel.y.ticks(place.height)]
    grid = [f"M{x:.1f} {base:.1f}V{top:.1f}" for x, _ in across] + [
        f"M{left:.1f} {y:.1f}H{right:.1f}" for y, _ in upward
    ]
    ticks = [f"M{x:.1f} {base:.1f}v2" for x, _ in across] + [f"M{left:.1f} {y:.1f}h-2" for y, _ in upward]
    yield _stroke("".join(grid), GRID, 0.4)
    yield _stroke(f"M{left:.1f} {top:.1f}V{base:.1f}H{right:.1f}{''.join(ticks)}", QUIET, 0.5)
    for x, text in across:
        yield _text(text, x, base + 8.4, anchor="middle")
    for y, text in upward:
        yield _text(text, left - 3.8, y + 2.2, anchor="end")
    yield _text(panel.x.title, (left + right) / 2, base + 16.6, anchor="middle")
    beside = left - 6 - max((text_width(text) for _, text in upward), default=0.0)
    turned = f' transform="rotate(-90 {beside:.1f} {(top + base) / 2:.1f})"'
    yield _text(panel.y.title, beside, (top + base) / 2, anchor="middle", extra=turned)
    if panel.title:
        yield _line_of_text(TextLine(panel.title, left, height - top + 2.5, bold=True), height)
    clip = f'x="{left - 2.5:.1f}" y="{top:.1f}" width="{place.width + 5:.1f}" height="{place.height:.1f}"'
    yield f'<clipPath id="{frame}"><rect {clip}/></clipPath><g clip-path="url(#{frame})">'
    for mark in panel.marks:
        xs = [left + panel.x.fraction(value) * place.width for value in mark.x]
        ys = [base - panel.y.fraction(value) * place.height for value in mark.y]
        yield from _mark(mark, xs, ys)
    yield "</g>"
    for label in place.labels:
        if label.leader:
            x1, y1, x2, y2 = label.leader
            yield _stroke(f"M{left + x1:.1f} {base - y1:.1f}L{left + x2:.1f} {base - y2:.1f}", QUIET, 0.35)
    for label in place.labels:
        x1, y1 = left + label.left, base - label.bottom
        box = f'x="{x1:.1f}" y="{y1 - label.height:.1f}" width="{label.width:.1f}" height="{label.height:.1f}"'
        yield f'<rect {box} fill="{PAPER}" opacity=".7"/>{_text(label.text, x1, y1 - label.height * 0.24)}'


def _mark(mark: Mark, x: Sequence[float], y: Sequence[float], *, sample: bool = False) -> Iterator[str]:
    """The mark through these points; a sample for the legend has its marker in the middle."""
    look, colour = mark.look, tint(mark.colour, mark.look.tint)
    if look.line and x:
        yield _stroke(_path(x, y, steps=look.steps), colour, look.line, ' stroke-dasharray="3 1.3"' * look.dashed)
    if look.size and x:
        shape = _shape(mark.marker, look.size * EQUAL_AREA[mark.marker])
        edge, fill = (colour, "none") if look.hollow else (PAPER if look.edged else "none", colour)
        spots = [(sum(x) / 2, y[0])] if sample else list(zip(x, y, strict=True))
        shapes = [f"M{across:.1f} {down:.1f}{shape}" for across, down in spots]
        paths = shapes if look.edged else ["".join(shapes)]  # edges stand over the markers before
        drawn = "".join(f'<path d="{path}"/>' for path in paths)
        yield f'<g fill="{fill}" stroke="{edge}" stroke-width=".4">{drawn}</g>'


def _shape(marker: str, size: float) -> str:
    """The outline of a marker, relative to its middle."""
    if marker == "o":
        arc = f"a{size / 2:.2f} {size / 2:.2f} 0 1 0"
        return f"m{-size / 2:.2f} 0{arc} {size:.2f} 0{arc} {-size:.2f} 0z"
    steps = [
        ((x - from_x) * size, (y - from_y) * size) for (from_x, from_y), (x, y) in pairwise(((0, 0), *CORNERS[marker]))
    ]
    return "m" + "l".join(f"{x:.2f} {y:.2f}" for x, y in steps) + "z"


def _path(x: Sequence[float], y: Sequence[float], *, steps: bool) -> str:
    """A line through points, interrupted where one is not a number; with `steps` it holds its value until the next."""
    path, pen = "", "M"
    for across, down in zip(x, y, strict=True):
        if isnan(across):
            pen = "M"
            continue
        path += f"H{across:.1f}V{down:.1f}" if steps and pen == "L" else f"{pen}{across:.1f} {down:.1f}"
        pen = "L"
    return path


def _stroke(path: str, colour: str, width: float, extra: str = "") -> str:
    return f'<path d="{path}" stroke="{colour}" stroke-width="{width:g}" fill="none"{extra}/>'


def _legend(entry: LegendEntry, height: float) -> Iterator[str]:
    right, middle = entry.left + HANDLE, height - entry.middle
    yield from _mark(entry.mark, (entry.left, right), (middle, middle), sample=True)
    yield _text(entry.name, right + 3, middle + 2.1)


def _line_of_text(line: TextLine, height: float) -> str:
    weight = ' font-weight="bold"' if line.bold else ""
    size = f' font-size="{line.size:g}"' if line.size != TYPE_SIZE else ""
    colour = f' fill="{QUIET_INK}"' if line.quiet else ""
    width = text_width(line.text, line.size, bold=line.bold)
    return _text(line.text, line.left, height - line.bottom, extra=f"{weight}{size}{colour}", width=width)


def _text(text: str, x: float, y: float, *, anchor: str = "", extra: str = "", width: float | None = None) -> str:
    """A line of text as wide as it was laid out, whatever font the reader has."""
    wide = text_width(text) if width is None else width
    attributes = f'x="{x:.1f}" y="{y:.1f}" textLength="{wide:.1f}" lengthAdjust="spacingAndGlyphs"'
    attributes += f' text-anchor="{anchor}"' if anchor else ""
    return f"<text {attributes}{extra}>{escape(text)}</text>"
