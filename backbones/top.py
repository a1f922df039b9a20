"""`backbones top`: the best backbones within a budget, on the terminal or as JSON."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated

import typer

import catalog
from backbones.arguments import AsJson, Data
from catalog.fields import FIELDS, MAIN_AXIS, METRICS, Field, Metric
from catalog.fields import columns as field_names
from catalog.problems import CatalogError
from catalog.schema import TRAIN_SETS
from catalog.store import DEFAULT_DATA
from catalog.vocabulary import FAMILY_KINDS, IMAGENET_1K

if TYPE_CHECKING:
    import pandas as pd

SHOWN = ["model", "img_size", "top1", "params_m", "gmacs", "images_per_s", "train_set"]


def run(
    max_gmacs: Annotated[float | None, typer.Option(help="At most this many GMACs (multiply-accumulates).")] = None,
    max_params: Annotated[float | None, typer.Option(help="At most this many million parameters.")] = None,
    min_speed: Annotated[float | None, typer.Option(help="At least this many images/s; needs --environment.")] = None,
    environment: Annotated[str | None, typer.Option(help="Show the speed in this environment.")] = None,
    imagenet_1k_only: Annotated[
        bool, typer.Option("--imagenet-1k-only", help="Trained on ImageNet-1K only, with no teacher that saw more.")
    ] = False,
    train_set: Annotated[str | None, typer.Option(help="Trained on this bucket of data.")] = None,
    family: Annotated[str | None, typer.Option(help="Of this family.")] = None,
    kind: Annotated[str | None, typer.Option(help=f"One of {', '.join(FAMILY_KINDS)}.")] = None,
    img_size: Annotated[int | None, typer.Option(help="At this image size, in pixels.")] = None,
    licence: Annotated[str | None, typer.Option(help="With weights under this licence.")] = None,
    pareto: Annotated[
        bool, typer.Option("--pareto", help="Only results more accurate than every other of the same or less compute.")
    ] = False,
    reported: Annotated[bool, typer.Option("--reported", help="Also accuracies that only a paper states.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN=VALUE", help="With this value in a column; may be repeated.")
    ] = None,
    columns: Annotated[str | None, typer.Option(help="Show these columns too, separated by commas.")] = None,
    dataset: Annotated[str, typer.Option(help="Data set of the accuracy.")] = "imagenet",
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="How many rows.")] = 10,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """List the most accurate backbones within a budget.

    The best ImageNet-1K-only backbone under 5 GMACs and 30 M parameters:
    backbones top --imagenet-1k-only --max-gmacs 5 --max-params 30
    """
    if min_speed is not None and environment is None:
        raise typer.BadParameter("--min-speed needs --environment: a speed without its conditions means nothing")
    bucket = IMAGENET_1K if imagenet_1k_only else train_set
    _check_choice("train-set", bucket, TRAIN_SETS)
    _check_choice("kind", kind, FAMILY_KINDS)
    more = [_known(name) for name in columns.split(",")] if columns else []
    c = catalog.load(data)
    rows = c.leaderboard(dataset, environment, reported=reported)
    if family is not None and family not in set(rows["family"]):
        raise CatalogError(f"family {family!r} has no result on {dataset}; backbones show lists what there is")
    wanted = {"train_set": bucket, "family": family, "kind": kind, "img_size": img_size, "licence": licence}
    for column, value in wanted.items():
        if value is not None:
            rows = rows[rows[column] == value]
    for condition in only or []:
        rows = _with_value(rows, condition)
    for column, most in (("gmacs", max_gmacs), ("params_m", max_params)):
        if most is not None:
            rows = rows[rows[column] <= most]
    if min_speed is not None:
        rows = rows[rows["images_per_s"] >= min_speed]
    if pareto:
        rows = _frontier(rows)
    rows = rows.head(number)
    if as_json:
        typer.echo(json.dumps(json.loads(rows.to_json(orient="records")), indent=1))
        return
    if rows.empty:
        typer.echo("No backbone fits. Widen the budget, or see backbones top --help for what can be asked.")
        return
    _print(rows, _shown(rows, more), c.as_of)
    if environment is not None:
        typer.echo(_speed_of(c, rows, environment))


def _check_choice(option: str, value: str | None, choices: Collection[str]) -> None:
    if value is not None and value not in choices:
        raise typer.BadParameter(f"--{option} is {value!r}, expected one of: {'; '.join(choices)}")


def _with_value(rows: pd.DataFrame, condition: str) -> pd.DataFrame:
    """The rows for which `COLUMN=VALUE` holds."""
    name, equals, value = condition.partition("=")
    field = FIELDS[_known(name)]
    if not equals:
        raise typer.BadParameter(f"--only is {condition!r}, expected COLUMN=VALUE")
    if not isinstance(field, Metric):
        return rows[rows[name].map(field.text) == value]
    try:
        return rows[rows[name] == float(value)]
    except ValueError as error:
        raise typer.BadParameter(f"--only is {condition!r}, expected a number after the equals sign") from error


def _known(name: str) -> str:
    if name not in field_names():
        raise typer.BadParameter(f"no column is named {name!r}, expected one of: {', '.join(field_names())}")
    return name


def _shown(rows: pd.DataFrame, more: list[str]) -> list[Field]:
    """The columns to print: those asked for before the training data, the speed where one is known."""
    names = [*SHOWN[:-1], *(name for name in more if name not in SHOWN), SHOWN[-1]]
    if rows["images_per_s"].isna().all():
        names.remove("images_per_s")
    return [FIELDS[name] for name in names]


def _frontier(rows: pd.DataFrame) -> pd.DataFrame:
    from catalog.frontier import on_frontier

    return rows[on_frontier(rows, METRICS[MAIN_AXIS])]


def _print(rows: pd.DataFrame, fields: list[Field], as_of: str) -> None:
    cells = [[field.head for field in fields], *([_cell(field, row) for field in fields] for _, row in rows.iterrows())]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        parts = [
            text.rjust(width) if isinstance(field, Metric) else text.ljust(width)
            for field, text, width in zip(fields, line, widths, strict=True)
        ]
        typer.echo("  ".join(parts).rstrip())
    if rows["distilled"].any():
        typer.echo("+ distilled from a teacher: backbones show MODEL tells what it saw")
    for field in fields:
        if isinstance(field, Metric) and field.note:
            notes = rows.loc[rows[field.column].notna() & (rows[field.note] != ""), field.note].unique()
            if len(notes):
                typer.echo(f"* {field.head} of another form: {', '.join(notes)}")
    typer.echo(f"Data as of {as_of}. Sources of each figure: backbones show MODEL")


def _speed_of(c: catalog.Catalog, rows: pd.DataFrame, environment: str) -> str:
    """Where the speeds shown were measured, and whose code ran."""
    label = c.environments.set_index("environment").at[environment, "label"]
    code = ", ".join(sorted(rows["speed_implementation"].dropna().unique()))
    return f"Images/s: {label}; code: {code}" if code else f"No backbone shown has a speed on {label}"


def _cell(field: Field, row: pd.Series) -> str:
    """A value, with a star where another network was counted or timed, or a plus where a teacher taught it."""
    text = field.brief(row[field.column])
    if isinstance(field, Metric) and field.note and row[field.note] and text:
        text += "*"
    if field.column == "train_set" and row["distilled"]:
        text += " +"
    return text or "-"
