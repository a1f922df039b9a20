"""Everything known about one set of weights, each figure with its conditions and source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from catalog.problems import CatalogError

if TYPE_CHECKING:
    from catalog import Catalog

Rows = list[dict[str, Any]]


def model_card(c: Catalog, model: str) -> dict[str, Any]:
    """The model's facts: `model`, `architecture`, `family`, and lists of `evaluations`, `costs`, `measurements`,
    `second_opinions`, `survey_rows`, `corrections` and `papers`, with blank fields left out.

    Raises CatalogError naming the nearest names when there is no such model.
    """
    name = present_name(c, model)
    facts = c.models.loc[c.models["model"] == name].iloc[0]
    architecture = facts["architecture"]
    family = _one(c.architectures, "architecture", architecture)["family"]
    survey = c.survey_rows[c.survey_rows["model"] == name]
    return {
        "model": _fields(facts),
        "architecture": _one(c.architectures, "architecture", architecture),
        "family": _one(c.families, "family", family),
        "evaluations": _rows(c.evaluations[c.evaluations["model"] == name]),
        "costs": _rows(c.costs[c.costs["architecture"] == architecture]),
        "measurements": _rows(c.measurements[c.measurements["architecture"] == architecture]),
        "second_opinions": _rows(_opinions(c, name, architecture)),
        "survey_rows": _rows(survey),
        "corrections": _rows(c.corrections[c.corrections["line"].isin(survey["line"])]),
        "papers": _papers(c, {name, architecture, family}),
    }


def present_name(c: Catalog, name: str) -> str:
    """The model's key for a key, a former name, or an architecture with only one set of weights."""
    models = c.models
    if (models["model"] == name).any():
        return name
    former = models["former_names"].fillna("").str.split(";").map(lambda names: name in names)
    matches = models.loc[former | (models["architecture"] == name), "model"].tolist()
    if len(matches) == 1:
        return str(matches[0])
    if matches:
        raise CatalogError(f"{name} has {len(matches)} sets of weights, name one: {', '.join(sorted(matches))}")
    raise CatalogError(f"no model is named {name!r}; {suggestion(name, models['model'].tolist())}")


def suggestion(name: str, names: list[str]) -> str:
    """The nearest of the names, as part of a message."""
    import difflib

    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"did you mean {', '.join(near)}?" if near else "nothing is named like it"


def _opinions(c: Catalog, model: str, architecture: str) -> pd.DataFrame:
    rows = c.second_opinions
    return rows[(rows["model"] == model) | (rows["model"].isna() & (rows["architecture"] == architecture))]


def _papers(c: Catalog, targets: set[str]) -> Rows:
    links = c.paper_links[c.paper_links["target"].isin(targets)]
    return _rows(links[["paper", "role"]].drop_duplicates().merge(c.papers, on="paper"))


def _one(frame: pd.DataFrame, column: str, value: str) -> dict[str, Any]:
    return _fields(frame.loc[frame[column] == value].iloc[0])


def _rows(frame: pd.DataFrame) -> Rows:
    return [_fields(row) for _, row in frame.iterrows()]


def _fields(row: pd.Series) -> dict[str, Any]:
    """The filled fields as plain Python values."""
    return {
        str(name): value.item() if hasattr(value, "item") else value
        for name, value in row.items()
        if not pd.isna(value)
    }
