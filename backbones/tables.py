"""The step that `bench` and `evaluate` share: results measured here go into the tables, without the network."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from catalog.pipeline import Added, BrokenTables, add_local
from catalog.results_file import DIRECTORY
from catalog.store import DEFAULT_DATA

ROOT = DEFAULT_DATA.parent.parent


def merge_results(data: Path = DEFAULT_DATA, folder: Path = DIRECTORY, accepted: Collection[str] = ()) -> Added:
    """Add every results file of a folder to the tables of a directory; see catalog.pipeline.add_local."""
    from scrapers.client import MirrorClient
    from scrapers.local_results import LocalResults
    from scrapers.run import scrape

    with telling():
        return add_local(lambda known: scrape(MirrorClient(folder), known, [LocalResults(folder)]), data, accepted)


@contextmanager
def telling() -> Iterator[None]:
    """Print each error in tables that could not be written for it."""
    try:
        yield
    except BrokenTables as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        raise
