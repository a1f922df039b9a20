"""The families: an index, and a page each with text from facts, papers, chart and every model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from catalog.bibtex import bibtex
from catalog.identity import address
from catalog.vocabulary import FAMILY_KINDS, IMAGENET_1K
from generator.charts import FamilyChart, family_chart
from generator.facts import Facts, Row, Rows, measured, train_set_order
from generator.render import Page, plural, write_page


def write(facts: Facts, output: Path) -> None:
    """Write families/index.md and a page for each family."""
    page = Page(
        "families/index.md",
        "Families",
        f"{plural(len(facts.families), 'family', 'families')} of vision backbones with their papers and best results.",
        hide=("navigation", "toc"),
    )
    entries = [_entry(facts, family) for family in facts.families.values()]
    write_page(output, page, "families.html", facts=facts, entries=entries)
    for family in facts.families.values():
        _write_family(facts, family, output)


def _write_family(facts: Facts, family: Row, output: Path) -> None:
    board = facts.board_by_family.get(family.family, [])
    architectures = facts.architectures_by_family.get(family.family, [])
    evaluated = {row.architecture for row in board}
    papers = facts.paper_roles(family.family)
    page = Page(
        f"families/{address(family.family)}/index.md",
        family.name,
        f"{family.name}: every variant and set of weights with accuracy, parameters, GMACs, speed and sources.",
        hide=("navigation", "toc"),
    )
    write_page(
        output,
        page,
        "family.html",
        facts=facts,
        family=family,
        kind=FAMILY_KINDS[family.kind][1],
        board=board,
        chart=_write_chart(facts, family, output),
        best=best_results(board),
        papers=papers,
        bibtex="\n".join(bibtex(paper) for paper, _ in papers),
        architectures=architectures,
        timed_here=[row.architecture for row in architectures if row.architecture in facts.benchmarks.by_workload],
        without_accuracy=[row for row in architectures if row.architecture not in evaluated],
        train_sets=sorted({row.train_set for row in board}, key=train_set_order),
        environment=facts.environments.get(facts.speed_environment or ""),
        span=_span([row.params_m for row in board] or [row.params_m for row in architectures]),
    )


def _write_chart(facts: Facts, family: Row, output: Path) -> FamilyChart | None:
    """Write chart.svg and chart.json beside the page; None for a family without results."""
    chart = family_chart(facts.catalog, family.family)
    if chart is None:
        return None
    folder = output / "families" / address(family.family)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "chart.svg").write_text(chart.svg, encoding="utf-8", newline="\n")
    (folder / "chart.json").write_text(chart.figure, encoding="utf-8", newline="\n")
    return chart


@dataclass(frozen=True)
class Best:
    """The best result of all and of ImageNet-1K only."""

    any: Row | None
    in1k: Row | None


def best_results(board: Rows) -> Best:
    """The best measured results; what a paper states where nothing is measured."""
    ranked = measured(board) or board
    return Best(next(iter(ranked), None), next((row for row in ranked if row.train_set == IMAGENET_1K), None))


def _entry(facts: Facts, family: Row) -> tuple[Row, Row | None, int, int, Best, tuple[float, float] | None]:
    """(family, main paper, variants, sets of weights, best results, span of parameters) of one line of the index."""
    board = facts.board_by_family.get(family.family, [])
    architectures = facts.architectures_by_family.get(family.family, [])
    return (
        family,
        facts.papers.get(family.paper or ""),
        len(architectures),
        len({row.model for row in board}),
        best_results(board),
        _span([row.params_m for row in architectures]),
    )


def _span(values: list[float | None]) -> tuple[float, float] | None:
    known = [value for value in values if value is not None]
    return (min(known), max(known)) if known else None
