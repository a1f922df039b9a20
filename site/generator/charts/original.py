"""The original survey's chart reborn: a line for each method, each model at its best, under 300 M parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.charts.data import mark, table_of, with_hover
from generator.charts.scales import Scale
from generator.charts.scene import Label, Mark, Panel, Scene, nothing_to_draw
from generator.charts.style import LINE_COLOURS, LINE_MARKERS, QUIET, Group

if TYPE_CHECKING:
    import pandas as pd

    from catalog import Catalog

SLUG = "original-survey"
SOURCE = "survey/backbone_performance"
MOST_PARAMETERS = 300.0  # millions; the original chart's filter
REACH, QUIET_REACH = 40.0, 10.0  # points; names of methods in grey stand close by or not at all
HOVER = (
    "<b>{model_name}</b> ({method})<br>top-1 {top1} %, at {img_size} pixels<br>"
    "{params_m} M parameters, {gmacs} GMACs<br>{train_set}<br>{source}:{line}{remark}"
)
COLUMNS = ["method", "model_name", "train_set", "img_size", "top1", "params_m", "gmacs", "corrected", "source", "line"]


def original_survey(c: Catalog) -> Scene:
    """The chart of the survey's methods; raises CatalogError when the survey's rows are missing."""
    rows = _rows(c)
    shown = rows[(rows["params_m"] > 0) & (rows["params_m"] < MOST_PARAMETERS)]
    if shown.empty:
        raise nothing_to_draw(SLUG, f"rows of the original survey under {MOST_PARAMETERS:g} M parameters")
    best = shown.sort_values(["top1", "line"], ascending=[False, True], kind="stable")
    best = best.drop_duplicates(["method", "model_name"])
    best = best.sort_values(["method", "params_m", "top1"], kind="stable", ignore_index=True)
    best = with_hover(best, HOVER)
    coloured = _coloured(best)
    marks: list[Mark] = []
    labels = []
    for name, of_method in best.groupby("method", sort=True):
        place = coloured.index(str(name)) if name in coloured else None
        marks += _method_marks(str(name), of_method, place)
        labels.append(_label(str(name), of_method, strong=place is not None))
    marks.sort(key=lambda mark: (mark.role == "method", mark.in_legend, mark.name))
    x = Scale("parameters (M), lower is better", float(best["params_m"].min()) / 1.4, MOST_PARAMETERS * 1.05, log=True)
    y = Scale("reported top-1 accuracy (%)", float(best["top1"].min()) - 0.6, float(best["top1"].max()) + 0.8)
    outside = rows["model_name"].nunique() - best["model_name"].nunique()
    remarks = (
        f"{best['method'].nunique()} of {rows['method'].nunique()} methods, all named (by number where crowded), "
        f"{len(best)} models; {outside} with unknown or more parameters not shown.",
        "In colour: the six with most models near the frontier.",
    )
    panel = Panel(x, y, tuple(marks), tuple(labels), keyed=True)
    return Scene((panel,), table_of(best, COLUMNS), sources=(SOURCE,), remarks=remarks)


def _rows(c: Catalog) -> pd.DataFrame:
    """The survey's rows with the catalog's corrected figures."""
    figures = ["model", "line", "img_size", "top1", "params_m", "gmacs", "corrected"]
    names = c.survey_rows[["model", "line", "method", "model_name", "train_set", "source"]]
    rows = names.merge(c.evaluations.loc[c.evaluations["source"] == SOURCE, figures], on=["model", "line"])
    rows = rows.sort_values("line", kind="stable", ignore_index=True)
    return rows.assign(remark=[" (corrected)" if corrected else "" for corrected in rows["corrected"]])


def _coloured(best: pd.DataFrame) -> list[str]:
    """The methods that get a colour: most models near the survey's frontier of few parameters and high accuracy."""
    ordered = best.sort_values(["params_m", "top1"], ascending=[True, False], kind="stable")
    near = ordered[ordered["top1"] >= ordered["top1"].cummax() - 0.3]
    counts = near.groupby("method").agg(models=("top1", "size"), best=("top1", "max"))
    counts = counts.sort_values(["models", "best"], ascending=False, kind="stable")
    return sorted(str(method) for method in counts.index[: len(LINE_COLOURS)])


def _method_marks(name: str, models: pd.DataFrame, place: int | None) -> list[Mark]:
    """A line through the best model at each number of parameters, and the method's other models as points beside it."""
    strong = place is not None
    group = Group(name, QUIET, "o") if place is None else Group(name, LINE_COLOURS[place], LINE_MARKERS[place])
    best = models.groupby("params_m")["top1"].transform("max") == models["top1"]
    best &= ~models.duplicated(["params_m", "top1"])
    columns = ("params_m", "top1", HOVER)
    line = mark(models[best], name, "method" if strong else "quiet method", group, *columns, in_legend=strong)
    return [line, mark(models[~best], name, "hollow", group, *columns)]


def _label(name: str, models: pd.DataFrame, *, strong: bool) -> Label:
    """The method's name at its best model; in grey it may stand at another instead."""
    spots = list(zip(models["params_m"].astype(float), models["top1"].astype(float), strict=True))
    top = spots.pop(int(models["top1"].to_numpy().argsort(kind="stable")[-1]))
    priority, others = (top[1] + 100.0, ()) if strong else (top[1], tuple(spots))
    return Label(name, *top, priority, REACH if strong else QUIET_REACH, others, keyed=not strong)
