"""Owns the file of evaluations as it grows: a row appended for good when an evaluation ends."""

from __future__ import annotations

import os
from pathlib import Path

from catalog.evaluations_file import FORMAT, EvaluationResult
from catalog.result_rows import header_line, read_rows, row_line
from implementations.evaluation.specification import EvaluationError


def check(path: Path) -> None:
    """See that a row can be appended to the file, before an evaluation is spent on it.

    Raises CatalogError, one line, for a file that cannot be read, or holds something else or another format.
    """
    if path.exists():
        read_rows(path, EvaluationResult, FORMAT)


def append(path: Path, row: EvaluationResult) -> None:
    """Add a row to the end of the file; it is on the disk when this returns. A cut last line is dropped.

    Raises:
        CatalogError: as `check`.
        EvaluationError: the file cannot be written; the rows before are as they were.
    """
    try:
        whole = read_rows(path, EvaluationResult, FORMAT).whole_bytes if path.exists() else 0
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.truncate(whole)
            try:
                file.write(((header_line(EvaluationResult) if whole == 0 else "") + row_line(row)).encode())
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.truncate(path, whole)
                raise
    except OSError as error:
        raise EvaluationError(
            f"{path}: cannot be written: {error.strerror}; nothing is lost: make room and give the same command again"
        ) from error
