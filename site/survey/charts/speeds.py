"""Charts of the speeds measured here: every implementation of one backbone on one machine, side by side."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.identity import address
from catalog.metrics import METRICS
from survey.benchmarks import Benchmarks
from survey.charts.rows import Hover, hover_texts, plain_cells
from survey.charts.scene import SPREAD, Axis, Chart, Layer, Panel, Scene, nothing_to_draw
from survey.charts.style import BLUE, GREEN, ORANGE, Group
from survey.runs import TIMM, Run

if TYPE_CHECKING:
    import pandas as pd

    from catalog import Catalog

MEASURED_HERE = "Measured here"
GROUPS = {
    "ours": Group("ours", BLUE, "o"),
    "keras": Group("other Keras/TF", ORANGE, "o"),
    "timm": Group("timm", GREEN, "o"),
}
MARKERS = {"fp32": "o", "bf16": "D"}
OTHER_MARKER = "s"
PANELS_IN_A_ROW = 2
HOVER = Hover(
    (
        "name",
        "runtime",
        "rate",
        "spread",
        "step",
        "condition",
        "parity",
        "place",
    ),
    "<b>{name}</b>, {runtime}<br>{rate} images/s ({spread})<br>{step} ms a step<br>{condition}<br>{parity}<br>{place}"
    "<extra></extra>",
)


@dataclass(frozen=True)
class Subject:
    """What a chart is of: a backbone at an image size, on a machine."""

    workload: str
    img_size: int | None
    machine: str
    slug: str


def speed_slug(benchmarks: Benchmarks, run: Run) -> str:
    """The slug of the chart that a run is in; with the image size where the backbone was timed at several."""
    fixed = run.condition
    sizes = {condition.img_size for condition in benchmarks.by_workload[fixed.workload]}
    size = f"-{fixed.img_size}" if len(sizes) > 1 else ""
    return f"local-speed-{address(fixed.workload)}{size}-{address(fixed.machine)}"


def speed_charts(c: Catalog) -> list[Chart]:
    """A chart for each backbone that was timed here, on each machine."""
    benchmarks = Benchmarks(c)
    subjects = {
        speed_slug(benchmarks, run): Subject(
            run.condition.workload, run.condition.img_size, run.condition.machine, speed_slug(benchmarks, run)
        )
        for run in benchmarks.models
    }
    return [_chart(benchmarks, subject) for _, subject in sorted(subjects.items())]


def _chart(benchmarks: Benchmarks, subject: Subject) -> Chart:
    fixed = _runs(benchmarks, subject)[0].condition
    threads = f", {fixed.threads} threads" if fixed.threads else ""
    machine = f"{fixed.device}{threads}"
    size = f" at {subject.img_size} px" if subject.img_size else ""
    return Chart(
        subject.slug,
        f"Throughput of {subject.workload}",
        f"Inference{size} on {machine}.",
        f"Inference{size} of {subject.workload} on {machine}, the same weights in every implementation: median, and "
        "10th to 90th percentile of the steps.",
        f"Dot plots of the throughput of {subject.workload}{size} in images per second on {machine}: a row for each "
        "implementation and runtime, a panel for each batch size, a marker for each precision.",
        "Fresh processes, timed in turns; outputs checked before timing.",
        lambda c: speeds(c, subject),
        METRICS["images_per_s"],
        None,
        MEASURED_HERE,
    )


def speeds(c: Catalog, subject: Subject) -> Scene:
    """Throughput of every implementation: a row each, a panel for each batch size, whiskers from p10 to p90.

    Raises CatalogError when the backbone was not timed there.
    """
    runs = _runs(Benchmarks(c), subject)
    if not runs:
        raise nothing_to_draw(subject.slug, "speeds measured here")
    batches = sorted({run.condition.batch_size for run in runs})
    names = _names(runs, batches[-1])
    panels = [_panel(runs, batch, names, column % PANELS_IN_A_ROW) for column, batch in enumerate(batches)]
    whole, rest = divmod(len(panels), PANELS_IN_A_ROW)
    grid = (PANELS_IN_A_ROW,) * whole + ((rest,) if rest else ())
    sources = tuple(sorted({run.source for run in runs}))
    return Scene(tuple(panels), _table(runs), grid=grid, sources=sources)


def _runs(benchmarks: Benchmarks, subject: Subject) -> list[Run]:
    found = benchmarks.by_workload.get(subject.workload, {})
    return [
        run
        for condition, runs in found.items()
        for run in runs
        if condition.img_size == subject.img_size and condition.machine == subject.machine
    ]


def row_name(run: Run) -> str:
    """The name of a row: whose code, under which runtime."""
    return f"{run.name} · {run.short_runtime}"


def _names(runs: list[Run], batch: int) -> tuple[str, ...]:
    """The rows from bottom to top, the fastest in fp32 at the largest batch on top."""

    def merit(run: Run) -> tuple[bool, bool, float]:
        fixed = run.condition
        return fixed.batch_size == batch, fixed.precision == "fp32", run.images_per_s

    best: dict[str, tuple[bool, bool, float]] = {}
    for run in runs:
        best[row_name(run)] = max(best.get(row_name(run), (False, False, 0.0)), merit(run))
    return tuple(sorted(best, key=lambda name: (best[name], name)))


def _panel(runs: list[Run], batch: int, names: tuple[str, ...], column: int) -> Panel:
    of_batch = [run for run in runs if run.condition.batch_size == batch]
    high = max(max(run.fastest_rate, run.images_per_s) for run in of_batch) * 1.06
    metric = METRICS["images_per_s"]
    y = Axis("", -0.6, len(names) - 0.4, names=names, named_beside=column > 0)
    layers: list[Layer] = []
    for precision in sorted({run.condition.precision for run in runs}, key=lambda word: (word != "fp32", word)):
        for key, group in GROUPS.items():
            found = [run for run in of_batch if run.condition.precision == precision and _group(run) == key]
            if any(run.condition.precision == precision and _group(run) == key for run in runs):
                layers += _layers(found, group, precision, names)
    return Panel(Axis(metric.unit, 0.0, high), y, tuple(layers), title=f"batch {batch}")


def _layers(runs: list[Run], group: Group, precision: str, names: tuple[str, ...]) -> list[Layer]:
    name = f"{group.name}, {precision}"
    rows = [float(names.index(row_name(run))) for run in runs]
    ends = tuple(round(rate, 3) for run in runs for rate in (run.slowest_rate, run.fastest_rate))
    marker = MARKERS.get(precision, OTHER_MARKER)
    texts, template = hover_texts([_told(run) for run in runs], HOVER) if runs else ((), "")
    return [
        Layer(name + SPREAD, "whiskers", group.colour, "", ends, tuple(row for row in rows for _ in range(2))),
        Layer(
            name,
            "highlight",
            group.colour,
            marker,
            tuple(round(run.images_per_s, 3) for run in runs),
            tuple(rows),
            texts,
            template,
            in_legend=True,
        ),
    ]


def _group(run: Run) -> str:
    if run.is_ours:
        return "ours"
    return "timm" if run.implementation == TIMM else "keras"


def _told(run: Run) -> tuple[str, ...]:
    parity = (
        "parity not recorded" if run.parity_error is None else f"difference to the reference {run.parity_error:.1e}"
    )
    texts = (
        run.name,
        run.runtime_name,
        f"{run.images_per_s:,.2f}",
        f"{run.slowest_rate:,.2f} to {run.fastest_rate:,.2f}",
        f"{run.step_ms:,.2f}",
        run.condition.words,
        parity,
        f"{run.source}:{run.line}" if run.line else run.source,
    )
    return tuple(html.escape(text) for text in texts)


def _table(runs: list[Run]) -> pd.DataFrame:
    """The table behind the chart: every condition, every figure, and where it came from."""
    import pandas as pd

    rows = [
        {
            "architecture": run.condition.workload,
            "image size (pixels)": run.condition.img_size,
            "batch size (images)": run.condition.batch_size,
            "precision": run.condition.precision,
            "device": run.condition.device,
            "threads": run.condition.threads,
            "implementation": run.implementation,
            "runtime": run.runtime,
            "throughput (images/s)": run.images_per_s,
            "median step (ms)": run.step_ms,
            "10th percentile (ms)": run.p10_ms,
            "90th percentile (ms)": run.p90_ms,
            "compile (s)": run.compile_s,
            "cold start (s)": run.cold_start_s,
            "peak memory (MB)": run.peak_memory_mb,
            "parity error": run.parity_error,
            "parity tolerance": run.parity_tolerance,
            "libraries": run.environment.libraries,
            "comparison": run.comparison,
            "note": run.note,
            "source": run.source,
            "line": run.line,
        }
        for run in runs
    ]
    return plain_cells(pd.DataFrame(rows))
