"""Where a chart's figures come from and how to cite it: the lines in the figure, and BibTeX."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.charts.scene import Chart, Scene
from generator.project import project

if TYPE_CHECKING:
    from catalog import Catalog

REPOSITORY = re.compile(r"https://(?:raw\.githubusercontent|github)\.com/([^/]+/[^/]+)/")
LICENCE_NAME = re.compile(r"[A-Za-z0-9.+-]+")  # of SPDX; remarks such as "none stated" stay on the page of sources
FULL_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Metadata:
    """What a page shows beside a chart. `as_of` is the day of its newest upstream file, YYYY-MM-DD."""

    slug: str
    title: str
    caption: str
    alt: str
    convention: str
    group: str
    source: str
    as_of: str
    citation: str
    bibtex: str


def metadata_of(c: Catalog, chart: Chart, scene: Scene) -> Metadata:
    """The chart's metadata, its caption completed with what the data say."""
    source = source_line(c, scene.sources)
    home = project().site_url.removesuffix("/")
    used = c.sources[c.sources["source"].isin(scene.sources)]
    # What was measured here was not published elsewhere: its day is that of its newest row.
    days = used["published_at"].fillna(used["retrieved_at"].where(used["scraper"] == "local")).dropna()
    as_of = str(days.max()) if len(days) else c.as_of
    return Metadata(
        chart.slug,
        chart.title,
        " ".join([chart.caption, *scene.remarks]),
        chart.alt,
        chart.convention,
        chart.group,
        source,
        as_of,
        f"Backbone Survey, chart {chart.slug}, data as of {as_of}, {home}/charts/{chart.slug}.svg",
        _bibtex(chart, source, as_of, c.refreshed[:4] or as_of[:4], home),
    )


def source_line(c: Catalog, names: tuple[str, ...]) -> str:
    """The upstream repositories of some sources, each with its revision and licence."""
    known = c.sources.set_index("source")
    revisions: dict[str, set[str]] = {}
    licences: dict[str, str] = {}
    for name in names:
        if name not in known.index:
            revisions.setdefault(name, set())
            continue
        match = REPOSITORY.match(str(known.at[name, "url"]))
        place = match.group(1) if match else name
        revision = known.at[name, "revision"]
        revisions.setdefault(place, set()).update([str(revision)] if isinstance(revision, str) else [])
        licence = known.at[name, "licence"]
        licences[place] = f" ({licence})" if isinstance(licence, str) and LICENCE_NAME.fullmatch(licence) else ""
    return "; ".join(f"{place}{_at(revisions[place])}{licences.get(place, '')}" for place in sorted(revisions))


def _at(revisions: set[str]) -> str:
    if not revisions:
        return ""
    if len(revisions) > 1:
        return f" at {len(revisions)} revisions"
    (revision,) = revisions
    return f" at {revision[:8] if FULL_COMMIT.fullmatch(revision) else revision}"


def _bibtex(chart: Chart, source: str, as_of: str, year: str, home: str) -> str:
    key = re.sub(r"[^a-z0-9]+", "-", f"backbone-survey-{chart.slug}-{as_of}".lower())
    return "\n".join(
        [
            f"@misc{{{key},",
            f"  author = {{{{{project().author}}}}},",
            f"  title = {{{{{chart.title}}}}},",
            f"  year = {{{year}}},",
            f"  url = {{{home}/charts/{chart.slug}.svg}},",
            f"  note = {{Chart {chart.slug}, data as of {as_of}. Data: {source}}}",
            "}",
        ]
    )
