"""Owns how results reach the disk: appended for good as soon as they are known, and looked up when a sweep resumes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.result_rows import header_line, row_line
from catalog.results_file import Result, read_results
from implementations.benchmark.specification import BenchmarkError, Comparison, Run, Subject

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def append_rows(path: Path, rows: Sequence[DataclassInstance]) -> None:
    """Add rows to the end of the file, for good: they are on the disk when this returns. A cut last line is dropped.

    Raises:
        BenchmarkError: the file cannot be written (a full disk, no permission); what it held is as it was.
    """
    if not rows:
        return
    content = "".join(row_line(row) for row in rows)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            whole = _whole_bytes(file.seek(0, os.SEEK_END), path)
            file.truncate(whole)
            try:
                file.write(((header_line(type(rows[0])) if whole == 0 else "") + content).encode())
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.truncate(path, whole)
                raise
    except OSError as error:
        raise BenchmarkError(
            f"{path}: cannot be written: {error.strerror or error}; what it held is kept; make room and run the same "
            "command again, it goes on where it stopped"
        ) from error


def recorded(path: Path, say: Callable[[str], None]) -> list[Result]:
    """The results that a file holds, none when there is no file; what is wrong with single lines is said.

    Raises:
        CatalogError: the file cannot be read, or is no results file of this format.
    """
    if not path.is_file():
        return []
    reading = read_results(path)
    for problem in reading.problems:
        say(str(problem))
    return [row for _, row in reading.rows]


def run_of(result: Result) -> Run:
    """What was run, as it was asked for. Raises BenchmarkError for an implementation or runtime that is unknown."""
    precision = result.precision
    fixed = Comparison(
        result.model, result.infer_img_size, result.infer_batch_size, precision, result.threads, result.kind
    )  # type: ignore[arg-type]
    return Run(Subject(result.implementation, result.runtime), fixed)


def _whole_bytes(size: int, path: Path) -> int:
    """Bytes up to the end of the last whole line."""
    if size == 0:
        return 0
    content = path.read_bytes()
    return content.rfind(b"\n") + 1
