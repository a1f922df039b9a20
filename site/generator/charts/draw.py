"""Draws the registered charts into a folder, in every format, with a second process where there is a second core."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.problems import CatalogError
from generator.charts.citation import Metadata, metadata_of
from generator.charts.registry import charts
from generator.charts.scene import Chart, Scene

if TYPE_CHECKING:
    from catalog import Catalog

FORMATS = ("svg", "pdf", "png", "csv", "tex", "json")
INDEX = "charts.json"
START_IN_CHARTS = 6  # starting another process takes about as long as drawing so many


class UnknownChartError(ValueError):
    """A chart was asked for that is not registered; the message suggests the nearest."""


@dataclass(frozen=True)
class ChartOutput:
    """A drawn chart: its metadata and the file of each format."""

    metadata: Metadata
    files: dict[str, Path]

    @property
    def slug(self) -> str:
        """The chart's name in addresses."""
        return self.metadata.slug


def draw_all(
    c: Catalog,
    output: Path,
    only: Collection[str] | None = None,
    *,
    processes: int | None = None,
    on_skip: Callable[[CatalogError], None] | None = None,
) -> list[ChartOutput]:
    """Draw the charts into `output` as `<slug>.<format>` for each of FORMATS, and list them in `charts.json` there.

    `only` limits it to some slugs. A chart that the catalog has no data for is left out and told to `on_skip`.
    The second process reads the catalog from `c.data`; `processes=1` starts none.
    Raises UnknownChartError for a slug that is not registered, and CatalogError when a chart in `only`, or every
    chart, has nothing to draw.
    """
    registered = charts(c)
    wanted = chosen(registered, only)
    output.mkdir(parents=True, exist_ok=True)
    count = (os.cpu_count() or 1) if processes is None else processes
    given = max(0, (len(wanted) - START_IN_CHARTS) // 2) if count > 1 else 0
    if given:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            others = pool.submit(_draw_elsewhere, c.data, wanted[:given], output)
            found = _drawn(c, registered, wanted[given:], output)
            found |= others.result()
    else:
        found = _drawn(c, registered, wanted, output)
    errors = [drawn for drawn in found.values() if isinstance(drawn, CatalogError)]
    for error in errors:
        if only is not None:
            raise error
        if on_skip is not None:
            on_skip(error)
    outputs = [drawn for slug in wanted if isinstance(drawn := found[slug], ChartOutput)]
    if not outputs:
        raise CatalogError(f"{c.data}: nothing to draw; run backbones refresh, or name other tables with --data")
    listed = [
        {**asdict(drawn.metadata), "files": {kind: path.name for kind, path in drawn.files.items()}}
        for drawn in outputs
    ]
    _write(output / INDEX, (json.dumps(listed, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())
    return outputs


def _drawn(
    c: Catalog, registered: dict[str, Chart], slugs: Collection[str], output: Path
) -> dict[str, ChartOutput | CatalogError]:
    """Each chart's files, or why there is nothing to draw."""
    found: dict[str, ChartOutput | CatalogError] = {}
    for slug in slugs:
        try:
            found[slug] = draw_chart(c, registered[slug], output)
        except CatalogError as error:
            found[slug] = error
    return found


def _draw_elsewhere(data: Path, slugs: Collection[str], output: Path) -> dict[str, ChartOutput | CatalogError]:
    import catalog

    c = catalog.load(data)
    return _drawn(c, charts(c), slugs, output)


def drawn_charts(folder: Path) -> dict[str, Metadata]:
    """What pages show beside the charts that were drawn into a folder, by slug in their order; none where none was."""
    index = folder / INDEX
    if not index.is_file():
        return {}
    names = [field.name for field in fields(Metadata)]
    entries = json.loads(index.read_text(encoding="utf-8"))
    return {entry["slug"]: Metadata(**{name: entry[name] for name in names}) for entry in entries}


def draw_chart(c: Catalog, chart: Chart, output: Path) -> ChartOutput:
    """Draw one chart in every format. Raises CatalogError when there is nothing to draw."""
    from generator.charts.layout import laid_out
    from generator.charts.writer_matplotlib import pictures
    from generator.charts.writer_pgfplots import source_of
    from generator.charts.writer_plotly import figure_json
    from generator.charts.writer_svg import svg_of

    scene = chart.build(c)
    metadata = metadata_of(c, chart, scene)
    page = laid_out(scene, chart.title, chart.subtitle, footer(chart, scene, metadata))
    description = f"{metadata.alt} {metadata.source}, data as of {metadata.as_of}."
    contents = {
        **pictures(scene, page, chart.title),
        "svg": svg_of(scene, page, chart.title, description).encode(),
        "csv": scene.table.to_csv(index=False, lineterminator="\n").encode(),
        "tex": source_of(scene, page, chart.title, f"{metadata.citation} Source: {metadata.source}").encode(),
        "json": figure_json(scene).encode(),
    }
    files = {kind: output / f"{chart.slug}.{kind}" for kind in FORMATS}
    for kind, path in files.items():
        _write(path, contents[kind])
    return ChartOutput(metadata, files)


def footer(chart: Chart, scene: Scene, metadata: Metadata) -> tuple[str, ...]:
    """The paragraphs under a chart: convention and what is shown; source, day and where to find and cite it."""
    address = metadata.citation.rsplit(" ", 1)[-1].removeprefix("https://")
    return (
        " ".join([chart.convention, *scene.remarks]),
        f"Source, as of {metadata.as_of}: {metadata.source}. Cite: {address}",
    )


def chosen(registered: dict[str, Chart], only: Collection[str] | None) -> list[str]:
    """The slugs to draw, in the order of the registry. Raises UnknownChartError for one that is not there."""
    for slug in only or ():
        if slug not in registered:
            near = get_close_matches(slug, registered, n=1, cutoff=0.0)
            raise UnknownChartError(f"there is no chart {slug!r}; did you mean {near[0]}?")
    return [slug for slug in registered if only is None or slug in only]


def _write(path: Path, content: bytes) -> None:
    """Replace a file at once; one that does not differ is left as it is."""
    if path.is_file() and path.read_bytes() == content:
        return
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)
