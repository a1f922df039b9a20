"""A sweep on a Dask cluster: whole comparisons, each on one host, one at a time on each host."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.dask_cluster import Cluster, forget_settings_of_workers, run_all
from benchmarks.pinning import usable_cores
from benchmarks.result_files import recorded
from benchmarks.resume import left_on_any_host
from benchmarks.turns import Reporter, Settings, SilentReporter, Task, measure, steps_of
from catalog.results_file import DISTURBED, Result

CACHE = Path(__file__).parents[1] / ".cache" / "benchmark"
LOCK = "backbones-bench.lock"  # in a host's folder of temporary files


@dataclass(frozen=True)
class ComparisonReport:
    """What a worker made of a comparison: its rows, and the lines that a person should read."""

    results: list[Result]
    lines: list[str]


def plan(
    tasks: Sequence[Task], path: Path, say: Callable[[str], None], own_threads: bool, again: bool = False
) -> list[Task]:
    """What there is left to measure: without what the file holds, whichever host measured it.

    Args:
        tasks: what was asked for.
        path: the results file; it need not exist.
        say: is told of broken lines in the file.
        own_threads: every host uses as many threads as it has cores.
        again: measure also what the file holds.

    Raises:
        CatalogError: the file is no results file of this format.
    """
    held = recorded(path, say)
    return list(tasks) if again else left_on_any_host(tasks, held, own_threads)


def measure_all(
    tasks: Sequence[Task], settings: Settings, reporter: Reporter, cluster: Cluster, own_threads: bool
) -> Iterator[Result]:
    """Measure comparisons on a cluster's workers; rows come as comparisons end, in any order.

    A comparison whose worker dies is measured anew by another. One that comes to nothing, because it killed several
    workers or none of its subjects can run, is said, and the others go on.

    Args:
        tasks: the comparisons.
        settings: how runs are measured; a host that does not have the cache folder uses its own.
        reporter: told of progress, and of what a person should know.
        cluster: its workers; several that were started here disturb each other, which the rows' notes say.
        own_threads: use as many threads as the host has cores, whatever the comparison says.

    Raises:
        ClusterError: the scheduler has gone.
    """
    alone = not cluster.here
    named = {f"comparison {number}": task for number, task in enumerate(tasks, start=1)}
    calls = {name: (task, settings, own_threads, alone) for name, task in named.items()}
    for done in run_all(cluster, measure_here, calls):
        report: ComparisonReport | None = done.value
        task = named[done.key]
        for line in report.lines if report else [f"failed: {task.comparison}: {done.failure}"]:
            reporter.say(line)
        reporter.advance(steps_of(task, settings))
        for result in report.results if report else ():
            yield _noted(result, cluster.here) if cluster.here > 1 else result


def measure_here(task: Task, settings: Settings, own_threads: bool, alone: bool) -> ComparisonReport:
    """Measure a comparison on this host, in a Dask worker; `alone` waits until no other worker of the host measures.

    Raises:
        BenchmarkError, UnknownNameError: no subject of it can be measured.
    """
    forget_settings_of_workers()
    if own_threads:
        task = replace(task, comparison=replace(task.comparison, threads=len(usable_cores())))
    if not settings.cache.is_dir():
        settings = replace(settings, cache=CACHE)
    heard = Transcript()
    with _host_lock() if alone else nullcontext():
        return ComparisonReport(list(measure(task, settings, heard)), heard.lines)


class Transcript(SilentReporter):
    """Keeps what is said until the comparison is over."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        """Keep a line."""
        self.lines.append(line)


@contextmanager
def _host_lock() -> Iterator[None]:
    """Hold the host's lock, which goes with the process that holds it."""
    with (Path(tempfile.gettempdir()) / LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _noted(result: Result, workers: int) -> Result:
    note = f"{DISTURBED} {workers} workers on one machine"
    return replace(result, note="; ".join(filter(None, (note, result.note))))
