"""`backbones top`: the best backbones within a budget, on the terminal or as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

import catalog
from backbones.arguments import AsJson, Data
from catalog.problems import CatalogError
from catalog.schema import FAMILY_KINDS, TRAIN_SETS
from catalog.store import DEFAULT_DATA
from catalog.vocabulary import IMAGENET_1K

if TYPE_CHECKING:
    import pandas as pd

SHOWN = ["model", "img_size", "top1", "params_m", "gmacs", "train_set"]
HEADS = {
    "model": "Model",
    "img_size": "Size",
    "top1": "Top-1 %",
    "params_m": "Params M",
    "gmacs": "GMACs",
    "images_per_s": "Images/s",
    "train_set": "Training data",
}


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
    c = catalog.load(data)
    rows = c.leaderboard(dataset, environment, reported=reported)
    if family is not None and family not in set(rows["family"]):
        raise CatalogError(f"family {family!r} has no result on {dataset}; backbones show lists what there is")
    wanted = {"train_set": bucket, "family": family, "kind": kind, "img_size": img_size, "licence": licence}
    for column, value in wanted.items():
        if value is not None:
            rows = rows[rows[column] == value]
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
    _print(rows, c.as_of)
    if environment is not None:
        typer.echo(_speed_of(c, rows, environment))


def _check_choice(option: str, value: str | None, choices: tuple[str, ...]) -> None:
    if value is not None and value not in choices:
        raise typer.BadParameter(f"--{option} is {value!r}, expected one of: {'; '.join(choices)}")


def _frontier(rows: pd.DataFrame) -> pd.DataFrame:
    from catalog.frontier import on_frontier
    from catalog.metrics import METRICS

    return rows[on_frontier(rows, METRICS["gmacs"])]


def _print(rows: pd.DataFrame, as_of: str) -> None:
    shown = [*SHOWN[:-1], "images_per_s", SHOWN[-1]] if rows["images_per_s"].notna().any() else SHOWN
    rows = rows.assign(train_set=rows["train_set"] + rows["distilled"].map({True: " +", False: ""}))
    cells = [[HEADS[column] for column in shown]]
    for row in rows[[*shown, "cost_note"]].itertuples(index=False):
        values = dict(zip([*shown, "cost_note"], row, strict=True))
        cells.append([_cell(column, values[column], str(values["cost_note"])) for column in shown])
    widths = [max(len(line[index]) for line in cells) for index in range(len(shown))]
    for line in cells:
        parts = [
            text.ljust(width) if column in ("model", "train_set") else text.rjust(width)
            for column, text, width in zip(shown, line, widths, strict=True)
        ]
        typer.echo("  ".join(parts).rstrip())
    if rows["distilled"].any():
        typer.echo("+ distilled from a teacher: backbones show MODEL tells what it saw")
    marked = rows.loc[rows["cost_note"] != "", "cost_note"].unique()
    if len(marked):
        typer.echo(f"* GMACs of another form: {', '.join(marked)}")
    typer.echo(f"Data as of {as_of}. Sources of each figure: backbones show MODEL")


def _speed_of(c: catalog.Catalog, rows: pd.DataFrame, environment: str) -> str:
    """Where the speeds shown were measured, and whose code ran."""
    label = c.environments.set_index("environment").at[environment, "label"]
    code = ", ".join(sorted(rows["speed_implementation"].dropna().unique()))
    return f"Images/s: {label}; code: {code}" if code else f"No backbone shown has a speed on {label}"


def _cell(column: str, value: object, note: str) -> str:
    import pandas as pd

    if pd.isna(value):
        return "-"
    if column == "top1":
        return f"{value:.2f}"
    if column == "images_per_s":
        return f"{value:.3g}" if isinstance(value, float) and value < 100 else f"{value:.0f}"
    if column == "gmacs":
        return f"{value:g}" + ("*" if note else "")
    return f"{value:g}" if isinstance(value, float) else str(value)
