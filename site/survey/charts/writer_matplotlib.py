"""Draws a laid-out chart with matplotlib, once, and saves it as PDF and PNG, the same bytes every time."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from survey.charts.layout import HANDLE, Page, PlacedPanel
from survey.charts.scene import Mark, Panel, Scene
from survey.charts.style import EQUAL_AREA, GRID, INK, PAPER, QUIET, QUIET_INK, TYPE_SIZE, tint
from survey.charts.typeset import FAMILIES, register_font

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOTS_PER_INCH = 300
PNG_COMPRESSION = 3  # of 9; a higher one takes twice the time for nothing
LABEL = "name of a point"  # marks these texts among the artists of a figure
SETTINGS: dict[Any, Any] = {
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "font.family": list(FAMILIES),
    "font.size": TYPE_SIZE,
    "text.color": INK,
    "text.parse_math": False,
    "text.hinting": "none",
    "path.simplify": False,
    "lines.solid_capstyle": "butt",
    "axes.axisbelow": True,
    "axes.edgecolor": QUIET,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelpad": 1.5,
    "axes.labelsize": TYPE_SIZE,
    "axes.linewidth": 0.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.color": GRID,
    "grid.linewidth": 0.4,
    **{
        f"{letter}tick.{name}": value
        for letter in "xy"
        for name, value in (
            ("color", QUIET),
            ("labelcolor", INK),
            ("labelsize", TYPE_SIZE),
            ("major.pad", 2.0),
            ("major.size", 2.0),
            ("major.width", 0.5),
        )
    },
}


def pictures(scene: Scene, page: Page, title: str) -> dict[str, bytes]:
    """The chart as `pdf` and `png`."""
    import matplotlib as mpl

    with mpl.rc_context(SETTINGS):
        figure = drawn(scene, page)
        pdf = io.BytesIO()
        nothing = {"CreationDate": None, "Creator": None, "Producer": None}
        figure.savefig(pdf, format="pdf", metadata={**nothing, "Title": title})
        return {"pdf": pdf.getvalue(), "png": _png(figure, title)}


def drawn(scene: Scene, page: Page) -> Figure:
    """The figure; call it under `matplotlib.rc_context(SETTINGS)`. Its last axes are the whole page, in points."""
    from matplotlib.figure import Figure

    register_font()
    figure = Figure(figsize=(page.width / 72, page.height / 72), dpi=DOTS_PER_INCH, facecolor=PAPER)
    for panel, place in zip(scene.panels, page.panels, strict=True):
        _draw_panel(figure, panel, place, page)
    paper = figure.add_axes((0, 0, 1, 1), xlim=(0, page.width), ylim=(0, page.height))
    paper.set_axis_off()
    for place in page.panels:
        _draw_labels(paper, place)
    for entry in page.legend:
        _draw_mark(paper, entry.mark, (entry.left, entry.left + HANDLE), (entry.middle, entry.middle), sample=True)
        paper.text(entry.left + HANDLE + 3, entry.middle - 2.1, entry.name)
    for line in page.texts:
        look = {"color": QUIET_INK if line.quiet else INK, "weight": "bold" if line.bold else "normal"}
        paper.text(line.left, line.bottom, line.text, size=line.size, **look)  # type: ignore[arg-type]
    return figure


def _draw_panel(figure: Figure, panel: Panel, place: PlacedPanel, page: Page) -> None:
    frame = (place.left / page.width, place.bottom / page.height, place.width / page.width, place.height / page.height)
    axes = figure.add_axes(frame)
    for letter, scale, length in (("x", panel.x, place.width), ("y", panel.y, place.height)):
        values, texts = zip(*scale.ticks(length), strict=True)
        limits = {f"{letter}scale": "log" if scale.log else "linear", f"{letter}lim": (scale.low, scale.high)}
        ticks = {f"{letter}ticks": values, f"{letter}ticklabels": texts}
        axes.set(**limits, **ticks, **{f"{letter}label": scale.title})
    axes.minorticks_off()
    if panel.title:
        axes.set_title(panel.title, loc="left", pad=2.5, fontsize=TYPE_SIZE, fontweight="bold")
    for mark in panel.marks:
        _draw_mark(axes, mark, mark.x, mark.y)


def _draw_mark(axes: Axes, mark: Mark, x: Sequence[float], y: Sequence[float], *, sample: bool = False) -> None:
    """The mark through these points; a sample for the legend has its marker in the middle."""
    look, colour = mark.look, tint(mark.colour, mark.look.tint)
    if not len(x):
        return
    if look.line:
        shape = "steps-post" if look.steps else "default"
        dashes = "dashed" if look.dashed else "solid"
        axes.plot(x, y, color=colour, linewidth=look.line, linestyle=dashes, drawstyle=shape)
    if look.size:
        axes.plot(
            [sum(x) / 2] if sample else x,
            y[:1] if sample else y,
            mark.marker,
            markersize=look.size * EQUAL_AREA[mark.marker],
            markerfacecolor="none" if look.hollow else colour,
            markeredgecolor=colour if look.hollow else PAPER if look.edged else "none",
            markeredgewidth=0.4 if look.hollow or look.edged else 0.0,
        )


def _draw_labels(paper: Axes, place: PlacedPanel) -> None:
    """Leaders, and names on half-transparent paper."""
    from matplotlib.patches import Rectangle

    for label in place.labels:
        if label.leader:
            x, y, end_x, end_y = label.leader
            across, upward = (place.left + x, place.left + end_x), (place.bottom + y, place.bottom + end_y)
            paper.plot(across, upward, color=QUIET, linewidth=0.35)
    for label in place.labels:
        left, bottom = place.left + label.left, place.bottom + label.bottom
        size = label.width, label.height
        paper.add_patch(Rectangle((left, bottom), *size, facecolor=PAPER, alpha=0.7, linewidth=0, zorder=2.5))
        paper.text(left, bottom + label.height * 0.24, label.text, label=LABEL)


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
