"""One process at a time: whoever comes second waits with a word, and not for ever."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from catalog.locks import locked, log
from catalog.problems import CatalogError
from tests.catalog.lock_holder import Elsewhere, held_elsewhere


class WhenSomethingIsSaid(logging.Handler):
    """Keeps what is logged and lets the other process go at the first word."""

    def __init__(self, other: Elsewhere) -> None:
        super().__init__()
        self.other = other
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())
        self.other.let_go()


def test_a_lock_that_stays_held_is_one_clear_line_in_the_end(tmp_path: Path) -> None:
    with (
        held_elsewhere(tmp_path / "lock"),
        pytest.raises(CatalogError, match=r"^the tables: another process still writes here after 0.1 s"),
        locked(tmp_path / "lock", "the tables", wait_s=0.1),
    ):
        pytest.fail("both held it")


def test_waiting_is_said_once_and_ends_when_the_other_is_done(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path / "lock") as other:
        handler = WhenSomethingIsSaid(other)
        log.addHandler(handler)
        try:
            with locked(tmp_path / "lock", "the tables", wait_s=60):
                assert handler.said == ["the tables: another process writes here; waiting up to 60 s for it"]
        finally:
            log.removeHandler(handler)


def test_a_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path / "lock") as other:
        other.kill()
        with locked(tmp_path / "lock", "the tables", wait_s=0):
            pass


def test_who_holds_it_may_take_it_again_and_holds_it_till_the_end(tmp_path: Path) -> None:
    with locked(tmp_path / "lock", "x", wait_s=0):
        with locked(tmp_path / "lock", "x", wait_s=0):
            pass
        with held_elsewhere(tmp_path / "lock") as other:
            assert not other.holds
    with locked(tmp_path / "lock", "x", wait_s=0):
        pass
