"""The file that keeps an evaluation's finished batches until its end, so that an interrupted one goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.errors import EvaluationError
from benchmarks.evaluation.batches import BatchPredictions

FORMAT = 1


class Journal:
    """Finished batches by their start: a line of JSON each, after a first line that says what they are of.

    Lines are on the disk when `add` returns. A last line without its end was being written when the process died, and
    is dropped.

    Raises:
        EvaluationError: the file is of another evaluation, not readable, or cannot be written.
    """

    def __init__(self, path: Path, key: Mapping[str, Any]) -> None:
        self.path = path
        self._key = {"format": FORMAT, **key}
        self.finished: dict[int, BatchPredictions] = {}
        self._read()

    def add(self, result: BatchPredictions) -> None:
        """Keep a batch for good."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                if file.tell() == 0:
                    file.write(_line(self._key))
                file.write(_line(_cells(result)))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise EvaluationError(
                f"{self.path}: cannot be written: {error.strerror}; the batches in it are kept; make room and give the"
                " same command again, it goes on where it stopped"
            ) from error
        self.finished[result.start] = result

    def discard(self) -> None:
        """Remove the file, after the evaluation's end."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> None:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise EvaluationError(f"{self.path}: cannot be read: {error.strerror}") from error
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(self.path, len(whole))
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                entry = json.loads(line)
                if number > 1:
                    result = _result(entry)
                    self.finished[result.start] = result
            except (ValueError, KeyError, TypeError) as error:
                raise EvaluationError(
                    f"{self.path} line {number}: no batch of an evaluation; delete the file to evaluate anew"
                ) from error
            if number == 1 and entry != self._key:
                differing = next((name for name in self._key if entry.get(name) != self._key[name]), "format")
                raise EvaluationError(f"{self.path}: kept by an evaluation of another {differing}; name another file")


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"


def _cells(result: BatchPredictions) -> dict[str, Any]:
    return {"start": result.start, "top5": result.top5, "unreadable": list(result.unreadable.items())}


def _result(entry: Mapping[str, Any]) -> BatchPredictions:
    top5 = tuple(None if predicted is None else tuple(predicted) for predicted in entry["top5"])
    return BatchPredictions(
        int(entry["start"]), top5, {int(place): str(reason) for place, reason in entry["unreadable"]}
    )
