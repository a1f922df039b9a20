"""Lays a chart out on its page: where panels, text, legend and key stand, in points from the lower left corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from generator.charts.labels import PlacedLabel, place_labels
from generator.charts.scene import NOT_RANKED, Mark, Scene
from generator.charts.style import (
    LINE_HEIGHT,
    MARGIN_LEFT,
    MARGIN_RIGHT,
    PLOT_HEIGHT,
    QUIET,
    TITLE_SIZE,
    TYPE_SIZE,
    WIDTH,
)
from generator.charts.typeset import shortened, text_width, wrapped

EDGE = 6.0
BODY = WIDTH - 2 * EDGE
AXIS_ROOM = 18.0  # numbers and title under a panel
PANEL_TITLE_ROOM = 9.0
SMALL_PANEL_HEIGHT = 104.0
NAME_HEIGHT = 9.0  # of a row in a panel of names
COLUMN_GAP = 27.0
NAMED_COLUMN_GAP = 12.0  # where the names stand beside the first panel only
KEY_GAP = 7.0  # least distance of the key's columns; the most is three times that
TITLE_HEIGHT = 10.0
HANDLE = 10.0  # width of a sample in the legend


@dataclass(frozen=True)
class TextLine:
    """A line of text on the page from where its baseline begins; a turned one runs upward."""

    text: str
    left: float
    bottom: float
    size: float = TYPE_SIZE
    bold: bool = False
    quiet: bool = False
    turned: bool = False
    names_point: bool = False


@dataclass(frozen=True)
class LegendEntry:
    """A sample of a mark's look with its name; `left` and `middle` are where the sample starts."""

    mark: Mark
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
    """The page: title, subtitle, panels, legend, key and footer from top to bottom, as high as they need."""
    frames = _frames(scene)
    placed = [
        tuple(place_labels(panel, frame.width, frame.height, text_width))
        for panel, frame in zip(scene.panels, frames, strict=True)
    ]
    labels = [label for of_panel in placed for label in of_panel]
    footer = _with_missing_names(scene, labels, footer)
    titles, subtitles = wrapped(title, BODY, TITLE_SIZE, bold=True), wrapped(subtitle, BODY)
    feet = [line for paragraph in footer for line in wrapped(paragraph, BODY)]
    key = _key(labels)

    # From the bottom up: each block ends where the next begins.
    feet_top = EDGE + LINE_HEIGHT * len(feet)
    key_top = feet_top + (LINE_HEIGHT * len(key) + 3 if key else 0)
    beside = _has_empty_cell(scene)  # then the legend stands there
    legend, legend_height = _legend(
        scene, (WIDTH + COLUMN_GAP) / 2 if beside else EDGE, key_top + (40 if beside else 3)
    )
    base = key_top + (0 if beside else legend_height) + 4
    panels_top = base + sum(frame.height + _room(scene) for frame in frames if frame.left == frames[0].left)
    subtitle_top = panels_top + 5 + LINE_HEIGHT * len(subtitles)
    height = subtitle_top + TITLE_HEIGHT * len(titles) + 4

    texts = [
        TextLine(line, EDGE, height - TITLE_HEIGHT * (row + 1) - 1, TITLE_SIZE, bold=True)
        for row, line in enumerate(titles)
    ]
    for top, lines in ((subtitle_top, subtitles), (feet_top, feet)):
        texts += [TextLine(line, EDGE, _baseline(top, row), quiet=True) for row, line in enumerate(lines)]
    texts += [
        TextLine(text, EDGE + left, _baseline(key_top, row)) for row, line in enumerate(key) for left, text in line
    ]
    panels = [
        replace(frame, bottom=frame.bottom + base, labels=found) for frame, found in zip(frames, placed, strict=True)
    ]
    return Page(WIDTH, height, tuple(panels), tuple(texts), tuple(legend))


def _baseline(top: float, row: int) -> float:
    """Where the text of a row of a block stands."""
    return top - LINE_HEIGHT * (row + 1) + 1.9


