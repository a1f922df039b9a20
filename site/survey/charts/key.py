"""Lays out the key of a chart: the names that numbers in the plot stand for, in columns."""

from __future__ import annotations

from collections.abc import Sequence

from survey.charts.labels import PlacedLabel
from survey.charts.style import LINE_HEIGHT
from survey.charts.typeset import text_width

COLUMN_GAP = 7.0
SHORTENED = "..."


def key_of(labels: Sequence[PlacedLabel], width: float) -> list[list[tuple[float, str]]]:
    """The lines of the key from top to bottom: in each, texts and where they start from the left edge.

    Numbers run down the columns and stand right-aligned in them; there are as many columns as fit into the width.
    """
    entries = [(label.text, label.keyed) for label in labels if label.keyed]
    if not entries:
        return []
    number_width = max(text_width(number) for number, _ in entries)
    texts = [_shortened(f"{number} {name}", width - number_width) for number, name in entries]
    indents = [number_width - text_width(number) for number, _ in entries]
    widths = [indent + text_width(text) for indent, text in zip(indents, texts, strict=True)]
    rows, lefts = _columns(widths, width)
    lines: list[list[tuple[float, str]]] = [[] for _ in range(rows)]
    for index, (indent, text) in enumerate(zip(indents, texts, strict=True)):
        lines[index % rows].append((lefts[index // rows] + indent, text))
    return lines


def height_of(lines: Sequence[object]) -> float:
    """The height of the key with the space above it, in points."""
    return LINE_HEIGHT * len(lines) + 3.0 if lines else 0.0


def _columns(widths: Sequence[float], width: float) -> tuple[int, list[float]]:
    """The least number of rows whose columns fit side by side, and where each column starts."""
    for rows in range(1, len(widths)):
        columns = [max(widths[start : start + rows]) for start in range(0, len(widths), rows)]
        spare = width - sum(columns)
        if spare >= COLUMN_GAP * (len(columns) - 1):
            gap = min(spare / max(1, len(columns) - 1), 3 * COLUMN_GAP)
            return rows, [sum(columns[:place]) + gap * place for place in range(len(columns))]
    return len(widths), [0.0]


def _shortened(text: str, width: float) -> str:
    """The text, or as much of it as is not wider than the width."""
    if text_width(text) <= width:
        return text
    end = next(end for end in range(len(text) - 1, 0, -1) if end == 1 or text_width(text[:end] + SHORTENED) <= width)
    return text[:end] + SHORTENED
