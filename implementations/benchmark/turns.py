"""Owns a comparison as it is measured: all its subjects loaded, then timed in turns (A B A B), each a row of results."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Protocol

import numpy as np

from catalog.results_file import Result
from implementations.benchmark import subject as subjects_of
from implementations.benchmark.environment import joined, this_machine
from implementations.benchmark.memory import smaller_batch
from implementations.benchmark.process import RunError, Worker
from implementations.benchmark.reference import costs_of, reference_for
from implementations.benchmark.specification import BenchmarkError, Comparison, Run, Subject

MIN_STEPS = 2  # of a turn
SPARE_BYTES = 1_500_000_000  # left free when another worker is started


@dataclass(frozen=True)
class Task:
    """One comparison and who takes part in it."""

    comparison: Comparison
    subjects: tuple[Subject, ...]


@dataclass(frozen=True)
class Settings:
    """How runs are measured. `min_time_s` is of a run over all its `rounds`; `limit_s` of one answer of a worker."""

    cache: Path
    rounds: int = 8
    min_time_s: float = 4.0
    limit_s: float = 300.0
    package: str = subjects_of.PACKAGE


class Reporter(Protocol):
    """Who is told how a comparison gets on."""

    def advance(self, steps: int) -> None:
        """So many of the task's `steps_of` are done."""

    def say(self, line: str) -> None:
        """Something that a person should know."""


class Silent:
    """Tells nobody."""

    def advance(self, steps: int) -> None:
        """Nothing."""

    def say(self, line: str) -> None:
        """Nothing."""


@dataclass
class Entrant:
    """A run that came up: its worker and the steps timed so far, turn by turn."""

    worker: Worker
    note: str
    turns_s: list[list[float]] = field(default_factory=list)


def steps_of(task: Task, settings: Settings) -> int:
    """How much a task is, in units of progress: each subject is started and timed once per round."""
    return len(task.subjects) * (1 + settings.rounds)


def measure(task: Task, settings: Settings, reporter: Reporter | None = None) -> Iterator[Result]:
    """Measure a comparison; a row for each subject that ran or failed, as soon as it is known.

    A subject that cannot take part (not installed, no such model or precision) gives no row and is said to the
    reporter. One that dies, hangs or is wrong gives a row with status "failed"; the others go on.

    Raises:
        BenchmarkError, UnknownNameError: no subject can be measured: an unknown model, no reference.
    """
    reporter = reporter or Silent()
    reference_for(task.comparison, settings.cache)
    with ExitStack() as stack:
        entrants: list[Entrant] = []
        for subject in task.subjects:
            started = _start(Run(subject, task.comparison), settings, stack, reporter)
            reporter.advance(1 if isinstance(started, Entrant) else 1 + settings.rounds)
            if isinstance(started, Entrant):
                entrants.append(started)
            elif started is not None:
                yield started
        yield from _in_turns(entrants, settings, reporter)


def _start(run: Run, settings: Settings, stack: ExitStack, reporter: Reporter) -> Entrant | Result | None:
    """Load a run, with a smaller batch where memory runs out."""
    asked = run.comparison.batch_size
    while True:
        try:
            worker = stack.enter_context(_worker(run, settings))
            worker.start()
        except BenchmarkError as error:
            reporter.say(f"{run}: skipped: {error}")
            return None
        except RunError as error:
            if error.reason == "unsupported":
                reporter.say(f"{run}: skipped: {error}")
                return None
            smaller = smaller_batch(run.comparison.batch_size)
            if error.reason == "memory" and smaller and run.comparison.layer is None:
                reporter.say(f"{run}: out of memory ({error}), trying batch {smaller}")
                run = run.with_batch(smaller)
                continue
            reporter.say(f"{run}: failed: {error}")
            return _failed(run, settings, error)
        lowered = f"batch lowered from {asked}: out of memory" if run.comparison.batch_size != asked else ""
        unstable = "" if worker.ready["stable"] else "steps were not stable after the warm-up"
        return Entrant(worker, "; ".join(filter(None, (lowered, unstable, worker.ready["note"]))))


