"""Kills refreshes at random moments and looks at what each one leaves.

`python -m tests.backbones.kill_refresh 300 1` kills 300; 1 is the seed.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from backbones.refresh import refresh
from catalog.store import FLAT_TABLE, LOCK, snapshot, unfinished
from scrapers.client import MirrorClient
from tests.conftest import NO_RESULTS, SMALL_MIRROR, TODAY
from tests.kills import Killer

CHANGED = ("results-imagenet.csv", "results-imagenet-real.csv")


class Refreshes:
    """Tables of before and after a change of upstream, and refreshes between the two that are killed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        self.mirror = change_upstream(Path(shutil.copytree(SMALL_MIRROR, folder / "mirror")))
        self.killer = Killer(["backbones.refresh", "pandera.pandas"])
        run(SMALL_MIRROR, self.data)
        self.old = tables(self.data)
        begun = time.monotonic()
        self.steps = len(self.killer.steps(self.data, run, self.mirror, self.data))
        self.seconds = time.monotonic() - begun
        self.new = tables(self.data)
        assert sum(self.old[name] != self.new[name] for name in self.old) >= 4

    def start_anew(self) -> None:
        """Put the tables of before the change in place."""
        shutil.rmtree(self.data)
        self.data.mkdir()
        for name, content in self.old.items():
            (self.data / name).write_bytes(content)

    def kill_at(self, step: int) -> str:
        """Refresh until files were changed so often; the outcome is that of `_look`."""
        self.killer.kill_at(step, self.data, run, self.mirror, self.data)
        return self._look()

    def kill_after(self, seconds: float) -> str:
        """Refresh for a while; the outcome is that of `_look`."""
        self.killer.kill_after(seconds, run, self.mirror, self.data)
        return self._look()

    def _look(self) -> str:
        """What readers see: `old` or `new`, and whether the files still have to be moved into place."""
        left = tree(self.folder)
        seen = {f"{name}.csv": content for name, content in snapshot(self.data).items()}
        assert tree(self.folder) == left, "a reader changed something"
        (state,) = (name for name in ("old", "new") if seen == without_flat(getattr(self, name)))
        if unfinished(self.data):
            return f"{state}, unfinished"
        assert tables(self.data) == getattr(self, state), "what readers see is not what stands there"
        return state

    def finish(self) -> None:
        """A refresh that nobody kills makes everything good and leaves nothing behind."""
        run(self.mirror, self.data)
        assert tables(self.data) == self.new
        assert {path.name for path in self.data.iterdir()} == {*self.new, LOCK}


def run(mirror: Path, data: Path) -> None:
    """Refresh from a mirror."""
    refresh(MirrorClient(mirror), data, TODAY, [], NO_RESULTS, quiet=True)


def change_upstream(mirror: Path) -> Path:
    """Let two accuracies be others than they were."""
    for path in mirror.rglob("results-imagenet*.csv"):
        if path.name in CHANGED:
            header, first, *rest = path.read_text().splitlines(keepends=True)
            model, size, top1, error, *others = first.split(",")
            changed = f"{float(top1) - 0.1:.3f}", f"{float(error) + 0.1:.3f}"
            path.write_text("".join([header, ",".join([model, size, *changed, *others]), *rest]))
    return mirror


def tables(data: Path) -> dict[str, bytes]:
    """The table files of a directory as they stand."""
    return {path.name: path.read_bytes() for path in sorted(data.glob("*.csv"))}


def without_flat(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Those that readers of the catalog see."""
    return {name: content for name, content in files.items() if name != FLAT_TABLE}


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def kill_many(refreshes: Refreshes, kills: int, seed: int) -> Counter[str]:
    """Kill refreshes at random, half of them at a step and half at a moment; how often each outcome was met."""
    chance, outcomes = random.Random(seed), Counter[str]()
    for number in range(kills):
        if chance.random() < 0.5 or number == 0:  # else it goes on from where the last one was killed
            refreshes.start_anew()
        if chance.random() < 0.5:
            outcomes[refreshes.kill_at(chance.randrange(refreshes.steps))] += 1
        else:
            outcomes[refreshes.kill_after(chance.uniform(0, refreshes.seconds))] += 1
        if chance.random() < 0.2:
            refreshes.finish()
    refreshes.finish()
    return outcomes


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        print(dict(kill_many(Refreshes(Path(scratch)), int(sys.argv[1]), int(sys.argv[2]))))
