"""Owns the runs that were tried here and gave no speed, each with the reason, read back from the quarantine."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.results_file import COLUMNS
from catalog.speed_tables import OURS
from survey.benchmarks import IMPLEMENTATIONS, RUNTIMES

if TYPE_CHECKING:
    from catalog import Catalog

RULE = "run-failed"


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
    rows = catalog.quarantine[catalog.quarantine["rule"] == RULE].sort_values(["source", "line"], kind="stable")
    found: dict[str, list[Untimed]] = {}
    for row in rows.astype(object).where(rows.notna(), None).to_dict("records"):
        cells = next(csv.reader([row["raw"] or ""]), [])
        if len(cells) == len(COLUMNS):
            run = dict(zip(COLUMNS, cells, strict=True))
            implementation, runtime = run["implementation"], run["runtime"]
            found.setdefault(run["model"], []).append(
                Untimed(
                    run["model"],
                    "Ours" if implementation == OURS else IMPLEMENTATIONS.get(implementation, implementation),
                    RUNTIMES.get(runtime, runtime),
                    f"batch {run['infer_batch_size']}, {run['precision']}, {run['device']}",
                    row["detail"],
                    row["source"],
                    None if row["line"] is None else int(row["line"]),
                )
            )
    return found
