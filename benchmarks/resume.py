"""What a results file spares a sweep: which runs it holds already, measured with what is installed now.

A subject is measured again when it failed, or when a package that took part in it has another version. It is then timed
in turns of its own together with the anchors that the file already has (`turns.ANCHORS`), because ratios hold only
between runs that took turns. A comparison that was interrupted left no rows, and is measured as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.comparison import Subject
from benchmarks.errors import BenchmarkError
from benchmarks.machine import split, this_machine, versions_in
from benchmarks.turns import ANCHORS, LOWERED, Task
from catalog.results_file import Result
from implementations.registry import architecture_of

PythonFor = Callable[[str], Path]
_LOWERED = re.compile(rf"{LOWERED} (\d+)")


@dataclass(frozen=True)
class _RunKey:
    """What tells a run of a file from others, as it was asked for."""

    model: str
    img_size: int | None
    batch_size: int
    precision: str
    threads: int
    kind: str
    subject: str


def left_to_do(tasks: Sequence[Task], results: Iterable[Result], python_for: PythonFor) -> list[Task]:
    """The tasks without the subjects that the results hold; a task with none left is dropped."""
    done = _done(results, python_for)
    return _without(tasks, lambda task, subject: _wish(task, subject) in done)


def left_on_any_host(tasks: Sequence[Task], results: Iterable[Result], own_threads: bool) -> list[Task]:
    """The tasks without the subjects that the results hold, whichever host measured them with whatever is there.

    With `own_threads` every host used as many threads as it has cores, and their number does not count.
    """

    def key(run: _RunKey) -> _RunKey:
        return replace(run, threads=0) if own_threads else run

    done = {key(_as_asked(result)) for result in results if result.status == "ok"}
    return _without(tasks, lambda task, subject: key(_wish(task, subject)) in done)


def _without(tasks: Sequence[Task], is_done: Callable[[Task, Subject], bool]) -> list[Task]:
    left = []
    for task in tasks:
        missing = [subject for subject in task.subjects if not is_done(task, subject)]
        if missing:
            anchors = [subject for subject in ANCHORS if subject in task.subjects and subject not in missing]
            left.append(replace(task, subjects=(*anchors, *missing)))
    return left


def _done(results: Iterable[Result], python_for: PythonFor) -> set[_RunKey]:
    device = this_machine().device
    installed: dict[tuple[str, str], bool] = {}
    done = set()
    for result in results:
        if result.status != "ok" or (result.kind == "cpu" and result.device != device):
            continue
        key = (result.implementation, result.libraries)
        if key not in installed:
            installed[key] = _still_installed(*key, python_for)
        if installed[key]:
            done.add(_as_asked(result))
    return done


def _still_installed(implementation: str, libraries: str, python_for: PythonFor) -> bool:
    """Also of a rival that can no longer be installed: what was measured of it is all that there will be."""
    recorded = split(libraries)
    try:
        python = python_for(implementation)
    except BenchmarkError:
        return True
    found = versions_in(python, list(recorded))
    return all(found.get(name) == version for name, version in recorded.items())


def _as_asked(result: Result) -> _RunKey:
    lowered = _LOWERED.search(result.note)
    batch_size = int(lowered[1]) if lowered else result.infer_batch_size
    subject = f"{result.implementation}:{result.runtime}"
    fixed = (result.model, result.infer_img_size, batch_size, result.precision, result.threads, result.kind)
    return _RunKey(*fixed, subject)


def _wish(task: Task, subject: Subject) -> _RunKey:
    fixed = task.comparison
    sizes = (architecture_of(fixed.workload), fixed.img_size, fixed.batch_size)
    return _RunKey(*sizes, fixed.precision, fixed.threads, fixed.device, str(subject))
