"""Speeds measured here, made up: two backbones and a few layers on one machine, as rows of the catalog's tables."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from catalog.schema import TABLES

MACHINE = "AMD EPYC 9B45"
SOURCE = "here/amd-epyc-9b45-2026-11-20"
FILE = "catalog/results/amd-epyc-9b45-2026-11-20.csv"
# Images per second in fp32, batch 8, by subject; other conditions scale them.
RATES = {
    "backbone-survey:tf-graph": 12.4,
    "backbone-survey:tf-xla": 12.0,
    "backbone-survey:openvino": 13.4,
    "keras-hub:tf-graph": 11.0,
    "keras-hub:tf-xla": 11.4,
    "keras-cv-attention-models:tf-xla": 11.7,
    "vit-keras:tf-xla": 11.5,
    "tf-models-official:tf-graph": 9.2,
    "timm:torch": 5.4,
    "timm:torch-compile": 5.7,
    "timm:torch-regional": 5.6,
    "timm:torch-regional-cached": 5.6,
    "timm:onnxruntime": 11.4,
    "timm:openvino": 13.0,
}
LAYERS = {
    "self-attention-384x6x197": {"backbone-survey:tf-graph": 900.0, "timm:torch": 420.0, "keras:tf-xla": 810.0},
    "sdpa-64x12x197": {"backbone-survey:tf-graph": 700.0, "torch:torch": 650.0},
    "matrix-product-2048": {"tensorflow:tf-graph": 28.0, "torch:torch": 12.0},
    "image-processing-640x480": {"backbone-survey:pillow": 300.0, "timm:pillow": 250.0},
    "trivial-function-1": {"torch:torch-compile": 90000.0},
}
LAYER_GMACS = {"self-attention-384x6x197": 0.146, "sdpa-64x12x197": 0.06, "matrix-product-2048": 8.59}
SIZES = {"vit_small_patch16_224": 3.6, "vit_base_patch16_224": 1.0}
GMACS = {"vit_small_patch16_224": 4.61, "vit_base_patch16_224": 17.58}


@dataclass(frozen=True)
class Condition:
    """What is the same for all subjects of a comparison; `factor` scales the rates."""

    batch_size: int
    precision: str
    factor: float


CONDITIONS = (
    Condition(1, "fp32", 0.9),
    Condition(8, "fp32", 1.0),
    Condition(1, "bf16", 1.2),
    Condition(8, "bf16", 1.8),
)


def with_local_rows(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables with the rows added; the backbones must be among their architectures."""
    models, environments = _models()
    layers, more = _layers()
    rows = {
        "sources": [_source(len(models) + len(layers))],
        "environments": list({row["environment"]: row for row in [*environments, *more]}.values()),
        "measurements": models,
        "layer_measurements": layers,
    }
    lined = [*models, *layers]
    for line, row in enumerate(lined, start=2):
        row["line"] = line
    return {**frames, **{name: _joined(name, frames[name], added) for name, added in rows.items()}}


def _joined(name: str, frame: pd.DataFrame, rows: list[dict[str, object]]) -> pd.DataFrame:
    table = TABLES[name]
    added = pd.DataFrame([{column.name: row.get(column.name) for column in table.columns} for row in rows])
    return table.typed(pd.concat([frame.astype(object), added.astype(object)], ignore_index=True))


def _source(rows: int) -> dict[str, object]:
    return {
        "source": SOURCE,
        "scraper": "bench",
        "url": FILE,
        "published_at": "2026-11-20",
        "retrieved_at": "2026-11-20",
        "sha256": "0" * 64,
        "rows_read": rows,
        "rows_accepted": rows,
        "rows_quarantined": 0,
        "state": "current",
    }


def _models() -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    rows, environments = [], []
    for workload, size in SIZES.items():
        for fixed in CONDITIONS:
            for subject, rate in RATES.items():
                implementation, runtime = subject.split(":")
                environment = _environment(runtime, fixed.precision)
                environments.append(environment)
                speed = _speed(rate * size * fixed.factor, fixed.batch_size, runtime)
                rows.append(
                    {
                        "architecture": workload,
                        "img_size": 224,
                        "environment": environment["environment"],
                        "implementation": implementation,
                        "gmacs": GMACS[workload],
                        "params_m": 22.05 if "small" in workload else 86.57,
                        "comparison": f"{workload}-{fixed.batch_size}-{fixed.precision}",
                        **speed,
                    }
                )
    return rows, environments


def _layers() -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    rows, environments = [], []
    for layer, subjects in LAYERS.items():
        for subject, rate in subjects.items():
            implementation, runtime = subject.split(":")
            environment = _environment(runtime, "fp32")
            environments.append(environment)
            own = {"layer": layer, "gmacs": LAYER_GMACS.get(layer), "comparison": layer}
            place = {"environment": environment["environment"], "implementation": implementation}
            rows.append({**own, **place, **_speed(rate, 1, runtime)})
    return rows, environments


def _speed(rate: float, batch_size: int, runtime: str) -> dict[str, object]:
    step = batch_size / rate * 1000
    compiled = {"tf-xla": 14.0, "torch-compile": 19.6, "torch-regional": 8.9, "torch-regional-cached": 1.4}
    return {
        "mode": "infer",
        "batch_size": batch_size,
        "images_per_s": round(rate, 4),
        "step_ms": round(step, 4),
        "p10_ms": round(step * 0.96, 4),
        "p90_ms": round(step * 1.07, 4),
        "compile_s": compiled.get(runtime, 2.0),
        "cold_start_s": compiled.get(runtime, 2.0) + 4,
        "peak_memory_mb": 1234.5,
        "parity_error": 2.1e-6,
        "parity_tolerance": 1e-4,
        "rounds_ms": " ".join(f"{step * (1 + 0.01 * (turn % 3)):.4f}" for turn in range(6)),
        "source": SOURCE,
    }


def _environment(runtime: str, precision: str) -> dict[str, object]:
    layout = "nchw" if runtime.startswith("torch") else "nhwc"
    framework, version = ("torch", "2.13.0") if runtime.startswith("torch") else ("tensorflow", "2.21.0")
    return {
        "environment": f"amd-epyc-9b45-2t-{precision}-{layout}-{runtime}",
        "label": f"{MACHINE}, 2 threads ({precision}, {layout.upper()}, {runtime})",
        "device": MACHINE,
        "kind": "cpu",
        "precision": precision,
        "layout": layout,
        "framework": framework,
        "framework_version": version,
        "compiled": runtime in ("tf-xla", "torch-compile"),
        "origin": "here",
        "runtime": runtime,
        "threads": 2,
        "memory_gb": 16.0,
        "os": "Linux 6.12",
        "processor_flags": "avx2 avx512f avx512_bf16",
        "libraries": f"{framework} {version}; numpy 2.4.2",
        "switches": "oneDNN on",
    }
