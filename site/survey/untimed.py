"""The runs that were tried here and gave no speed, each with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.speed_tables import FAILED
from survey.runs import implementation_name, runtime_name

if TYPE_CHECKING:
    from catalog import Catalog


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
