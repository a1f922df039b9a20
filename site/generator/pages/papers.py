"""The papers by year, with the families they introduced and what else they are to the catalog."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from catalog.bibtex import bibtex, citation_keys
from generator.facts import Facts, Row, Rows, grouped
from generator.render import Page, plural, write_page


@dataclass(frozen=True)
class Told:
    """A paper and what it is to the catalog; `others` counts architectures and models by role."""

    paper: Row
    introduced: Rows
    related: Rows
    others: dict[str, int]
    bibtex: str


def write(facts: Facts, output: Path) -> None:
    """Write papers/index.md and papers/papers.bib."""
    keys = citation_keys(facts.papers.values())
    told = [_told(facts, paper, keys[paper.paper]) for paper in facts.papers.values()]
    told.sort(key=lambda one: (one.paper.published or f"{one.paper.year or 0}", one.paper.title), reverse=True)
    years = grouped([_Year(one.paper.year, one) for one in told], "year")
    page = Page(
        "papers/index.md",
        "Papers",
        f"{plural(len(told), 'paper')} by year, with the backbone families they introduced.",
    )
    ordered = sorted(years, key=lambda year: year or 0, reverse=True)
    write_page(
        output,
        page,
        "papers.html",
        facts=facts,
        total=len(told),
        years=[(year, [entry.told for entry in years[year]]) for year in ordered],
    )
    ends = sorted(one.bibtex for one in told)
    (output / "papers" / "papers.bib").write_text("\n".join(ends), encoding="utf-8", newline="\n")


@dataclass(frozen=True)
class _Year:
    year: int | None
    told: Told


def _told(facts: Facts, paper: Row, key: str) -> Told:
    links = facts.links_by_paper.get(paper.paper, [])
    families = [
        facts.families[link.target] for link in links if link.target_type == "family" and link.target in facts.families
    ]
    main = [row for row in facts.families.values() if row.paper == paper.paper]
    others: dict[str, int] = {}
    for link in links:
        if link.target_type != "family":
            others[link.role] = others.get(link.role, 0) + 1
    return Told(paper, main, [row for row in families if row not in main], others, bibtex(paper, key))
