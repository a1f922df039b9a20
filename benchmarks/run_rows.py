"""Rows of a results file: of a run that was timed, and of one that failed."""

from __future__ import annotations

import datetime
import re
from statistics import median
from typing import Any

import numpy as np

from benchmarks.comparison import Comparison, Run
from benchmarks.machine import joined, this_machine
from benchmarks.process import RunError
from benchmarks.references import WorkloadCosts
from catalog.results_file import Result
from implementations.registry import architecture_of

_FOLDERS = re.compile(r"(?<![\w.:/])/(?:[\w.+@-]+/)+")  # of this machine, in what a library says; rows are published
_BLANK: dict[str, Any] = {
    **dict.fromkeys(("infer_samples_per_sec", "infer_step_time", "param_count", "p10_ms", "p90_ms", "steps")),
    **dict.fromkeys(("cold_start_s", "compile_s", "peak_memory_mb", "parity_error", "parity_tolerance")),
    **dict.fromkeys(("layout", "rounds_ms", "note", "comparison", "libraries", "switches"), ""),
}


def measured_row(
    run: Run,
    costs: WorkloadCosts,
    ready: dict[str, Any],
    turns_s: list[list[float]],
    peak_memory_mb: float | None,
    stamp: str,
    note: str,
) -> Result:
    """The row of a run that was timed.

    Args:
        run: what was timed; its batch may be smaller than the one asked for.
        costs: of the workload.
        ready: the worker's first answer.
        turns_s: seconds of each step, turn by turn.
        peak_memory_mb: as the worker said at its end.
        stamp: time at which the turns began; with what was held fixed it names the comparison.
        note: what a reader should know.
    """
    steps_ms = [1000 * seconds for turn in turns_s for seconds in turn]
    step_ms = median(steps_ms)
    p10, p90 = np.percentile(steps_ms, (10, 90))
    return _row(
        run,
        costs,
        ready.get("accelerator"),
        infer_samples_per_sec=1000 * run.comparison.batch_size / step_ms,
        infer_step_time=step_ms,
        layout=ready["layout"],
        param_count=ready["params_m"],
        p10_ms=float(p10),
        p90_ms=float(p90),
        steps=len(steps_ms),
        rounds_ms=" ".join(f"{1000 * median(turn):.6g}" for turn in turns_s),
        cold_start_s=ready["cold_start_s"],
        compile_s=ready["compile_s"],
        peak_memory_mb=peak_memory_mb,
        parity_error=ready["parity_error"],
        parity_tolerance=ready["parity_tolerance"],
        status="ok",
        note=note,
        comparison=f"{key_of(run.comparison)}-{stamp}",
        libraries=joined(ready["versions"]),
        switches=joined(ready["switches"]),
    )


def failed_row(run: Run, costs: WorkloadCosts, error: RunError) -> Result:
    """The row of a run that gave no speed; its note says why."""
    note = _FOLDERS.sub("", f"{error.reason}: {error}")
    parity = {name: error.answer.get(name) for name in ("parity_error", "parity_tolerance")}
    return _row(run, costs, None, status="failed", note=note, **parity)


def key_of(comparison: Comparison) -> str:
    """What a comparison holds fixed, in one word."""
    size = f"-{comparison.img_size}" if comparison.img_size else ""
    fixed = f"b{comparison.batch_size}-{comparison.precision}-{comparison.threads}t-{comparison.device}"
    return f"{comparison.workload}{size}-{fixed}"


def _row(run: Run, costs: WorkloadCosts, accelerator: str | None, **measured: Any) -> Result:
    fixed, machine = run.comparison, this_machine(accelerator)
    known = {
        "model": architecture_of(fixed.workload),
        "infer_img_size": fixed.img_size,
        "infer_batch_size": fixed.batch_size,
        "infer_gmacs": costs.gmacs_of(run.subject.implementation),
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
    return Result(**_BLANK | known | measured)
