"""Regional compilation in PyTorch: compiling only the repeated blocks of a timm model, against compiling all of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from catalog.vocabulary import TIMM
from generator.facts import Facts
from generator.pages.benchmarks import files, hardware
from generator.render import Page, write_page
from generator.runs import Condition, Ratio, Run, fastest, ratio

WHOLE = "torch-compile"
REGIONAL = ("torch-regional", "torch-regional-cached")
# In the order of the table, with what they are there.
ROWS = {
    "torch": "Not compiled",
    WHOLE: "Whole model",
    "torch-regional": "Blocks only",
    "torch-regional-cached": "Blocks, saved artifacts",
}
FLOOR = "trivial-function"


@dataclass(frozen=True)
class Line:
    """One way to run a model: the first call, and what is left of it without the toolchain's own start."""

    run: Run
    words: str
    first_s: float | None
    earlier: float | None  # times sooner than compiling the whole model
    above_floor_s: float | None
    earlier_above_floor: float | None
    steady: Ratio | None  # times as fast as the whole model compiled


@dataclass(frozen=True)
class Table:
    """A model under one condition; `floor_s` is what compiling a trivial function costs on the same machine."""

    condition: Condition
    floor_s: float | None
    lines: list[Line]


def write(facts: Facts, output: Path) -> None:
    """Write implementations/regional-compilation/index.md; without rows the page says so and how to make some."""
    page = Page(
        "implementations/regional-compilation/index.md",
        "Regional compilation",
        "Compiling only the repeated blocks of a timm model: first call, steady throughput and memory.",
        hide=("navigation", "toc"),
    )
    tables = regional_tables(facts)
    shown = [line.run for table in tables for line in table.lines]
    write_page(
        output,
        page,
        "regional_compilation.html",
        facts=facts,
        tables=tables,
        environments=hardware(shown),
        files=files(facts, shown),
    )


def regional_tables(facts: Facts) -> list[Table]:
    """Every model and condition under which a regional run and the whole model compiled were both timed."""
    tables = []
    for conditions in facts.benchmarks.by_workload.values():
        for condition, runs in conditions.items():
            chosen = {run.runtime: run for run in runs if run.implementation == TIMM and run.runtime in ROWS}
            if any(runtime in chosen for runtime in REGIONAL):
                tables.append(_table(facts, condition, chosen))
    return tables


def _table(facts: Facts, condition: Condition, chosen: dict[str, Run]) -> Table:
    floor = _floor(facts, condition)
    whole = chosen.get(WHOLE)
    lines = []
    for runtime in (runtime for runtime in ROWS if runtime in chosen):
        run = chosen[runtime]
        compiled = runtime != "torch"
        first, before = _first(run), _first(whole) if whole else None
        above = _without(floor, first) if compiled else None
        above_before = _without(floor, before)
        compare = compiled and runtime != WHOLE
        lines.append(
            Line(
                run,
                ROWS[runtime],
                first,
                _times(before, first) if compare else None,
                above,
                _times(above_before, above) if compare else None,
                ratio(run, whole),
            )
        )
    return Table(condition, floor, lines)


def _first(run: Run) -> float | None:
    """Seconds of the first call: tracing, compiling, and one step."""
    return None if run.compile_s is None else run.compile_s + run.step_ms / 1000


def _times(longer: float | None, shorter: float | None) -> float | None:
    return longer / shorter if longer is not None and shorter is not None and longer > 0 and shorter > 0 else None


def _without(floor: float | None, first: float | None) -> float | None:
    """What a first call took beyond the toolchain's start; None for one that was over before the toolchain starts."""
    return first - floor if first is not None and floor is not None and first > floor else None


def _floor(facts: Facts, condition: Condition) -> float | None:
    runs = [
        run
        for run in facts.benchmarks.layers
        if run.condition.workload.startswith(FLOOR)
        and run.runtime == WHOLE
        and run.condition.machine == condition.machine
    ]
    run = fastest(runs)
    return run.compile_s if run else None
