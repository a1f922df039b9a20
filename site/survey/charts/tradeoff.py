"""Charts of ImageNet accuracy against what it costs: parameters, multiply-accumulates, or throughput somewhere."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING

from catalog.frontier import comparable, on_frontier
from catalog.metrics import METRICS, Metric
from catalog.vocabulary import ESTIMATED, IMAGENET_1K
from survey.charts.rows import Hover, hover_of, names_apart, points, spread, table_of, with_hover
from survey.charts.scene import NOT_RANKED, Axis, LabelRequest, Layer, Panel, Scene, nothing_to_draw
from survey.charts.style import INK, KIND_GROUPS, TRAIN_GROUPS, Group, kind_group, train_group

if TYPE_CHECKING:
    import pandas as pd

    from catalog import Catalog

FIGURES = ["img_size", "top1", "top5", "params_m", "gmacs"]
TEXTS = [
    "model",
    "architecture",
    "family_name",
    "kind",
    "train_set",
    "evidence",
    "cost_note",
    "on_frontier",
    "within_axes",
]


def tradeoff(
    c: Catalog, slug: str, cost: Metric, environment: str | None = None, *, only_imagenet_1k: bool = False
) -> Scene:
    """ImageNet top-1 against a cost; every result is a point, the frontier of the measured ones a line with names.

    Raises CatalogError when no result has both figures.
    """
    accuracy = METRICS["top1"]
    rows = c.leaderboard(environment=environment)
    rows = rows.assign(comparable=comparable(rows, cost))
    if only_imagenet_1k:
        rows = rows[rows["train_set"] == IMAGENET_1K]
    rows = rows[rows[cost.column] > 0].copy()
    if not rows["comparable"].any():
        raise nothing_to_draw(slug, f"measured ImageNet results with {cost.label}")
    rows["on_frontier"] = on_frontier(rows, cost)
    x, y = axis_over(rows, cost, "x"), axis_over(rows, accuracy, "y")
    rows["within_axes"] = rows[cost.column].between(x.low, x.high) & rows["top1"].between(y.low, y.high)
    by_kind = only_imagenet_1k
    groups = KIND_GROUPS if by_kind else TRAIN_GROUPS
    rows["group"] = (
        [kind_group(kind).name for kind in rows["kind"]]
        if by_kind
        else [train_group(name).name for name in rows["train_set"]]
    )
    hover = hover_of(timed=environment is not None, fixed=_environment_line(c, environment))
    rows = with_hover(rows, hover)
    drawn = rows[["group", "comparable", "on_frontier", cost.column, accuracy.column, "hover"]]
    layers = [*_cloud(drawn, groups, cost, accuracy, hover), *_frontier(drawn, groups, cost, accuracy, hover)]
    panel = Panel(x, y, tuple(layers), tuple(frontier_labels(rows, cost)), note=outside_note(rows, x, y), keyed=True)
    speeds = ["images_per_s", "batch_size"] if environment else []
    speed_texts = ["environment", "speed_note"] if environment else []
    places = ["source", "line", "cost_source", "cost_line", *(["speed_source", "speed_line"] if environment else [])]
    table = table_of(rows, [*FIGURES, *speeds], [*TEXTS, *speed_texts, *places])
    sources = {*rows["source"], *rows["cost_source"].dropna(), *rows["speed_source"].dropna()}
    return Scene((panel,), table, sources=tuple(sorted(sources)), remarks=_remarks(rows, panel.note))


def axis_over(rows: pd.DataFrame, metric: Metric, which: str) -> Axis:
    """An axis over all results that the metric's chart limits allow (for x: those whose accuracy is allowed, too)."""
    low, high = METRICS["top1"].chart_limits
    shown = rows[rows["top1"].between(low, high)] if which == "x" and (rows["top1"] >= low).any() else rows
    values = shown[metric.column][shown[metric.column].between(*metric.chart_limits)]
    if values.empty:
        values = rows[metric.column]
    least, most = float(values.min()), float(values.max())
    title = f"{metric.heading}, {metric.better} is better" if which == "x" else metric.heading
    if metric.log:
        least, most = (least / 2, most * 2) if least == most else (least, most)
        span = most / least
        before, after = (0.15, 0.03) if metric.better == "lower" else (0.03, 0.17)  # room for names beside the frontier
        return Axis(title, least / span**before, most * span**after, log=True)
    bottom = low if metric.column == "top1" and least <= low + 3 else math.floor(least - 1)
    return Axis(title, bottom, most + (most - bottom) * 0.06 + 0.2)


