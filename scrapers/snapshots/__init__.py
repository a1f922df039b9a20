"""Tables read from installed packages and committed, so that a refresh needs neither the package nor its imports.

`packages.csv` says which version of which package each table was read from. No other kind of file belongs here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Final

from catalog.records import SourceFile

FOLDER: Final = Path(__file__).parent
INDEX: Final = "packages.csv"


@dataclass(frozen=True)
class Origin:
    """Where a snapshot came from: a released version of a package, and the address of its source code."""

    snapshot: str
    package: str
    version: str
    url: str
    licence: str


def snapshot_path(name: str, folder: Path = FOLDER) -> Path:
    """The path of a snapshot."""
    return folder / f"{name}.csv"


def read_snapshot(name: str, source: str, scraper: str, folder: Path = FOLDER) -> SourceFile:
    """A snapshot as the source file it stands for; its revision is the package's version."""
    origin = _origins(folder)[name]
    content = snapshot_path(name, folder).read_bytes()
    return SourceFile(source, scraper, origin.url, content, f"{origin.package} {origin.version}", "", origin.licence)


def write_snapshot(
    origin: Origin, columns: Sequence[str], rows: Iterable[Sequence[object]], folder: Path = FOLDER
) -> Path:
    """Write a snapshot, its rows sorted, and note its origin. The same package gives the same bytes."""
    path = snapshot_path(origin.snapshot, folder)
    path.write_bytes(
        _csv_bytes(columns, sorted([["" if value is None else str(value) for value in row] for row in rows]))
    )
    origins = _origins(folder) | {origin.snapshot: origin}
    names = [field.name for field in fields(Origin)]
    (folder / INDEX).write_bytes(_csv_bytes(names, [astuple(origins[name]) for name in sorted(origins)]))
    return path


def _origins(folder: Path) -> dict[str, Origin]:
    if not (folder / INDEX).exists():
        return {}
    with (folder / INDEX).open(encoding="utf-8", newline="") as lines:
        return {row["snapshot"]: Origin(**row) for row in csv.DictReader(lines)}


def _csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()
