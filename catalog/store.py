"""Reads and writes the tables as CSV files, all of a change or none of it, whenever the process is killed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.columns import Table
from catalog.problems import CatalogError
from catalog.schema import TABLES

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_DATA = Path(__file__).parent / "data"
# A change is first written whole into this folder; the manifest, written last, is what makes it count.
PENDING = ".pending"
MANIFEST = "manifest.json"


def read_table(name: str, data: Path = DEFAULT_DATA, *, older_schema: bool = False) -> pd.DataFrame:
    """The table as a typed frame; an empty one when its file does not exist.

    Raises CatalogError when the file cannot be read as this table. With `older_schema`, a missing column that may be
    blank is no error but blank.
    """
    import pandas as pd

    table = TABLES[name]
    path = data / f"{name}.csv"
    if not path.exists():
        return table.empty()
    text_columns = {column.name: "str" for column in table.columns if column.kind in ("text", "date")}
    try:
        frame = pd.read_csv(path, dtype=text_columns, keep_default_na=False, na_values=[""])
        needed = [column.name for column in table.columns if column.required or not older_schema]
        missing = [column for column in needed if column not in frame.columns]
        if missing:
            raise ValueError(f"column {missing[0]} is missing")
        return table.typed(frame)
    except (ValueError, pd.errors.ParserError) as error:
        raise CatalogError(
            f"{path.name}: not a valid {name} table: {error}; restore it, or delete it and run backbones refresh"
        ) from error
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read: {error.strerror}; make it readable") from error


def table_bytes(table: Table, frame: pd.DataFrame) -> bytes:
    """The frame as CSV, rows sorted by the table's key, the same bytes for the same rows."""
    ordered = table.typed(frame).sort_values(list(table.key), kind="stable")
    for column in table.columns:
        if column.kind == "boolean":
            ordered[column.name] = ordered[column.name].map({True: "true", False: "false"})
    return ordered.to_csv(index=False, lineterminator="\n", float_format="%.10g").encode()


def write_tables(frames: Mapping[str, pd.DataFrame], data: Path = DEFAULT_DATA) -> None:
    """Write the tables together: after a kill at any moment, readers see all of them or none."""
    write_files({f"{name}.csv": table_bytes(TABLES[name], frame) for name, frame in frames.items()}, data)


def write_files(contents: Mapping[str, bytes], folder: Path) -> None:
    """Replace files of a folder (paths relative to it) as one change. Files that do not differ are not touched.

    Raises CatalogError when the folder cannot be written to; the files are then the old ones.
    """
    try:
        recover(folder)
        changed = {name: content for name, content in contents.items() if not _holds(folder / name, content)}
        if changed:
            _stage(changed, folder)
        recover(folder)
    except OSError as error:
        raise CatalogError(
            f"{folder}: cannot be written: {error.strerror or error}; the tables are as before, or will be whole again "
            "with the next command; make room or name another directory with --data"
        ) from error


def _stage(changed: Mapping[str, bytes], folder: Path) -> None:
    """Write a change whole into the pending folder; with the manifest in place it is decided."""
    pending = folder / PENDING
    shutil.rmtree(pending, ignore_errors=True)
    pending.mkdir(parents=True)
    for index, content in enumerate(changed.values()):
        _write_synced(pending / str(index), content)
    _write_synced(pending / "manifest.new", json.dumps(list(changed)).encode())
    (pending / "manifest.new").rename(pending / MANIFEST)
    _sync_folder(pending)


def recover(folder: Path) -> None:
    """Finish a change that was decided but not carried out, and drop one that was not decided."""
    pending = folder / PENDING
    if not pending.is_dir():
        return
    if (pending / MANIFEST).exists():
        for index, name in enumerate(json.loads((pending / MANIFEST).read_bytes())):
            staged = pending / str(index)
            if staged.exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                staged.replace(folder / name)
        _sync_folder(folder)
    shutil.rmtree(pending)


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
