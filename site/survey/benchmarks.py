"""Owns the speeds measured here as pages and charts need them: runs, what they were timed beside, and ratios."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from catalog.identity import slug
from catalog.speed_tables import OURS

if TYPE_CHECKING:
    import pandas as pd

    from catalog import Catalog

Hardware = tuple[str, str, int | None, str]  # device, kind, threads, instruction sets
TIMM = "timm"
# Words for the subjects of implementations/benchmark/specification.py; the site imports no package but the catalog.
IMPLEMENTATIONS = {
    OURS: "Backbone Survey",
    TIMM: "timm",
    "keras-hub": "KerasHub",
    "keras-cv-attention-models": "keras_cv_attention_models",
    "vit-keras": "vit-keras",
    "tf-models-official": "TensorFlow Model Garden",
    "keras": "Keras layers",
    "torch": "PyTorch functions",
    "tensorflow": "TensorFlow functions",
}
RUNTIMES = {
    "tf-graph": "TensorFlow graph",
    "tf-xla": "TensorFlow XLA",
    "jax": "JAX",
    "torch": "PyTorch eager",
    "torch-compile": "torch.compile",
    "torch-regional": "torch.compile of the blocks",
    "torch-regional-cached": "torch.compile of the blocks, saved",
    "onnxruntime": "ONNX Runtime",
    "openvino": "OpenVINO",
    "pillow": "Pillow",
}
TENSORFLOW_RUNTIMES = ("tf-graph", "tf-xla")
KERAS_RIVALS = ("keras-hub", "keras-cv-attention-models", "vit-keras", "tf-models-official")


@dataclass(frozen=True)
class Ratio:
    """How many times as fast; `low` and `high` end its 95 % interval, None where the two were not timed in turns."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Condition:
    """What is held fixed while subjects are compared. `img_size` is None for a layer.

    `machine` names the machine and the threads in addresses, `amd-epyc-2t`; machines that call themselves alike and are
    not (other instruction sets) are numbered.
    """

    workload: str
    img_size: int | None
    machine: str
    device: str
    kind: str
    threads: int | None
    precision: str
    batch_size: int

    @property
    def words(self) -> str:
        """The condition for people, without the workload: `batch 8, fp32, 2 threads, AMD EPYC`."""
        threads = f"{self.threads} thread{'' if self.threads == 1 else 's'}, " if self.threads else ""
        return f"batch {self.batch_size}, {self.precision}, {threads}{self.device}"


@dataclass(frozen=True)
class Run:
    """One subject under one condition, as measured. Times of a step in ms, others in s; memory in MB."""

    condition: Condition
    implementation: str
    runtime: str
    images_per_s: float
    step_ms: float
    p10_ms: float | None
    p90_ms: float | None
    compile_s: float | None
    cold_start_s: float | None
    peak_memory_mb: float | None
    params_m: float | None
    gmacs: float | None
    parity_error: float | None
    parity_tolerance: float | None
    comparison: str
    rounds_ms: tuple[float, ...]
    environment: Any  # a row of the table `environments`
    source: str
    line: int | None

    @property
    def is_ours(self) -> bool:
        """Whether code of this repository ran."""
        return self.implementation == OURS

    @property
    def subject(self) -> str:
        """As `backbones bench` writes it."""
        return f"{self.implementation}:{self.runtime}"

    @property
    def name(self) -> str:
        """Whose code, for people; ours without its name."""
        return "Ours" if self.is_ours else IMPLEMENTATIONS.get(self.implementation, self.implementation)

    @property
    def runtime_name(self) -> str:
        """Under which runtime, for people."""
        return RUNTIMES.get(self.runtime, self.runtime)

    @property
    def gflops(self) -> float | None:
        """10^9 floating-point operations a second: two for each multiply-accumulate."""
        return 2 * self.gmacs * self.images_per_s if self.gmacs else None

    @property
    def slowest_rate(self) -> float:
        """Images a second at the 90th percentile of a step."""
        return self.condition.batch_size / (self.p90_ms or self.step_ms) * 1000

    @property
    def fastest_rate(self) -> float:
        """Images a second at the 10th percentile of a step."""
        return self.condition.batch_size / (self.p10_ms or self.step_ms) * 1000


