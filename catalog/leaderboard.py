"""The joined table that pages, charts and the terminal show: accuracy, identity, cost and speed of one result a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from catalog.costs import DEFAULT_HEAD, MACS
from catalog.fields import METRICS, columns, fields_from
from catalog.frontier import on_frontier
from catalog.problems import CatalogError
from catalog.schema import DATASETS
from catalog.speed_tables import MODES, SHOWN
from catalog.vocabulary import (
    COST_NOTES,
    ESTIMATED,
    EVIDENCE,
    OTHER_HEAD,
    OTHER_NETWORK,
    REPARAMETRISED,
    REPORTED,
    SAME_PARAMS,
    WITHOUT_FUSED_ATTENTION,
)

if TYPE_CHECKING:
    from catalog import Catalog

# Evidence in order of preference when the same weights have several accuracies at one size.
PREFERENCE = {evidence: place for place, evidence in enumerate(EVIDENCE)}


def leaderboard(
    c: Catalog, dataset: str, environment: str | None, *, mode: str = "infer", reported: bool = True
) -> pd.DataFrame:
    """The rows of a data set, the most accurate first, with the columns of catalog.fields.

    `cost_note` says how far `gmacs` may be compared: blank (counted for this network at this size), `estimated`,
    `reparametrised`, `other head` or `without fused attention`; only the first two take part in `pareto_gmacs`.
    `speed_note` is `other network` where what was timed has other parameters (fused branches, another head); such
    rows take no part in `pareto_speed`.
    The speed is of one implementation, named in `speed_implementation`: this repository's where it was measured in the
    environment, else timm's, and never another; of its newest runs, the fastest batch.
    The frontier is of accuracies that were measured under one protocol: what only a paper states is never on it.
    """
    if dataset not in DATASETS:
        raise CatalogError(f"data set {dataset!r} is unknown, expected one of {', '.join(DATASETS)}")
    if mode not in MODES:
        raise CatalogError(f"mode {mode!r} is unknown, expected one of {', '.join(MODES)}")
    evaluations = c.evaluations[c.evaluations["dataset"] == dataset]
    if not reported:
        evaluations = evaluations[evaluations["kind"] != REPORTED]
    evaluations = evaluations.assign(order=evaluations["kind"].map(PREFERENCE)).sort_values("order", kind="stable")
    evaluations = evaluations.drop_duplicates(["model", "img_size"])
    rows = _columns_of("evaluations", evaluations, "model", "dataset")
    rows = rows.merge(_columns_of("models", c.models), on="model")
    rows = rows.merge(_columns_of("architectures", c.architectures, "architecture"), on="architecture")
    rows = rows.merge(_columns_of("families", c.families, "family"), on="family")
    rows = rows.merge(_best_costs(c.costs), on=["architecture", "img_size"], how="left")
    rows["cost_note"] = rows["cost_note"].fillna("")
    rows = _with_speed(c, rows, environment, mode)
    for cost in METRICS.values():
        if cost.frontier:
            rows[cost.frontier] = on_frontier(rows, cost)
    rows = rows.sort_values(["top1", "top5", "model", "img_size"], ascending=[False, False, True, True], kind="stable")
    return rows[columns()].reset_index(drop=True)


def _columns_of(table: str, frame: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """The keys of a table and what the leaderboard shows of it, under the leaderboard's names."""
    stored = {field.stored or field.column: field.column for field in fields_from(table)}
    shown = [name for name in frame.columns if name in keys or name in stored]
    return frame[shown].rename(columns=stored)


def environments_by_coverage(c: Catalog, dataset: str = "imagenet", mode: str = "infer") -> pd.Series:
    """How many rows of the leaderboard each environment has a speed for, most first; the index is the environment."""
    evaluated = c.evaluations.loc[c.evaluations["dataset"] == dataset, ["model", "img_size"]].merge(
        c.models[["model", "architecture"]], on="model"
    )
    shown = (c.measurements["mode"] == mode) & c.measurements["implementation"].isin(SHOWN)
    timed = c.measurements.loc[shown, ["architecture", "img_size", "environment"]]
    counts = evaluated.merge(timed.drop_duplicates(), on=["architecture", "img_size"])["environment"].value_counts()
    return counts.rename_axis("environment").sort_index().sort_values(ascending=False, kind="stable")


def _best_costs(costs: pd.DataFrame) -> pd.DataFrame:
    """One cost per (architecture, img_size): the comparable one where there is one, marked otherwise."""
    costs = costs[costs["preferred"].astype(bool)]
    note = pd.Series("", index=costs.index)
    note = note.mask(costs["estimated"].astype(bool), ESTIMATED)
    note = note.mask(costs["head_classes"].fillna(DEFAULT_HEAD) != DEFAULT_HEAD, OTHER_HEAD)
    note = note.mask(costs["reparametrised"].astype(bool), REPARAMETRISED)
    note = note.mask(costs["convention"] != MACS, WITHOUT_FUSED_ATTENTION)
    order = note.map(COST_NOTES.index)
    best = costs.assign(cost_note=note, order=order).sort_values("order", kind="stable")
    best = best.drop_duplicates(["architecture", "img_size"])
    return _columns_of("costs", best, "architecture", "img_size")


def _with_speed(c: Catalog, rows: pd.DataFrame, environment: str | None, mode: str) -> pd.DataFrame:
    if environment is not None and environment not in set(c.environments["environment"]):
        known = ", ".join(sorted(c.environments["environment"]))
        raise CatalogError(f"environment {environment!r} is unknown, expected one of {known}")
    speeds = _speeds_shown(c, environment, mode).rename(columns={"params_m": "timed_params_m"})
    speeds = _columns_of("measurements", speeds, "architecture", "img_size", "timed_params_m")
    rows = rows.merge(speeds, on=["architecture", "img_size"], how="left").assign(environment=environment)
    other = (rows["timed_params_m"] / rows["params_m"] - 1).abs() > SAME_PARAMS
    return rows.assign(speed_note=other.map({True: OTHER_NETWORK, False: ""}))


def _speeds_shown(c: Catalog, environment: str | None, mode: str) -> pd.DataFrame:
    """The measurement that stands for each architecture and image size in an environment."""
    rows = c.measurements
    rows = rows[(rows["environment"] == environment) & (rows["mode"] == mode) & rows["implementation"].isin(SHOWN)]
    days = c.sources.set_index("source")["retrieved_at"]
    rows = rows.assign(day=rows["source"].map(days), order=rows["implementation"].map(SHOWN.index))
    subject = ["architecture", "img_size"]
    newest = rows.sort_values(["day", "line"], ascending=False, kind="stable")
    newest = newest.drop_duplicates([*subject, "implementation", "batch_size"])
    fastest = newest.sort_values(["order", "images_per_s"], ascending=[True, False], kind="stable")
    return fastest.drop_duplicates(subject)
