"""What pages need to know of the charts: titles, captions and citations by slug, before any is drawn."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.problems import CatalogError

if TYPE_CHECKING:
    from catalog import Catalog
    from survey.charts.citation import Metadata

FORMATS = ("svg", "png", "pdf", "csv", "tex")


def described_charts(catalog: Catalog) -> dict[str, Metadata]:
    """Every chart that the catalog has data for, in the order of the gallery."""
    return _described(catalog.data, catalog)


@lru_cache(maxsize=2)
def _described(data: Path, catalog: Catalog) -> dict[str, Metadata]:
    from survey.charts import chart_metadata, charts

    found = {}
    for slug in charts(catalog):
        try:
            found[slug] = chart_metadata(slug, catalog)
        except CatalogError:  # nothing to draw: a small catalog has no data for it
            continue
    return found
