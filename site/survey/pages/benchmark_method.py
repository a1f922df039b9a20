"""How speed is measured here: a hand-written page whose counts and files come from the catalog."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from survey.facts import Facts
from survey.pages.benchmarks import files
from survey.project import DOCS, project
from survey.render import environment, figure, plural, render_text

PAGE = Path("methodology") / "benchmarks" / "index.md"


def write(facts: Facts, output: Path) -> None:
    """Fill in methodology/benchmarks/index.md."""
    benchmarks = facts.benchmarks
    written = render_text(
        (DOCS / PAGE).read_text(encoding="utf-8"),
        as_of=facts.as_of,
        measured_until=facts.measured_until,
        counts={
            "measurements": figure(len(benchmarks.models)),
            "backbones": figure(len(benchmarks.by_workload)),
            "layers": figure(len(benchmarks.layers)),
            "machines": plural(len(benchmarks.machines), "machine"),
        },
        files=_files(facts),
        repo_url=project().repo_url,
    )
    target = output / PAGE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(written, encoding="utf-8", newline="\n")


def _files(facts: Facts) -> Markup:
    """The list of result files as raw HTML; a sentence where there is none."""
    found = files(facts, [*facts.benchmarks.models, *facts.benchmarks.layers])
    if not found:
        return Markup("<p>None yet: nothing has been measured here.</p>")
    template = environment().from_string(
        '{% import "benchmark_parts.html" as bench with context %}{{ bench.result_files(files) }}'
    )
    return Markup(template.render(facts=facts, files=found, root="../../"))
