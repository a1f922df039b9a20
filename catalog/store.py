"""The tables on disk: read as they are at one moment, written all or none, by one process at a time.

A change is first written whole into the folder `.pending`; a list of its files, put there last, decides it. From then
on it counts: readers look there first, without touching anything, and the next writer finishes what a dead one left.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from catalog.columns import Table
from catalog.locks import WAIT_S, locked
from catalog.problems import CatalogError
from catalog.schema import TABLES

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_DATA: Final = Path(__file__).parent / "data"
FLAT_TABLE: Final = "backbone_performance.csv"  # of the committed tables it stands at the top of the repository
FILES: Final = (*(f"{name}.csv" for name in TABLES), FLAT_TABLE)  # a change holds no others
PENDING: Final = ".pending"
DECIDED: Final = "manifest.json"
LOCK: Final = ".lock"
READS: Final = 100  # a change moves some 20 files, and spoils as many reads at most


def snapshot(data: Path, tables: Iterable[str] = TABLES) -> dict[str, bytes]:
    """The CSV of tables by name, all of one moment, whoever writes meanwhile; a table without a file is left out.

    Changes nothing. Raises CatalogError when a file cannot be read or the folder holds a change that is none of ours.
    """
    for _ in range(READS):
        try:
            before = _state(data)
            decided = _decided(data)
            found = {name: _read(data, f"{name}.csv", decided) for name in tables}
            if _state(data) == before:
                return {name: content for name, content in found.items() if content is not None}
        except OSError as error:
            raise CatalogError(f"{error.filename}: cannot be read: {error.strerror}; make it readable") from error
    raise CatalogError(f"{data}: its tables change all the time; read them when nothing writes them")


def read_table(name: str, data: Path = DEFAULT_DATA) -> pd.DataFrame:
    """One table of a directory as a typed frame; see parse_table."""
    return parse_table(name, snapshot(data, (name,)).get(name))


def parse_table(name: str, content: bytes | None, *, older_schema: bool = False) -> pd.DataFrame:
    """The table as a typed frame; an empty one without content.

    Raises CatalogError when the content is not this table. With `older_schema`, a missing column that may be blank is
    no error but blank.
    """
    import pandas as pd

    table = TABLES[name]
    if content is None:
        return table.empty()
    text_columns = {column.name: "str" for column in table.columns if column.type in ("text", "date")}
    try:
        frame = pd.read_csv(io.BytesIO(content), dtype=text_columns, keep_default_na=False, na_values=[""])
        needed = [column.name for column in table.columns if column.required or not older_schema]
        missing = [column for column in needed if column not in frame.columns]
        if missing:
            raise ValueError(f"column {missing[0]} is missing")
        return table.typed(frame)
    except (ValueError, pd.errors.ParserError) as error:
        if "out of memory" in str(error):
            raise MemoryError(str(error)) from error
        raise CatalogError(
            f"{name}.csv: not a valid {name} table: {error}; restore it, or delete it and run backbones refresh"
        ) from error


def table_bytes(table: Table, frame: pd.DataFrame) -> bytes:
    """The frame as CSV, rows sorted by the table's key, the same bytes for the same rows."""
    ordered = table.typed(frame).sort_values(list(table.key), kind="stable")
    for column in table.columns:
        if column.type == "boolean":
            ordered[column.name] = ordered[column.name].map({True: "true", False: "false"})
    return ordered.to_csv(index=False, lineterminator="\n", float_format="%.10g").encode()


