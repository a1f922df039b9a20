"""Tables with a few rows, for rules that need little: what a test does not name is filled with something plain."""

from __future__ import annotations

import pandas as pd

from catalog.columns import Column
from catalog.records import Accuracy, Benchmark, Environment, Parsed, PastAccuracy, Record, SourceFile, SurveyRow
from catalog.schema import TABLES

PLAIN = {"integer": 1, "number": 1.0, "boolean": False, "date": "2026-01-01"}


def table(name: str, *rows: dict[str, object]) -> pd.DataFrame:
    """A table with these rows; required columns that a row does not name hold a plain value."""
    schema = TABLES[name]
    filled = [{column.name: _plain(column) for column in schema.columns if column.required} | row for row in rows]
    return schema.typed(pd.DataFrame(filled, columns=pd.Index(schema.column_names)))


def _plain(column: Column) -> object:
    return column.choices[0] if column.choices else PLAIN.get(column.type, "x")


def evaluation(model: str, top1: float, dataset: str = "imagenet", img_size: int = 224, **other: object) -> dict:
    """A row of evaluations."""
    return {"model": model, "top1": top1, "dataset": dataset, "img_size": img_size, "source": f"s/{dataset}"} | other


def past(model: str, top1: float, size: int = 224, *, revision: str = "r1", day: str = "2020-01-01") -> PastAccuracy:
    """A row of a past revision."""
    return PastAccuracy(revision, day, 2, model, size, top1, 5.0)


def accuracy(model: str, top1: float, line: int = 2, **other: object) -> Accuracy:
    """A row of an accuracy file."""
    fields = {
        "source": "timm/results-imagenet",
        "dataset": "imagenet",
        "img_size": 224,
        "top5": 95.0,
        "params_m": 10.0,
        "crop_pct": 0.9,
        "interpolation": "bicubic",
    }
    return Accuracy(model=model, top1=top1, line=line, **(fields | other))


def environment(version: str = "2.9.1", *, compiled: bool = False, key: str = "") -> Environment:
    """A GPU with a version of PyTorch."""
    key = key or f"gpu-{version}" + "-compiled" * compiled
    return Environment(key, key, "GPU", "gpu", "amp", "nchw", "PyTorch", version, "12.8", compiled, "timm")


def benchmark(architecture: str, gmacs: float | None = 2.0, line: int = 2, **other: object) -> Benchmark:
    """A row of a benchmark file."""
    fields = {
        "source": "timm/benchmark-a",
        "img_size": 224,
        "environment": "gpu-2.9.1",
        "mode": "infer",
        "batch_size": 256,
        "images_per_s": 1000.0,
        "step_ms": 256.0,
        "mactivations": 5.0,
        "params_m": 10.0,
    }
    return Benchmark(architecture=architecture, gmacs=gmacs, line=line, **(fields | other))


def survey_row(model: str, line: int = 2, **other: object) -> SurveyRow:
    """A row of the original survey."""
    fields = {
        "source": "survey/backbone_performance",
        "method": "CSWin",
        "train_set": "ImageNet-1K",
        "size": 224,
        "params_m": 23.0,
        "gmacs": 4.3,
        "acc": 82.7,
    }
    return SurveyRow(line=line, model=model, **(fields | other))


def parsed(source: str, *records: Record, environments: tuple[Environment, ...] = ()) -> Parsed:
    """A file that gave these records; its lines are `row,2`, `row,3` and so on."""
    lines = [repr(records), *(f"row,{line}" for line in range(2, 2 + max((row.line for row in records), default=0)))]
    file = SourceFile(source, source.split("/")[0], f"https://example.org/{source}", "\n".join(lines).encode())
    return Parsed(file, list(records), list(environments))
