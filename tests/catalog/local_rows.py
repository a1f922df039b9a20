"""Results measured here, made up: what a test does not name is that of a plain, sound run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from catalog.evaluations_file import EvaluationResult
from catalog.merge import Merged, merge_local
from catalog.result_rows import header_line, row_line
from catalog.results_file import Result
from catalog.schema import TABLES
from catalog.scores import protocols, scores_of
from scrapers.client import MirrorClient
from scrapers.local_results import LocalResults
from scrapers.run import scrape
from tests.catalog.rows import evaluation, table

Frames = dict[str, pd.DataFrame]

RUN = {
    "model": "net",
    "infer_img_size": 224,
    "infer_samples_per_sec": 80.0,
    "infer_step_time": 100.0,
    "infer_batch_size": 8,
    "param_count": 10.0,
    "infer_gmacs": 2.0,
    "mode": "infer",
    "implementation": "backbone-survey",
    "runtime": "tf-graph",
    "precision": "fp32",
    "layout": "nhwc",
    "threads": 2,
    "p10_ms": 98.0,
    "p90_ms": 105.0,
    "steps": 40,
    "rounds_ms": "101 99 100 100.5",
    "cold_start_s": 6.0,
    "compile_s": 2.0,
    "peak_memory_mb": 900.0,
    "parity_error": 1e-6,
    "parity_tolerance": 5e-6,
    "status": "ok",
    "note": "",
    "comparison": "net-224-b8-fp32-2t-1",
    "measured_at": "2026-11-20T13:00:00Z",
    "device": "AMD EPYC",
    "kind": "cpu",
    "cores": 2,
    "memory_gb": 25.3,
    "os": "Debian 12",
    "processor_flags": "avx2 avx512f",
    "libraries": "keras 3.15.1; tensorflow 2.21.0; timm 1.0.31; torch 2.13.0",
    "switches": "oneDNN on",
}
PRODUCT = {
    "model": "matrix-product-2048",
    "infer_img_size": None,
    "infer_samples_per_sec": 25.0,
    "infer_step_time": 40.0,
    "infer_batch_size": 1,
    "param_count": None,
    "infer_gmacs": 8.0,  # 400 GFLOP/s
    "layout": "",
    "p10_ms": 39.0,
    "p90_ms": 41.0,
    "rounds_ms": "40 40",
    "implementation": "tensorflow",
    "comparison": "matrix-product-2048-b1-fp32-2t-1",
}
EVALUATION = {
    "model": "net.a",
    "dataset": "imagenet",
    "img_size": 224,
    "crop_pct": 0.9,
    "interpolation": "bicubic",
    "top1": 80.0,
    "top1_low": 79.7,
    "top1_high": 80.3,
    "top5": 95.0,
    "top5_low": 94.8,
    "top5_high": 95.2,
    "images": 50_000,
    "unreadable": 0,
    "implementation": "backbone-survey",
    "libraries": "keras 3.15.1; tensorflow 2.21.0",
    "weights_sha256": "0" * 64,
    "images_per_s": 40.0,
    "device": "AMD EPYC",
    "measured_at": "2026-11-20T18:00:00Z",
    "note": "",
}


def run(**values: object) -> Result:
    """A run of ours on the architecture `net`."""
    return Result(**(RUN | values))


def product(**values: object) -> Result:
    """A matrix product at 400 GFLOP/s on the same machine."""
    return run(**(PRODUCT | values))


def accuracy_here(**values: object) -> EvaluationResult:
    """An accuracy of the model `net.a` on the whole of ImageNet."""
    return EvaluationResult(**(EVALUATION | values))


def write(folder: Path, name: str, *rows: Result | EvaluationResult) -> Path:
    """A results file in a folder."""
    path = folder / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header_line(type(rows[0])) + "".join(map(row_line, rows)), encoding="utf-8")
    return path


def add_local(before: Frames, folder: Path, accepted: tuple[str, ...] = ()) -> Merged:
    """The tables with the results files of a folder."""
    known = set(before["sources"]["source"])
    return merge_local(scrape(MirrorClient(folder), known, [LocalResults(folder)]), before, accepted)


def tables(*architectures: str) -> Frames:
    """What upstream gave: architectures that are implemented here, each with one model, and a measurement of timm's."""
    names = architectures or ("net",)
    frames = {name: schema.empty() for name, schema in TABLES.items()}
    source = {"source": "timm/benchmark", "scraper": "timm", "rows_read": 1, "rows_accepted": 1, "rows_quarantined": 0}
    frames["sources"] = table("sources", source, source | {"source": "s/imagenet"})
    frames["families"] = table("families", {"family": "net"})
    frames["architectures"] = table(
        "architectures", *({"architecture": name, "family": "net", "params_m": 10.0} for name in names)
    )
    frames["models"] = table(
        "models", *({"model": f"{name}.a", "architecture": name, "source": "s/imagenet"} for name in names)
    )
    frames["evaluations"] = table("evaluations", evaluation(f"{names[0]}.a", 80.1, top5=95.0, params_m=10.0, line=2))
    frames["scores"], frames["protocols"] = scores_of(frames["evaluations"]), protocols()
    frames["implementations"] = table("implementations", *({"variant": name, "architecture": name} for name in names))
    frames["environments"] = table("environments", {"environment": "gpu", "origin": "timm"})
    timed = {"architecture": names[0], "environment": "gpu", "implementation": "timm", "params_m": 10.0, "line": 2}
    timed |= {"images_per_s": 10.0, "step_ms": 100.0, "source": "timm/benchmark"}
    frames["measurements"] = table("measurements", timed)
    return frames
