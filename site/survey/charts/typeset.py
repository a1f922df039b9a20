"""Measures and wraps text in the font that ships with matplotlib, so that every format lays out the same lines."""

from __future__ import annotations

from functools import cache

from survey.charts import fonts
from survey.charts.style import TYPE_SIZE

FONT = fonts.WHOLE


@cache
def text_width(text: str, size: float = TYPE_SIZE, *, bold: bool = False) -> float:
    """Width of one line in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    fonts.register()
    family = fonts.WHOLE if bold else [fonts.FAMILY, fonts.WHOLE]
    font = FontProperties(family=family, size=size, weight="bold" if bold else "normal")
    return float(text_to_path.get_text_width_height_descent(text, font, False)[0])


def wrapped(text: str, width: float, size: float = TYPE_SIZE, *, bold: bool = False) -> list[str]:
    """The text in lines that are at most `width` points wide; a longer word, such as an address, is broken."""
    space = text_width("n n", size, bold=bold) - 2 * text_width("n", size, bold=bold)
    lines: list[str] = []
    used = 0.0
    for word in [piece for whole in text.split() for piece in _pieces(whole, width, size, bold=bold)]:
        # Words are measured one by one: they come back from chart to chart, whole lines do not.
        wide = text_width(word, size, bold=bold)
        if lines and used + space + wide <= width:
            lines[-1] += f" {word}"
            used += space + wide
        else:
            lines.append(word)
            used = wide
    return lines


def _pieces(word: str, width: float, size: float, *, bold: bool) -> list[str]:
    """The word, broken after slashes, hyphens or underscores, or anywhere if need be, when it is wider than a line."""
    if text_width(word, size, bold=bold) <= width:
        return [word]
    end = next(
        end for end in range(len(word) - 1, 0, -1) if end == 1 or text_width(word[:end], size, bold=bold) <= width
    )
    good = max(word.rfind(mark, 0, end) for mark in "/-_") + 1
    end = good if good > end // 2 else end
    return [word[:end], *_pieces(word[end:], width, size, bold=bold)]
