"""A comparison as it is measured: its subjects loaded one by one, then timed in turns (A B A B)."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from benchmarks import virtual_environments
from benchmarks.comparison import Comparison, Run, Subject
from benchmarks.errors import BenchmarkError
from benchmarks.memory import smaller_batch
from benchmarks.process import RunError, Worker
from benchmarks.references import WorkloadCosts, costs_of, reference_for
from benchmarks.run_rows import failed_row, measured_row
from benchmarks.subject import PACKAGE
from catalog.results_file import Result
from catalog.vocabulary import OURS, TIMM

MIN_STEPS = 2  # of a turn
SPARE_BYTES = 1_000_000_000  # that stay free when another worker is started
GROWTH = 1.5  # what the next worker may need, of what the largest one holds
LOWERED = "batch lowered from"
# Ratios are stated against these, so they take part again when a subject of the comparison is measured later.
ANCHORS = (Subject(OURS, "tf-graph"), Subject(OURS, "tf-xla"), Subject(OURS, "openvino"), Subject(TIMM, "torch"))


@dataclass(frozen=True)
class Task:
    """One comparison and who takes part in it."""

    comparison: Comparison
    subjects: tuple[Subject, ...]


@dataclass(frozen=True)
class Settings:
    """How runs are measured.

    `min_time_s` is of a run over all its `rounds`, `limit_s` of one answer of a worker; `cache` keeps references. The
    subjects are modules of `package`, run by the interpreters that `python_for` names.
    """

    cache: Path
    rounds: int = 6
    min_time_s: float = 3.0
    limit_s: float = 300.0
    package: str = PACKAGE
    python_for: Callable[[str], Path] = virtual_environments.python_for


class Reporter(Protocol):
    """Who is told how a comparison gets on."""

    def advance(self, steps: int) -> None:
        """So many of the task's `steps_of` are done."""

    def say(self, line: str) -> None:
        """Something that a person should know."""


class SilentReporter:
    """Tells nobody."""

    def advance(self, steps: int) -> None:
        """Nothing."""

    def say(self, line: str) -> None:
        """Nothing."""


@dataclass
class Entrant:
    """A run that came up: its worker and the steps timed so far, turn by turn."""

    worker: Worker
    costs: WorkloadCosts
    note: str
    counts: bool = True  # towards progress; an anchor that is timed again does not
    turns_s: list[list[float]] = field(default_factory=list)


def steps_of(task: Task, settings: Settings) -> int:
    """How much a task is, in units of progress: each subject is started, and timed once per round."""
    return len(task.subjects) * (1 + settings.rounds)


def measure(task: Task, settings: Settings, reporter: Reporter | None = None) -> Iterator[Result]:
    """Measure a comparison; a row for each subject that ran or failed, as soon as it is known.

    A subject that cannot take part (not installed, no such model or precision) gives no row and is said to the
    reporter. One that dies, hangs or is wrong gives a row with status "failed"; the others go on. Where memory does not
    hold all of them, the rest is timed in turns of its own, with the anchors again.

    Raises:
        BenchmarkError, UnknownNameError: nothing can be measured: an unknown model, no reference.
    """
    reporter = reporter or SilentReporter()
    reference_for(task.comparison, settings.cache)
    waiting, anchors = list(task.subjects), list[Subject]()
    while waiting:
        with ExitStack() as stack:
            group: list[Entrant] = []
            for subject in (*anchors, *waiting):
                if any(entrant.counts for entrant in group) and not _has_room(group):
                    break
                counts = subject in waiting
                started = _start(Run(subject, task.comparison), settings, stack, reporter)
                if counts:
                    waiting.remove(subject)
                    reporter.advance(1 if isinstance(started, Entrant) else 1 + settings.rounds)
                if isinstance(started, Entrant):
                    group.append(replace(started, counts=counts))
                elif started is not None:
                    yield started
            yield from _in_turns(group, settings, reporter)
        anchors = [subject for subject in ANCHORS if subject in task.subjects]


def _has_room(group: list[Entrant]) -> bool:
    """Whether memory holds one more worker as large as the largest one, and some to spare."""
    import psutil

    largest = max(entrant.worker.resident_bytes for entrant in group)
    return psutil.virtual_memory().available > GROWTH * largest + SPARE_BYTES


def _start(run: Run, settings: Settings, stack: ExitStack, reporter: Reporter) -> Entrant | Result | None:
    """Load a run, with a smaller batch where memory runs out. A row when it fails, None when it cannot take part."""
    asked = run.comparison.batch_size
    while True:
        reference = reference_for(run.comparison, settings.cache)
        try:
            python = settings.python_for(run.subject.implementation)
            worker = stack.enter_context(Worker(run, reference, python, settings.package, settings.limit_s))
            ready = worker.start()
        except BenchmarkError as error:
            reporter.say(f"{run}: skipped: {error}")
            return None
        except RunError as error:
            worker.close()
            smaller = smaller_batch(run.comparison.batch_size) if run.comparison.layer is None else 0
            if error.reason == "unsupported":
                reporter.say(f"{run}: skipped: {error}")
                return None
            if error.reason == "memory" and smaller:
                reporter.say(f"{run}: out of memory, trying a batch of {smaller}: {error}")
                run = run.with_batch(smaller)
                continue
            reporter.say(f"{run}: failed: {error}")
            return failed_row(run, costs_of(reference), error)
        lowered = f"{LOWERED} {asked}, memory ran out" if run.comparison.batch_size != asked else ""
        unstable = "" if ready["stable"] else "steps had not become stable after the warm-up"
        return Entrant(worker, costs_of(reference), "; ".join(filter(None, (lowered, unstable, ready["note"]))))


def _in_turns(group: list[Entrant], settings: Settings, reporter: Reporter) -> Iterator[Result]:
    """Time a group one after the other, round after round. Who dies or hangs leaves it."""
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S")
    left = list(group)
    for turn in range(settings.rounds + 1):
        for entrant in list(left):
            worker = entrant.worker
            try:
                if turn < settings.rounds:
                    entrant.turns_s.append(worker.measure(settings.min_time_s / settings.rounds, MIN_STEPS))
                    reporter.advance(1 if entrant.counts else 0)
                else:
                    peak = worker.end()
                    yield measured_row(
                        worker.run, entrant.costs, worker.ready, entrant.turns_s, peak, stamp, entrant.note
                    )
            except RunError as error:
                left.remove(entrant)
                reporter.advance(settings.rounds - turn if entrant.counts else 0)
                reporter.say(f"{worker.run}: failed: {error}")
                yield failed_row(worker.run, entrant.costs, error)
