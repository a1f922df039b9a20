"""Charts of the speeds measured here: every implementation of one backbone on one machine, side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from catalog.fields import METRICS
from catalog.identity import address
from catalog.vocabulary import TIMM
from generator.benchmarks import Benchmarks
from generator.charts.data import mark, table_of, with_hover
from generator.charts.scales import Scale
from generator.charts.scene import SPREAD, Chart, Mark, Panel, Scene
from generator.charts.style import BLUE, GREEN, ORANGE, Group
from generator.runs import Run

if TYPE_CHECKING:
    from catalog import Catalog

MEASURED_HERE = "Measured here"
COLOURS = {"ours": BLUE, "other Keras/TF": ORANGE, "timm": GREEN}
MARKERS = {"fp32": "o", "bf16": "D"}
OTHER_MARKER = "s"
PANELS_IN_A_ROW = 2
HOVER = (
    "<b>{name}</b>, {runtime_name}<br>{told_rate} images/s ({spread})<br>{step} ms a step<br>{condition}<br>"
    "{parity}<br>{origin}"
)
CONDITIONS = ("img_size", "batch_size", "precision", "device", "threads")
SUBJECTS = ("implementation", "runtime", "images_per_s", "step_ms", "p10_ms", "p90_ms", "compile_s", "cold_start_s")
CHECKS = ("peak_memory_mb", "parity_error", "parity_tolerance")
ORIGINS = ("comparison", "note", "source", "line")
COLUMNS = ("architecture", *CONDITIONS, *SUBJECTS, *CHECKS, "libraries", *ORIGINS)


def speed_slug(benchmarks: Benchmarks, run: Run) -> str:
    """The slug of the chart that a run is in; with the image size where the backbone was timed at several."""
    fixed = run.condition
    sizes = {condition.img_size for condition in benchmarks.by_workload[fixed.workload]}
    size = f"-{fixed.img_size}" if len(sizes) > 1 else ""
    return f"local-speed-{address(fixed.workload)}{size}-{address(fixed.machine)}"


def speed_charts(c: Catalog) -> list[Chart]:
    """A chart for each backbone that was timed here, on each machine."""
    benchmarks = Benchmarks(c)
    of_chart: dict[str, list[Run]] = {}
    for run in benchmarks.models:
        of_chart.setdefault(speed_slug(benchmarks, run), []).append(run)
    return [_chart(slug, runs) for slug, runs in sorted(of_chart.items())]


def _chart(slug: str, runs: list[Run]) -> Chart:
    fixed = runs[0].condition
    machine = f"{fixed.device}, {fixed.threads} threads" if fixed.threads else fixed.device
    size = f" at {fixed.img_size} px" if fixed.img_size else ""
    return Chart(
        slug,
        title=f"Throughput of {fixed.workload}",
        subtitle=f"Inference{size} on {machine}.",
        caption=f"Inference{size} of {fixed.workload} on {machine}, the same weights in every implementation: median, "
        "and 10th to 90th percentile of the steps.",
        alt=f"Dot plots of the throughput of {fixed.workload}{size} in images per second on {machine}: a row for each "
        "implementation and runtime, a panel for each batch size, a marker for each precision.",
        convention="Fresh processes, timed in turns; outputs checked before timing.",
        build=lambda _: speeds(runs),
        group=MEASURED_HERE,
    )


def speeds(runs: list[Run]) -> Scene:
    """Throughput of every implementation: a row each, a panel for each batch size, whiskers from p10 to p90."""
    rows = with_hover(pd.DataFrame([_row(run) for run in runs]), HOVER)
    batches = sorted(set(rows["batch_size"]))
    # From bottom to top, the fastest in fp32 at the largest batch on top.
    rows["largest"], rows["single"] = rows["batch_size"] == batches[-1], rows["precision"] == "fp32"
    merit = rows.sort_values(["largest", "single", "images_per_s", "row"]).drop_duplicates("row", keep="last")
    names = tuple(merit["row"])
    rows["place"] = [float(names.index(name)) for name in rows["row"]]
    panels = [_panel(rows, batch, names, beside=bool(place % PANELS_IN_A_ROW)) for place, batch in enumerate(batches)]
    whole, rest = divmod(len(panels), PANELS_IN_A_ROW)
    grid = (PANELS_IN_A_ROW,) * whole + ((rest,) if rest else ())
    return Scene(tuple(panels), table_of(rows, COLUMNS), grid, tuple(sorted(set(rows["source"]))))


def _row(run: Run) -> dict[str, object]:
    """What the chart shows of a run, and what its table tells."""
    parity = "parity not recorded"
    if run.parity_error is not None:
        parity = f"difference to the reference {run.parity_error:.1e}"
    return {
        "architecture": run.condition.workload,
        **{name: getattr(run.condition, name) for name in CONDITIONS},
        **{name: getattr(run, name) for name in (*SUBJECTS, *CHECKS, *ORIGINS)},
        "libraries": run.environment.libraries,
        "row": f"{run.name} · {run.short_runtime}",
        "group": "ours" if run.is_ours else "timm" if run.implementation == TIMM else "other Keras/TF",
        "rate": round(run.images_per_s, 3),
        "slowest": round(run.slowest_rate, 3),
        "fastest": round(run.fastest_rate, 3),
        "name": run.name,
        "runtime_name": run.runtime_name,
        "told_rate": f"{run.images_per_s:,.2f}",
        "spread": f"{run.slowest_rate:,.2f} to {run.fastest_rate:,.2f}",
        "step": f"{run.step_ms:,.2f}",
        "condition": run.condition.words,
        "parity": parity,
        "origin": f"{run.source}:{run.line}" if run.line else run.source,
    }


def _panel(rows: pd.DataFrame, batch: int, names: tuple[str, ...], *, beside: bool) -> Panel:
    of_batch = rows[rows["batch_size"] == batch]
    marks: list[Mark] = []
    for precision in sorted(set(rows["precision"]), key=lambda word: (word != "fp32", word)):
        for name, colour in COLOURS.items():
            chosen = (rows["precision"] == precision) & (rows["group"] == name)
            if chosen.any():
                group = Group(f"{name}, {precision}", colour, MARKERS.get(precision, OTHER_MARKER))
                marks += _marks(rows[chosen & (rows["batch_size"] == batch)], group)
    x = Scale(METRICS["images_per_s"].unit, 0.0, float(of_batch[["fastest", "rate"]].max(axis=None)) * 1.06)
    y = Scale("", -0.6, len(names) - 0.4, names=names, named_beside=beside)
    return Panel(x, y, tuple(marks), title=f"batch {batch}")


def _marks(rows: pd.DataFrame, group: Group) -> list[Mark]:
    """A stroke from the slow to the fast end of the steps of each run, and its median."""
    ends = [(slow, fast, math.nan) for slow, fast in zip(rows["slowest"], rows["fastest"], strict=True)]
    places = tuple(place for place in rows["place"] for _ in range(3))
    whiskers = tuple(float(end) for of_run in ends for end in of_run)
    return [
        Mark(group.name + SPREAD, "whiskers", group.colour, "", whiskers, places),
        mark(rows, group.name, "highlight", group, "rate", "place", HOVER, in_legend=True),
    ]