@contextmanager
def writing(data: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Be the only writer of a directory of tables, from reading them to writing them; may be nested.

    Raises CatalogError when another process still writes there after `wait_s`, or when the directory cannot be written.
    """
    with ExitStack() as held, _writable(data):
        data.mkdir(parents=True, exist_ok=True)
        held.enter_context(locked(data / LOCK, str(data), wait_s))
        _finish(data)
        keep = held.pop_all()
    with keep:
        yield


def write_tables(frames: Mapping[str, pd.DataFrame], data: Path = DEFAULT_DATA) -> None:
    """Write the tables together: after a kill at any moment, readers see all of them or none.

    What a given view shows is written as the table that it is made from.
    """
    if "evaluations" in frames:
        from catalog.scores import scores_of

        frames = {**frames, "scores": scores_of(frames["evaluations"], frames.get("scores"))}
    write_files(stored(frames), data)


def stored(frames: Mapping[str, pd.DataFrame]) -> dict[str, bytes]:
    """The files of tables, views apart."""
    return {f"{name}.csv": table_bytes(TABLES[name], frame) for name, frame in frames.items() if not TABLES[name].view}


def write_files(contents: Mapping[str, bytes], data: Path) -> None:
    """Replace files of a directory of tables, each one of FILES, as one change; those that do not differ stay as is.

    Raises CatalogError when the directory cannot be written to; the files are then the old ones.
    """
    with writing(data), _writable(data):
        changed = {name: content for name, content in contents.items() if not _holds(_place(data, name), content)}
        if changed:
            _decide(changed, data)
            _finish(data)


def unfinished(data: Path) -> bool:
    """Whether a change is decided whose files do not all stand in their places yet."""
    return bool(_decided(data))


def _place(data: Path, name: str) -> Path:
    top = name == FLAT_TABLE and data.resolve() == DEFAULT_DATA.resolve()
    return (DEFAULT_DATA.parent.parent if top else data) / name


def _decide(changed: Mapping[str, bytes], data: Path) -> None:
    """Write a change whole into the pending folder; with the list of its files in place it counts."""
    pending = data / PENDING
    shutil.rmtree(pending, ignore_errors=True)
    pending.mkdir()
    try:
        for name, content in changed.items():
            _write_synced(pending / name, content)
        _write_synced(pending / "manifest.new", json.dumps(sorted(changed)).encode())
    except OSError:
        shutil.rmtree(pending, ignore_errors=True)
        raise
    (pending / "manifest.new").rename(pending / DECIDED)
    _sync_folder(pending)


def _finish(data: Path) -> None:
    """Move the files of a decided change into their places, and drop a change that was not decided."""
    pending = data / PENDING
    if not pending.is_dir():
        return
    places = {name: _place(data, name) for name in _decided(data)}
    for name, place in places.items():
        with suppress(FileNotFoundError):  # moved before the process was killed
            (pending / name).replace(place)
    for folder in {place.parent for place in places.values()}:
        _sync_folder(folder)
    shutil.rmtree(pending)


def _decided(data: Path) -> list[str]:
    """The files of the decided change; none without one. Raises CatalogError when the list is none that we write."""
    path = data / PENDING / DECIDED
    try:
        names = None if path.parent.is_symlink() else json.loads(path.read_bytes())
    except FileNotFoundError:
        return []
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) and name in FILES for name in names):
        raise CatalogError(
            f"{path}: expected a list of table files, found something else; nothing was moved; "
            f"delete the folder {PENDING} beside the tables"
        )
    return names


def _read(data: Path, name: str, decided: list[str]) -> bytes | None:
    for folder in (data / PENDING, data) if name in decided else (data,):
        with suppress(FileNotFoundError):
            return (folder / name).read_bytes()
    return None


def _state(data: Path) -> list[tuple[int, ...]]:
    """Changes whenever a file that readers look at is replaced."""
    decided = data / PENDING / DECIDED
    folders = (data, data / PENDING) if decided.exists() else (data,)
    state: list[tuple[int, ...]] = []
    for path in (decided, *(folder / name for folder in folders for name in FILES)):
        try:
            found = path.stat()
            state.append((found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size))
        except FileNotFoundError:
            state.append(())
    return state


@contextmanager
def _writable(data: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CatalogError(
            f"{data}: cannot be written: {error.strerror or error}; the tables are as before, or will be whole again "
            "with the next refresh; make room or name another directory with --data"
        ) from error


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # where a folder cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
