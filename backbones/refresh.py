"""`backbones refresh`: scrape every upstream, merge, check, export; report what changed and what is wrong."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from backbones.arguments import AsJson, Data
from backbones.tables import ROOT, telling
from catalog import pipeline
from catalog.pipeline import Report
from catalog.problems import CatalogError
from catalog.results_file import DIRECTORY
from catalog.store import DEFAULT_DATA
from scrapers.client import Client, HttpClient, MirrorClient
from scrapers.run import all_scrapers, scrape

CACHE = ROOT / ".cache"


def run(
    mirror: Annotated[
        Path | None, typer.Option(help="Read every address from this folder and touch no network.")
    ] = None,
    data: Data = DEFAULT_DATA,
    results: Annotated[Path, typer.Option(help="Folder of the results measured here.")] = DIRECTORY,
    accept: Annotated[
        list[str] | None, typer.Option(help="A source to believe this time, whatever it lost or changed (repeatable).")
    ] = None,
    rebuild_history: Annotated[
        bool, typer.Option(help="Read every past revision again, as after a corrected alias.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Scrape every upstream, merge, add what was measured here, check and write the tables; then say what changed.

    Whatever fails keeps its older rows, marked stale. Exit status 1 when anything failed.
    """
    report = refresh(
        _client(mirror), data, _today(), accept or [], results, rebuild_history=rebuild_history, quiet=as_json
    )
    typer.echo(json.dumps(report.to_dict(), indent=1) if as_json else report.to_text(), nl=as_json)
    for problem in report.errors:
        typer.echo(str(problem), err=True)
    if report.errors:
        raise typer.Exit(1)


def refresh(
    client: Client,
    data: Path,
    today: str,
    accepted: Collection[str] = (),
    results: Path = DIRECTORY,
    *,
    rebuild_history: bool = False,
    quiet: bool = False,
) -> Report:
    """Run the whole refresh into a directory of tables; see catalog.pipeline.refresh."""

    def tell(name: str) -> None:
        if not quiet:
            typer.echo(f"reading {name}", err=True)

    with telling():
        return pipeline.refresh(
            lambda known: scrape(client, known, all_scrapers(results), tell),
            data,
            today,
            accepted,
            rebuild_history=rebuild_history,
        )


def _client(mirror: Path | None) -> Client:
    if mirror is None:
        return HttpClient(CACHE)
    if not mirror.is_dir():
        raise CatalogError(f"{mirror}: no such mirror folder; expected a folder with one subfolder per host")
    return MirrorClient(mirror)


def _today() -> str:
    """The day that is written as the day of retrieval; SOURCE_DATE_EPOCH sets it for reproducible runs."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return datetime.datetime.now(datetime.UTC).date().isoformat()
    try:
        return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).date().isoformat()
    except (ValueError, OverflowError, OSError) as error:
        raise CatalogError(
            f"SOURCE_DATE_EPOCH is {epoch!r}, expected seconds since 1970; correct or unset it"
        ) from error
