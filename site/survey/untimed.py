"""Owns the runs that were tried here and gave no speed, each with the reason, read back from the quarantine."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from catalog.results_file import COLUMNS
from catalog.speed_tables import OURS
from survey.runs import IMPLEMENTATIONS, RUNTIMES

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
    found: dict[str, list[Untimed]] = {}
    for row, run in _failed(catalog):
        implementation, runtime = run["implementation"], run["runtime"]
        found.setdefault(run["model"], []).append(
            Untimed(
                run["model"],
                "Ours" if implementation == OURS else IMPLEMENTATIONS.get(implementation, implementation),
                RUNTIMES.get(runtime, runtime),
                f"batch {run['infer_batch_size']}, {run['precision']}, {run['device']}",
                row.detail,
                row.source,
                None if row.line is None else int(row.line),
            )
        )
    return found


def _failed(catalog: Catalog) -> Iterator[tuple[Any, dict[str, str]]]:
    """Each row of the quarantine for a failed run, with the cells of its line by column."""
    table = catalog.quarantine[catalog.quarantine["rule"] == RULE].sort_values(["source", "line"], kind="stable")
    for row in table.astype(object).where(table.notna(), None).itertuples(index=False, name="Row"):
        cells = next(csv.reader([row.raw or ""]), [])
        if len(cells) == len(COLUMNS):
            yield row, dict(zip(COLUMNS, cells, strict=True))
