"""Ten times the rows go through, and stay what they are. How long that takes is measured by make bench-pipeline."""

from __future__ import annotations

from pathlib import Path

import catalog
from tests.big_mirror import multiply


def test_ten_times_the_rows(small_mirror: Path, tmp_path: Path) -> None:
    from backbones.refresh import refresh
    from scrapers.client import MirrorClient

    multiply(small_mirror, tmp_path / "big", 10)
    report = refresh(
        MirrorClient(tmp_path / "big"), tmp_path / "data", "2026-11-20", [], tmp_path / "results", quiet=True
    )
    assert not report.errors
    assert len(catalog.load(tmp_path / "data").leaderboard(reported=False)) == 210
