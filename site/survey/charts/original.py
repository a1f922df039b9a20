"""The original survey's chart reborn: a line for each method, each model at its best, under 300 M parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.metrics import METRICS
from survey.charts.rows import plain_cells, safe
from survey.charts.scene import Axis, LabelRequest, Layer, Panel, Scene, nothing_to_draw
from survey.charts.style import LINE_COLOURS, LINE_MARKERS, QUIET

if TYPE_CHECKING:
    import pandas as pd

    from catalog import Catalog

SLUG = "original-survey"
SOURCE = "survey/backbone_performance"
MOST_PARAMETERS = 300.0  # millions; the original chart's filter
QUIET_REACH = 10.0  # points; names of methods in grey stand close by or not at all
HOVER_TEMPLATE = (
    "<b>%{customdata[0]}</b> (%{customdata[1]})<br>top-1 %{customdata[2]} %, at %{customdata[3]} pixels<br>"
    "%{customdata[4]} M parameters, %{customdata[5]} GMACs<br>%{customdata[6]}<br>%{customdata[7]}<extra></extra>"
)


def original_survey(c: Catalog) -> Scene:
    """The chart of the survey's methods; raises CatalogError when the survey's rows are missing."""
    rows = _rows(c)
    if rows.empty:
        raise nothing_to_draw(SLUG, "rows of the original survey")
    shown = rows[(rows["params_m"] > 0) & (rows["params_m"] < MOST_PARAMETERS)]
    best = shown.sort_values(["top1", "line"], ascending=[False, True], kind="stable").drop_duplicates(
        ["method", "model_name"]
    )
    best = best.sort_values(["method", "params_m", "top1"], kind="stable", ignore_index=True)
    if best.empty:
        raise nothing_to_draw(SLUG, f"rows of the original survey under {MOST_PARAMETERS:g} M parameters")
    highlighted = _highlighted(best)
    layers, labels = [], []
    for method, of_method in best.groupby("method", sort=True):
        name = str(method)
        strong = name in highlighted
        layers += _method_layers(name, of_method, highlighted.index(name) if strong else None)
        top = of_method.sort_values("top1", kind="stable").iloc[-1]
        priority, reach = float(top["top1"]) + (100.0 if strong else 0.0), 40.0 if strong else QUIET_REACH
        spots = [(float(x), float(y)) for x, y in zip(of_method["params_m"], of_method["top1"], strict=True)]
        spot = (float(top["params_m"]), float(top["top1"]))
        others = () if strong else tuple(other for other in spots if other != spot)
        labels.append(LabelRequest(name, *spot, priority, reach, others, keyed=not strong))
    layers.sort(key=lambda layer: (layer.role == "method", layer.in_legend, layer.name))
    x = Axis("parameters (M), lower is better", float(best["params_m"].min()) / 1.4, MOST_PARAMETERS * 1.05, log=True)
    low = float(best["top1"].min()) - 0.6
    y = Axis("reported top-1 accuracy (%)", low, float(best["top1"].max()) + 0.8)
    outside = rows["model_name"].nunique() - best["model_name"].nunique()
    remarks = (
        f"{best['method'].nunique()} of {rows['method'].nunique()} methods, all named (by number where crowded), "
        f"{len(best)} models; {outside} with unknown or more parameters not shown.",
        "In colour: the six with most models near the frontier.",
    )
    panel = Panel(x, y, tuple(layers), tuple(labels), keyed=True)
    return Scene((panel,), _table(best), sources=(SOURCE,), remarks=remarks)


def _method_layers(name: str, models: pd.DataFrame, place: int | None) -> list[Layer]:
    """A line through the best model at each number of parameters, and the method's other models as points beside it."""
    colour, marker = (QUIET, "o") if place is None else (LINE_COLOURS[place], LINE_MARKERS[place])
    best = models.groupby("params_m")["top1"].transform("max") == models["top1"]
    best &= ~models.duplicated(["params_m", "top1"])
    layers = []
    for chosen, role in ((best, "quiet method" if place is None else "method"), (~best, "hollow")):
        points = models[chosen]
        if len(points):
            columns = (tuple(points["params_m"]), tuple(points["top1"]))
            listed = place is not None and role == "method"
            layers.append(Layer(name, role, colour, marker, *columns, _hover(points), HOVER_TEMPLATE, listed))  # type: ignore[arg-type]
    return layers


def _rows(c: Catalog) -> pd.DataFrame:
    """The survey's rows with the catalog's corrected figures."""
    figures = c.evaluations.loc[
        c.evaluations["source"] == SOURCE, ["model", "line", "img_size", "top1", "params_m", "gmacs", "corrected"]
    ]
    names = c.survey_rows[["model", "line", "method", "model_name", "train_set", "source"]]
    return names.merge(figures, on=["model", "line"]).sort_values("line", kind="stable", ignore_index=True)


def _highlighted(best: pd.DataFrame) -> list[str]:
    """The methods that get a colour: most models near the survey's frontier of few parameters and high accuracy."""
    ordered = best.sort_values(["params_m", "top1"], ascending=[True, False], kind="stable")
    reached = ordered["top1"].cummax()
    near = ordered[ordered["top1"] >= reached - 0.3]
    counts = near.groupby("method").agg(models=("top1", "size"), best=("top1", "max"))
    counts = counts.sort_values(["models", "best"], ascending=False, kind="stable")
    return sorted(str(method) for method in counts.index[: len(LINE_COLOURS)])


def _hover(rows: pd.DataFrame) -> tuple[tuple[str, ...], ...]:
    params, gmacs = METRICS["params_m"], METRICS["gmacs"]
    return tuple(
        (
            safe(row.model_name),
            safe(row.method),
            f"{row.top1:g}",
            safe(row.img_size),
            params.text(row.params_m),
            gmacs.text(row.gmacs) or "–",
            safe(row.train_set),
            f"{SOURCE}:{row.line}{' (corrected)' if row.corrected else ''}",
        )
        for row in rows.itertuples()
    )


def _table(best: pd.DataFrame) -> pd.DataFrame:
    headings = {
        "method": "method",
        "model_name": "model",
        "train_set": "training data",
        "img_size": METRICS["img_size"].heading,
        "top1": METRICS["top1"].heading,
        "params_m": METRICS["params_m"].heading,
        "gmacs": METRICS["gmacs"].heading,
        "corrected": "corrected",
        "source": "source",
        "line": "line",
    }
    return plain_cells(best[list(headings)].rename(columns=headings))