def _worker(run: Run, settings: Settings) -> Worker:
    from implementations.benchmark.rivals import python_for

    python = python_for(run.subject.implementation)
    return Worker(run, reference_for(run.comparison, settings.cache), python, settings.package, settings.limit_s)


def _in_turns(entrants: list[Entrant], settings: Settings, reporter: Reporter) -> Iterator[Result]:
    """Time the entrants one after the other, round after round."""
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S")
    left = list(entrants)
    for turn in range(settings.rounds):
        for entrant in list(left):
            try:
                seconds = settings.min_time_s / settings.rounds
                entrant.turns_s.append(entrant.worker.measure(seconds, MIN_STEPS))
                reporter.advance(1)
            except RunError as error:
                left.remove(entrant)
                reporter.advance(settings.rounds - turn)
                reporter.say(f"{entrant.worker.run}: failed: {error}")
                yield _failed(entrant.worker.run, settings, error)
    for entrant in left:
        try:
            peak = entrant.worker.end()
        except RunError as error:
            yield _failed(entrant.worker.run, settings, error)
            continue
        yield _measured(entrant, peak, stamp, settings)


def _measured(entrant: Entrant, peak_memory_mb: float, stamp: str, settings: Settings) -> Result:
    ready, run = entrant.worker.ready, entrant.worker.run
    steps_ms = [1000 * seconds for turn in entrant.turns_s for seconds in turn]
    step_ms = median(steps_ms)
    p10, p90 = np.percentile(steps_ms, (10, 90))
    return _row(
        run,
        settings,
        infer_samples_per_sec=1000 * run.comparison.batch_size / step_ms,
        infer_step_time=step_ms,
        layout=ready["layout"],
        param_count=ready["params_m"],
        p10_ms=float(p10),
        p90_ms=float(p90),
        steps=len(steps_ms),
        rounds_ms=" ".join(f"{1000 * median(turn):.6g}" for turn in entrant.turns_s),
        cold_start_s=ready["cold_start_s"],
        compile_s=ready["compile_s"],
        peak_memory_mb=peak_memory_mb,
        parity_error=ready["parity_error"],
        parity_tolerance=ready["parity_tolerance"],
        status="ok",
        note=entrant.note,
        comparison=f"{_key(run.comparison)}-{stamp}",
        libraries=joined(ready["versions"]),
        switches=joined(ready["switches"]),
    )


def _failed(run: Run, settings: Settings, error: RunError) -> Result:
    parity = {name: error.answer.get(name) for name in ("parity_error", "parity_tolerance")}
    return _row(run, settings, status="failed", note=f"{error.reason}: {error}", **parity)


_BLANK: dict[str, Any] = {
    **dict.fromkeys(("infer_samples_per_sec", "infer_step_time", "param_count", "p10_ms", "p90_ms", "steps")),
    **dict.fromkeys(("cold_start_s", "compile_s", "peak_memory_mb", "parity_error", "parity_tolerance")),
    **dict.fromkeys(("layout", "rounds_ms", "note", "comparison", "libraries", "switches"), ""),
}


def _row(run: Run, settings: Settings, **measured: Any) -> Result:
    fixed = run.comparison
    costs = costs_of(reference_for(fixed, settings.cache))
    machine = this_machine()
    return Result(
        **_BLANK
        | {
            "model": fixed.workload,
            "infer_img_size": fixed.img_size,
            "infer_batch_size": fixed.batch_size,
            "infer_gmacs": costs.gmacs,
            "mode": "infer",
            "implementation": run.subject.implementation,
            "runtime": run.subject.runtime,
            "precision": fixed.precision,
            "threads": fixed.threads,
            "measured_at": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "device": machine.device,
            "kind": machine.kind,
            "cores": machine.cores,
            "memory_gb": machine.memory_gb,
            "os": machine.os,
            "processor_flags": machine.processor_flags,
        }
        | measured
    )


def _key(comparison: Comparison) -> str:
    size = f"-{comparison.img_size}" if comparison.img_size else ""
    return f"{comparison.workload}{size}-b{comparison.batch_size}-{comparison.precision}-{comparison.threads}t"
