"""How a dataclass becomes a line of a results file, and how such a file is read back: strictly, row by row.

A row is one physical line, so that whatever is broken costs its own line and no other.
"""

from __future__ import annotations

import csv
import io
import math
import stat
import types
import typing
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from catalog.problems import CatalogError, Problem, one_line, printable

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Row = TypeVar("Row", bound=DataclassInstance)
else:
    Row = TypeVar("Row")

LONGEST_CELL = 4000
LARGEST = 10**15  # nothing that is measured has a larger number
FORMAT_COLUMN = "format"
WORDS = {int: "a whole number", float: "a number", str: "text"}
MOST_BYTES = 1 << 26  # of a file, some two hundred thousand rows


@dataclass(frozen=True)
class Rejected:
    """A line that is no row: what was found and expected, and the line as it stands."""

    line: int
    detail: str
    raw: str


class TooLarge(ValueError):
    """A number that nothing measured can have."""


@dataclass(frozen=True)
class Reading(Generic[Row]):
    """What a file holds: rows with their lines (the header is line 1), lines set aside, and the problems with both.

    `whole_bytes` is the length up to the last line that was written to its end: where a writer must cut the file
    before it appends.
    """

    rows: list[tuple[int, Row]]
    rejected: list[Rejected]
    problems: list[Problem]
    whole_bytes: int


def header_line(kind: type[Row]) -> str:
    """The first line of a file of such rows."""
    return ",".join(_columns(kind)) + "\n"


def row_line(row: DataclassInstance) -> str:
    """The row as one line of CSV; numbers with ten digits, text without line breaks."""
    written = io.StringIO(newline="")
    cells = [_cell(getattr(row, field.name)) for field in fields(row)]
    csv.writer(written, lineterminator="\n").writerow(cells)
    return written.getvalue()


def read_rows(path: Path, kind: type[Row], form: int) -> Reading[Row]:
    """Read a file whose columns are the fields of `kind` and whose rows all say the format `form`.

    A line that is no such row is set aside with a problem that names file, line and cell; a last line without its end
    was cut while it was written, and is left out with a problem.

    Raises CatalogError, one line, for a file that cannot be read, has other columns or another format.
    """
    return parse_rows(str(path), content_of(path), kind, form)


def parse_rows(path: str, content: bytes, kind: type[Row], form: int) -> Reading[Row]:
    """The same for the content of a file; `path` is named where something is wrong."""
    whole, _, cut = content.rpartition(b"\n")
    lines = whole.split(b"\n") if whole else []
    reading: Reading[Row] = Reading([], [], [], len(content) - len(cut))
    if lines:
        _check_header(path, _cells(lines[0]), kind, form)
    for number, line in enumerate(lines[1:], start=2):
        _read_line(path, number, line, kind, form, reading)
    if cut:
        detail = "the line ends in the middle, it was being written when its writer was stopped; it is left out"
        reading.problems.append(Problem("error", path, len(lines) + 1, "cut", detail))
    return reading


def content_of(path: Path) -> bytes:
    """The content of a regular file that is not too large. Raises CatalogError, one line."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise CatalogError(f"{path}: cannot be read: it is no regular file; move it away")
        if found.st_size > MOST_BYTES:
            raise CatalogError(f"{path}: {found.st_size:,} bytes, expected at most {MOST_BYTES:,}; move it away")
        return path.read_bytes()
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read: {error.strerror or error}; make it readable or move it") from error


def _read_line(path: str, number: int, line: bytes, kind: type[Row], form: int, reading: Reading[Row]) -> None:
    cells = _cells(line)
    if len(cells) == len(_columns(kind)):
        _check_format(path, number, dict(zip(_columns(kind), cells, strict=True))[FORMAT_COLUMN], form)
    try:
        reading.rows.append((number, _row(cells, kind)))
    except ValueError as error:
        raw = printable(line.decode(errors="replace")) or "(blank)"
        reading.rejected.append(Rejected(number, str(error), raw))
        reading.problems.append(Problem("error", path, number, "cell", f"{error}; the row is set aside"))


def _row(cells: list[str], kind: type[Row]) -> Row:
    if len(cells) != len(_columns(kind)):
        raise ValueError(f"{len(cells)} cells, expected {len(_columns(kind))}")
    values = {}
    for (name, (expected, optional)), cell in zip(_types(kind).items(), cells, strict=True):
        try:
            values[name] = _value(cell, expected, optional)
        except TooLarge as error:
            raise ValueError(f"{name} is {cell[:60]}, expected at most {LARGEST:g}") from error
        except ValueError as error:
            blank = " or blank" if optional else ""
            raise ValueError(f"{name} is {cell[:60]!r}, expected {WORDS[expected]}{blank}") from error
    return kind(**values)


def _value(cell: str, expected: type, optional: bool) -> Any:
    if optional and not cell:
        return None
    if expected is not str and (not cell.isascii() or "_" in cell):
        raise ValueError(cell)  # int() and float() read the digits of every script, and 1_000
    value = expected(cell)
    if expected is float and not math.isfinite(value):
        raise ValueError(cell)
    if expected is not str and abs(value) > LARGEST:
        raise TooLarge(cell)
    return value


def _check_header(path: str, header: list[str], kind: type[Row], form: int) -> None:
    columns = _columns(kind)
    if header == columns:
        return
    missing = [name for name in columns if name not in header]
    extra = [name for name in header if name not in columns]
    if missing:
        found = f"column {missing[0]} is missing"
    elif extra:
        found = f"column {one_line(extra[0], 60)} is not known"
    else:
        found = "the columns are in another order or repeated"
    raise CatalogError(f"{path}: not a results file of format {form}: {found}; name another file, or move it away")


def _check_format(path: str, number: int, cell: str, form: int) -> None:
    if cell.strip().isdecimal() and cell.strip() != str(form):
        raise CatalogError(
            f"{path}:{number}: results of format {cell[:20]}, expected {form}: another version of this project wrote "
            "them; name another file, or move it away"
        )


def _cells(line: bytes) -> list[str]:
    """The cells of one line; of a line that is not text or has an open quote, what could be made of it."""
    text = line.decode("utf-8", errors="replace").removesuffix("\r")
    try:
        return next(csv.reader([text]), [])
    except csv.Error:
        return []


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else one_line(str(value), LONGEST_CELL)


def _columns(kind: type[Row]) -> list[str]:
    return list(_types(kind))


@cache
def _types(kind: type) -> dict[str, tuple[type, bool]]:
    """Column -> its type, and whether it may be blank."""
    found = {}
    hints = typing.get_type_hints(kind)
    for name in (field.name for field in fields(kind)):
        union = isinstance(hints[name], types.UnionType)
        found[name] = (typing.get_args(hints[name])[0] if union else hints[name], union)
    return found
