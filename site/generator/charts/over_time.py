"""The chart of the frontier over time: what was best at each past revision of timm's ImageNet results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from catalog.fields import METRICS
from catalog.frontier import pareto_mask
from catalog.vocabulary import IMAGENET_1K
from generator.charts.data import mark, table_of, with_hover
from generator.charts.scales import Scale, day_number
from generator.charts.scene import Label, Panel, Scene, nothing_to_draw
from generator.charts.style import BLUE, LINE_MARKERS, VERMILION, Group

if TYPE_CHECKING:
    from catalog import Catalog

SCOPES = {"all data": VERMILION, IMAGENET_1K: BLUE}
PAST_COLOURS = ("#BDBDBD", "#8C8C8C", "#5A5A5A")  # older years are lighter
SLUG = "frontier-over-time"
HOVER = (
    "<b>{model}</b><br>top-1 {top1} %, {params_m} M parameters, at {img_size} pixels<br>"
    "{day}, {scope}<br>timm {short_revision}"
)
COLUMNS = ["day", "revision", "scope", "model", "img_size", "top1", "params_m"]


def frontier_over_time(c: Catalog) -> Scene:
    """Best top-1 at each revision, and the frontier against parameters at the last revision of each year."""
    held = _held(c)
    if held.empty:
        raise nothing_to_draw(SLUG, "history of results")
    held["imagenet_1k"] = held["model"].map(_trained_on_imagenet_1k_only(c))
    frontiers = pd.concat([_frontiers(held, scope) for scope in SCOPES])
    frontiers = with_hover(frontiers.assign(short_revision=frontiers["revision"].str[:8]), HOVER)
    frontiers = frontiers.sort_values(["day", "scope", "params_m"], kind="stable", ignore_index=True)
    days = _chosen_years(frontiers.groupby(frontiers["day"].str[:4])["day"].max().tolist())
    low = METRICS["top1"].chart_limits[0]
    of_years = frontiers[frontiers["day"].isin(days)]
    panels = [
        _best_panel(frontiers),
        *(_years_panel(of_years[of_years["top1"] >= low], scope, days) for scope in SCOPES),
    ]
    remarks = [
        f"{frontiers['day'].nunique()} days with a revision, {frontiers['day'].min()} to {frontiers['day'].max()}."
    ]
    if unknown := held.loc[held["imagenet_1k"].isna(), "model"].nunique():
        remarks.append(f"{unknown} former entries of unknown training data count under all data only.")
    if below := int((of_years["top1"] < low).sum()):
        remarks.append(f"Not shown: {below} frontier points below {low:g} %.")
    sources = tuple(sorted(c.sources.loc[c.sources["source"].str.startswith("timm-history/"), "source"]))
    return Scene(tuple(panels), table_of(frontiers, COLUMNS), (1, 2), sources, tuple(remarks))


def _held(c: Catalog) -> pd.DataFrame:
    """What upstream held after each day with a revision, oldest first: one row per model and image size."""
    parameters = c.models.merge(c.architectures[["architecture", "params_m"]], on="architecture")
    parameters = parameters.set_index("model")["params_m"]
    events = c.history.sort_values("sequence", kind="stable")
    events = events.assign(params_m=events["params_m"].fillna(events["model"].map(parameters)))
    present: dict[tuple[str, int], pd.Series] = {}
    parts = []
    for (day, revision), of_revision in events.groupby(["date", "revision"], sort=False):
        for row in of_revision.itertuples():
            if row.event == "removed":
                present.pop((row.model, row.img_size), None)
            else:
                present[row.model, row.img_size] = (row.model, row.img_size, row.top1, row.params_m)
        columns = pd.Index(["model", "img_size", "top1", "params_m"])
        rows = pd.DataFrame([present[key] for key in sorted(present)], columns=columns)
        parts.append(rows.assign(day=str(day), revision=str(revision)))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _frontiers(held: pd.DataFrame, scope: str) -> pd.DataFrame:
    """The frontier of every revision among what was trained on the scope's data."""
    rows = held[held["imagenet_1k"].fillna(False).astype(bool)] if scope == IMAGENET_1K else held
    of_days = [of_day[pareto_mask(of_day["params_m"], of_day["top1"])] for _, of_day in rows.groupby("day", sort=False)]
    return pd.concat(of_days).assign(scope=scope)


def _trained_on_imagenet_1k_only(c: Catalog) -> dict[str, bool]:
    """Whether weights saw ImageNet-1K only, by model; a former name without tag counts when all its heirs agree."""
    only = c.models["train_set"] == IMAGENET_1K
    heirs = only.groupby(c.models["architecture"]).agg(["min", "max"])
    agreed = heirs.loc[heirs["min"] == heirs["max"], "min"].to_dict()
    return {**agreed, **dict(zip(c.models["model"], only, strict=True))}


def _best_panel(frontiers: pd.DataFrame) -> Panel:
    """The best top-1 since the first revision, and which weights reached it first."""
    frontiers = frontiers.assign(day_number=frontiers["day"].map(day_number))
    marks, labels, values = [], [], []
    for scope, colour in SCOPES.items():
        of_scope = frontiers[frontiers["scope"] == scope]
        best = of_scope.sort_values("top1").drop_duplicates("day", keep="last").sort_values("day")
        higher = best["top1"] > best["top1"].cummax().shift(fill_value=0.0)
        record = best[higher & (best["model"] != best["model"].shift())]
        columns = ("day_number", "top1", HOVER)
        marks.append(mark(best, scope, "steps", Group(scope, colour, ""), *columns, in_legend=True))
        marks.append(mark(record, f"{scope}: new best", "highlight", Group(scope, colour, "o"), *columns))
        for rank, row in enumerate(record.itertuples()):
            labels.append(Label(str(row.model).split(".")[0], row.day_number, float(row.top1), float(rank)))
        values += best["top1"].tolist()
    days = frontiers["day_number"]
    x = Scale("day of the revision", days.min() - 40, days.max() + 60, dates=True)
    y = Scale("best top-1 (%)", min(values) - 2.0, max(values) + 1.0)
    return Panel(x, y, tuple(marks), tuple(labels), "Best top-1", keyed=True)


def _years_panel(frontiers: pd.DataFrame, scope: str, days: list[str]) -> Panel:
    """The frontier at the end of some years, older ones in grey, the newest in the colour of its scope."""
    marks = []
    for place, day in enumerate(days):
        points = frontiers[(frontiers["scope"] == scope) & (frontiers["day"] == day)]
        newest = place == len(days) - 1
        group = Group(scope, SCOPES[scope] if newest else PAST_COLOURS[place], LINE_MARKERS[place])
        name = f"end of {day[:4]}, {scope}" if newest else f"end of {day[:4]}"
        marks.append(mark(points, name, "method", group, "params_m", "top1", HOVER, in_legend=not newest))
    x = Scale("parameters (M)", frontiers["params_m"].min() / 1.3, frontiers["params_m"].max() * 1.3, log=True)
    y = Scale("top-1 (%)", METRICS["top1"].chart_limits[0], float(frontiers["top1"].max()) + 1.0)
    return Panel(x, y, tuple(marks), title=f"Frontier, {scope}")


def _chosen_years(days: list[str]) -> list[str]:
    """At most four of the days, the first and the last among them, evenly spread."""
    last = len(days) - 1
    return [days[index] for index in sorted({round(last * part / 3) for part in range(4)})]
