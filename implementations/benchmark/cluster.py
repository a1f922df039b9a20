"""Owns a sweep on a Dask cluster: whole comparisons, each on one host, one at a time on each host."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from catalog.results_file import Result
from implementations.benchmark.pinning import usable_cores
from implementations.benchmark.turns import Settings, Silent, Task, measure
from implementations.cluster import Cluster, forget_settings_of_workers, run_all

CACHE = Path(__file__).parents[2] / ".cache" / "benchmark"
LOCK = "backbones-bench.lock"  # in the folder of temporary files of a host
# How the note of a row starts whose speed other runs disturbed; such rows do not enter the catalog.
DISTURBED = "disturbed:"


@dataclass(frozen=True)
class Measured:
    """What a worker made of a comparison: its rows, and the lines that a person should read."""

    results: list[Result]
    lines: list[str]


def measure_on(
    cluster: Cluster, tasks: Mapping[str, Task], settings: Settings, own_threads: bool = False
) -> Iterator[tuple[str, list[Result] | None]]:
    """Measure comparisons on the cluster's workers; yields each one's key and rows as it ends, in any order.

    A comparison whose worker dies is measured anew by another. One that comes to nothing (it killed several workers, or
    no subject of it can run) is said to the cluster's `say`, and yields None.

    Args:
        cluster: its workers; those that were started here disturb each other, which the rows' notes say.
        tasks: the comparisons by key.
        settings: how runs are measured; a cache folder that a host does not have is replaced by its own.
        own_threads: use as many threads as the host has cores, whatever the comparison says.

    Raises:
        ClusterError: the scheduler has gone.
    """
    alone = not cluster.here
    for done in run_all(
        cluster, measure_here, {key: (task, settings, own_threads, alone) for key, task in tasks.items()}
    ):
        measured: Measured | None = done.value
        for line in measured.lines if measured else [f"{done.key}: failed: {done.failure}"]:
            cluster.say(line)
        if measured and cluster.here > 1:
            note = f"{DISTURBED} {cluster.here} workers on one machine"
            yield done.key, [_noted(result, note) for result in measured.results]
        else:
            yield done.key, measured.results if measured else None


def measure_here(task: Task, settings: Settings, own_threads: bool, alone: bool) -> Measured:
    """Measure a comparison on this host, on a worker.

    Raises:
        BenchmarkError, UnknownNameError: no subject of it can be measured.
    """
    forget_settings_of_workers()
    if own_threads:
        task = replace(task, comparison=replace(task.comparison, threads=len(usable_cores())))
    if not settings.cache.is_dir():
        settings = replace(settings, cache=CACHE)
    lines = Lines()
    if not alone:
        return Measured(list(measure(task, settings, lines)), lines.said)
    with _host_lock():
        return Measured(list(measure(task, settings, lines)), lines.said)


class Lines(Silent):
    """Keeps what is said until the comparison is over."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, line: str) -> None:
        """Keep a line."""
        self.said.append(line)


@contextmanager
def _host_lock() -> Iterator[None]:
    """Wait until no other worker of this host measures; the lock goes with the process that holds it."""
    with (Path(tempfile.gettempdir()) / LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _noted(result: Result, note: str) -> Result:
    return replace(result, note="; ".join(filter(None, (note, result.note))))
