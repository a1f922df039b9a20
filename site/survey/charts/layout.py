"""Lays a chart out on its page: where panels, text and legend stand, in points from the lower left corner."""

from __future__ import annotations

from dataclasses import dataclass, replace

from survey.charts.key import height_of, key_of
from survey.charts.labels import PlacedLabel, place_labels
from survey.charts.scene import NOT_RANKED, Layer, Panel, Scene
from survey.charts.style import LINE_HEIGHT, MARGIN_LEFT, MARGIN_RIGHT, PLOT_HEIGHT, QUIET, TITLE_SIZE, TYPE_SIZE, WIDTH
from survey.charts.typeset import text_width, wrapped

EDGE = 6.0
AXIS_ROOM = 18.0  # numbers and title under a panel
PANEL_TITLE_ROOM = 9.0
SMALL_PANEL_HEIGHT = 104.0
NAME_HEIGHT = 9.0  # of a row in a panel of names
COLUMN_GAP = 27.0
NAMED_COLUMN_GAP = 12.0  # where the names stand beside the first panel only
HANDLE = 10.0


@dataclass(frozen=True)
class TextLine:
    """A line of text on the page; `bottom` is its baseline."""

    text: str
    left: float
    bottom: float
    size: float = TYPE_SIZE
    bold: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class LegendEntry:
    """A sample of a layer's style with its name; `left` and `middle` are where the sample starts."""

    layer: Layer
    name: str
    left: float
    middle: float


@dataclass(frozen=True)
class PlacedPanel:
    """Where a panel's frame stands, and its labels."""

    left: float
    bottom: float
    width: float
    height: float
    labels: tuple[PlacedLabel, ...]


@dataclass(frozen=True)
class Page:
    """The page of a chart; `panels` go with the panels of the scene, one to one."""

    width: float
    height: float
    panels: tuple[PlacedPanel, ...]
    texts: tuple[TextLine, ...]
    legend: tuple[LegendEntry, ...]


def laid_out(scene: Scene, title: str, subtitle: str, footer: tuple[str, ...]) -> Page:
    """The page: title, subtitle, panels, legend and footer from top to bottom, as high as they need."""
    body = WIDTH - 2 * EDGE
    labels = [_labels(scene, index) for index in range(len(scene.panels))]
    missing = [label for panel, found in zip(scene.panels, labels, strict=True) for label in _unnamed(panel, found)]
    if missing:
        wanted = sum(len(panel.labels) for panel in scene.panels)
        footer = (f"{footer[0]} Named: {wanted - len(missing)} of {wanted}.", *footer[1:])
    key = key_of([label for found in labels for label in found], body)
    titles = wrapped(title, body, TITLE_SIZE, bold=True)
    subtitles = wrapped(subtitle, body)
    feet = [line for paragraph in footer for line in wrapped(paragraph, body)]
    foot_top = EDGE + LINE_HEIGHT * len(feet)
    beside = _has_empty_cell(scene)
    corner = (WIDTH + COLUMN_GAP) / 2 if beside else EDGE
    key_top = foot_top + height_of(key)
    legend, legend_height = _legend(scene, corner, key_top + (40 if beside else 3))
    panels_bottom = key_top + (0 if beside else legend_height) + 4
    panels, panels_top = _panels(scene, labels, panels_bottom)
    texts = [
        TextLine(line, EDGE, foot_top - LINE_HEIGHT * (row + 1) + 1.8, quiet=True) for row, line in enumerate(feet)
    ]
    texts += [
        TextLine(text, EDGE + left, key_top - LINE_HEIGHT * (row + 1) + 1.8)
        for row, line in enumerate(key)
        for left, text in line
    ]
    top = panels_top + 5 + LINE_HEIGHT * len(subtitles)
    texts += [TextLine(line, EDGE, top - LINE_HEIGHT * (row + 1) + 2, quiet=True) for row, line in enumerate(subtitles)]
    height = top + 10.0 * len(titles) + 4
    texts += [
        TextLine(line, EDGE, height - 10 * (row + 1) - 1, TITLE_SIZE, bold=True) for row, line in enumerate(titles)
    ]
    return Page(WIDTH, height, tuple(panels), tuple(texts), tuple(legend))