class Benchmarks:
    """All runs measured here, of models and of layers; empty where nothing was measured."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    @cached_property
    def models(self) -> list[Run]:
        """Runs of whole models, by workload and condition, the fastest first."""
        return self._runs(self.catalog.measurements, "architecture")

    @cached_property
    def layers(self) -> list[Run]:
        """Runs of layers and bare computations, ordered alike."""
        return self._runs(self.catalog.layer_measurements, "layer")

    @cached_property
    def environments(self) -> dict[str, Any]:
        """The environments of these runs, rows of the table."""
        own = self.catalog.environments[self.catalog.environments["origin"] == "here"]
        rows = own.astype(object).where(own.notna(), None).itertuples(index=False, name="Row")
        return {row.environment: row for row in rows}

    def _runs(self, table: pd.DataFrame, workload: str) -> list[Run]:
        rows = _rows_here(table, self.environments)
        return _ordered([_run(row, self.environments[row["environment"]], row[workload], self._slugs) for row in rows])

    @cached_property
    def _slugs(self) -> dict[Hardware, str]:
        """A name for each machine, numbered in the order in which their rows were written where several are alike."""
        tables = (self.catalog.measurements, self.catalog.layer_measurements)
        rows = [row for table in tables for row in _rows_here(table, self.environments)]
        rows.sort(key=lambda row: (row["source"], row["line"] or 0))
        machines = dict.fromkeys(_hardware(self.environments[row["environment"]]) for row in rows)
        taken: dict[str, int] = {}
        slugs = {}
        for machine in machines:
            device, _, threads, _ = machine
            name = slug(device) + (f"-{threads}t" if threads else "")
            taken[name] = taken.get(name, 0) + 1
            slugs[machine] = name if taken[name] == 1 else f"{name}-{taken[name]}"
        return slugs

    @cached_property
    def by_workload(self) -> dict[str, dict[Condition, list[Run]]]:
        """The runs of each architecture by condition."""
        return _grouped(self.models)

    @cached_property
    def by_layer(self) -> dict[str, dict[Condition, list[Run]]]:
        """The runs of each layer by condition."""
        return _grouped(self.layers)

    @cached_property
    def machines(self) -> dict[str, list[Run]]:
        """The runs of models by machine."""
        found: dict[str, list[Run]] = {}
        for run in self.models:
            found.setdefault(run.condition.machine, []).append(run)
        return dict(sorted(found.items()))

    @cached_property
    def sources(self) -> list[Any]:
        """The result files, rows of the table `sources`, the newest first."""
        used = {run.source for run in (*self.models, *self.layers)}
        table = self.catalog.sources[self.catalog.sources["source"].isin(used)]
        found = list(table.astype(object).where(table.notna(), None).itertuples(index=False, name="Row"))
        return sorted(found, key=lambda row: (row.retrieved_at, row.source), reverse=True)

    def peak(self, condition: Condition) -> Run | None:
        """The fastest matrix product of a machine in a precision: its practical peak."""
        found = [
            run
            for run in self.layers
            if run.condition.workload.startswith("matrix-product-")
            and run.gflops
            and run.condition.machine == condition.machine
            and run.condition.precision == condition.precision
        ]
        return max(found, key=lambda run: run.gflops or 0.0, default=None)


def ratio(run: Run | None, other: Run | None) -> Ratio | None:
    """How many times as fast a run is as another; None where one is missing or they are the same."""
    if run is None or other is None or run == other:
        return None
    together = run.comparison and (run.source, run.comparison) == (other.source, other.comparison)
    if together and len(run.rounds_ms) == len(other.rounds_ms) >= 2:
        from catalog.ratios import speed_ratio

        found = speed_ratio(run.rounds_ms, other.rounds_ms)
        return Ratio(found.median, found.low, found.high)
    return Ratio(run.images_per_s / other.images_per_s)


def fastest(
    runs: Iterable[Run], implementations: Sequence[str] | None = None, runtimes: Sequence[str] | None = None
) -> Run | None:
    """The fastest run of some implementations under some runtimes; None stands for any of them."""
    found = (
        run
        for run in runs
        if (implementations is None or run.implementation in implementations)
        and (runtimes is None or run.runtime in runtimes)
    )
    return max(found, key=lambda run: run.images_per_s, default=None)


def _rows_here(table: pd.DataFrame, environments: dict[str, Any]) -> list[dict[Any, Any]]:
    own = table[table["environment"].isin(environments) & (table["mode"] == "infer")]
    return list(own.astype(object).where(own.notna(), None).to_dict("records"))


def _hardware(environment: Any) -> Hardware:
    threads = None if environment.threads is None else int(environment.threads)
    return environment.device, environment.kind, threads, environment.processor_flags or ""


def _run(row: dict[Any, Any], environment: Any, workload: str, slugs: dict[Hardware, str]) -> Run:
    size = row.get("img_size")
    machine = _hardware(environment)
    condition = Condition(
        workload,
        None if size is None else int(size),
        slugs[machine],
        environment.device,
        environment.kind,
        machine[2],
        environment.precision,
        int(row["batch_size"]),
    )
    return Run(
        condition,
        row["implementation"],
        environment.runtime or environment.framework,
        row["images_per_s"],
        row["step_ms"] or condition.batch_size / row["images_per_s"] * 1000,
        row["p10_ms"],
        row["p90_ms"],
        row["compile_s"],
        row["cold_start_s"],
        row["peak_memory_mb"],
        row["params_m"],
        row["gmacs"],
        row["parity_error"],
        row["parity_tolerance"],
        row["comparison"] or "",
        tuple(float(text) for text in (row["rounds_ms"] or "").split()),
        environment,
        row["source"],
        None if row["line"] is None else int(row["line"]),
    )


def _ordered(runs: list[Run]) -> list[Run]:
    def place(run: Run) -> tuple[Any, ...]:
        fixed = run.condition
        machine = (fixed.kind, fixed.machine)
        conditions = (fixed.workload, fixed.img_size or 0, *machine, fixed.batch_size, fixed.precision != "fp32")
        return (*conditions, fixed.precision, -run.images_per_s, run.implementation, run.runtime)

    return sorted(runs, key=place)


def _grouped(runs: list[Run]) -> dict[str, dict[Condition, list[Run]]]:
    found: dict[str, dict[Condition, list[Run]]] = {}
    for run in runs:
        found.setdefault(run.condition.workload, {}).setdefault(run.condition, []).append(run)
    return found
