"""Writes a laid-out chart of few points as light SVG with real text, without matplotlib."""

from __future__ import annotations

from html import escape

from survey.charts.layout import HANDLE, LegendEntry, Page, PlacedPanel, TextLine
from survey.charts.scene import LINES, Layer, Panel, Scene
from survey.charts.style import GRID, INK, PAPER, QUIET, QUIET_INK, TYPE_SIZE, tint
from survey.charts.ticks import ticks
from survey.charts.typeset import FONT, text_width

# Outlines of the markers around the origin, 4.4 points across.
SHAPES = {
    "o": "M2.2 0A2.2 2.2 0 1 1-2.2 0A2.2 2.2 0 1 1 2.2 0Z",
    "s": "M-1.9-1.9H1.9V1.9H-1.9Z",
    "^": "M0-2.5L2.4 1.7H-2.4Z",
    "D": "M0-2.6L2.6 0L0 2.6L-2.6 0Z",
    "p": "M0-2.4L2.3-.7L1.4 1.9H-1.4L-2.3-.7Z",
    "v": "M0 2.5L2.4-1.7H-2.4Z",
}


def svg_of(scene: Scene, page: Page, title: str, description: str) -> str:
    """The chart as an SVG file: the same page as the other formats, with text that can be searched and selected."""
    height = page.height
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc" '
        f'viewBox="0 0 {page.width:g} {height:.1f}" width="{page.width:g}pt" height="{height:.1f}pt" '
        f'font-family="{FONT}, Verdana, sans-serif" font-size="{TYPE_SIZE:g}" fill="{INK}">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(description)}</desc>',
        f'<rect width="{page.width:g}" height="{height:.1f}" fill="{PAPER}"/>',
    ]
    for panel, place in zip(scene.panels, page.panels, strict=True):
        parts += _panel(panel, place, height)
    parts += [part for entry in page.legend for part in _legend(entry, height)]
    parts += [_text_line(line, height) for line in page.texts]
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, place: PlacedPanel, height: float) -> list[str]:
    left, base, top = place.left, height - place.bottom, height - place.bottom - place.height
    right = left + place.width
    parts = [
        f'<clipPath id="frame"><rect x="{left - 2.5:.1f}" y="{top:.1f}" width="{place.width + 5:.1f}" '
        f'height="{place.height:.1f}"/></clipPath>'
    ]
    grid, texts = [], []
    for value, text in ticks(panel.x, place.width):
        x = left + panel.x.fraction(value) * place.width
        grid.append(f"M{x:.1f} {top:.1f}V{base:.1f}")
        texts.append(_text(text, x, base + 8.5, anchor="middle"))
    for value, text in ticks(panel.y, place.height):
        y = base - panel.y.fraction(value) * place.height
        grid.append(f"M{left:.1f} {y:.1f}H{right:.1f}")
        texts.append(_text(text, left - 3.5, y + 2.2, anchor="end"))
    parts.append(f'<path d="{"".join(grid)}" stroke="{GRID}" stroke-width=".4" fill="none"/>')
    parts.append(
        f'<path d="M{left:.1f} {top:.1f}V{base:.1f}H{right:.1f}" stroke="{QUIET}" stroke-width=".5" fill="none"/>'
    )
    parts += texts
    parts.append(_text(panel.x.title, (left + right) / 2, base + 16.5, anchor="middle"))
    turned = f'transform="rotate(-90 11 {(top + base) / 2:.1f})"'
    parts.append(_text(panel.y.title, 11, (top + base) / 2, anchor="middle", extra=turned))
    parts.append('<g clip-path="url(#frame)">')
    parts += [part for layer in panel.layers for part in _layer(layer, panel, place, base)]
    parts.append("</g>")
    for label in place.labels:
        if label.leader:
            x, y, end_x, end_y = label.leader
            ends = f"M{left + x:.1f} {base - y:.1f}L{left + end_x:.1f} {base - end_y:.1f}"
            parts.append(f'<path d="{ends}" stroke="{QUIET}" stroke-width=".35"/>')
        parts.append(_text(label.text, left + label.left, base - label.bottom - label.height * 0.24))
    return parts


def _layer(layer: Layer, panel: Panel, place: PlacedPanel, base: float) -> list[str]:
    spots = [
        (place.left + panel.x.fraction(x) * place.width, base - panel.y.fraction(y) * place.height)
        for x, y in zip(layer.x, layer.y, strict=True)
    ]
    if layer.role in LINES:
        line = "L".join(f"{x:.1f} {y:.1f}" for x, y in spots)
        return [f'<path d="M{line}" stroke="{layer.colour}" stroke-width=".8" fill="none"/>'] if spots else []
    inner = "".join(f'<path d="{SHAPES[layer.marker]}" transform="translate({x:.1f} {y:.1f})"/>' for x, y in spots)
    return [f"<g {_look(layer)}>{inner}</g>"]


def _look(layer: Layer) -> str:
    if layer.role == "hollow":
        return f'fill="none" stroke="{tint(layer.colour, 0.8)}" stroke-width=".5"'
    return f'fill="{layer.colour}" stroke="{PAPER}" stroke-width=".4"'


def _legend(entry: LegendEntry, height: float) -> list[str]:
    y = height - entry.middle
    middle = entry.left + HANDLE / 2
    if entry.layer.role in LINES:
        line = f"M{entry.left:.1f} {y:.1f}H{entry.left + HANDLE:.1f}"
        sample = f'<path d="{line}" stroke="{entry.layer.colour}" stroke-width=".8"/>'
    else:
        shape = SHAPES[entry.layer.marker]
        sample = f'<g {_look(entry.layer)}><path d="{shape}" transform="translate({middle:.1f} {y:.1f})"/></g>'
    return [sample, _text(entry.name, entry.left + HANDLE + 3, y + 2.1)]


def _text_line(line: TextLine, height: float) -> str:
    weight = ' font-weight="bold"' if line.bold else ""
    size = f' font-size="{line.size:g}"' if line.size != TYPE_SIZE else ""
    colour = f' fill="{QUIET_INK}"' if line.quiet else ""
    extra = f"{weight}{size}{colour}".strip()
    return _text(
        line.text, line.left, height - line.bottom, extra=extra, width=text_width(line.text, line.size, bold=line.bold)
    )


def _text(text: str, x: float, y: float, *, anchor: str = "", extra: str = "", width: float | None = None) -> str:
    """A line of text as wide as it was laid out, whatever font the reader has."""
    wide = text_width(text) if width is None else width
    attributes = f'x="{x:.1f}" y="{y:.1f}" textLength="{wide:.1f}" lengthAdjust="spacingAndGlyphs"'
    attributes += f' text-anchor="{anchor}"' if anchor else ""
    return f"<text {attributes}{' ' + extra if extra else ''}>{escape(text)}</text>"
