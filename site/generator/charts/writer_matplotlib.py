"""Draws a laid-out chart with matplotlib, once, and saves it as PDF and PNG, the same bytes every time."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from generator.charts.drawing import Markers, Shape, Stroke, Veil, drawing
from generator.charts.layout import Page, TextLine
from generator.charts.scene import Scene
from generator.charts.style import INK, PAPER, QUIET_INK, TYPE_SIZE
from generator.charts.typeset import FAMILIES, register_font

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.transforms import Transform

DOTS_PER_INCH = 300
PNG_COMPRESSION = 3  # of 9; a higher one takes twice the time for nothing
LABEL = "name of a point"  # marks these texts among the artists of a figure
SETTINGS: dict[Any, Any] = {
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "font.family": list(FAMILIES),
    "font.size": TYPE_SIZE,
    "text.parse_math": False,
    "text.hinting": "none",
    "path.simplify": False,
    "lines.solid_capstyle": "butt",
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
    """The figure; call it under `matplotlib.rc_context(SETTINGS)`. The page is laid out, so that it needs no axes."""
    from matplotlib.figure import Figure
    from matplotlib.transforms import Affine2D

    register_font()
    figure = Figure(figsize=(page.width / 72, page.height / 72), dpi=DOTS_PER_INCH, facecolor=PAPER)
    points = Affine2D().scale(1 / 72) + figure.dpi_scale_trans
    for order, shape in enumerate(drawing(scene, page)):
        _draw(figure, shape, points, order)
    return figure


def _draw(figure: Figure, shape: Shape, points: Transform, order: int) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle
    from matplotlib.transforms import Bbox, TransformedBbox

    common: dict[str, Any] = {"transform": points, "zorder": order}
    if isinstance(shape, TextLine):
        turned = {"rotation": 90 if shape.turned else 0, "rotation_mode": "anchor"}
        colour, weight = QUIET_INK if shape.quiet else INK, "bold" if shape.bold else "normal"
        common |= {"size": shape.size, "color": colour, "weight": weight, **turned}
        figure.text(shape.left, shape.bottom, shape.text, label=LABEL if shape.names_point else "", **common)
    elif isinstance(shape, Veil):
        left, bottom, width, height = shape.frame
        figure.add_artist(Rectangle((left, bottom), width, height, facecolor=PAPER, alpha=0.7, linewidth=0, **common))
    else:
        line = Line2D(shape.x, shape.y, **_look(shape), **common)
        figure.add_artist(line)
        line.set_clip_box(TransformedBbox(Bbox.from_bounds(*shape.frame), points) if shape.frame else None)
        line.set_clip_on(shape.frame is not None)


def _look(shape: Stroke | Markers) -> dict[str, Any]:
    if isinstance(shape, Stroke):
        return {"color": shape.colour, "linewidth": shape.width, "linestyle": "--" if shape.dashed else "-"}
    edge = {"markeredgecolor": shape.edge, "markeredgewidth": 0.0 if shape.edge == "none" else 0.4}
    filled = {"marker": shape.marker, "markersize": shape.size, "markerfacecolor": shape.fill}
    return {"linestyle": "none", **filled, **edge}


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
