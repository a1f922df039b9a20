"""What `backbones bench` shows while it measures and when it is done."""

import itertools
import sys
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from catalog.results_file import Result

BASE = ("timm", "torch")  # what ratios are stated against, where it took part
HOURS = 24 * 3600.0  # of steps that the remaining time is estimated from: all of them


class ShownProgress:
    """A bar on standard error with the time that remains; lines that matter are printed above it."""

    def __init__(self, steps: int) -> None:
        self.failures = 0
        self._console = Console(stderr=True, highlight=False)
        columns = (TextColumn("bench"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=self._console, speed_estimate_period=HOURS)
        self._task = self._progress.add_task("bench", total=steps)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def advance(self, steps: int) -> None:
        """See turns.Reporter."""
        self._progress.advance(self._task, steps)

    def say(self, line: str) -> None:
        """See turns.Reporter."""
        self.failures += line.startswith("failed")
        self._console.print(f"backbones bench: {line}", markup=False, soft_wrap=True)

    def show(self, row: "Result") -> None:
        """A row that was measured, in a line."""
        if row.status == "ok":
            speed = f"{row.infer_samples_per_sec:.4g}/s, {row.infer_step_time:.4g} ms"
            name = f"{row.implementation}:{row.runtime} {row.model} batch {row.infer_batch_size} {row.precision}"
            self._console.print(f"{name}: {speed}", markup=False, soft_wrap=True)


def print_comparisons(rows: "list[Result]") -> None:
    """A table of each comparison: speed, and how many times as fast as timm in torch (or the first), on the rounds."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    done = sorted((row for row in rows if row.status == "ok"), key=lambda row: row.comparison)
    for comparison, members in itertools.groupby(done, key=lambda row: row.comparison):
        console.print(_table(comparison, list(members)))


def _table(comparison: str, members: "list[Result]") -> Table:
    base = next((row for row in members if (row.implementation, row.runtime) == BASE), members[0])
    against = f"x {base.implementation}:{base.runtime}"
    table = Table("", "samples/s", "ms (p10 to p90)", against, "cold start (s)", "compile (s)", "memory (MB)")
    table.title, table.title_justify = comparison, "left"
    for row in sorted(members, key=lambda row: row.infer_step_time or 0):
        memory = "" if row.peak_memory_mb is None else f"{row.peak_memory_mb:.0f}"
        table.add_row(
            f"{row.implementation}:{row.runtime}",
            f"{row.infer_samples_per_sec:.4g}",
            f"{row.infer_step_time:.4g} ({row.p10_ms:.4g} to {row.p90_ms:.4g})",
            _ratio(row, base),
            f"{row.cold_start_s:.2f}",
            f"{row.compile_s:.2f}",
            memory,
        )
    return table


def _ratio(row: "Result", base: "Result") -> str:
    from catalog.ratios import parse_rounds, speed_ratio

    ratio = speed_ratio(parse_rounds(row.rounds_ms), parse_rounds(base.rounds_ms))
    return f"{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
