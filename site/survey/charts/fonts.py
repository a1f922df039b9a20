"""Gives matplotlib a small copy of its own font, so that a PDF need not cut its letters from 6,000 glyphs each time.

The copy has no ligatures: names such as efficientnet read better without, and each would be a second font in the PDF.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

FAMILY = "Survey DejaVu Sans"
WHOLE = "DejaVu Sans"  # ships with matplotlib; has the letters that the small copy has not
LETTERS = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x2010, 0x2027)]))
FAMILY_NAMES = (1, 4, 16)  # records of the font's table of names; the PostScript name stays


@cache
def register() -> None:
    """Make FAMILY known to matplotlib in this process."""
    from fontTools import subset  # type: ignore[import-untyped]
    from matplotlib import font_manager

    options = subset.Options(glyph_names=True, recommended_glyphs=True)
    options.drop_tables += ["FFTM", "GSUB", "GPOS", "GDEF"]  # kerning stays, in the table kern
    with subset.load_font(font_manager.findfont(WHOLE), options) as font:
        subsetter = subset.Subsetter(options)
        subsetter.populate(text=LETTERS)
        subsetter.subset(font)
        for record in FAMILY_NAMES:
            font["name"].setName(FAMILY, record, 3, 1, 0x409)
        folder = Path(tempfile.mkdtemp(prefix="survey-font-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        path = folder / "survey.ttf"
        font.save(path)
    font_manager.fontManager.addfont(path)
