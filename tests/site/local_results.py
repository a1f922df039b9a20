"""Tables with results measured here: the invented file of the fixtures, and what it lacks.

That is layers of other kinds, and a run of timm that took part in a later comparison once more.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import catalog
from catalog.result_rows import header_line, row_line
from catalog.results_file import Result, read_results
from catalog.store import write_tables
from tests.catalog.local_rows import add_local
from tests.site.small_catalog import shrink

FIXTURES = Path(__file__).parents[1] / "fixtures" / "results"
FILE = "amd-epyc-2026-11-20.csv"
FAMILIES = ("vit", "swin", "swinv2", "van")
ARCHITECTURES_EACH = 60  # of a family, so that those of the fixture are among them
FLOOR_S = 6.0
LATER_FILE = "amd-epyc-2026-11-21.csv"
AGAIN = ("vit_base_patch16_224", 8, "fp32", "timm", "torch")


def write_measured(folder: Path) -> Path:
    """Write a small catalog with the results into `folder/tables`, the files into `folder/results`; give the tables."""
    results = folder / "results"
    shutil.copytree(FIXTURES, results)
    more = results / LATER_FILE
    rows = [*_layers(), _again()]
    more.write_text(header_line(Result) + "".join(row_line(row) for row in rows), encoding="utf-8")
    frames = shrink(catalog.load(), FAMILIES, ARCHITECTURES_EACH)
    tables = folder / "tables"
    tables.mkdir(parents=True)
    write_tables(add_local(frames, results).frames, tables)
    return tables


def _again() -> Result:
    """The run AGAIN as it was measured a day later, beside others and a tenth slower."""
    every = [row for _, row in read_results(FIXTURES / FILE).rows]
    first = next(
        row
        for row in every
        if (row.model, row.infer_batch_size, row.precision, row.implementation, row.runtime) == AGAIN
    )
    assert first.infer_step_time and first.infer_samples_per_sec and first.p10_ms and first.p90_ms
    return replace(
        first,
        infer_step_time=first.infer_step_time * 1.1,
        infer_samples_per_sec=first.infer_samples_per_sec / 1.1,
        p10_ms=first.p10_ms * 1.1,
        p90_ms=first.p90_ms * 1.1,
        rounds_ms=" ".join(f"{float(turn) * 1.1:.2f}" for turn in first.rounds_ms.split()),
        comparison="later",
        measured_at="2026-11-21T10:00:00Z",
    )


def _layers() -> list[Result]:
    like = next(row for _, row in read_results(FIXTURES / FILE).rows if row.model.startswith("matrix-product"))
    photograph = replace(
        like,
        model="image-processing-640x480",
        runtime="pillow",
        infer_gmacs=None,
        libraries="pillow 12.0.0",
        switches="",
        comparison="photograph",
        measured_at="2026-11-21T09:00:00Z",
    )
    trivial = replace(
        photograph,
        model="trivial-function-1",
        implementation="torch",
        runtime="torch-compile",
        libraries="torch 2.13.0",
        comparison="trivial",
        compile_s=FLOOR_S,
    )
    return [replace(photograph, implementation="backbone-survey"), replace(photograph, implementation="timm"), trivial]
