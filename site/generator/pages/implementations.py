"""The implementations of this repository: the proof that each equals its reference, and its speed against rivals."""

from __future__ import annotations

from pathlib import Path

from generator.facts import Facts, rows
from generator.headlines import Headline
from generator.render import Page, plural, write_page
from generator.runs import Condition


def write(facts: Facts, output: Path) -> None:
    """Write implementations/index.md; the page says so plainly when there is none yet, or no speed."""
    variants = rows(facts.catalog.implementations)
    count = len(variants)
    references = "its reference" if count == 1 else "their references"
    page = Page(
        "implementations/index.md",
        "Keras implementations",
        f"{plural(count, 'backbone variant')} in Keras 3, proven equal to {references} and timed against rivals.",
        hide=("navigation", "toc"),
    )
    told = facts.headlines
    write_page(
        output,
        page,
        "implementations.html",
        facts=facts,
        variants=variants,
        machines=_by_machine(told),
        others=[name for name in facts.benchmarks.by_workload if name not in told],
    )


def _by_machine(told: dict[str, list[Headline]]) -> list[tuple[str, Condition, list[Headline]]]:
    """(slug, a condition that names it, headlines) of each machine."""
    found: dict[str, list[Headline]] = {}
    for one in (line for lines in told.values() for line in lines):
        found.setdefault(one.condition.machine, []).append(one)
    return [(slug, lines[0].condition, lines) for slug, lines in sorted(found.items())]
