"""Owns where results measured here are kept, and how such a file becomes records with their source and lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from catalog.evaluations_file import FORMAT as EVALUATIONS_FORMAT
from catalog.evaluations_file import EvaluationResult
from catalog.problems import CatalogError, Problem
from catalog.records import LocalEvaluation, LocalRun, Parsed, RejectedRow, SourceFile
from catalog.result_rows import Reading, read_rows, row_line
from catalog.results_file import DIRECTORY, DISTURBED, FORMAT, Result

SCRAPER = "local"
LICENCE = "Apache-2.0"  # this repository's
EVALUATIONS = "evaluations"  # the folder, inside that of the results
ROOT = Path(__file__).parents[1]
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
FORMS = {
    "model": _NAME,
    "implementation": _NAME,
    "runtime": _NAME,
    "precision": _NAME,
    "comparison": r"[A-Za-z0-9._:-]*",
    "status": "ok|failed",
    "measured_at": r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z",
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
    for path in sorted(folder.glob("*.csv")):
        _read(path, f"{SCRAPER}/{path.stem}", Result, FORMAT, found)
    for path in sorted((folder / EVALUATIONS).glob("*.csv")):
        _read(path, f"{SCRAPER}/{EVALUATIONS}/{path.stem}", EvaluationResult, EVALUATIONS_FORMAT, found)
    return found


def address(path: Path) -> str:
    """Where a file stands, from the top of the repository; of a file outside, the end of its path."""
    path = path.resolve()
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else "/".join(path.parts[-2:])


def _read(path: Path, source: str, kind: type[Result] | type[EvaluationResult], form: int, found: LocalFiles) -> None:
    place = address(path)
    try:
        content = path.read_bytes()
        reading: Reading[Result | EvaluationResult] = read_rows(path, kind, form)
    except (CatalogError, OSError) as error:
        reason = str(error).replace(str(path), place)
        found.failed[source] = reason
        found.problems.append(Problem("error", place, None, "unreadable", reason))
        return
    parsed = Parsed(SourceFile(source, SCRAPER, place, content, licence=LICENCE))
    parsed.problems += [Problem(each.severity, place, each.line, each.rule, each.message) for each in reading.problems]
    parsed.rejected += [RejectedRow(source, each.line, "cell", each.detail, each.raw) for each in reading.rejected]
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
    parsed.rejected.append(RejectedRow(source, line, rule, detail, row_line(row).rstrip("\n"), rule != "cell"))


def _wrong_text(row: Result | EvaluationResult) -> str:
    """What is wrong with a cell whose text has a form; blank when nothing is."""
    for column, form in FORMS.items():
        value = getattr(row, column, None)
        if value is not None and not re.fullmatch(form, value):
            return f"{column} is {value[:60]!r}, expected {form}"
    return ""
