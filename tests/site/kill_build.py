"""Kills builds of a small site at random moments and looks at what each one leaves.

`python -m tests.site.kill_build 50 1` kills 50; 1 is the seed.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from generator.build import build

import catalog
from catalog.store import write_tables
from tests.kills import Killer
from tests.site.small_catalog import write_small


class Builds:
    """Two states of small tables, the site of each, and builds of one over the other that are killed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.public = folder, folder / "site" / "public"
        self.tables = {"one": write_small(folder / "one")}
        self.tables["two"] = Path(shutil.copytree(self.tables["one"], folder / "two"))
        models = catalog.load(self.tables["two"]).models
        write_tables({"models": models.assign(name=models["name"] + " again")}, self.tables["two"])
        self.killer = Killer(["generator.build", "pandas", "jinja2"])
        self.whole = {}
        for state in ("one", "two"):
            begun = time.monotonic()
            self.steps = self.killer.steps(folder / "site", run, self.tables[state], self.public)
            self.seconds = time.monotonic() - begun
            self.whole[state] = tree(self.public)
        assert self.whole["one"].keys() == self.whole["two"].keys() and self.whole["one"] != self.whole["two"]

    def kill_one(self, chance: random.Random, state: str) -> str:
        """Build one of the states and kill it, at any moment or while the new site takes the place of the old."""
        work = (run, self.tables[state], self.public)
        if chance.random() < 0.5:
            self.killer.kill_after(chance.uniform(0, self.seconds), *work)
        else:
            swap = self.steps.index(f"os.rename {self.public}")
            step = swap + chance.choice((0, 1, 2, 3, chance.randrange(4, len(self.steps) - swap)))
            self.killer.kill_at(step, self.public.parent, *work)
        return self._look()

    def _look(self) -> str:
        """Which site is there: `one`, `two`, or none for the moment between two renames."""
        if not self.public.exists():
            old, new = (self.public.with_name(f".public.{word}") for word in ("old", "new"))
            assert tree(old) in self.whole.values() and tree(new) in self.whole.values()
            return "none"
        (state,) = (name for name, site in self.whole.items() if tree(self.public) == site)
        return state

    def finish(self, state: str) -> None:
        """A build that nobody kills gives the site, and leaves nothing else."""
        run(self.tables[state], self.public)
        assert self._look() == state
        assert {path.name for path in self.public.parent.iterdir()} == {"public", "work"}


def run(tables: Path, public: Path) -> None:
    """Build a site without charts."""
    build(catalog.load(tables), public, work=public.parent / "work", charts=False)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def kill_many(kills: int, seed: int, folder: Path) -> Counter[str]:
    """Kill builds at random, each of the state that is not there; how often the site then was which."""
    chance = random.Random(seed)
    builds, outcomes, there = Builds(folder), Counter[str](), "two"
    for _ in range(kills):
        wanted = "one" if there == "two" else "two"
        there = builds.kill_one(chance, wanted)
        outcomes["none" if there == "none" else "new" if there == wanted else "old"] += 1
        if chance.random() < 0.1:
            builds.finish(wanted)
            there = wanted
    builds.finish("one")
    return outcomes


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        print(dict(kill_many(int(sys.argv[1]), int(sys.argv[2]), Path(scratch))))
