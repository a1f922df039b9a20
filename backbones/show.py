"""`backbones show`: everything known about a model or a family, each figure with its source."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

import catalog
from backbones.arguments import AsJson, Data
from catalog import Catalog
from catalog.card import model_card, suggestion
from catalog.problems import CatalogError
from catalog.store import DEFAULT_DATA


def run(
    name: Annotated[str | None, typer.Argument(help="A model, architecture, former name or family.")] = None,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Show everything known about a model, each figure with its conditions and source; or the models of a family.

    Without a name, list the families.
    """
    c = catalog.load(data)
    if name is None:
        content = _families(c)
    elif (c.families["family"] == name).any():
        content = _family(c, name)
    else:
        try:
            content = model_card(c, name)
        except CatalogError as error:
            if "no model" not in str(error):
                raise
            names = [*c.models["model"], *c.families["family"]]
            raise CatalogError(f"no model or family is named {name!r}; {suggestion(name, names)}") from error
    if as_json:
        typer.echo(json.dumps(content, indent=1, ensure_ascii=False))
    else:
        _print(content)


def _families(c: Catalog) -> dict[str, Any]:
    counts = c.models.merge(c.architectures[["architecture", "family"]], on="architecture")["family"].value_counts()
    rows = c.families[["family", "name", "kind"]].assign(models=c.families["family"].map(counts).fillna(0).astype(int))
    return {"families": rows.to_dict("records")}


def _family(c: Catalog, family: str) -> dict[str, Any]:
    facts = c.families[c.families["family"] == family].dropna(axis="columns")
    rows = c.leaderboard()
    rows = rows.loc[
        rows["family"] == family, ["model", "img_size", "top1", "params_m", "gmacs", "train_set", "evidence"]
    ]
    return {"family": facts.iloc[0].to_dict(), "models": json.loads(rows.to_json(orient="records"))}


def _print(content: dict[str, Any]) -> None:
    for title, value in content.items():
        if isinstance(value, dict):
            typer.echo(f"{title}")
            for name, field in value.items():
                typer.echo(f"  {name}: {_text(field)}")
        elif value:
            typer.echo(f"{title} ({len(value)})")
            for row in value:
                typer.echo("  " + _line(row))


def _line(row: dict[str, Any]) -> str:
    """A row as `name value` pairs, its source last."""
    place = f"{row['source']}:{row['line']}" if "line" in row and "source" in row else row.get("source", "")
    pairs = [f"{name} {_text(value)}" for name, value in row.items() if name not in ("source", "line")]
    return ", ".join(pairs) + (f"  [{place}]" if place else "")


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