def outside_note(rows: pd.DataFrame, x: Axis, y: Axis) -> str:
    """How many results lie outside of the axes, and where; blank when none does."""
    below = int((rows["top1"] < y.low).sum())
    beyond = int((~rows["within_axes"]).sum()) - below
    parts = [f"{below} below {y.low:g} %"] if below else []
    parts += [f"{beyond} beyond the x axis"] if beyond else []
    return f"Not shown: {' and '.join(parts)}." if parts else ""


def frontier_labels(rows: pd.DataFrame, cost: Metric) -> list[LabelRequest]:
    """A label for each frontier result within the axes, those that spread the best along the frontier first."""
    frontier = rows[rows["on_frontier"] & rows["within_axes"]]
    marks = ["*" if note == ESTIMATED and cost.column == "gmacs" else "" for note in frontier["cost_note"]]
    texts = [f"{name}{mark}" for name, mark in zip(names_apart(frontier), marks, strict=True)]
    priorities = spread([float(value) for value in frontier["top1"]])
    columns = zip(texts, frontier[cost.column], frontier["top1"], priorities, strict=True)
    return [LabelRequest(text, float(x), float(y), priority) for text, x, y, priority in columns]


def _cloud(rows: pd.DataFrame, groups: tuple[Group, ...], x: Metric, y: Metric, hover: Hover) -> list[Layer]:
    layers = []
    for group in groups:
        of_group = rows[(rows["group"] == group.name) & ~rows["on_frontier"]]
        for chosen, name, role in (
            (of_group["comparable"], "", "cloud"),
            (~of_group["comparable"], NOT_RANKED, "hollow"),
        ):
            if chosen.any():
                layers.append(points(of_group[chosen], group.name + name, role, group, x, y, hover))  # type: ignore[arg-type]
    return layers


def _frontier(rows: pd.DataFrame, groups: tuple[Group, ...], x: Metric, y: Metric, hover: Hover) -> list[Layer]:
    on_it = rows[rows["on_frontier"]].sort_values(x.column)
    ink = Group("Pareto frontier", INK, "")
    line = points(on_it, ink.name, "line", ink, x, y, hover, in_legend=True)
    layers = [Layer(line.name, "line", INK, "", line.x, line.y, in_legend=True)]
    for group in groups:
        of_group = on_it[on_it["group"] == group.name]
        if (rows["group"] == group.name).any():
            layers.append(points(of_group, group.name, "highlight", group, x, y, hover, in_legend=True))
    return layers


def _environment_line(c: Catalog, environment: str | None) -> str:
    if environment is None:
        return ""
    label = c.environments.set_index("environment").at[environment, "label"]
    return html.escape(str(label)).replace("%", "&#37;")


def _remarks(rows: pd.DataFrame, note: str) -> tuple[str, ...]:
    left_out = int((~rows["comparable"]).sum())
    count, shown = int(rows["on_frontier"].sum()), int((rows["on_frontier"] & rows["within_axes"]).sum())
    named = "all named" if shown == count else f"{shown} of them in view and named"
    counts = f"{len(rows):,} results, {count} on the frontier, {named} (by number where crowded)."
    hollow = f"Hollow: {left_out:,} not ranked (a paper's figure, or another network's cost)."
    marked = ESTIMATED in set(rows.loc[rows["on_frontier"], "cost_note"])
    estimated = "* GMACs scaled from another image size." if marked else ""
    return tuple(text for text in (counts, hollow if left_out else "", note, estimated) if text)
