"""A refresh that is killed leaves the old tables or the new ones."""

from __future__ import annotations

from pathlib import Path

from tests.backbones.kill_refresh import Refreshes, kill_many


def test_refreshes_that_are_killed_leave_the_old_tables_or_the_new(tmp_path: Path) -> None:
    refreshes = Refreshes(tmp_path)
    refreshes.start_anew()
    assert refreshes.kill_at(0) == "old"
    assert refreshes.kill_at(refreshes.steps - 1).startswith("new")
    assert sum(kill_many(refreshes, 3, seed=1).values()) == 3
