"""The gallery of charts: each with caption, downloads and how to cite it."""

from __future__ import annotations

from pathlib import Path

from generator.charts import FORMATS
from generator.facts import Facts, grouped
from generator.render import Page, plural, write_page


def write(facts: Facts, output: Path) -> None:
    """Write charts/index.md; the charts themselves are drawn by generator.charts."""
    page = Page("charts/index.md", "Charts", f"{plural(len(facts.charts), 'chart')} to look at, download and cite.")
    groups = grouped(facts.charts.values(), "group")
    write_page(
        output, page, "charts.html", facts=facts, groups=groups, formats=[one for one in FORMATS if one != "json"]
    )
