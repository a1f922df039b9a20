"""The data page: what can be downloaded, every column explained, licence and citation; and the downloads themselves."""

from __future__ import annotations

import shutil
from pathlib import Path

from catalog.fields import FIELDS, columns
from catalog.schema import TABLES
from generator.downloads import FLAT, PACKAGE, SQLITE, write_downloads
from generator.facts import Facts, Row, rows
from generator.project import Project, project
from generator.provenance import raw_address, raw_file
from generator.render import Page, write_page

FLAT_COLUMNS = {
    "Date": "day timm first listed the weights, or day or year of the paper; - is unknown",
    "TrainSet": "training data in the survey's notation",
    "Method": "family",
    "Size": "input side in evaluation, in pixels",
    "Model": "name as its source writes it",
    "Params(M)": "parameters in millions; -1 is unknown",
    "FLOPs(B)": "GMACs, as the survey and the papers use the word; -1 is unknown",
    "Acc": "ImageNet top-1 accuracy in percent",
}


def write(facts: Facts, output: Path) -> None:
    """Write data/index.md."""
    site = project()
    page = Page("data/index.md", "Data", "Every table as CSV, JSON, Parquet and SQLite, with every column explained.")
    licences = sorted({row.licence or "not stated" for row in rows(facts.catalog.sources)})
    write_page(
        output,
        page,
        "data.html",
        facts=facts,
        tables=TABLES,
        leaderboard=[FIELDS[name] for name in columns()],
        results=raw_files(facts),
        counts={name: len(facts.catalog.frames[name]) for name in TABLES},
        flat=FLAT,
        flat_columns=FLAT_COLUMNS,
        package=PACKAGE,
        sqlite=SQLITE,
        site=site,
        sources=list(facts.sources.values()),
        licences=licences,
        citation=citation(facts, site),
    )


def publish(facts: Facts, public: Path) -> None:
    """Write the downloads into data/, and the files of results measured here into data/results/."""
    write_downloads(facts.catalog, public / "data", project())
    for source, path in raw_files(facts):
        target = public / path
        found = raw_file(facts.catalog, source)
        if found is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found, target)


def raw_files(facts: Facts) -> list[tuple[Row, str]]:
    """(source, address relative to the site) of each file of results that the site can hand out whole."""
    found = [(source, raw_address(facts.catalog, source)) for source in facts.sources.values()]
    return [(source, path) for source, path in found if path]


def citation(facts: Facts, site: Project) -> str:
    """How to cite the data as BibTeX."""
    return (
        f"@misc{{backbone-survey,\n  title  = {{{{{site.name}}}}},\n"
        f"  author = {{{{{site.author}}}}},\n"
        f"  year   = {{{facts.year}}},\n  note   = {{Upstream data as of {facts.as_of}}},\n"
        f"  url    = {{{site.site_url}}}\n}}\n"
    )
