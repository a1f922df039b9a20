"""The leaderboard page and the data that it loads, written from the catalog into the generated documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.leaderboard.packing import to_json
from generator.leaderboard.page import render
from generator.leaderboard.payload import payloads

if TYPE_CHECKING:
    from pathlib import Path

    from catalog import Catalog

__all__ = ["write"]


def write(catalog: Catalog, output: Path) -> None:
    """Write `leaderboard/index.md` and `leaderboard/data/*.json` under the folder of generated documents.

    Same tables, same bytes. Data files of data sets and environments that are gone are removed.
    """
    folder = output / "leaderboard"
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    files = payloads(catalog)
    for stale in data.glob("*.json"):
        if stale.stem not in files:
            stale.unlink()
    for name, payload in files.items():
        (data / f"{name}.json").write_text(to_json(payload), encoding="utf-8", newline="\n")
    (folder / "index.md").write_text(render(catalog, files["core"]), encoding="utf-8", newline="\n")
