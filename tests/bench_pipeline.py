"""Time and peak memory of the pipeline against its budgets, as a table. Run on an idle machine: make bench-pipeline."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.big_mirror import multiply

ROOT = Path(__file__).parent.parent
UPSTREAM = ROOT.parent / "shared" / "upstream"
FACTOR = 10


@dataclass(frozen=True)
class Figure:
    """One measured figure; `budget` is the most it may be, in the same unit."""

    name: str
    value: float
    unit: str
    budget: float | None

    def __str__(self) -> str:
        verdict = "" if self.budget is None else ("within" if self.value <= self.budget else "OVER")
        budget = "" if self.budget is None else f"{self.budget:g}"
        return f"{self.name:58} {self.value:9.2f} {self.unit:8} {budget:>7} {verdict}"


@dataclass(frozen=True)
class Run:
    """Wall time and peak memory (of all processes together) of one command."""

    seconds: float
    peak_mib: float


def run(arguments: Sequence[object], *, expected: Sequence[int] = (0,)) -> Run:
    """Run `backbones` once. Raises RuntimeError when it does not end as expected."""
    command = [sys.executable, "-m", "backbones", *map(str, arguments)]
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment()
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, _memory(process.pid))
        time.sleep(0.02)
    seconds = time.perf_counter() - start
    if process.returncode not in expected:
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}")
    return Run(seconds, peak / 2**20)


def median(arguments: Sequence[object], repeats: int) -> float:
    """Median seconds of several runs."""
    return statistics.median(run(arguments).seconds for _ in range(repeats))


def figures() -> list[Figure]:
    """Measure everything. Without the mirror of the upstream files, the refresh is left out."""
    with tempfile.TemporaryDirectory() as scratch:
        return [*_refreshing(Path(scratch)), *_drawing(Path(scratch)), *_leaderboard(Path(scratch) / "public")]


def _refreshing(scratch: Path) -> list[Figure]:
    top = median(["top", "--imagenet-1k-only", "--max-gmacs", 5, "--max-params", 30], 5)
    found = [Figure("backbones top", top, "s", 0.7)]
    if not UPSTREAM.is_dir():
        return found
    once = run(["refresh", "--mirror", UPSTREAM, "--data", scratch / "one"])
    again = run(["refresh", "--mirror", UPSTREAM, "--data", scratch / "one"])
    multiply(UPSTREAM, scratch / "mirror", FACTOR)
    tenfold = run(["refresh", "--mirror", scratch / "mirror", "--data", scratch / "ten"])
    return [
        *found,
        Figure("refresh from the mirror, tables and CSV", once.seconds, "s", 10),
        Figure("refresh from the mirror, nothing changed", again.seconds, "s", None),
        Figure(f"refresh with {FACTOR} times the rows, ratio", tenfold.seconds / once.seconds, "times", 11),
        Figure(f"refresh with {FACTOR} times the rows, peak memory", tenfold.peak_mib, "MiB", None),
    ]


def _drawing(scratch: Path) -> list[Figure]:
    charts = run(["charts", "--output", scratch / "charts"])
    site = run(["site", "--output", scratch / "public"])
    again = run(["site", "--output", scratch / "public"])
    return [
        Figure("all charts", charts.seconds, "s", 15),
        Figure("whole site from the committed tables", site.seconds, "s", 60),
        Figure("whole site, peak memory of all processes", site.peak_mib, "MiB", 1536),
        Figure("site again, nothing changed", again.seconds, "s", 5),
    ]


def _leaderboard(site: Path) -> list[Figure]:
    from tests.site.leaderboard_bench import measure

    units = {"ms": "ms", "kb": "kB"}
    budgets = {
        "page_weight_kb": 350.0,
        "filter_ms": 50.0,
        "sort_ms": 50.0,
        "filter_tenfold_ms": 150.0,
        "sort_tenfold_ms": 150.0,
    }
    return [
        Figure(f"leaderboard {name}", value, units.get(name.rsplit("_", 1)[-1], ""), budgets.get(name))
        for name, value in measure(site).items()
    ]


def _memory(pid: int) -> int:
    """Resident bytes of a process and its children."""
    try:
        process = psutil.Process(pid)
        return sum(member.memory_info().rss for member in [process, *process.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'site'}"}


if __name__ == "__main__":
    for figure in figures():
        print(figure, flush=True)
