"""Owns `backbones bench`: which comparisons were asked for, their progress, and the file that the results go to."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    pass

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache" / "benchmark"
RESULTS = ROOT / "catalog" / "results"


def run(
    models: Annotated[str | None, typer.Option(help="Variants, separated by commas; patterns work.")] = None,
    layers: Annotated[str | None, typer.Option(help="Layers, such as self-attention-768x12x197.")] = None,
    subjects: Annotated[str | None, typer.Option(help="IMPLEMENTATION:RUNTIME, separated by commas.")] = None,
    batch_sizes: Annotated[str, typer.Option(help="Images per step, separated by commas.")] = "8,1",
    precisions: Annotated[str, typer.Option(help="fp32, bf16 or both.")] = "fp32,bf16",
    threads: Annotated[int | None, typer.Option(help="Threads of each run; all cores if not given.")] = None,
    device: Annotated[str, typer.Option(help="cpu or gpu.")] = "cpu",
    img_size: Annotated[int | None, typer.Option(help="Side of the image; the model's own if not given.")] = None,
    output: Annotated[Path | None, typer.Option(help="Results file; by device and day if not given.")] = None,
    min_time: Annotated[float, typer.Option(help="Seconds that each run is timed at least.")] = 4.0,
    rounds: Annotated[int, typer.Option(help="Turns that each run is timed in.")] = 8,
    limit: Annotated[float, typer.Option(help="Seconds after which a run that does not answer is killed.")] = 300.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows of this run as JSON.")] = False,
) -> None:
    """Time our implementations against timm and the other TensorFlow implementations on this machine."""
    from implementations.benchmark.pinning import usable_cores
    from implementations.benchmark.results import append_rows
    from implementations.benchmark.specification import Subject
    from implementations.benchmark.sweep import MODELS, tasks_for
    from implementations.benchmark.turns import Settings, measure

    workloads = _listed(models) + _listed(layers) or list(MODELS)
    tasks = tasks_for(
        workloads,
        [int(size) for size in _listed(batch_sizes)],
        _listed(precisions),  # type: ignore[arg-type]
        threads or len(usable_cores()),
        device,
        img_size,
        [Subject.parse(text) for text in _listed(subjects)],
    )
    settings = Settings(CACHE, rounds, min_time, limit)
    path = output or RESULTS / "here.csv"
    rows = []
    for task in tasks:
        for row in measure(task, settings):
            append_rows(path, [row])
            rows.append(row)
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=1))


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]