def _with_missing_names(scene: Scene, labels: Sequence[PlacedLabel], footer: tuple[str, ...]) -> tuple[str, ...]:
    """The footer, with how many are named where a name stands neither in the panel nor in the key nor in the legend."""
    found = {label.keyed or label.text for label in labels}
    wanted = [(label, panel.keyed) for panel in scene.panels for label in panel.labels]
    missing = sum(label.text not in found and (label.keyed or not keyed) for label, keyed in wanted)
    named = f" Named: {len(wanted) - missing} of {len(wanted)}." if missing else ""
    return (footer[0] + named, *footer[1:])


def _room(scene: Scene) -> float:
    """The height that a row of panels takes beside that of its frames."""
    return AXIS_ROOM + 2 + (PANEL_TITLE_ROOM if any(panel.title for panel in scene.panels) else 0.0)


def _frames(scene: Scene) -> list[PlacedPanel]:
    """The frames of the panels, without labels, above the lower end of the last row's axis titles."""
    names = [name for panel in scene.panels for name in panel.y.names]
    left = max([MARGIN_LEFT, *(EDGE + text_width(name) + 4.5 for name in names)])
    gap = NAMED_COLUMN_GAP if any(panel.y.named_beside for panel in scene.panels) else COLUMN_GAP
    height = PLOT_HEIGHT if len(scene.panels) == 1 else SMALL_PANEL_HEIGHT
    height = NAME_HEIGHT * len(scene.panels[0].y.names) or height
    frames = []
    for row, count in enumerate(scene.grid):
        columns = max(scene.grid) if _has_empty_cell(scene) else count
        width = (WIDTH - left - MARGIN_RIGHT - gap * (columns - 1)) / columns
        below = (len(scene.grid) - 1 - row) * (height + _room(scene))
        frames += [
            PlacedPanel(left + column * (width + gap), below + AXIS_ROOM + 2, width, height, ())
            for column in range(count)
        ]
    return frames


def _has_empty_cell(scene: Scene) -> bool:
    """Whether the last row leaves room for the legend beside its panels."""
    return len(scene.grid) > 1 and 1 <= scene.grid[-1] < max(scene.grid) == scene.grid[0]


def _legend(scene: Scene, left: float, bottom: float) -> tuple[list[LegendEntry], float]:
    """The looks that the panels use, each once, in as many columns as fit; and the height that they take."""
    marks = [mark for panel in scene.panels for mark in panel.marks]
    listed = {mark.name: mark for mark in marks if mark.in_legend}
    hollow = next((mark for mark in marks if mark.look.hollow and mark.name.endswith(NOT_RANKED)), None)
    if hollow is not None:
        listed["not ranked"] = replace(hollow, colour=QUIET, marker="o")
    if not listed:
        return [], 0.0
    room = WIDTH - EDGE - left
    columns = max(1, int(room // (max(text_width(name) for name in listed) + HANDLE + 6)))
    rows = -(-len(listed) // columns)
    entries = []
    for index, (name, mark) in enumerate(listed.items()):
        row, column = divmod(index, columns)
        entries.append(
            LegendEntry(mark, name, left + column * room / columns, bottom + (rows - row - 0.5) * LINE_HEIGHT)
        )
    return entries, rows * LINE_HEIGHT + 3


def _key(labels: Sequence[PlacedLabel]) -> list[list[tuple[float, str]]]:
    """The names that numbers stand for, in lines from top to bottom: texts, and where they start from the edge.

    Numbers run down the columns and stand right-aligned in them; there are as many columns as fit.
    """
    entries = [(label.text, label.keyed) for label in labels if label.keyed]
    digits = max((text_width(number) for number, _ in entries), default=0.0)
    indents = [digits - text_width(number) for number, _ in entries]
    texts = [shortened(f"{number} {name}", BODY - digits) for number, name in entries]
    widths = [indent + text_width(text) for indent, text in zip(indents, texts, strict=True)]
    for rows in range(1, len(entries) + 1):
        columns = [max(widths[start : start + rows]) for start in range(0, len(widths), rows)]
        gap = min((BODY - sum(columns)) / max(1, len(columns) - 1), 3 * KEY_GAP)
        if gap >= KEY_GAP or len(columns) == 1:
            lefts = [sum(columns[:place]) + gap * place for place in range(len(columns))]
            cells = list(zip(indents, texts, strict=True))
            return [
                [(left + indent, text) for left, (indent, text) in zip(lefts, cells[row::rows], strict=False)]
                for row in range(rows)
            ]
    return []
