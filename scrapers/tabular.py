"""Reads upstream CSV bytes row by row: every row becomes values or a rejection with its line and reason."""

from __future__ import annotations

import csv
import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from catalog.problems import CatalogError, Problem, Severity
from catalog.records import Parsed, Record, RejectedRow, SourceFile

# What may be a model or architecture name: no markup, path, quote or spreadsheet formula can be written with it.
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
# Names in hand-written tables may hold spaces, slashes and brackets, but still no markup or formula.
SAFE_TITLE = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9(][A-Za-z0-9 ._,:/+*()&'-]{0,159}")


WITH_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


Kind = TypeVar("Kind", bound=Record)


class UnreadableFile(CatalogError):
    """Nothing of a file can be used: the catalog keeps the rows it had from that source."""


class InvalidRow(Exception):
    """A row fails a rule: `rule` is the rule's name, the text says what was found and expected."""

    def __init__(self, rule: str, detail: str, *, expected_upstream: bool = False) -> None:
        super().__init__(detail)
        self.rule = rule
        self.expected_upstream = expected_upstream


@dataclass(frozen=True)
class Row:
    """One data row by column name, with checked access; each accessor raises InvalidRow."""

    line: int
    values: dict[str, str]

    def text(self, column: str, pattern: re.Pattern[str] = SAFE_NAME) -> str:
        """A name that fits the pattern."""
        value = self.values[column].strip()
        if not pattern.fullmatch(value):
            raise InvalidRow("name", f"{column} is {value[:60]!r}, expected letters, digits and ._-")
        return value

    def choice(self, column: str, choices: Collection[str]) -> str:
        """One of the words that are known."""
        value = self.values[column].strip()
        if value not in choices:
            raise InvalidRow("choice", f"{column} is {value[:60]!r}, expected {', '.join(sorted(choices))}")
        return value

    def number(self, column: str, low: float, high: float) -> float:
        """A finite number within [low, high]; thousands commas and a leading plus are understood."""
        found = self.optional_number(column, low, high)
        if found is None:
            raise InvalidRow("number", f"{column} is blank, expected a number from {low:g} to {high:g}")
        return found

    def optional_number(self, column: str, low: float, high: float) -> float | None:
        """Like number; None where the column is blank or absent."""
        raw = self.values.get(column, "").strip()
        if not raw:
            return None
        plain = raw.replace(",", "") if "," in raw and WITH_THOUSANDS.fullmatch(raw) else raw
        value = float(plain) if NUMBER.fullmatch(plain) else math.nan
        if not low <= value <= high:
            raise InvalidRow("number", f"{column} is {raw[:40]!r}, expected a number from {low:g} to {high:g}")
        return value

    def integer(self, column: str, low: int, high: int) -> int:
        """A whole number within [low, high]; "1024.0" counts as one."""
        value = self.number(column, low, high)
        if value != int(value):
            raise InvalidRow("number", f"{column} is {self.values[column]!r}, expected a whole number")
        return int(value)


def decode(file: SourceFile) -> str:
    """The file as text without byte order mark. Raises UnreadableFile for empty, binary and HTML content."""
    if not file.content.strip():
        raise UnreadableFile(f"{file.source}: the file is empty, expected a table; the rows known before are kept")
    try:
        content = file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"{file.source}: byte {error.start} is not UTF-8, expected a text file; the rows known before are kept"
        ) from error
    if re.match(r"\s*<(!doctype|html|head|\?xml)", content, re.IGNORECASE):
        raise UnreadableFile(f"{file.source}: expected CSV, found an HTML page; look at {file.url}")
    return content


def read_csv(
    parsed: Parsed,
    required: Sequence[str],
    optional: Sequence[str],
    rename: Mapping[str, str] | None = None,
    prefix: str = "",
    *,
    ends_with_newline: bool = True,
) -> Iterator[Row]:
    """The data rows of `parsed.file` that have every field; the others are rejected into `parsed`.

    A row is a line, so that a stray quote costs its own line and swallows no other. Upstream's column names lose
    `prefix` and go through `rename` first; a column that nobody knows is reported once and ignored. Where files of the
    format always end with a newline, one that does not is in doubt. Raises UnreadableFile when a required column is
    missing or the file was cut inside a row.
    """
    source, content = parsed.file.source, decode(parsed.file)
    lines = [(line, text) for line, text in enumerate(parsed.file.lines, start=1) if text.strip()]
    (header_line, names), *rows = lines
    try:
        header = [name.strip().removeprefix(prefix) for name in _fields(names)]
    except InvalidRow as error:
        raise UnreadableFile(f"{source}:{header_line}: {error}; teach the scraper") from error
    header = [(rename or {}).get(name, name) for name in header]
    _check_header(parsed, header_line, header, required, optional)
    parsed.lines = len(rows)
    if rows and not content.endswith("\n"):
        parsed.open_line = rows[-1][0]
    if ends_with_newline and not content.endswith("\n"):
        parsed.doubts.append("the file does not end with a newline: it was cut, perhaps inside its last figure")
    for line, text in rows:
        try:
            fields = _fields(text, len(header))
        except InvalidRow as error:
            if line == parsed.open_line:
                raise UnreadableFile(
                    f"{source}:{line}: the file ends in the middle of a row, "
                    f"expected {len(header)} fields; the rows known before are kept, fetch it again"
                ) from error
            reject(parsed, line, error, parsed.file.raw_row(line))
        else:
            yield Row(line, dict(zip(header, fields, strict=True)))


