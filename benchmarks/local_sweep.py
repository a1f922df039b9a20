"""A sweep on this machine: what is left to measure, then comparison after comparison, whatever becomes of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.result_files import check_writable, recorded
from benchmarks.resume import left_to_do
from benchmarks.turns import Reporter, Settings, Task, measure, steps_of
from catalog.results_file import Result


def plan(
    tasks: Sequence[Task], path: Path, settings: Settings, say: Callable[[str], None], again: bool = False
) -> list[Task]:
    """What there is left to measure: without rivals that cannot be installed, and without what the file holds.

    Args:
        tasks: what was asked for.
        path: the results file; it need not exist.
        settings: whose `python_for` finds or makes the environment of each implementation.
        say: is told of rivals left out, and of broken lines in the file.
        again: measure also what the file holds.

    Raises:
        CatalogError: the file is no results file of this format.
        BenchmarkError: there is no writing where it lies, or every implementation asked for is missing.
    """
    held = recorded(path, say)
    check_writable(path)

    def left(wanted: Sequence[Task]) -> list[Task]:
        return list(wanted) if again else left_to_do(wanted, held, settings.python_for)

    possible = _without_missing(tasks, say, settings.python_for)
    if not possible and left(tasks):
        raise BenchmarkError("nothing could be measured")
    return left(possible)


def measure_all(tasks: Sequence[Task], settings: Settings, reporter: Reporter) -> Iterator[Result]:
    """Measure the tasks in their order. A task that cannot be measured is said, and the next one goes on."""
    for task in tasks:
        try:
            yield from measure(task, settings, reporter)
        except BenchmarkError as error:
            reporter.say(f"failed: {error}")
            reporter.advance(steps_of(task, settings))
        except OSError as error:
            reporter.say(f"failed: {task.comparison}: {error}; make room and run the same command again")
            reporter.advance(steps_of(task, settings))


def _without_missing(
    tasks: Sequence[Task], say: Callable[[str], None], python_for: Callable[[str], Path]
) -> list[Task]:
    """The tasks without the implementations that cannot be installed; each of those is said once."""
    missing = set()
    for implementation in dict.fromkeys(subject.implementation for task in tasks for subject in task.subjects):
        try:
            python_for(implementation)
        except BenchmarkError as error:
            say(f"skipped: {error}")
            missing.add(implementation)
    kept = (
        replace(task, subjects=tuple(subject for subject in task.subjects if subject.implementation not in missing))
        for task in tasks
    )
    return [task for task in kept if task.subjects]
