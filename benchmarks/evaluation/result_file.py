"""Owns what a file of evaluations must be before a row is added to it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.recorder import append_rows
from catalog.evaluations_file import FORMAT, EvaluationResult
from catalog.result_rows import read_rows


def check(path: Path) -> None:
    """See that a row can be appended to the file, before an evaluation is spent on it.

    Raises:
        CatalogError: the file cannot be read, or holds something else or another format.
    """
    if path.exists():
        read_rows(path, EvaluationResult, FORMAT)


def append(path: Path, row: EvaluationResult) -> None:
    """Add a row to the end of the file, for good.

    Raises:
        CatalogError: as `check`.
        BenchmarkError: the file cannot be written; what it held is as it was.
    """
    check(path)
    append_rows(path, [row])