def _fields(text: str, expected: int | None = None) -> list[str]:
    try:
        fields = next(csv.reader([text], strict=True))
    except csv.Error as error:
        raise InvalidRow("quotes", f"{error}, expected plain CSV without an open quote") from error
    if expected not in (None, len(fields)):
        raise InvalidRow("fields", f"{len(fields)} fields, expected {expected}")
    return fields


def read_records(
    parsed: Parsed, rows: Iterable[Row], build: Callable[[Row], Kind], key: Callable[[Kind], tuple[object, ...]]
) -> None:
    """Add the record of each row; set aside the rows that break a rule, and those that share a key.

    Of rows with one key and the same figures the first is used. Where figures differ none is: which of them is right
    cannot be known. A key begins with the name, and with the image size where a row has one.
    """
    by_key: defaultdict[tuple[object, ...], list[tuple[Row, Kind]]] = defaultdict(list)
    for row in rows:
        try:
            record = build(row)
        except InvalidRow as error:
            reject(parsed, row.line, error, parsed.file.raw_row(row.line))
        else:
            by_key[key(record)].append((row, record))
    for name, same in by_key.items():
        if len(same) == 1 or _equal([record for _, record in same]):
            parsed.records.append(same[0][1])
        if len(same) > 1:
            _reject_repeated(parsed, name, same)


def _reject_repeated(parsed: Parsed, name: tuple[object, ...], same: Sequence[tuple[Row, Record]]) -> None:
    """Rows with one key into the quarantine, all or all but the first, with one problem that names every line."""
    file, equal = parsed.file, _equal([record for _, record in same])
    lines = [row.line for row, _ in same]
    what = " at ".join(str(part) for part in name[:2])
    which = "the first is used" if equal else "their figures differ, so that none is used"
    detail = f"{what} stands in lines {', '.join(map(str, lines))}, expected once; {which}"
    aside = lines[equal:]
    parsed.rejected += [RejectedRow(file.source, line, "duplicate", detail, file.raw_row(line)) for line in aside]
    parsed.problems.append(Problem("error", file.source, aside[0], "duplicate", detail))


def _equal(records: Sequence[Record]) -> bool:
    """Whether records say the same, the line apart."""
    first = vars(records[0])
    return all(vars(record) | {"line": first["line"]} == first for record in records)


def obey(broken: Iterable[tuple[str, str]], *, expected_upstream: bool = False) -> None:
    """Raise InvalidRow for the first of the relations that a row breaks, as catalog.relations found them."""
    for rule, detail in broken:
        raise InvalidRow(rule, detail, expected_upstream=expected_upstream)


def reject(parsed: Parsed, line: int, error: InvalidRow, raw: str) -> None:
    """Set a row aside: into the quarantine, as it stood, and into the problems as one line."""
    source, expected = parsed.file.source, error.expected_upstream
    parsed.rejected.append(RejectedRow(source, line, error.rule, str(error), raw, expected))
    severity: Severity = "warning" if expected else "error"
    parsed.problems.append(Problem(severity, source, line, error.rule, f"{error}; the row is quarantined"))


def _check_header(
    parsed: Parsed, line: int, header: list[str], required: Sequence[str], optional: Sequence[str]
) -> None:
    source = parsed.file.source
    missing = [name for name in required if name not in header]
    if missing:
        raise UnreadableFile(
            f"{source}:{line}: column {missing[0]} is missing, found {', '.join(header)}; teach the scraper"
        )
    repeated = {name for name in header if header.count(name) > 1}
    if repeated:
        raise UnreadableFile(f"{source}:{line}: column {min(repeated)} stands twice, expected it once")
    for name in header:
        if name not in required and name not in optional:
            parsed.problems.append(
                Problem("warning", source, line, "new-column", f"column {name} is new and was ignored")
            )
