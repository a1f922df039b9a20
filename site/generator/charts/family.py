"""Small charts of one family against the frontier: light SVG and plotly JSON, for a page each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from catalog.fields import METRICS
from catalog.frontier import comparable, on_frontier
from generator.charts.data import LEADERBOARD_HOVER, LEADERBOARD_SOURCES, labels_of, mark, marks_by_group, with_hover
from generator.charts.layout import laid_out
from generator.charts.scene import NOT_RANKED, Label, Mark, Panel, Scene
from generator.charts.style import QUIET, TRAIN_GROUPS, Group, train_group
from generator.charts.tradeoff import scale_over
from generator.charts.writer_plotly import figure_json
from generator.charts.writer_svg import svg_of

if TYPE_CHECKING:
    import pandas as pd

    from catalog import Catalog

HOVER = LEADERBOARD_HOVER + LEADERBOARD_SOURCES
MOST_LABELS = 10
NAME_REACH = 24.0  # points


@dataclass(frozen=True)
class FamilyChart:
    """A family's chart. `svg` is a whole file; `figure` is plotly JSON."""

    family: str
    title: str
    caption: str
    alt: str
    svg: str
    figure: str


def family_chart(c: Catalog, family: str) -> FamilyChart | None:
    """ImageNet top-1 against parameters of a family's results, with the frontier of all; None without results."""
    rows, empty, frontier = _background(c)
    rows = rows[rows["family"] == family]
    if rows.empty:
        return None
    name, reported = str(rows["family_name"].iloc[0]), int((~rows["comparable"]).sum())
    title = f"{name} against the frontier"
    caption = f"ImageNet top-1 against parameters; grey: the Pareto frontier of all measured results, as of {c.as_of}."
    counts = f"{len(rows)} results of {name}, {len(rows) - reported} of them measured by timm"
    alt = f"Scatter plot of ImageNet top-1 accuracy against parameters: {counts}."
    note = f"; hollow: {reported} reported by a paper, not ranked." if reported else "."
    footer = (f"{len(rows)} results{note}", f"Backbone Survey, data as of {c.as_of}.")
    scene = Scene((_panel(rows, empty, frontier),), rows)
    page = laid_out(scene, title, "Grey line: the Pareto frontier of all measured results.", footer)
    return FamilyChart(family, title, caption, alt, svg_of(scene, page, title, alt), figure_json(scene))


@lru_cache(maxsize=1)
def _background(c: Catalog) -> tuple[pd.DataFrame, Panel, Mark]:
    """What the charts of all families share: all results, a panel with scales over them, and the frontier."""
    params, top1 = METRICS["params_m"], METRICS["top1"]
    rows = c.leaderboard()
    rows = rows[rows["params_m"] > 0].assign(comparable=comparable(rows, params))
    rows = with_hover(rows.assign(group=[train_group(name).name for name in rows["train_set"]]), HOVER)
    on_it = rows[on_frontier(rows, params)].sort_values("params_m")
    line = Group("Pareto frontier", QUIET, "")
    frontier = mark(on_it, line.name, "line", line, "params_m", "top1", HOVER, in_legend=True)
    return rows, Panel(scale_over(rows, params, "x"), scale_over(rows, top1, "y"), ()), frontier


def _panel(rows: pd.DataFrame, empty: Panel, frontier: Mark) -> Panel:
    groups = [group for group in TRAIN_GROUPS if group.name in set(rows["group"])]
    measured, reported = rows[rows["comparable"]], rows[~rows["comparable"]]
    columns = ("params_m", "top1", HOVER)
    marks = [
        frontier,
        *marks_by_group(reported, groups, "reported", *columns, suffix=NOT_RANKED),
        *marks_by_group(measured, groups, "highlight", *columns, in_legend=True),
    ]
    x, y, values = empty.x, empty.y, rows["params_m"]
    x = replace(x, low=min(x.low, values.min() / 1.3), high=max(x.high, values.max() * 1.3))
    y = replace(y, low=min(y.low, 5 * (rows["top1"].min() // 5)))
    return Panel(x, y, tuple(marks), tuple(_labels(rows)))


def _labels(rows: pd.DataFrame) -> list[Label]:
    """Names of the best result of each architecture, at most a few."""
    best = rows.drop_duplicates("architecture")
    labels = labels_of(best, best["architecture"], "params_m", "top1", NAME_REACH)
    return sorted(labels, key=lambda label: -label.priority)[:MOST_LABELS]
