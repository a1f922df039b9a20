"""The runs measured here as the catalog's tables have them: by backbone, layer and machine; and those that failed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from catalog.identity import slug
from catalog.local_environments import own_name
from catalog.ratios import parse_rounds
from catalog.speed_tables import FAILED
from generator.runs import Condition, Run, implementation_name, runtime_name

if TYPE_CHECKING:
    import pandas as pd

    from catalog import Catalog


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
        """The newest run of each subject under each condition, with the turns of all its comparisons."""
        days = dict(zip(self.catalog.sources["source"], self.catalog.sources["retrieved_at"], strict=True))
        rows = _rows_here(table, self.environments)
        rows.sort(key=lambda row: (days.get(row["source"], ""), row["source"], row["line"] or 0))
        newest: dict[tuple[Condition, str, str], Run] = {}
        for row in rows:
            run = _run(row, self.environments[row["environment"]], row[workload])
            key = (run.condition, run.implementation, run.runtime)
            if key in newest:
                run.turns.update(newest[key].turns)
            newest[key] = run
        return _ordered(list(newest.values()))

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

    def peak(self, run: Run) -> Run | None:
        """The fastest matrix product in a run's file, of its machine in its precision: the practical peak there."""
        found = [
            layer
            for layer in self.layers
            if layer.condition.workload.startswith("matrix-product-")
            and layer.gflops
            and layer.source == run.source
            and layer.condition.machine == run.condition.machine
            and layer.condition.precision == run.condition.precision
        ]
        return max(found, key=lambda layer: layer.gflops or 0.0, default=None)


def _rows_here(table: pd.DataFrame, environments: dict[str, Any]) -> list[dict[Any, Any]]:
    own = table[table["environment"].isin(environments) & (table["mode"] == "infer")]
    return list(own.astype(object).where(own.notna(), None).to_dict("records"))


def _machine(environment: Any) -> str:
    """The machine with its threads, in addresses; machines that call themselves alike differ in memory or flags."""
    threads = "" if environment.threads is None else f"-{environment.threads}t"
    hardware = (environment.device, environment.kind, environment.threads, environment.memory_gb)
    return own_name(slug(environment.device) + threads, (*hardware, environment.processor_flags))


def _run(row: dict[Any, Any], environment: Any, workload: str) -> Run:
    size = row.get("img_size")
    condition = Condition(
        workload,
        None if size is None else int(size),
        _machine(environment),
        environment.device,
        environment.kind,
        environment.threads,
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
        {(row["source"], row["comparison"] or ""): tuple(parse_rounds(row["rounds_ms"] or ""))},
        row.get("note") or "",
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


@dataclass(frozen=True)
class Untimed:
    """A run without a speed. `condition` is in words; `source` and `line` are those of its row."""

    workload: str
    name: str
    runtime: str
    condition: str
    reason: str
    source: str
    line: int | None


def untimed(catalog: Catalog) -> dict[str, list[Untimed]]:
    """The runs without a speed by workload, in the order of their files."""
    table = catalog.runs[catalog.runs["status"] == FAILED].sort_values(["source", "line"], kind="stable")
    found: dict[str, list[Untimed]] = {}
    for run in table.astype(object).where(table.notna(), None).itertuples(index=False, name="Row"):
        found.setdefault(run.workload, []).append(
            Untimed(
                run.workload,
                implementation_name(run.implementation),
                runtime_name(run.runtime),
                f"batch {run.batch_size}, {run.precision}, {run.device}",
                run.note or "it failed, and does not say why",
                run.source,
                int(run.line),
            )
        )
    return found
