"""Small charts of one family against the frontier: light SVG by hand and plotly JSON, for a page each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from catalog.frontier import comparable, on_frontier
from catalog.metrics import METRICS
from survey.charts.interactive import figure_json
from survey.charts.layout import laid_out
from survey.charts.light import svg_of
from survey.charts.rows import hover_of, points, spread, with_hover
from survey.charts.scene import NOT_RANKED, Axis, LabelRequest, Layer, Panel, Scene
from survey.charts.style import QUIET, TRAIN_GROUPS, Group, train_group
from survey.charts.tradeoff import axis_over

if TYPE_CHECKING:
    import pandas as pd

    from catalog import Catalog

HOVER = hover_of(timed=False)
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
    background = _background(c)
    rows = background.of_family.get(family)
    if rows is None:
        return None
    name = str(rows["family_name"].iloc[0])
    scene = _scene(background, rows)
    measured = int(rows["comparable"].sum())
    title = f"{name} against the frontier"
    caption = f"ImageNet top-1 against parameters; grey: the Pareto frontier of all measured results, as of {c.as_of}."
    counts = f"{len(rows)} results of {name}, {measured} of them measured by timm"
    alt = f"Scatter plot of ImageNet top-1 accuracy against parameters: {counts}."
    page = laid_out(scene, title, "Grey line: the Pareto frontier of all measured results.", _footer(c, rows, measured))
    return FamilyChart(family, title, caption, alt, svg_of(scene, page, title, alt), figure_json(scene))


@dataclass(frozen=True)
class _Background:
    """What the charts of all families share."""

    frontier: Layer
    x: Axis
    y: Axis
    of_family: dict[str, pd.DataFrame]


@lru_cache(maxsize=1)
def _background(c: Catalog) -> _Background:
    params, top1 = METRICS["params_m"], METRICS["top1"]
    rows = c.leaderboard()
    rows = rows[rows["params_m"] > 0].assign(comparable=comparable(rows, params))
    on_it = rows[on_frontier(rows, params)].sort_values("params_m")
    line = Group("", QUIET, "")
    on_it = with_hover(on_it, HOVER)
    frontier = points(on_it, "Pareto frontier", "line", line, params, top1, HOVER, in_legend=True)
    of_family = {str(family): of_one for family, of_one in with_hover(rows, HOVER).groupby("family", sort=False)}
    return _Background(frontier, axis_over(rows, params, "x"), axis_over(rows, top1, "y"), of_family)


def _scene(background: _Background, rows: pd.DataFrame) -> Scene:
    params, top1 = METRICS["params_m"], METRICS["top1"]
    groups = rows["train_set"].map(lambda name: train_group(name).name)
    layers = [background.frontier]
    for group in TRAIN_GROUPS:
        of_group = rows[groups == group.name]
        measured, reported = of_group[of_group["comparable"]], of_group[~of_group["comparable"]]
        if len(reported):
            layers.append(points(reported, group.name + NOT_RANKED, "hollow", group, params, top1, HOVER))
        if len(measured):
            layers.append(points(measured, group.name, "highlight", group, params, top1, HOVER, in_legend=True))
    x, y = background.x, background.y
    x = Axis(x.title, min(x.low, rows["params_m"].min() / 1.3), max(x.high, rows["params_m"].max() * 1.3), log=True)
    y = Axis(y.title, min(y.low, 5 * (rows["top1"].min() // 5)), y.high)
    return Scene((Panel(x, y, tuple(layers), tuple(_labels(rows))),), rows, sources=tuple(sorted(set(rows["source"]))))


def _labels(rows: pd.DataFrame) -> list[LabelRequest]:
    """Names of the best result of each architecture, at most a few."""
    best = rows.drop_duplicates("architecture")
    priorities = spread([float(value) for value in best["top1"]])
    columns = zip(best["architecture"], best["params_m"], best["top1"], priorities, strict=True)
    requests = [LabelRequest(str(text), float(x), float(y), rank, NAME_REACH) for text, x, y, rank in columns]
    return sorted(requests, key=lambda request: -request.priority)[:MOST_LABELS]


def _footer(c: Catalog, rows: pd.DataFrame, measured: int) -> tuple[str, ...]:
    reported = len(rows) - measured
    counts = f"{len(rows)} results" + (f"; hollow: {reported} reported by a paper, not ranked." if reported else ".")
    return counts, f"Backbone Survey, data as of {c.as_of}."
