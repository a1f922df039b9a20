"""`backbones show`: everything known about a model or a family, each figure with its source."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

import catalog
from backbones.arguments import AsJson, Data
from catalog import Catalog
from catalog.card import model_card, suggestion
from catalog.fields import METRICS
from catalog.problems import CatalogError
from catalog.store import DEFAULT_DATA

if TYPE_CHECKING:
    from rich.table import Table

PIPE_WIDTH = 240  # characters
TITLE: dict[str, Any] = {"title_justify": "left", "title_style": "bold"}
# What a table shows of its rows; --json has the rest.
COLUMNS = {
    "evaluations": ["dataset", "img_size", "top1", "top5", "crop_pct", "interpolation", "kind", "corrected"],
    "costs": ["img_size", "gmacs", "mactivations", "params_m", "convention", "reparametrised", "estimated"],
    "measurements": [
        "environment",
        "mode",
        "implementation",
        "img_size",
        "batch_size",
        "images_per_s",
        "step_ms",
        "parity_error",
    ],
    "second_opinions": ["reporter", "name", "img_size", "top1", "top5", "params_m", "gmacs"],
    "survey_rows": ["method", "model_name", "train_set", "size", "params_m", "gmacs", "acc", "match"],
    "corrections": ["column", "found", "corrected", "state", "reason"],
    "papers": ["role", "year", "title", "url"],
}


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
    """Facts as a list, figures as tables that end in the file and line of each."""
    from rich.console import Console

    # A pipe has no width: there a line is as long as it needs to be.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    for title, value in content.items():
        if isinstance(value, dict):
            console.print(_facts(title, value))
        elif value:
            console.print(_figures(title, value))


def _facts(title: str, facts: dict[str, Any]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=_words(title), box=None, show_header=False, padding=(0, 2), **TITLE)
    for name, value in facts.items():
        table.add_row(Text(_words(name)), Text(_text(value)))
    return table


def _figures(title: str, rows: list[dict[str, Any]]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    names = COLUMNS.get(title, list(rows[0]))
    shown = [name for name in names if any(name in row for row in rows)]
    table = Table(title=f"{_words(title)} ({len(rows)})", box=SIMPLE_HEAD, **TITLE)
    for name in shown:
        numeric = all(isinstance(row.get(name, 0), int | float) for row in rows)
        metric = METRICS.get(name)
        table.add_column(metric.heading if metric else _words(name), justify="right" if numeric else "left")
    if any("line" in row for row in rows):
        table.add_column("source", overflow="fold")
    for row in rows:
        cells = [_text(row.get(name, "")) for name in shown]
        if "line" in row:
            cells.append(f"{row['source']}:{row['line']}")
        table.add_row(*map(Text, cells))
    return table


def _words(name: str) -> str:
    return name.replace("_", " ")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
