"""The backbones that were timed here: a page each, every implementation under the same conditions side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.identity import address
from generator.benchmarks import Benchmarks
from generator.charts import Metadata
from generator.charts.speeds import speed_slug
from generator.facts import Facts
from generator.headlines import Headline, headline
from generator.provenance import raw_address
from generator.render import Page, write_page
from generator.runs import TENSORFLOW_RUNTIMES, Condition, Ratio, Run, fastest, ratio


@dataclass(frozen=True)
class Line:
    """A run in a table, and how many times as fast our best TensorFlow run under the same condition is."""

    run: Run
    lead: Ratio | None


@dataclass(frozen=True)
class Table:
    """All runs of a backbone under one condition, the fastest first."""

    condition: Condition
    lead: Run | None
    lines: list[Line]


@dataclass(frozen=True)
class Software:
    """What ran under a runtime: libraries with versions, and switches that matter to speed."""

    runtime: str
    libraries: str
    switches: str


@dataclass(frozen=True)
class Machine:
    """A backbone on one machine: charts, headlines, tables, and what the machine is."""

    slug: str
    condition: Condition
    environment: Any  # a row of `environments`; the hardware is the same in all of them
    charts: list[Metadata]
    headlines: list[Headline]
    tables: list[Table]
    software: list[Software]


@dataclass(frozen=True)
class File:
    """A file of results: the row of `sources`, and where it can be downloaded (blank when it cannot)."""

    source: Any
    address: str


def write(facts: Facts, output: Path) -> None:
    """Write implementations/<variant>/index.md for each backbone that was timed here."""
    for workload in facts.benchmarks.by_workload:
        page = Page(
            page_path(workload),
            f"Speed of {workload}",
            f"{workload} measured here: this repository against timm and other Keras and TensorFlow implementations.",
            hide=("navigation", "toc"),
        )
        runs = [run for found in facts.benchmarks.by_workload[workload].values() for run in found]
        write_page(
            output,
            page,
            "benchmarks.html",
            facts=facts,
            workload=workload,
            machines=machines(facts, workload),
            implementation=facts.implementations.get(workload),
            weights=facts.models_by_architecture.get(workload, []),
            files=files(facts, runs),
        )


def page_path(workload: str) -> str:
    """The path of a backbone's page."""
    return f"implementations/{address(workload)}/index.md"


def machines(facts: Facts, workload: str) -> list[Machine]:
    """What is known of a backbone on each machine."""
    by_machine: dict[str, dict[Condition, list[Run]]] = {}
    for condition, runs in facts.benchmarks.by_workload[workload].items():
        by_machine.setdefault(condition.machine, {})[condition] = runs
    return [_machine(facts, slug, conditions) for slug, conditions in sorted(by_machine.items())]


def table(condition: Condition, runs: list[Run]) -> Table:
    """The runs of a condition against the faster of our TensorFlow graph and XLA."""
    lead = fastest((run for run in runs if run.is_ours), runtimes=TENSORFLOW_RUNTIMES)
    return Table(condition, lead, [Line(run, ratio(lead, run)) for run in runs])


def hardware(runs: list[Run]) -> list[Any]:
    """The machines that ran, each as one of its rows of `environments`."""
    found = {run.condition.machine: run.environment for run in runs}
    return [found[machine] for machine in sorted(found)]


def software(runs: list[Run]) -> list[Software]:
    """What ran, once for each combination of runtime, libraries and switches."""
    found = {
        Software(run.runtime_name, run.environment.libraries or "", run.environment.switches or "") for run in runs
    }
    return sorted(found, key=lambda one: (one.runtime, one.libraries, one.switches))


def files(facts: Facts, runs: list[Run]) -> list[File]:
    """The files that runs came from, the newest first."""
    used = {run.source for run in runs}
    return [
        File(source, raw_address(facts.catalog, source)) for source in facts.benchmarks.sources if source.source in used
    ]


def _machine(facts: Facts, slug: str, conditions: dict[Condition, list[Run]]) -> Machine:
    benchmarks: Benchmarks = facts.benchmarks
    runs = [run for found in conditions.values() for run in found]
    slugs = sorted({speed_slug(benchmarks, run) for run in runs})
    told = [headline(benchmarks, condition, found) for condition, found in conditions.items()]
    return Machine(
        slug,
        runs[0].condition,
        runs[0].environment,
        [facts.charts[one] for one in slugs if one in facts.charts],
        [one for one in told if one.ours or one.exported],
        [table(condition, found) for condition, found in conditions.items()],
        software(runs),
    )
