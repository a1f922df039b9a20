"""Where results measured here are kept, and how such a file becomes records with their source and lines."""

from __future__ import annotations

import datetime
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from catalog.columns import is_day, is_formula
from catalog.evaluations_file import FORMAT as EVALUATIONS_FORMAT
from catalog.evaluations_file import EvaluationResult
from catalog.identity import address as portable
from catalog.problems import CatalogError, Problem, printable
from catalog.records import LocalEvaluation, LocalRun, Parsed, RejectedRow, SourceFile
from catalog.result_rows import Reading, read_rows, row_line
from catalog.results_file import DIRECTORY, DISTURBED, FORMAT, Result

SCRAPER = "local"
LICENCE = "Apache-2.0"  # this repository's
EVALUATIONS = "evaluations"  # the folder, inside that of the results
ROOT = Path(__file__).parents[1]
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
FORMS = {
    "model": _NAME,
    "implementation": _NAME,
    "runtime": _NAME,
    "precision": _NAME,
    "comparison": r"[A-Za-z0-9._:-]{0,200}",
    "status": "ok|failed",
    "measured_at": r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z",
    "device": r".{1,100}",
}


@dataclass
class LocalFiles:
    """What a folder of results holds; `failed` are sources of which nothing can be used, with the reason."""

    parsed: list[Parsed] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    newest: dict[str, str] = field(default_factory=dict)  # source -> day of its newest row

    @property
    def sources(self) -> set[str]:
        """Every source that has a file."""
        return {*(file.file.source for file in self.parsed), *self.failed}


def read_folder(folder: Path = DIRECTORY) -> LocalFiles:
    """Every results file of a folder, by name; a folder that does not exist holds none."""
    found = LocalFiles()
    for path in _named(folder, found):
        _read(path, f"{SCRAPER}/{path.stem}", Result, FORMAT, found)
    for path in _named(folder / EVALUATIONS, found):
        _read(path, f"{SCRAPER}/{EVALUATIONS}/{path.stem}", EvaluationResult, EVALUATIONS_FORMAT, found)
    return found


def address(path: Path) -> str:
    """Where a file stands, from the top of the repository; of a file outside, the end of its path."""
    path = Path(os.path.realpath(path.parent), path.name)  # a link stays what it is: it may lead round in a circle
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else "/".join(path.parts[-2:])


def _named(folder: Path, found: LocalFiles) -> list[Path]:
    """The CSV files of a folder, in order; one whose name cannot be an address is said and not read."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".csv")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        detail = f"cannot be read: {error.strerror or error}; make it a folder or move it away"
        found.problems.append(Problem("error", printable(address(folder)), None, "unreadable", detail))
        return []
    for path in paths:
        if portable(path.stem) != path.stem:
            detail = f"this cannot be a name on every system; the file is not read, name it {portable(path.stem)}.csv"
            found.problems.append(Problem("error", printable(address(path)), None, "file-name", detail))
    return [path for path in paths if portable(path.stem) == path.stem]


def _read(path: Path, source: str, kind: type[Result] | type[EvaluationResult], form: int, found: LocalFiles) -> None:
    place = address(path)
    try:
        reading: Reading[Result | EvaluationResult] = read_rows(path, kind, form)
        content = path.read_bytes()
    except (CatalogError, OSError) as error:
        reason = str(error).replace(str(path), place)
        found.failed[source] = reason
        found.problems.append(Problem("error", place, None, "unreadable", reason))
        return
    parsed = Parsed(SourceFile(source, SCRAPER, place, content, licence=LICENCE))
    parsed.problems += [Problem(each.severity, place, each.line, each.rule, each.message) for each in reading.problems]
    parsed.rejected += [
        RejectedRow(source, each.line, "cell", each.detail, _raw(each.raw)) for each in reading.rejected
    ]
    for line, row in reading.rows:
        _add(parsed, line, row)
    days = [row.measured_at[:10] for _, row in reading.rows if not _wrong_text(row)]
    if days:
        found.parsed.append(parsed)
        found.newest[source] = max(days)
    else:
        found.failed[source] = "it holds no result that can be read"
        found.problems += parsed.problems
        found.problems.append(Problem("warning", place, None, "empty", "the file holds no result that can be read"))


def _add(parsed: Parsed, line: int, row: Result | EvaluationResult) -> None:
    """The row as a record; one without a figure that counts goes to the rejected ones."""
    source = parsed.file.source
    wrong = _wrong_text(row)
    if wrong:
        rule, detail = "cell", wrong
        parsed.problems.append(Problem("error", parsed.file.url, line, rule, f"{detail}; the row is set aside"))
    elif isinstance(row, Result) and row.status == "ok" and not row.note.startswith(DISTURBED):
        parsed.records.append(LocalRun(source, line, row))
        return
    elif isinstance(row, EvaluationResult) and not row.note:
        parsed.records.append(LocalEvaluation(source, line, row))
        return
    else:
        rule = "run-failed" if isinstance(row, Result) and row.status == "failed" else "not-comparable"
        detail = row.note or "it failed, and does not say why"
    raw = _raw(row_line(row).rstrip("\n"))
    parsed.rejected.append(RejectedRow(source, line, rule, detail, raw, expected=rule != "cell"))


def _raw(line: str) -> str:
    """The line as it stood, after an apostrophe where a spreadsheet would compute it."""
    return f"'{line}" if is_formula(line) else line


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
