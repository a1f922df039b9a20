"""Draws a laid-out chart with matplotlib, once, and saves it as SVG, PDF and PNG, the same bytes every time."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from survey.charts import fonts
from survey.charts.layout import HANDLE, LegendEntry, Page, PlacedPanel, TextLine
from survey.charts.scene import LINES, Layer, Panel, Scene
from survey.charts.style import GRID, INK, PAPER, QUIET, QUIET_INK, TYPE_SIZE, tint
from survey.charts.ticks import ticks
from survey.charts.typeset import FONT, text_width

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.patches import PathPatch
    from matplotlib.transforms import BboxBase, Transform

DOTS_PER_INCH = 300
PNG_COMPRESSION = 3  # of 9; a higher one takes twice the time for nothing
TICK = 2.0
LABEL = "name of a point"  # marks these texts among the artists of a figure
SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "backbone-survey",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "font.family": [fonts.FAMILY, fonts.WHOLE],
    "font.size": TYPE_SIZE,
    "text.parse_math": False,
    "text.hinting": "none",
    "path.simplify": False,
    "lines.solid_capstyle": "butt",
}
# Marker size in points and how it is filled, by role.
CLOUD_SIZE = {"cloud": 2.3, "hollow": 2.6, "highlight": 4.4, "method": 2.8, "quiet method": 1.6}
EQUAL_AREA = {"o": 1.0, "s": 0.88, "^": 1.12, "D": 0.82, "p": 1.08, "v": 1.12}


def files_of(scene: Scene, page: Page, title: str, description: str) -> dict[str, bytes]:
    """The chart as `svg`, `pdf` and `png`. `description` is the alternative text in the SVG."""
    import matplotlib as mpl

    with mpl.rc_context(SETTINGS):
        figure = drawn(scene, page)
        svg, pdf = io.StringIO(), io.BytesIO()
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(svg, format="svg", metadata=nothing)
        nothing = {"CreationDate": None, "Creator": None, "Producer": None}
        figure.savefig(pdf, format="pdf", metadata={**nothing, "Title": title})
        return {
            "svg": _accessible(svg.getvalue(), title, description),
            "pdf": pdf.getvalue(),
            "png": _png(figure, title),
        }


def drawn(scene: Scene, page: Page) -> Figure:
    """The figure, in points of the page; call it under `matplotlib.rc_context(SETTINGS)`.

    It has no axes of matplotlib: the layout has placed every number and line already, for all formats alike.
    """
    from matplotlib.figure import Figure

    fonts.register()
    figure = Figure(figsize=(page.width / 72, page.height / 72), dpi=DOTS_PER_INCH, facecolor=PAPER)
    for panel, place in zip(scene.panels, page.panels, strict=True):
        _draw_panel(figure, panel, place)
    for line in page.texts:
        _draw_text(figure, line)
    for entry in page.legend:
        _draw_legend_entry(figure, entry)
    return figure


def _png(figure: Figure, title: str) -> bytes:
    """Without the alpha channel, which an opaque picture does not need."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image, PngImagePlugin

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = Image.fromarray(np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3]))
    information = PngImagePlugin.PngInfo()
    information.add_itxt("Title", title)
    buffer = io.BytesIO()
    resolution = (DOTS_PER_INCH, DOTS_PER_INCH)
    image.save(buffer, "png", compress_level=PNG_COMPRESSION, dpi=resolution, pnginfo=information)
    return buffer.getvalue()


