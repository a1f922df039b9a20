"""Draws a laid-out chart with matplotlib, once, and saves it as SVG, PDF and PNG, the same bytes every time."""

from __future__ import annotations

import io
import re
from html import escape
from typing import TYPE_CHECKING, Any

from survey.charts.layout import HANDLE, LegendEntry, Page, PlacedPanel, TextLine
from survey.charts.scene import LINES, Layer, Panel, Scene
from survey.charts.style import GRID, INK, PAPER, QUIET, QUIET_INK, TYPE_SIZE, tint
from survey.charts.ticks import ticks
from survey.charts.typeset import FONT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import PathPatch

DOTS_PER_INCH = 300
LABEL = "name of a point"  # marks these texts among the artists of a figure
SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "backbone-survey",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "font.family": FONT,
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
        return {
            "svg": _accessible(
                _saved(figure, "svg", {"Date": None, "Creator": None, "Format": None, "Type": None}), title, description
            ),
            "pdf": _saved(figure, "pdf", {"CreationDate": None, "Creator": None, "Producer": None, "Title": title}),
            "png": _saved(figure, "png", {"Software": None, "Title": title}),
        }


def drawn(scene: Scene, page: Page) -> Figure:
    """The figure; call it under `matplotlib.rc_context(SETTINGS)`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(page.width / 72, page.height / 72), dpi=DOTS_PER_INCH, facecolor=PAPER)
    for panel, place in zip(scene.panels, page.panels, strict=True):
        _draw_panel(figure, page, panel, place)
    for line in page.texts:
        _draw_text(figure, page, line)
    for entry in page.legend:
        _draw_legend_entry(figure, page, entry)
    return figure


def _saved(figure: Figure, kind: str, metadata: dict[str, str | None]) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=DOTS_PER_INCH, metadata=metadata, facecolor=PAPER)
    return buffer.getvalue()


def _accessible(svg: bytes, title: str, description: str) -> bytes:
    """The SVG with a title and a description that screen readers announce, without declaration and comments."""
    text = svg.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"\n *<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"\n *<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = text.replace("<svg ", '<svg role="img" aria-labelledby="title desc" ', 1)
    head, body = text.split(">", 1)
    named = f'{head}>\n <title id="title">{escape(title)}</title>\n <desc id="desc">{escape(description)}</desc>{body}'
    return re.sub(r"[ \t]+\n", "\n", named).encode()


def _draw_panel(figure: Figure, page: Page, panel: Panel, place: PlacedPanel) -> None:
    frame = (place.left / page.width, place.bottom / page.height, place.width / page.width, place.height / page.height)
    axes = figure.add_axes(frame)
    axes.set_facecolor("none")
    axes.set_xscale("log" if panel.x.log else "linear")
    axes.set_xlim(panel.x.low, panel.x.high)
    axes.set_ylim(panel.y.low, panel.y.high)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set(color=QUIET, linewidth=0.5)
    _draw_ticks(axes, panel, place)
    if panel.title:
        above = place.bottom + place.height + 2.5
        _draw_text(figure, page, TextLine(panel.title, place.left, above, bold=True))
    for depth, layer in enumerate(panel.layers):
        _draw_layer(axes, layer, depth)
    _draw_labels(axes, place)


def _draw_ticks(axes: Axes, panel: Panel, place: PlacedPanel) -> None:
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    for side, axis, length in ((axes.xaxis, panel.x, place.width), (axes.yaxis, panel.y, place.height)):
        marks = ticks(axis, length)
        side.set_major_locator(FixedLocator([value for value, _ in marks]))
        side.set_major_formatter(FixedFormatter([text for _, text in marks]))
        side.set_minor_locator(NullLocator())
        side.label.set(text=axis.title, color=INK, fontsize=TYPE_SIZE)
        side.labelpad = 1.5
    axes.tick_params(length=2, width=0.5, color=QUIET, labelcolor=INK, labelsize=TYPE_SIZE, pad=1.5)
    axes.grid(color=GRID, linewidth=0.4)
    axes.set_axisbelow(True)


def _draw_layer(axes: Axes, layer: Layer, depth: int) -> None:
    order = 3 + depth * 0.01
    if layer.role in LINES:
        axes.plot(layer.x, layer.y, **_line_style(layer), zorder=order)
    if layer.role in CLOUD_SIZE:
        axes.plot(layer.x, layer.y, **_marker_style(layer), linestyle="none", zorder=order)


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


def _draw_labels(axes: Axes, place: PlacedPanel) -> None:
    frame = axes.transAxes
    for label in place.labels:
        if label.leader:
            x, y, end_x, end_y = label.leader
            axes.plot(
                [x / place.width, end_x / place.width],
                [y / place.height, end_y / place.height],
                transform=frame,
                color=QUIET,
                linewidth=0.35,
                zorder=4.5,
            )
        axes.text(
            label.left / place.width,
            (label.bottom + label.height * 0.24) / place.height,
            label.text,
            transform=frame,
            fontsize=TYPE_SIZE,
            color=INK,
            zorder=5,
            label=LABEL,
            bbox={"facecolor": PAPER, "alpha": 0.7, "linewidth": 0, "pad": 0.2},
        )


def _draw_text(figure: Figure, page: Page, line: TextLine) -> None:
    if line.bold:
        figure.add_artist(_bold(figure, line))
        return
    colour = QUIET_INK if line.quiet else INK
    figure.text(line.left / page.width, line.bottom / page.height, line.text, fontsize=line.size, color=colour)


def _bold(figure: Figure, line: TextLine) -> PathPatch:
    """The line as outlines, which spares the PDF a second font."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.patches import PathPatch
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    font = FontProperties(family=FONT, weight="bold")
    outline = TextPath((line.left, line.bottom), line.text, size=line.size, prop=font)
    from_points = Affine2D().scale(1 / 72) + figure.dpi_scale_trans
    return PathPatch(outline, facecolor=INK, linewidth=0, transform=from_points)


def _draw_legend_entry(figure: Figure, page: Page, entry: LegendEntry) -> None:
    from matplotlib.lines import Line2D

    across = (entry.left / page.width, (entry.left + HANDLE) / page.width)
    height = entry.middle / page.height
    if entry.layer.role in LINES:
        figure.add_artist(Line2D(across, (height, height), **_line_style(entry.layer)))
    if entry.layer.role in CLOUD_SIZE:
        style = _marker_style(entry.layer)
        figure.add_artist(Line2D([sum(across) / 2], [height], linestyle="none", **style))
    name = (entry.left + HANDLE + 3) / page.width
    figure.text(name, (entry.middle - 2.1) / page.height, entry.name, fontsize=TYPE_SIZE, color=INK)
