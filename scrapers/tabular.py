"""Reads upstream CSV bytes row by row: every row becomes values or a rejection with its line and reason."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from catalog.problems import CatalogError, Problem, Severity
from catalog.records import Parsed, RejectedRow, SourceFile

# What may be a model or architecture name: no markup, path, quote or spreadsheet formula can be written with it.
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
# Names in hand-written tables may hold spaces, slashes and brackets, but still no markup or formula.
SAFE_TITLE = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9(][A-Za-z0-9 ._,:/+*()&'-]{0,159}")


NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


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
        plain = raw.replace(",", "") if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", raw) else raw
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
) -> Iterator[Row]:
    """The data rows of `parsed.file` that have every field; the others are rejected into `parsed`.

    Upstream's column names lose `prefix` and go through `rename` first. Raises UnreadableFile when a required column is
    missing or the file was cut off. A column that nobody knows is reported once and ignored.
    """
    file = parsed.file
    content = decode(file)
    rows = _numbered(csv.reader(io.StringIO(content, newline=""), strict=False), file.source)
    header_line, names = next(rows)
    header = [name.strip().removeprefix(prefix) for name in names]
    header = [(rename or {}).get(name, name) for name in header]
    _check_header(parsed, header_line, header, required, optional)
    last_short: int | None = None
    for line, fields in rows:
        last_short = None
        if len(fields) != len(header):
            wrong = InvalidRow("fields", f"{len(fields)} fields, expected {len(header)}")
            reject(parsed, line, wrong, file.raw_row(line))
            last_short = line
            continue
        yield Row(line, dict(zip(header, fields, strict=True)))
    if last_short is not None and not content.endswith("\n"):
        raise UnreadableFile(
            f"{file.source}:{last_short}: the file ends in the middle of a row, "
            f"expected {len(header)} fields; the rows known before are kept, fetch it again"
        )


def accept(parsed: Parsed, row: Row, build: Callable[[Row], None]) -> None:
    """Run `build` on a row; when the row breaks a rule, set it aside with the reason instead."""
    try:
        build(row)
    except InvalidRow as error:
        reject(parsed, row.line, error, parsed.file.raw_row(row.line))


def reject(parsed: Parsed, line: int, error: InvalidRow, raw: str) -> None:
    """Set a row aside: into the quarantine, as it stood, and into the problems as one line."""
    source = parsed.file.source
    parsed.rejected.append(RejectedRow(source, line, error.rule, str(error), raw))
    severity: Severity = "warning" if error.expected_upstream else "error"
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


def _numbered(reader: Iterator[list[str]], source: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line they start on; blank lines are skipped."""
    while True:
        start = reader.line_num + 1  # type: ignore[attr-defined]
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableFile(f"{source}:{start}: {error}; expected plain CSV") from error
        if fields:
            yield start, fields
