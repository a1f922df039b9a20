"""What the tests of the harness share: a made reference, y = x + 1, and subjects without any framework."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.comparison import Comparison, Subject
from benchmarks.references import COSTS, folder_of
from benchmarks.subject import Executable, ReferenceFiles
from benchmarks.turns import Settings, Task
from catalog.vocabulary import OURS, TIMM

PACKAGE = "tests.benchmarks.subjects"
MODEL = "vit_tiny_patch16_224"
PYTHON = Path(sys.executable)
CRASH_AT = 9  # steps: after the warm-up

RIGHT = Subject(OURS, "tf-graph")
ALSO_RIGHT = Subject(TIMM, "torch")
WRONG = Subject("keras-hub", "tf-graph")
HANGING = Subject("keras-cv-attention-models", "tf-graph")
SHORT_OF_MEMORY = Subject("vit-keras", "tf-graph")
KILLED = Subject("tf-models-official", "tf-graph")
UNABLE = Subject("keras", "tf-graph")
CRASHING = Subject("torch", "torch")
NOT_INSTALLED = Subject("tensorflow", "tf-graph")


def comparison(batch_size: int = 4, workload: str = MODEL) -> Comparison:
    """A comparison at 32 pixels on one thread."""
    return Comparison(workload, 32, batch_size, "fp32", threads=1)


def task(*subjects: Subject, batch_size: int = 4) -> Task:
    """Those subjects on the made reference."""
    return Task(comparison(batch_size), subjects)


def settings(cache: Path, **changes: Any) -> Settings:
    """The unfortunate subjects, in three short turns, on this interpreter."""
    made = {"rounds": 3, "min_time_s": 0.003, "limit_s": 30.0, "package": PACKAGE, "python_for": this_python}
    return Settings(cache, **made | changes)


def this_python(implementation: str) -> Path:
    """The running interpreter for everyone."""
    return PYTHON


def make_reference(cache: Path, fixed: Comparison | None = None) -> ReferenceFiles:
    """A reference of y = x + 1 on eight samples, whose own fp32 error is 1e-6 of the output's scale."""
    folder = folder_of(fixed or comparison(), cache)
    folder.mkdir(parents=True)
    images = np.linspace(0, 1, 8 * 12, dtype="float32").reshape(8, 2, 2, 3)
    double = _function(images.astype("float64"))
    np.savez(folder / "inputs.npz", images=images)
    np.savez(folder / "outputs.npz", double=double, single=double + 1e-6 * double.max(), half=double + 1e-2)
    (folder / COSTS).write_text(json.dumps({"gmacs": 0.25, "params_m": 5.5}))
    return ReferenceFiles(folder)


def executable(
    reference: ReferenceFiles, offset: float = 1.0, before: Callable[[int], None] = lambda step: None, note: str = ""
) -> Executable:
    """y = x + offset; `before` is called with the number of each step."""
    images = reference.inputs()["images"]
    taken = []

    def step() -> np.ndarray:
        before(len(taken))
        taken.append(1)
        return _function(images, offset)

    return Executable(step, np.asarray, 5.5, "nhwc", {"numpy": np.__version__}, {"oneDNN": "on"}, note=note)


def _function(images: np.ndarray, offset: float = 1.0) -> np.ndarray:
    return images.reshape(len(images), -1) + offset


class Heard:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.steps = 0

    def advance(self, steps: int) -> None:
        self.steps += steps

    def say(self, line: str) -> None:
        self.lines.append(line)
