"""The timed process: it loads one subject, proves it right, warms it up, and times it when told to.

It is started as `python -m benchmarks.worker` and speaks JSON, a line per message: the job comes first
on its standard input and is answered by "ready" or "error"; each `{"seconds", "steps"}` is answered by the steps timed;
`{}` ends it and is answered by its peak memory.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, TextIO

from benchmarks import stopwatch
from benchmarks.comparison import Comparison, Run, Subject
from benchmarks.errors import BenchmarkError
from benchmarks.machine import accelerator_name
from benchmarks.memory import is_out_of_memory, peak_accelerator_memory_mb, peak_memory_mb
from benchmarks.pinning import pin

PARENT_DEATH = 1  # PR_SET_PDEATHSIG


@dataclass(frozen=True)
class Job:
    """What a worker is asked to load; `started_at` is the time when its process was started."""

    run: Run
    folder: Path
    batch_size: int | None
    package: str
    started_at: float

    def to_json(self) -> str:
        """One line that `from_json` reads."""
        return json.dumps(asdict(self) | {"folder": str(self.folder)})

    @classmethod
    def from_json(cls, line: str) -> Job:
        """The job that `to_json` wrote."""
        values = json.loads(line)
        run = Run(Subject(**values["run"]["subject"]), Comparison(**values["run"]["comparison"]))
        return cls(**values | {"run": run, "folder": Path(values["folder"])})


def main(arguments: list[str]) -> None:
    """Serve one job from standard input; with `--prepare`, only make what the subject needs before it is timed."""
    _end_with_parent()
    answers = _take_standard_output()
    job = Job.from_json(sys.stdin.readline())
    pin(job.run.comparison.threads)
    try:
        if "--prepare" in arguments:
            _prepare(job)
            _answer(answers, "prepared")
        else:
            _serve(job, answers)
    except Exception as error:
        _answer(answers, "error", **_described(error))
        raise SystemExit(1) from error


def _end_with_parent() -> None:
    """A parent that is killed takes its workers with it (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH, signal.SIGKILL)


def _take_standard_output() -> TextIO:
    """The pipe to the parent; what libraries print goes to standard error from here on."""
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return channel


def _prepare(job: Job) -> None:
    from benchmarks.subject import ReferenceFiles, prepare

    prepare(job.run, ReferenceFiles(job.folder, job.batch_size), job.package)


def _serve(job: Job, answers: TextIO) -> None:
    from benchmarks.proof import prove
    from benchmarks.subject import ReferenceFiles, load

    on_card = job.run.comparison.device == "gpu"
    reference = ReferenceFiles(job.folder, job.batch_size)
    loaded = load(job.run, reference, job.package)
    start = time.perf_counter()
    output = loaded.step()
    first = time.perf_counter() - start
    cold_start = time.time() - job.started_at
    proof = prove(loaded.to_numpy(output), reference, job.run.comparison.precision)
    del output
    times = stopwatch.warm_up(loaded.step)
    warm = median(times[-stopwatch.WINDOW :])
    _answer(
        answers,
        "ready",
        cold_start_s=cold_start,
        compile_s=loaded.compile_s + max(first - warm, 0.0),
        warm_s=warm,
        stable=stopwatch.is_stable(times),
        parity_error=proof and proof.error,
        parity_tolerance=proof and proof.tolerance,
        params_m=loaded.params_m,
        layout=loaded.layout,
        versions=loaded.versions,
        switches=loaded.switches,
        note=loaded.note,
        accelerator=accelerator_name() if on_card else None,
    )
    while wish := json.loads(sys.stdin.readline() or "{}"):
        _answer(answers, "measured", steps_s=stopwatch.measure(loaded.step, wish["seconds"], wish["steps"]))
    _answer(answers, "ended", peak_memory_mb=peak_accelerator_memory_mb() if on_card else peak_memory_mb())


def _described(error: Exception) -> dict[str, Any]:
    from benchmarks.proof import ProofError

    lines = str(error).strip().splitlines()
    message = lines[0] if lines else ""
    described: dict[str, Any] = {"reason": "failure", "message": f"{type(error).__name__}: {message}"}
    if is_out_of_memory(error):
        described["reason"] = "memory"
    elif isinstance(error, ProofError):
        described = {"reason": "proof", "message": message}
        if error.proof:
            described |= {"parity_error": error.proof.error, "parity_tolerance": error.proof.tolerance}
    elif isinstance(error, BenchmarkError):
        described = {"reason": "unsupported", "message": message}
    return described


def _answer(answers: TextIO, event: str, **values: Any) -> None:
    answers.write(json.dumps({"event": event, **values}) + "\n")
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