def _unnamed(panel: Panel, placed: tuple[PlacedLabel, ...]) -> list[str]:
    """The names that stand neither in the panel nor in the key nor in the legend."""
    found = {label.keyed or label.text for label in placed}
    return [label.text for label in panel.labels if label.text not in found and (label.keyed or not panel.keyed)]


def _size(scene: Scene, index: int) -> tuple[float, float]:
    """Width and height of a panel's frame."""
    names = len(scene.panels[index].y.names)
    ends = [sum(scene.grid[: row + 1]) for row in range(len(scene.grid))]
    count = next(count for count, end in zip(scene.grid, ends, strict=True) if index < end)
    count = max(scene.grid) if _has_empty_cell(scene) else count
    width = (WIDTH - _margin(scene) - MARGIN_RIGHT - _gap(scene) * (count - 1)) / count
    if names:
        return width, NAME_HEIGHT * names
    return width, PLOT_HEIGHT if len(scene.panels) == 1 else SMALL_PANEL_HEIGHT


def _margin(scene: Scene) -> float:
    """The room to the left of the panels: numbers and a title, or names."""
    names = [name for panel in scene.panels for name in panel.y.names]
    return max([MARGIN_LEFT, *(EDGE + text_width(name) + 4.5 for name in names)])


def _gap(scene: Scene) -> float:
    return NAMED_COLUMN_GAP if any(panel.y.named_beside for panel in scene.panels) else COLUMN_GAP


def _has_empty_cell(scene: Scene) -> bool:
    """Whether the last row leaves room for the legend beside its panels."""
    return len(scene.grid) > 1 and 1 <= scene.grid[-1] < max(scene.grid) == scene.grid[0]


def _labels(scene: Scene, index: int) -> tuple[PlacedLabel, ...]:
    return tuple(place_labels(scene.panels[index], *_size(scene, index), text_width))


def _panels(scene: Scene, labels: list[tuple[PlacedLabel, ...]], bottom: float) -> tuple[list[PlacedPanel], float]:
    """The panels on their grid and the height that they end at."""
    height = _size(scene, 0)[1]
    title_room = PANEL_TITLE_ROOM if any(panel.title for panel in scene.panels) else 0.0
    step = height + AXIS_ROOM + title_room + 2
    top = bottom + step * len(scene.grid)
    placed, index = [], 0
    for row, count in enumerate(scene.grid):
        for column in range(count):
            width = _size(scene, index)[0]
            left = _margin(scene) + column * (width + _gap(scene))
            placed.append(PlacedPanel(left, top - step * row - title_room - height, width, height, labels[index]))
            index += 1
    return placed, top


def _legend(scene: Scene, corner: float, bottom: float) -> tuple[list[LegendEntry], float]:
    """The styles that the panels use, each once, in as many columns as fit; and the height that they take."""
    layers = {layer.name: layer for panel in scene.panels for layer in panel.layers if layer.in_legend}
    hollow = next(
        (
            layer
            for panel in scene.panels
            for layer in panel.layers
            if layer.role == "hollow" and layer.name.endswith(NOT_RANKED)
        ),
        None,
    )
    if hollow is not None:
        layers["not ranked"] = replace(hollow, colour=QUIET, marker="o")
    if not layers:
        return [], 0.0
    widest = max(text_width(name) for name in layers) + HANDLE + 6
    columns = max(1, int((WIDTH - EDGE - corner) // widest))
    rows = -(-len(layers) // columns)
    entries = []
    for index, (name, layer) in enumerate(layers.items()):
        left = corner + (index % columns) * (WIDTH - EDGE - corner) / columns
        middle = bottom + (rows - 1 - index // columns) * LINE_HEIGHT + LINE_HEIGHT / 2
        entries.append(LegendEntry(layer, name, left, middle))
    return entries, rows * LINE_HEIGHT + 3
