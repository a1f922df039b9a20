"""Files of results on the disk: rows are appended for good as soon as they are known, and looked up to resume."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.errors import BenchmarkError
from catalog.evaluations_file import FORMAT, EvaluationResult
from catalog.result_rows import header_line, read_rows, row_line
from catalog.results_file import Result, read_results

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
        with path.open("ab", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            whole = _whole_bytes(size, path)
            if whole != size:
                file.truncate(whole)
            try:
                _write(file, ((header_line(type(rows[0])) if whole == 0 else "") + content).encode())
                os.fsync(file.fileno())
            except OSError:
                with contextlib.suppress(OSError):  # a device, or worse: what was written remains a cut line
                    file.truncate(whole)
                raise
    except OSError as error:
        raise BenchmarkError(
            f"{path}: cannot be written: {error.strerror or error}; what it held is kept; make room and run the same "
            "command again, it goes on where it stopped"
        ) from error


def check_writable(path: Path) -> None:
    """Find out before the first hour, not after it, whether a file can be written.

    Raises:
        BenchmarkError: it cannot.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent) as probe:
            probe.write(b"\n")
        if path.is_dir():
            raise IsADirectoryError(None, "it is a folder")
    except OSError as error:
        raise BenchmarkError(f"{path}: cannot be written: {error.strerror or error}; name another file") from error


def check_evaluations(path: Path) -> None:
    """See that an evaluation's row can be appended to the file, before an evaluation is spent on it.

    Raises:
        CatalogError: the file cannot be read, or holds something else or another format.
    """
    if path.exists():
        read_rows(path, EvaluationResult, FORMAT)


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


def _write(file: io.FileIO, content: bytes) -> None:
    """All of it: a disk that is nearly full takes a part before it says so."""
    while content:
        content = content[file.write(content) :]


def _whole_bytes(size: int, path: Path) -> int:
    """Bytes up to the end of the last whole line."""
    if size == 0:
        return 0
    content = path.read_bytes()
    return content.rfind(b"\n") + 1
