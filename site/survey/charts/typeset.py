"""Measures and wraps text in the font that ships with matplotlib, so that every format lays out the same lines."""

from __future__ import annotations

from functools import cache

from survey.charts.style import TYPE_SIZE

FONT = "DejaVu Sans"


@cache
def text_width(text: str, size: float = TYPE_SIZE, *, bold: bool = False) -> float:
    """Width of one line in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=FONT, size=size, weight="bold" if bold else "normal")
    return float(text_to_path.get_text_width_height_descent(text, font, False)[0])


def wrapped(text: str, width: float, size: float = TYPE_SIZE, *, bold: bool = False) -> list[str]:
    """The text in lines that are at most `width` points wide; a longer single word keeps a line of its own."""
    space = text_width("n n", size, bold=bold) - 2 * text_width("n", size, bold=bold)
    lines: list[str] = []
    used = 0.0
    for word in text.split():
        # Words are measured one by one: they come back from chart to chart, whole lines do not.
        wide = text_width(word, size, bold=bold)
        if lines and used + space + wide <= width:
            lines[-1] += f" {word}"
            used += space + wide
        else:
            lines.append(word)
            used = wide
    return lines
