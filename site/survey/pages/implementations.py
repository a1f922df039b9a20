"""The implementations of this repository, each with the proof that it equals its reference."""

from __future__ import annotations

from pathlib import Path

from survey.facts import Facts
from survey.render import Page, plural, write_page


def write(facts: Facts, output: Path) -> None:
    """Write implementations/index.md; the page says so plainly when there is none yet."""
    count = len(facts.implementations)
    references = "its reference" if count == 1 else "their references"
    page = Page(
        "implementations/index.md",
        "Keras implementations",
        f"{plural(count, 'backbone variant')} in Keras 3, proven equal to {references}.",
        hide=("navigation", "toc"),
    )
    write_page(output, page, "implementations.html", facts=facts, variants=list(facts.implementations.values()))
