"""What a worker asks of a subject: to load the workload into a runtime, as something to be called step by step."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.comparison import Run
from benchmarks.errors import BenchmarkError
from catalog.vocabulary import FUNCTIONS, OURS, TIMM

WEIGHTS = "weights.safetensors"
AGAIN = "single-again.npy"


@dataclass(frozen=True)
class ReferenceFiles:
    """What the reference (timm, in float64) makes of the workload, as files that need no torch to be read.

    `folder` holds `weights.safetensors` (timm's names and layouts; absent for layers without weights), `inputs.npz`
    (`images` (B, H, W, C) for a model; the layer's inputs by name), `outputs.npz` (`double`: the float64 output,
    `single` and `half`: the reference's own output in fp32 and bf16) and `single-again.npy` (the fp32 output, summed in
    another order). With `batch_size`, the samples in the files are cut or repeated to that many.
    """

    folder: Path
    batch_size: int | None = None

    @property
    def weights(self) -> Path:
        """The tensors under timm's names."""
        return self.folder / WEIGHTS

    def inputs(self) -> dict[str, np.ndarray]:
        """The inputs by name."""
        return {name: self._batch(array) for name, array in _arrays(self.folder / "inputs.npz").items()}

    def outputs(self) -> dict[str, np.ndarray]:
        """`double`, `single`, `half` and, where it was made, `single again`; empty where there is no output."""
        path, again = self.folder / "outputs.npz", self.folder / AGAIN
        outputs = _arrays(path) if path.exists() else {}
        return outputs | {"single again": np.load(again)} if again.exists() else outputs

    def _batch(self, array: np.ndarray) -> np.ndarray:
        if self.batch_size is None:
            return array
        return np.ascontiguousarray(array[np.arange(self.batch_size) % len(array)])


@dataclass(frozen=True)
class Executable:
    """A workload in a runtime, ready to be timed.

    `step` runs the batch once and returns when the result is there, which the next step may overwrite; `to_numpy`
    copies it into the reference's layout, float32. The input of `step` already lies where the runtime wants it, in the
    precision of the run. `params_m` are the parameters of what runs, in millions; `versions` are the packages that took
    part; `switches` are settings of the runtime that matter to speed, the same for all its subjects. `compile_s` is
    what loading spent on exporting and compiling, beside the first step; `note` is what a reader of the row should
    know.
    """

    step: Callable[[], Any]
    to_numpy: Callable[[Any], np.ndarray]
    params_m: float | None
    layout: str
    versions: dict[str, str]
    switches: dict[str, str]
    compile_s: float = 0.0
    note: str = ""


# The module that loads a subject, with `load(run: Run, reference: ReferenceFiles) -> Executable`; the rivals share one.
MODULES = {OURS: "ours", TIMM: "timm_models", **dict.fromkeys(FUNCTIONS, "layers")}
RIVALS = "rival_models"
PACKAGE = "benchmarks.subjects"


def load(run: Run, reference: ReferenceFiles, package: str = PACKAGE) -> Executable:
    """Load a run's workload; called in the worker process only.

    Raises:
        BenchmarkError: the subject does not have this workload, or not under this runtime or precision.
    """
    with _missing_packages_named(run):
        return _module(run, package).load(run, reference)


def prepare(run: Run, reference: ReferenceFiles, package: str = PACKAGE) -> None:
    """What a subject needs done before its timed process starts (such as artifacts to load); mostly nothing.

    Raises:
        BenchmarkError: as `load`.
    """
    with _missing_packages_named(run):
        getattr(_module(run, package), "prepare", lambda run, reference: None)(run, reference)


@contextmanager
def _missing_packages_named(run: Run) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise BenchmarkError(f"{run.subject}: {error.name} is not installed") from error


def _module(run: Run, package: str) -> ModuleType:
    return importlib.import_module(f"{package}.{MODULES.get(run.subject.implementation, RIVALS)}")


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as arrays:
        return dict(arrays)
