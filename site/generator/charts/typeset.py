"""Measures and wraps text in the font that ships with matplotlib, so that every format lays out the same lines.

matplotlib gets a small copy of that font, so that a PDF need not cut its letters from 6,000 glyphs each time. The copy
has no ligatures: names such as efficientnet read better without, and each would be a second font in the PDF.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from generator.charts.style import TYPE_SIZE

SMALL_COPY = "Survey DejaVu Sans"
FONT = "DejaVu Sans"  # ships with matplotlib; has the letters that the small copy has not
FAMILIES = (SMALL_COPY, FONT)
LETTERS = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x2010, 0x2027)]))
FAMILY_NAMES = (1, 4, 16)  # records of the font's table of names; the PostScript name stays
SHORTENED = "..."


@cache
def register_font() -> None:
    """Make the small copy, regular and bold, known to matplotlib in this process."""
    from fontTools import subset  # type: ignore[import-untyped]
    from matplotlib import font_manager

    folder = Path(tempfile.mkdtemp(prefix="survey-font-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for weight in ("normal", "bold"):
        options = subset.Options(glyph_names=True, recommended_glyphs=True)
        options.drop_tables += ["FFTM", "GSUB", "GPOS", "GDEF"]  # kerning stays, in the table kern
        whole = font_manager.findfont(font_manager.FontProperties(family=FONT, weight=weight))
        with subset.load_font(whole, options) as font:
            subsetter = subset.Subsetter(options)
            subsetter.populate(text=LETTERS)
            subsetter.subset(font)
            for record in FAMILY_NAMES:
                font["name"].setName(SMALL_COPY, record, 3, 1, 0x409)
            font.save(folder / f"{weight}.ttf")
        font_manager.fontManager.addfont(folder / f"{weight}.ttf")


@cache
def text_width(text: str, size: float = TYPE_SIZE, *, bold: bool = False) -> float:
    """Width of one line in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    register_font()
    font = FontProperties(family=FAMILIES, weight="bold" if bold else "normal", size=size)
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


def shortened(text: str, width: float) -> str:
    """The text, or as much of its begin as fits into the width."""
    if text_width(text) <= width:
        return text
    return text[: _longest(text, width - text_width(SHORTENED), TYPE_SIZE, bold=False)] + SHORTENED


def _pieces(word: str, width: float, size: float, *, bold: bool) -> list[str]:
    """The word, broken after slashes, hyphens or underscores, or anywhere if need be, when it is wider than a line."""
    if text_width(word, size, bold=bold) <= width:
        return [word]
    end = _longest(word, width, size, bold=bold)
    good = max(word.rfind(mark, 0, end) for mark in "/-_") + 1
    end = good if good > end // 2 else end
    return [word[:end], *_pieces(word[end:], width, size, bold=bold)]


def _longest(text: str, width: float, size: float, *, bold: bool) -> int:
    """How many letters of the text fit into the width; one at least."""
    return next((end for end in range(len(text), 1, -1) if text_width(text[:end], size, bold=bold) <= width), 1)
