"""The chart of the frontier over time: what was best at each past revision of timm's ImageNet results."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from catalog.frontier import pareto_mask
from catalog.metrics import METRICS
from catalog.vocabulary import IMAGENET_1K
from survey.charts.rows import plain_cells, safe
from survey.charts.scene import Axis, LabelRequest, Layer, Panel, Scene, nothing_to_draw
from survey.charts.style import BLUE, LINE_MARKERS, VERMILION
from survey.charts.ticks import day_number

if TYPE_CHECKING:
    from catalog import Catalog

SCOPES = {"all data": VERMILION, IMAGENET_1K: BLUE}
PAST_COLOURS = ("#BDBDBD", "#8C8C8C", "#5A5A5A")  # older years are lighter
SLUG = "frontier-over-time"
HOVER_TEMPLATE = (
    "<b>%{customdata[0]}</b><br>top-1 %{customdata[1]} %, %{customdata[2]} M parameters, at %{customdata[3]} pixels<br>"
    "%{customdata[4]}<br>%{customdata[5]}<extra></extra>"
)


@dataclass(frozen=True)
class Revision:
    """What upstream held after a revision: one row per model and image size, on the frontier or not."""

    day: str
    commit: str
    held: pd.DataFrame


def frontier_over_time(c: Catalog) -> Scene:
    """Best top-1 at each revision, and the frontier against parameters at the last revision of each year."""
    frontiers = _frontiers(c)
    if frontiers.empty:
        raise nothing_to_draw(SLUG, "history of results")
    last_of_year = frontiers.groupby(frontiers["day"].str[:4])["day"].max().tolist()
    last_of_year = _chosen_years(last_of_year)
    panels = (_best_panel(frontiers), *(_year_panel(frontiers, scope, last_of_year) for scope in SCOPES))
    unknown = int(frontiers.attrs["unknown"])
    remarks = [
        f"{frontiers['day'].nunique()} days with a revision, {frontiers['day'].min()} to {frontiers['day'].max()}."
    ]
    if unknown:
        remarks.append(f"{unknown} former entries of unknown training data count under all data only.")
    below = int((frontiers["day"].isin(last_of_year) & (frontiers["top1"] < METRICS["top1"].chart_limits[0])).sum())
    if below:
        remarks.append(f"Not shown: {below} frontier points below {METRICS['top1'].chart_limits[0]:g} %.")
    sources = tuple(sorted(c.sources.loc[c.sources["source"].str.startswith("timm-history/"), "source"]))
    return Scene(panels, _table(frontiers), grid=(1, 2), sources=sources, remarks=tuple(remarks))


def _frontiers(c: Catalog) -> pd.DataFrame:
    """The frontier of every revision and scope, one row for each point of it."""
    only_imagenet_1k = _trained_on_imagenet_1k_only(c)
    parts = []
    unknown: set[str] = set()
    for revision in _revisions(c):
        known = revision.held["model"].map(only_imagenet_1k)
        unknown |= set(revision.held.loc[known.isna(), "model"])
        for scope in SCOPES:
            rows = revision.held[known.fillna(False).astype(bool)] if scope == IMAGENET_1K else revision.held
            on_it = rows[pareto_mask(rows["params_m"], rows["top1"])].sort_values("params_m")
            parts.append(on_it.assign(day=revision.day, revision=revision.commit, scope=scope))
    frontiers = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    frontiers.attrs["unknown"] = len(unknown)
    return frontiers


def _revisions(c: Catalog) -> Iterator[Revision]:
    """What was held after each day with a revision, oldest first."""
    parameters = c.models.merge(c.architectures[["architecture", "params_m"]], on="architecture").set_index("model")[
        "params_m"
    ]
    present: dict[tuple[str, int], tuple[float, float]] = {}
    events = c.history.sort_values("sequence", kind="stable")
    for (day, commit), of_revision in events.groupby(["date", "revision"], sort=False):
        for model, size, event, top1, params in zip(
            of_revision["model"],
            of_revision["img_size"],
            of_revision["event"],
            of_revision["top1"],
            of_revision["params_m"],
            strict=True,
        ):
            if event == "removed":
                present.pop((model, size), None)
            else:
                present[model, size] = (top1, parameters.get(model, float("nan")) if pd.isna(params) else params)
        rows = [(model, size, *figures) for (model, size), figures in sorted(present.items())]
        yield Revision(
            str(day), str(commit), pd.DataFrame(rows, columns=pd.Index(["model", "img_size", "top1", "params_m"]))
        )


def _trained_on_imagenet_1k_only(c: Catalog) -> dict[str, bool]:
    """Whether weights saw ImageNet-1K only, by model; a former name without tag counts when all its heirs agree."""
    only = c.models["train_set"] == IMAGENET_1K
    known = dict(zip(c.models["model"], only, strict=True))
    heirs = only.groupby(c.models["architecture"]).agg(["min", "max"])
    agreed = heirs.loc[heirs["min"] == heirs["max"], "min"].to_dict()
    return {
        **{str(name): bool(value) for name, value in agreed.items()},
        **{str(name): bool(value) for name, value in known.items()},
    }


def _best_panel(frontiers: pd.DataFrame) -> Panel:
    layers, labels, lows, highs = [], [], [], []
    for scope, colour in SCOPES.items():
        best = (
            frontiers[frontiers["scope"] == scope]
            .sort_values("top1")
            .drop_duplicates("day", keep="last")
            .sort_values("day")
        )
        record = best[
            (best["top1"] > best["top1"].cummax().shift(fill_value=0.0)) & (best["model"] != best["model"].shift())
        ]
        days = [day_number(day) for day in best["day"]]
        layers.append(
            Layer(
                scope,
                "steps",
                colour,
                "",
                tuple(days),
                tuple(best["top1"]),
                _hover(best, scope),
                HOVER_TEMPLATE,
                in_legend=True,
            )
        )
        marks = tuple(day_number(day) for day in record["day"])
        layers.append(
            Layer(
                f"{scope}: new best",
                "highlight",
                colour,
                "o",
                marks,
                tuple(record["top1"]),
                _hover(record, scope),
                HOVER_TEMPLATE,
            )
        )
        for rank, (day, top1, model) in enumerate(zip(record["day"], record["top1"], record["model"], strict=True)):
            labels.append(LabelRequest(str(model).split(".")[0], day_number(day), float(top1), float(rank)))
        lows += [min(best["top1"])]
        highs += [max(best["top1"])]
    days = [day_number(day) for day in frontiers["day"]]
    x = Axis("day of the revision", min(days) - 40, max(days) + 60, dates=True)
    y = Axis("best top-1 (%)", min(lows) - 2.0, max(highs) + 1.0)
    return Panel(x, y, tuple(layers), tuple(labels), "Best top-1", keyed=True)


def _year_panel(frontiers: pd.DataFrame, scope: str, days: list[str]) -> Panel:
    """The frontier at the end of some years, older ones in grey, the newest in the colour of its scope."""
    low = METRICS["top1"].chart_limits[0]
    shown = frontiers[frontiers["day"].isin(days) & (frontiers["top1"] >= low)]
    layers = []
    for place, day in enumerate(days):
        points = shown[(shown["scope"] == scope) & (shown["day"] == day)]
        newest = place == len(days) - 1
        colour = SCOPES[scope] if newest else PAST_COLOURS[place]
        name = f"end of {day[:4]}, {scope}" if newest else f"end of {day[:4]}"
        columns = (tuple(points["params_m"]), tuple(points["top1"]))
        layers.append(
            Layer(
                name, "method", colour, LINE_MARKERS[place], *columns, _hover(points, scope), HOVER_TEMPLATE, not newest
            )
        )
    x = Axis("parameters (M)", shown["params_m"].min() / 1.3, shown["params_m"].max() * 1.3, log=True)
    title = f"Frontier, {scope}" if scope == IMAGENET_1K else "Frontier, all data"
    return Panel(x, Axis("top-1 (%)", low, float(shown["top1"].max()) + 1.0), tuple(layers), title=title)


def _chosen_years(days: list[str]) -> list[str]:
    """At most four of the days, the first and the last among them, evenly spread."""
    last = len(days) - 1
    return [days[index] for index in sorted({round(last * part / 3) for part in range(4)})]


def _hover(rows: pd.DataFrame, scope: str) -> tuple[tuple[str, ...], ...]:
    params = METRICS["params_m"]
    return tuple(
        (
            safe(model),
            f"{top1:.3f}",
            params.text(params_m) or "–",
            str(size),
            f"{day}, {html.escape(scope)}",
            f"timm {commit[:8]}",
        )
        for model, top1, params_m, size, day, commit in zip(
            rows["model"], rows["top1"], rows["params_m"], rows["img_size"], rows["day"], rows["revision"], strict=True
        )
    )


def _table(frontiers: pd.DataFrame) -> pd.DataFrame:
    headings = {
        "day": "day",
        "revision": "timm revision",
        "scope": "training data",
        "model": "model",
        "img_size": METRICS["img_size"].heading,
        "top1": METRICS["top1"].heading,
        "params_m": METRICS["params_m"].heading,
    }
    ordered = frontiers.sort_values(["day", "scope", "params_m"], kind="stable", ignore_index=True)
    return plain_cells(ordered[list(headings)].rename(columns=headings))
