"""Owns how the tables change on disk: never with an error in them; and the step that adds results measured here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import typer

from catalog import Catalog
from catalog.checks import check
from catalog.export import flat_csv
from catalog.local_results import add_local
from catalog.merge import Frames
from catalog.problems import CatalogError, Problem, in_order
from catalog.results_file import DIRECTORY
from catalog.schema import TABLES
from catalog.store import DEFAULT_DATA, FLAT_TABLE, table_bytes, write_files, writing

ROOT = DEFAULT_DATA.parent.parent


@dataclass(frozen=True)
class Added:
    """What adding the results measured here gave: how many rows the tables now hold of them, and what is wrong."""

    measurements: int
    layer_measurements: int
    evaluations: int
    set_aside: int
    problems: list[Problem]

    @property
    def errors(self) -> list[Problem]:
        """What has to be looked at."""
        return [problem for problem in self.problems if problem.severity == "error"]

    def __str__(self) -> str:
        return (
            f"measured here: {self.measurements} speeds of models, {self.layer_measurements} of layers, "
            f"{self.evaluations} accuracies; {self.set_aside} rows set aside"
        )


def merge_results(data: Path = DEFAULT_DATA, folder: Path = DIRECTORY, accepted: Collection[str] = ()) -> Added:
    """Add every results file of a folder to the tables of a directory; no network.

    What is known of a file that the folder lacks stays, with a problem: name the folder that holds all of them.
    Raises CatalogError when the tables cannot be read or written, or would be wrong; they are then as before.
    """
    with writing(data):
        before = Catalog(data, older_schema=True).frames
        merged = add_local(before, before, folder, accepted)
        write_checked(merged.frames, data)
    sources = merged.frames["sources"]
    local = sources.loc[sources["scraper"] == "local", "source"]
    rows = {name: int(frame["source"].isin(local).sum()) for name, frame in merged.frames.items() if "source" in frame}
    return Added(
        rows["measurements"],
        rows["layer_measurements"],
        rows["evaluations"],
        rows["quarantine"],
        in_order(merged.problems),
    )


def write_checked(frames: Frames, data: Path) -> list[Problem]:
    """Check the tables and write them, with the flat table; the findings, none of which is an error.

    Raises CatalogError when there is an error, each being printed, or when the directory cannot be written to.
    """
    findings = check(frames)
    broken = [problem for problem in findings if problem.severity == "error"]
    if broken:
        for problem in broken:
            typer.echo(str(problem), err=True)
        raise CatalogError(f"{len(broken)} errors in the merged tables, see above; nothing was written")
    contents = {f"{name}.csv": table_bytes(TABLES[name], frame) for name, frame in frames.items()}
    contents[FLAT_TABLE] = flat_csv(_in_memory(data, frames))
    write_files(contents, data)
    return findings


def _in_memory(data: Path, frames: Frames) -> Catalog:
    held = Catalog(data)
    for name, frame in frames.items():
        setattr(held, name, frame)
    return held
