"""Charts of ImageNet accuracy against what it costs: parameters, multiply-accumulates, or throughput somewhere."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from catalog.fields import METRICS, Metric
from catalog.frontier import comparable, on_frontier
from catalog.vocabulary import ESTIMATED, IMAGENET_1K
from generator.charts.data import (
    LEADERBOARD_HOVER,
    LEADERBOARD_SOURCES,
    labels_of,
    mark,
    marks_by_group,
    names_apart,
    table_of,
    with_hover,
)
from generator.charts.scales import Scale
from generator.charts.scene import NOT_RANKED, Label, Mark, Panel, Scene, nothing_to_draw
from generator.charts.style import INK, KIND_GROUPS, TRAIN_GROUPS, Group, kind_group, train_group

if TYPE_CHECKING:
    import pandas as pd

    from catalog import Catalog

TIMED_HOVER = "{images_per_s} images/s, batch {batch_size} {speed_note}<br>{environment_label}<br>"
NAMES = ["model", "architecture", "family_name", "kind", "train_set"]
FIGURES = ["img_size", "top1", "top5", "params_m", "gmacs"]
TEXTS = ["evidence", "cost_note", "on_frontier", "within_axes"]
SOURCES = ["source", "line", "cost_source", "cost_line"]


def tradeoff(
    c: Catalog, slug: str, cost: Metric, environment: str | None = None, *, only_imagenet_1k: bool = False
) -> Scene:
    """ImageNet top-1 against a cost; every result is a point, the frontier of the measured ones a line with names.

    Raises CatalogError when no result has both figures.
    """
    timed = environment is not None
    rows = c.leaderboard(environment=environment)
    rows = rows.assign(comparable=comparable(rows, cost))
    rows = rows[(rows[cost.column] > 0) & ((rows["train_set"] == IMAGENET_1K) | (not only_imagenet_1k))].copy()
    if not rows["comparable"].any():
        raise nothing_to_draw(slug, f"measured ImageNet results with {cost.label}")
    rows["on_frontier"] = on_frontier(rows, cost)
    x, y = scale_over(rows, cost, "x"), scale_over(rows, METRICS["top1"], "y")
    rows["within_axes"] = rows[cost.column].between(x.low, x.high) & rows["top1"].between(y.low, y.high)
    rows["group"] = (
        [kind_group(kind).name for kind in rows["kind"]]
        if only_imagenet_1k
        else [train_group(name).name for name in rows["train_set"]]
    )
    if timed:
        rows["environment_label"] = c.environments.set_index("environment").at[environment, "label"]
    pattern = f"{LEADERBOARD_HOVER}{TIMED_HOVER if timed else ''}{LEADERBOARD_SOURCES}"
    pattern += "<br>speed: {speed_source}:{speed_line}" if timed else ""
    marks = _marks(with_hover(rows, pattern), KIND_GROUPS if only_imagenet_1k else TRAIN_GROUPS, cost, pattern)
    panel = Panel(x, y, tuple(marks), tuple(_labels(rows, cost)), keyed=True)
    columns = [*NAMES, *FIGURES, *TEXTS, *SOURCES]
    if timed:
        columns = [*NAMES, *FIGURES, "images_per_s", "batch_size", *TEXTS, "environment", "speed_note", *SOURCES]
        columns += ["speed_source", "speed_line"]
    sources = {*rows["source"], *rows["cost_source"].dropna(), *rows["speed_source"].dropna()}
    return Scene((panel,), table_of(rows, columns), sources=tuple(sorted(sources)), remarks=_remarks(rows, y))


def scale_over(rows: pd.DataFrame, metric: Metric, which: str) -> Scale:
    """A scale over all results that the metric's chart limits allow (for x: those whose accuracy is allowed, too)."""
    low, high = METRICS["top1"].chart_limits
    shown = rows[rows["top1"].between(low, high)] if which == "x" and (rows["top1"] >= low).any() else rows
    values = shown[metric.column][shown[metric.column].between(*metric.chart_limits)]
    values = rows[metric.column] if values.empty else values
    least, most = float(values.min()), float(values.max())
    title = f"{metric.heading}, {metric.better} is better" if which == "x" else metric.heading
    if metric.log:
        least, most = (least / 2, most * 2) if least == most else (least, most)
        span = most / least
        before, after = (0.15, 0.03) if metric.better == "lower" else (0.03, 0.17)  # room for names beside the frontier
        return Scale(title, least / span**before, most * span**after, log=True)
    bottom = low if metric.column == "top1" and least <= low + 3 else math.floor(least - 1)
    return Scale(title, bottom, most + (most - bottom) * 0.06 + 0.2)


def _marks(rows: pd.DataFrame, groups: tuple[Group, ...], cost: Metric, pattern: str) -> list[Mark]:
    """The cloud of all results, and the frontier over it."""
    groups = tuple(group for group in groups if group.name in set(rows["group"]))
    frontier, cloud = rows[rows["on_frontier"]].sort_values(cost.column), rows[~rows["on_frontier"]]
    ranked, not_ranked = cloud[cloud["comparable"]], cloud[~cloud["comparable"]]
    columns = (cost.column, "top1", pattern)
    line = mark(frontier, "", "line", Group("", INK, ""), *columns)
    return [
        *marks_by_group(ranked, groups, "cloud", *columns),
        *marks_by_group(not_ranked, groups, "hollow", *columns, suffix=NOT_RANKED),
        Mark("Pareto frontier", "line", INK, "", line.x, line.y, in_legend=True),
        *marks_by_group(frontier, groups, "highlight", *columns, in_legend=True),
    ]


def _labels(rows: pd.DataFrame, cost: Metric) -> list[Label]:
    """A label for each frontier result within the axes; a star says that its cost is an estimate."""
    frontier = rows[rows["on_frontier"] & rows["within_axes"]]
    marks = ["*" if note == ESTIMATED and cost.column == "gmacs" else "" for note in frontier["cost_note"]]
    texts = [f"{name}{mark}" for name, mark in zip(names_apart(frontier), marks, strict=True)]
    return labels_of(frontier, texts, cost.column, "top1")


def _remarks(rows: pd.DataFrame, y: Scale) -> tuple[str, ...]:
    """What is drawn, what lies outside of the axes, and what the marks mean."""
    left_out = int((~rows["comparable"]).sum())
    count, shown = int(rows["on_frontier"].sum()), int((rows["on_frontier"] & rows["within_axes"]).sum())
    named = "all named" if shown == count else f"{shown} of them in view and named"
    remarks = [f"{len(rows):,} results, {count} on the frontier, {named} (by number where crowded)."]
    if left_out:
        remarks.append(f"Hollow: {left_out:,} not ranked (a paper's figure, or another network's cost).")
    below = int((rows["top1"] < y.low).sum())
    beyond = int((~rows["within_axes"]).sum()) - below
    outside = [f"{below} below {y.low:g} %"] * (below > 0) + [f"{beyond} beyond the x axis"] * (beyond > 0)
    if outside:
        remarks.append(f"Not shown: {' and '.join(outside)}.")
    if ESTIMATED in set(rows.loc[rows["on_frontier"], "cost_note"]):
        remarks.append("* GMACs scaled from another image size.")
    return tuple(remarks)
