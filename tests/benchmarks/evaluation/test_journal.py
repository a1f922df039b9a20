"""An interrupted evaluation keeps its finished batches, whatever the moment."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from benchmarks.errors import EvaluationError
from benchmarks.evaluation.batches import BatchPredictions
from benchmarks.evaluation.journal import Journal

KEY = {"model": "a", "images": "1234"}
FIRST = BatchPredictions(0, ((1, 2, 3, 4, 5), None), {1: "the file is empty"})
SECOND = BatchPredictions(2, ((5, 4, 3, 2, 1), (1, 2, 3, 4, 5)), {})


def written(path: Path) -> Path:
    journal = Journal(path, KEY)
    journal.add(FIRST)
    journal.add(SECOND)
    return path


def test_batches_are_there_when_it_is_opened_again(tmp_path: Path) -> None:
    path = written(tmp_path / "new" / "journal.jsonl")
    assert Journal(path, KEY).finished == {0: FIRST, 2: SECOND}


def test_every_cut_keeps_the_whole_batches_and_goes_on(tmp_path: Path) -> None:
    content = written(tmp_path / "whole").read_bytes()
    ends = [place + 1 for place, byte in enumerate(content) if byte == ord("\n")]
    for length in range(len(content) + 1):
        path = tmp_path / "cut"
        path.write_bytes(content[:length])
        journal = Journal(path, KEY)
        whole_batches = max(0, sum(end <= length for end in ends) - 1)
        assert len(journal.finished) == whole_batches
        journal.add(SECOND)
        assert Journal(path, KEY).finished[2] == SECOND
        path.unlink()


def test_a_journal_of_something_else_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl")
    with pytest.raises(EvaluationError, match="kept by an evaluation of another images; name another file"):
        Journal(path, {**KEY, "images": "5678"})


@pytest.mark.parametrize("line", ["hello\n", '{"start": 4}\n', "[1]\n"])
def test_a_line_that_is_no_batch_is_named(tmp_path: Path, line: str) -> None:
    path = written(tmp_path / "journal.jsonl")
    path.write_text(path.read_text() + line)
    with pytest.raises(EvaluationError, match=r"journal\.jsonl line 4: no batch of an evaluation; delete the file"):
        Journal(path, KEY)


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(written(tmp_path / "journal.jsonl"), KEY)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EvaluationError, match="cannot be written: No space left on device; the batches in it are kept"):
        journal.add(BatchPredictions(4, (None,), {4: "the file is empty"}))
    assert set(Journal(journal.path, KEY).finished) >= {0, 2} and 4 not in journal.finished


def test_at_the_end_nothing_is_left(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl")
    Journal(path, KEY).discard()
    assert not path.exists()