def _accessible(text: str, title: str, description: str) -> bytes:
    """The SVG with a title and a description that screen readers announce, without declaration and comments."""
    text = text[text.index("<svg") :]
    text = re.sub(r"\n *<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"\n *<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = text.replace("<svg ", '<svg role="img" aria-labelledby="title desc" ', 1)
    head, body = text.split(">", 1)
    named = f'{head}>\n <title id="title">{escape(title)}</title>\n <desc id="desc">{escape(description)}</desc>{body}'
    return re.sub(r"[ \t]+\n", "\n", named).encode()


def _points(figure: Figure) -> Transform:
    """From points of the page to the figure's pixels."""
    from matplotlib.transforms import Affine2D

    return Affine2D().scale(1 / 72) + figure.dpi_scale_trans


def _draw_panel(figure: Figure, panel: Panel, place: PlacedPanel) -> None:
    from matplotlib.transforms import Bbox, TransformedBbox

    _draw_ticks(figure, panel, place)
    if panel.title:
        above = place.bottom + place.height + 2.5
        _draw_text(figure, TextLine(panel.title, place.left, above, bold=True))
    frame = Bbox.from_bounds(place.left, place.bottom, place.width, place.height)
    clip = TransformedBbox(frame, _points(figure))
    for depth, layer in enumerate(panel.layers):
        if not layer.x:
            continue
        x = [place.left + panel.x.fraction(value) * place.width for value in layer.x]
        y = [place.bottom + panel.y.fraction(value) * place.height for value in layer.y]
        if layer.role == "whiskers":
            strokes = [(x[at], y[at], x[at + 1], y[at + 1]) for at in range(0, len(x), 2)]
            _draw_segments(figure, strokes, layer.colour, 0.8, 3 + depth * 0.01)
        if layer.role in LINES:
            _draw_line(figure, x, y, 3 + depth * 0.01, clip, **_line_style(layer))
        if layer.role in CLOUD_SIZE:
            _draw_line(figure, x, y, 3 + depth * 0.01, clip, **_marker_style(layer), linestyle="none")
    _draw_labels(figure, place)


def _draw_line(
    figure: Figure, x: Sequence[float], y: Sequence[float], order: float, clip: BboxBase | None = None, **style: Any
) -> None:
    from matplotlib.lines import Line2D

    line = Line2D(x, y, transform=_points(figure), zorder=order, **style)
    figure.add_artist(line)
    line.set_clip_box(clip)
    line.set_clip_on(clip is not None)


def _draw_ticks(figure: Figure, panel: Panel, place: PlacedPanel) -> None:
    left, base, right, top = place.left, place.bottom, place.left + place.width, place.bottom + place.height
    across = [(left + panel.x.fraction(value) * place.width, text) for value, text in ticks(panel.x, place.width)]
    upward = [(base + panel.y.fraction(value) * place.height, text) for value, text in ticks(panel.y, place.height)]
    _draw_segments(figure, [(x, base, x, top) for x, _ in across], GRID, 0.4, 1.0)
    _draw_segments(figure, [(left, y, right, y) for y, _ in upward], GRID, 0.4, 1.0)
    marks = [(x, base, x, base - TICK) for x, _ in across] + [(left, y, left - TICK, y) for y, _ in upward]
    _draw_segments(figure, [*marks, (left, base, right, base), (left, base, left, top)], QUIET, 0.5, 2.5)
    for x, text in across:
        _draw_text(figure, TextLine(text, x - text_width(text) / 2, base - 8.4))
    for y, text in upward:
        _draw_text(figure, TextLine(text, left - 3.8 - text_width(text), y - 2.2))
    middle = (left + right) / 2 - text_width(panel.x.title) / 2
    _draw_text(figure, TextLine(panel.x.title, middle, base - 16.6))
    widest = max((text_width(text) for _, text in upward), default=0.0)
    beside = TextLine(panel.y.title, left - 6.0 - widest, (base + top) / 2 - text_width(panel.y.title) / 2)
    _draw_text(figure, beside, rotation=90, ha="right", va="bottom")


def _draw_segments(
    figure: Figure, segments: Sequence[tuple[float, float, float, float]], colour: str, width: float, order: float
) -> None:
    """Lines of one style from (x, y) to (x, y), as one artist."""
    x = [value for start, _, end, _ in segments for value in (start, end, math.nan)]
    y = [value for _, start, _, end in segments for value in (start, end, math.nan)]
    _draw_line(figure, x, y, order, color=colour, linewidth=width, solid_capstyle="butt")


def _line_style(layer: Layer) -> dict[str, Any]:
    quiet = layer.role == "quiet method"
    return {
        "color": tint(layer.colour, 0.5) if quiet else layer.colour,
        "linewidth": 0.4 if quiet else 0.8,
        "linestyle": "--" if layer.role == "dashed" else "-",
        "drawstyle": "steps-post" if layer.role == "steps" else "default",
    }


def _marker_style(layer: Layer) -> dict[str, Any]:
    size = CLOUD_SIZE[layer.role] * EQUAL_AREA[layer.marker]
    if layer.role == "hollow":
        return {
            "marker": layer.marker,
            "markersize": size,
            "markerfacecolor": "none",
            "markeredgecolor": tint(layer.colour, 0.6),
            "markeredgewidth": 0.4,
        }
    strong = layer.role in ("highlight", "method")
    colour = layer.colour if strong else tint(layer.colour)
    return {
        "marker": layer.marker,
        "markersize": size,
        "markerfacecolor": colour,
        "markeredgecolor": PAPER if strong else "none",
        "markeredgewidth": 0.4 if strong else 0.0,
    }


def _draw_labels(figure: Figure, place: PlacedPanel) -> None:
    """Leaders, and names on half-transparent paper."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path
    from matplotlib.transforms import Affine2D

    left, base = place.left, place.bottom
    leaders = [label.leader for label in place.labels if label.leader]
    _draw_segments(
        figure, [(left + x, base + y, left + end_x, base + end_y) for x, y, end_x, end_y in leaders], QUIET, 0.35, 4.5
    )
    if place.labels:
        boxes = [
            Path.unit_rectangle().transformed(
                Affine2D().scale(label.width, label.height).translate(left + label.left, base + label.bottom)
            )
            for label in place.labels
        ]
        look = {"facecolor": PAPER, "alpha": 0.7, "linewidth": 0, "zorder": 4.8}
        figure.add_artist(PathPatch(Path.make_compound_path(*boxes), transform=_points(figure), **look))
    for label in place.labels:
        line = TextLine(label.text, left + label.left, base + label.bottom + label.height * 0.24)
        _draw_text(figure, line, label=LABEL)


def _draw_text(figure: Figure, line: TextLine, **style: Any) -> None:
    if line.bold:
        figure.add_artist(_bold(figure, line))
        return
    width, height = figure.get_size_inches() * 72
    colour = QUIET_INK if line.quiet else INK
    place = (line.left / width, line.bottom / height)
    figure.text(*place, line.text, fontsize=line.size, color=colour, zorder=5, **style)


def _bold(figure: Figure, line: TextLine) -> PathPatch:
    """The line as outlines, which spares the PDF a second font."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.patches import PathPatch
    from matplotlib.textpath import TextPath

    font = FontProperties(family=FONT, weight="bold")
    outline = TextPath((line.left, line.bottom), line.text, size=line.size, prop=font)
    return PathPatch(outline, facecolor=INK, linewidth=0, transform=_points(figure))


def _draw_legend_entry(figure: Figure, entry: LegendEntry) -> None:
    left, right = entry.left, entry.left + HANDLE
    if entry.layer.role in LINES:
        _draw_line(figure, (left, right), (entry.middle, entry.middle), 3.0, **_line_style(entry.layer))
    if entry.layer.role in CLOUD_SIZE:
        style = _marker_style(entry.layer)
        _draw_line(figure, [(left + right) / 2], [entry.middle], 3.0, linestyle="none", **style)
    _draw_text(figure, TextLine(entry.name, right + 3, entry.middle - 2.1))
