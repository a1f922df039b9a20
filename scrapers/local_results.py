"""The results files of this repository: what `backbones bench` timed and `backbones evaluate` measured; no network."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

from catalog.columns import is_day, is_formula
from catalog.evaluations_file import FORMAT as EVALUATIONS_FORMAT
from catalog.evaluations_file import EvaluationResult
from catalog.identity import address as portable
from catalog.problems import CatalogError, Problem, printable
from catalog.records import LocalEvaluation, LocalRun, Parsed, RejectedRow, SourceFile
from catalog.result_rows import Reading, content_of, parse_rows
from catalog.results_file import DIRECTORY, FORMAT, LOCAL, Result
from scrapers.base import Fetched
from scrapers.client import Client
from scrapers.tabular import UnreadableFile

LICENCE: Final = "Apache-2.0"  # this repository's
EVALUATIONS: Final = "evaluations"  # the folder, inside that of the results
ROOT: Final = Path(__file__).parents[1]
EMPTY: Final = "it holds no result that can be read"
_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
FORMS: Final = {
    "model": _NAME,
    "implementation": _NAME,
    "runtime": _NAME,
    "precision": _NAME,
    "comparison": r"[A-Za-z0-9._:-]{0,200}",
    "status": "ok|failed",
    "measured_at": r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z",
    "device": r".{1,100}",
}


class LocalResults:
    """Every results file of a folder: `local/FILE` of runs, `local/evaluations/FILE` of accuracies."""

    name = LOCAL
    hosts: tuple[str, ...] = ()

    def __init__(self, folder: Path = DIRECTORY) -> None:
        self._folder = folder

    def fetch(self, client: Client, known: Collection[str] = ()) -> Fetched:
        """Read the files, by name; a folder that does not exist holds none."""
        fetched = Fetched()
        for prefix, folder in ((LOCAL, self._folder), (f"{LOCAL}/{EVALUATIONS}", self._folder / EVALUATIONS)):
            for path in _named(folder, prefix, fetched):
                _read(path, f"{prefix}/{path.stem}", fetched)
        return fetched

    def parse(self, file: SourceFile) -> Parsed:
        """Read a file into runs or accuracies. A row that may not be compared, by its own note, is set aside."""
        parsed = Parsed(file)
        accuracies = file.source.startswith(f"{LOCAL}/{EVALUATIONS}/")
        kind: type[Result | EvaluationResult]
        kind, form = (EvaluationResult, EVALUATIONS_FORMAT) if accuracies else (Result, FORMAT)
        try:
            reading: Reading[Result | EvaluationResult] = parse_rows(file.url, file.content, kind, form)
        except CatalogError as error:
            raise UnreadableFile(str(error)) from error
        parsed.problems += reading.problems
        for each in reading.rejected:
            raw = f"'{each.raw}" if is_formula(each.raw) else each.raw
            parsed.rejected.append(RejectedRow(file.source, each.line, "cell", each.detail, raw))
        days = [_add(parsed, line, row) for line, row in reading.rows]
        if not any(days):
            found = next((f"; {row.detail}, in line {row.line}" for row in parsed.rejected), "")
            raise UnreadableFile(f"{file.url}: {EMPTY}{found}")
        parsed.measured_on = max(days)
        return parsed


def address(path: Path) -> str:
    """Where a file stands, from the top of the repository; of a file outside, the end of its path."""
    path = Path(os.path.realpath(path.parent), path.name)  # a link stays what it is: it may lead round in a circle
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else "/".join(path.parts[-2:])


def _named(folder: Path, prefix: str, fetched: Fetched) -> list[Path]:
    """The CSV files of a folder, in order; one whose name cannot be an address is said and not read."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".csv")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        fetched.failed.append(prefix)
        detail = f"cannot be read: {error.strerror or error}; make it a folder or move it away"
        fetched.problems.append(Problem("error", prefix, None, "unreadable", f"{printable(address(folder))} {detail}"))
        return []
    for path in paths:
        if portable(path.stem) != path.stem:
            detail = f"this cannot be a name on every system; the file is not read, name it {portable(path.stem)}.csv"
            fetched.problems.append(Problem("error", printable(address(path)), None, "file-name", detail))
    return [path for path in paths if portable(path.stem) == path.stem]


def _read(path: Path, source: str, fetched: Fetched) -> None:
    place = address(path)
    try:
        content = content_of(path)
    except CatalogError as error:
        fetched.failed.append(source)
        message = str(error).replace(str(path), place)
        fetched.problems.append(Problem("error", source, None, "unreadable", message))
        return
    if content.find(b"\n") == len(content) - 1:  # its header at most
        fetched.failed.append(source)
        fetched.problems.append(Problem("warning", source, None, "empty", f"{place}: {EMPTY}"))
        return
    fetched.files.append(SourceFile(source, LOCAL, place, content, licence=LICENCE))


def _add(parsed: Parsed, line: int, row: Result | EvaluationResult) -> str:
    """Add the row, as a record where it may be compared; give its day, blank where a cell of it is wrong."""
    file = parsed.file
    if wrong := _wrong_text(row):
        parsed.problems.append(Problem("error", file.url, line, "cell", f"{wrong}; the row is set aside"))
        parsed.rejected.append(RejectedRow(file.source, line, "cell", wrong, file.raw_row(line)))
        return ""
    if isinstance(row, Result):
        parsed.records.append(LocalRun(file.source, line, row))
    elif row.note:
        raw = file.raw_row(line)
        parsed.rejected.append(RejectedRow(file.source, line, "not-comparable", row.note, raw, expected=True))
    else:
        parsed.records.append(LocalEvaluation(file.source, line, row))
    return row.measured_at[:10]


def _wrong_text(row: Result | EvaluationResult) -> str:
    """What is wrong with a cell of text; blank when nothing is."""
    for column, value in vars(row).items():
        if not isinstance(value, str):
            continue
        if column in FORMS and not re.fullmatch(FORMS[column], value):
            return f"{column} is {value[:60]!r}, expected {FORMS[column]}"
        if not value.isprintable() or "\ufffd" in value:
            return f"{column} is {value[:60]!r}, expected text in UTF-8 without control characters"
        if is_formula(value):
            return f"{column} is {value[:60]!r}, expected text that no spreadsheet takes for a formula"
    if not is_day(row.measured_at[:10]) or not _is_time(row.measured_at[11:-1]):
        return f"measured_at is {row.measured_at!r}, expected a day and a time that exist"
    return ""


def _is_time(text: str) -> bool:
    try:
        datetime.time.fromisoformat(text)
    except ValueError:
        return False
    return True
