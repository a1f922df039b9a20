"""Owns what a worker asks of a subject: load the workload into a runtime, and be called step by step."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from implementations.benchmark.specification import TIMM, BenchmarkError, Run


@dataclass(frozen=True)
class Reference:
    """What the reference (timm, in float64) makes of the workload, as files that need no torch to be read.

    `folder` holds `weights.safetensors` (timm's names and layouts; absent for layers without weights), `inputs.npz`
    (`images` (B, H, W, C) for a model; the layer's inputs by name) and `outputs.npz` (`double`: the float64 output,
    `single` and `half`: the reference's own output in fp32 and bf16).
    """

    folder: Path

    @property
    def weights(self) -> Path:
        """The tensors under timm's names."""
        return self.folder / "weights.safetensors"

    def inputs(self) -> dict[str, np.ndarray]:
        """The inputs by name."""
        with np.load(self.folder / "inputs.npz") as arrays:
            return dict(arrays)


@dataclass(frozen=True)
class Loaded:
    """A workload ready to be timed.

    `step` runs the batch once and returns when the result is there; `to_numpy` turns what it returns into the
    reference's layout, float32. The input of `step` already lies where the runtime wants it, in the precision of the
    run. `params_m` are the parameters of what runs, in millions; `versions` are the packages that took part;
    `switches` are settings of the runtime that matter to speed.
    """

    step: Callable[[], Any]
    to_numpy: Callable[[Any], np.ndarray]
    params_m: float | None
    layout: str
    versions: dict[str, str]
    switches: dict[str, str]


# The module that loads a subject, each with `load(run: Run, reference: Reference) -> Loaded`.
MODULES = {
    "backbone-survey": "ours",
    TIMM: "timm_models",
    "keras-hub": "keras_hub",
    "keras-cv-attention-models": "keras_cv_attention_models",
    "vit-keras": "vit_keras",
    "tf-models-official": "model_garden",
    "keras": "keras_layers",
    "torch": "torch_functions",
    "tensorflow": "tensorflow_functions",
}


def load(run: Run, reference: Reference) -> Loaded:
    """Load a run's workload; called in the worker process only.

    Raises:
        BenchmarkError: the subject does not have this workload, or not under this runtime or precision.
    """
    name = MODULES[run.subject.implementation]
    try:
        module = importlib.import_module(f"implementations.benchmark.subjects.{name}")
    except ModuleNotFoundError as error:
        raise BenchmarkError(f"{run.subject}: {error.name} is not installed") from error
    return module.load(run, reference)
