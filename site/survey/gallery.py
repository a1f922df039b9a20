"""What pages need to know of the drawn charts: titles, captions and citations by slug."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FORMATS = ("svg", "png", "pdf", "csv", "tex")
INDEX = "charts.json"


@dataclass(frozen=True)
class Chart:
    """A drawn chart as its entry in charts.json describes it."""

    slug: str
    title: str
    caption: str
    alt: str
    convention: str
    group: str
    source: str
    citation: str
    bibtex: str


def drawn_charts(folder: Path) -> dict[str, Chart]:
    """The charts in a folder by slug, in the order of the gallery; none where none was drawn."""
    index = folder / INDEX
    if not index.is_file():
        return {}
    entries = json.loads(index.read_text(encoding="utf-8"))
    charts = [Chart(**{name: entry[name] for name in Chart.__dataclass_fields__}) for entry in entries]
    return {chart.slug: chart for chart in charts}
