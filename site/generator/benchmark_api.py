"""What the static API says of the speeds measured here: every condition with its runs and the ratios between them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from generator.benchmarks import Benchmarks
from generator.runs import TENSORFLOW_RUNTIMES, Condition, Run, fastest, ratio

# Of a run, besides what its condition says; blank ones are left out.
RUN_FIELDS = (
    "implementation",
    "runtime",
    "images_per_s",
    "step_ms",
    "p10_ms",
    "p90_ms",
    "compile_s",
    "cold_start_s",
    "peak_memory_mb",
    "params_m",
    "gmacs",
    "parity_error",
    "parity_tolerance",
    "comparison",
    "note",
    "source",
    "line",
)


def conditions(benchmarks: Benchmarks) -> list[dict[str, Any]]:
    """Every backbone and layer under every condition: the runs, the fastest first, and how ours stands to them."""
    groups = [*benchmarks.by_workload.values(), *benchmarks.by_layer.values()]
    return [_condition(fixed, runs) for group in groups for fixed, runs in group.items()]


def _condition(fixed: Condition, runs: list[Run]) -> dict[str, Any]:
    ours = [run for run in runs if run.is_ours]
    lead = fastest(ours, runtimes=TENSORFLOW_RUNTIMES) or fastest(ours)
    told = {name: value for name, value in asdict(fixed).items() if value is not None}
    return told | {"runs": [_run(run) for run in runs], "ratios": _ratios(lead, runs)}


def _run(run: Run) -> dict[str, Any]:
    values = {name: getattr(run, name) for name in RUN_FIELDS}
    told = {name: value for name, value in values.items() if value not in (None, "")}
    return told | {"environment": run.environment.environment, "rounds_ms": list(run.rounds_ms)}


def _ratios(lead: Run | None, runs: list[Run]) -> list[dict[str, Any]]:
    """How many times as fast as each other run the best of ours is; without interval where not timed in turns."""
    ratios = []
    for run in runs:
        found = ratio(lead, run)
        if lead is not None and found is not None:
            ends = {} if found.low is None else {"low": found.low, "high": found.high}
            ratios.append({"of": lead.subject, "to": run.subject, "ratio": found.value, **ends})
    return ratios


def schemas() -> dict[str, dict[str, Any]]:
    """The OpenAPI schema of one condition."""
    number, text, whole = {"type": "number"}, {"type": "string"}, {"type": "integer"}
    texts = ("implementation", "runtime", "comparison", "note", "source")
    run: dict[str, Any] = {name: text if name in texts else whole if name == "line" else number for name in RUN_FIELDS}
    run |= {"environment": text, "rounds_ms": {"type": "array", "items": number}}
    ratios = {
        "type": "object",
        "properties": {"of": text, "to": text, "ratio": number, "low": number, "high": number},
        "required": ["of", "to", "ratio"],
    }
    condition: dict[str, Any] = {
        "workload": text,
        "img_size": whole,
        "machine": text,
        "device": text,
        "kind": text,
        "threads": whole,
        "precision": text,
        "batch_size": whole,
        "runs": {
            "type": "array",
            "items": {"type": "object", "properties": run, "required": ["implementation", "runtime", "images_per_s"]},
        },
        "ratios": {"type": "array", "items": ratios},
    }
    required = ["workload", "machine", "device", "kind", "precision", "batch_size", "runs", "ratios"]
    return {"Condition": {"type": "object", "properties": condition, "required": required}}
