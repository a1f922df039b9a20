"""Writes a laid-out chart as light SVG with real text, which can be searched and selected."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from math import isnan

from generator.charts.drawing import Frame, Markers, Shape, Stroke, Veil, drawing
from generator.charts.layout import Page, TextLine
from generator.charts.scene import Scene
from generator.charts.style import INK, PAPER, QUIET_INK, TYPE_SIZE
from generator.charts.typeset import FONT, text_width

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
    shapes = list(drawing(scene, page))
    frames = dict.fromkeys(shape.frame for shape in shapes if isinstance(shape, Stroke | Markers) and shape.frame)
    names = {frame: f"frame{number}" for number, frame in enumerate(frames)}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc" '
        f'viewBox="0 0 {page.width:g} {page.height:.1f}" width="{page.width:g}pt" height="{page.height:.1f}pt" '
        f'font-family="{FONT}, Verdana, sans-serif" font-size="{TYPE_SIZE:g}" fill="{INK}">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(description)}</desc>',
        f'<rect width="{page.width:g}" height="{page.height:.1f}" fill="{PAPER}"/>',
        *(f'<clipPath id="{name}">{_box(frame, page.height)}/></clipPath>' for frame, name in names.items()),
        *(_shape(shape, page.height, names) for shape in shapes),
    ]
    return "\n".join([*parts, "</svg>", ""])


def _shape(shape: Shape, height: float, names: dict[Frame, str]) -> str:
    if isinstance(shape, TextLine):
        return _text(shape, height)
    if isinstance(shape, Veil):
        return f'{_box(shape.frame, height)} fill="{PAPER}" opacity=".7"/>'
    clip = f' clip-path="url(#{names[shape.frame]})"' if shape.frame else ""
    if isinstance(shape, Stroke):
        dashes = ' stroke-dasharray="3 1.3"' if shape.dashed else ""
        look = f'stroke="{shape.colour}" stroke-width="{shape.width:g}" fill="none"'
        return f'<path d="{_path(shape, height)}" {look}{dashes}{clip}/>'
    outline = _outline(shape.marker, shape.size)
    spots = [f"M{x:.1f} {height - y:.1f}{outline}" for x, y in zip(shape.x, shape.y, strict=True)]
    paths = spots if PAPER in shape.edge else ["".join(spots)]
    drawn = "".join(f'<path d="{path}"/>' for path in paths)
    return f'<g fill="{shape.fill}" stroke="{shape.edge}" stroke-width=".4"{clip}>{drawn}</g>'


def _path(stroke: Stroke, height: float) -> str:
    path, pen = "", "M"
    for x, y in zip(stroke.x, stroke.y, strict=True):
        path += "" if isnan(x) else f"{pen}{x:.1f} {height - y:.1f}"
        pen = "M" if isnan(x) else "L"
    return path


def _outline(marker: str, size: float) -> str:
    """A marker's outline, relative to its middle."""
    if marker == "o":
        arc = f"a{size / 2:.2f} {size / 2:.2f} 0 1 0"
        return f"m{-size / 2:.2f} 0{arc} {size:.2f} 0{arc} {-size:.2f} 0z"
    steps = [
        ((x - from_x) * size, (y - from_y) * size) for (from_x, from_y), (x, y) in pairwise([(0, 0), *CORNERS[marker]])
    ]
    return "m" + "l".join(f"{x:.2f} {y:.2f}" for x, y in steps) + "z"


def _box(frame: Frame, height: float) -> str:
    left, bottom, wide, high = frame
    return f'<rect x="{left:.1f}" y="{height - bottom - high:.1f}" width="{wide:.1f}" height="{high:.1f}"'


def _text(line: TextLine, height: float) -> str:
    """A line of text as wide as it was laid out, whatever font the reader has."""
    x, y = f"{line.left:.1f}", f"{height - line.bottom:.1f}"
    look = ' font-weight="bold"' if line.bold else ""
    look += f' font-size="{line.size:g}"' if line.size != TYPE_SIZE else ""
    look += f' fill="{QUIET_INK}"' if line.quiet else ""
    look += f' transform="rotate(-90 {x} {y})"' if line.turned else ""
    width = f'textLength="{text_width(line.text, line.size, bold=line.bold):.1f}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{x}" y="{y}" {width}{look}>{escape(line.text)}</text>'
