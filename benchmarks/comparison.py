"""What is compared: workloads, subjects and precisions, the comparison that they make, and one run of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from benchmarks.errors import BenchmarkError
from benchmarks.rivals import rivals
from catalog.vocabulary import FUNCTIONS, OURS, RUNTIMES, TIMM

Precision = Literal["fp32", "bf16"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")
DEVICES = ("cpu", "gpu")

# A layer is named by its kind and its sizes.
LAYERS = {
    "self-attention": "channels x heads x tokens: a whole self-attention layer",
    "sdpa": "channels of a head x heads x tokens: scaled dot-product attention alone",
    "matrix-product": "side of the square matrices: the machine's practical peak",
    "image-processing": "width x height of the photograph, in pixels",
    "trivial-function": "1: what the toolchain costs by itself",
}
SIZES = {"self-attention": 3, "sdpa": 3, "matrix-product": 1, "image-processing": 2, "trivial-function": 1}
_LAYER = re.compile(r"(?P<kind>[a-z-]+?)-(?P<sizes>\d+(?:x\d+)*)")


def implementations() -> tuple[str, ...]:
    """Whose code can be timed, by the names that results files have."""
    return (OURS, TIMM, *rivals(), *FUNCTIONS)


@dataclass(frozen=True)
class Subject:
    """Whose code runs, and under which runtime; written `implementation:runtime`."""

    implementation: str
    runtime: str

    def __post_init__(self) -> None:
        for value, known, word in (
            (self.implementation, implementations(), "implementation"),
            (self.runtime, tuple(RUNTIMES), "runtime"),
        ):
            if value not in known:
                raise BenchmarkError(f"{word} {value!r} is unknown, expected one of {', '.join(known)}")

    @classmethod
    def parse(cls, text: str) -> Subject:
        """The subject that `implementation:runtime` names. Raises BenchmarkError."""
        implementation, colon, runtime = text.partition(":")
        if not colon:
            raise BenchmarkError(f"subject {text!r}: expected IMPLEMENTATION:RUNTIME, for example {OURS}:tf-graph")
        return cls(implementation, runtime)

    def __str__(self) -> str:
        return f"{self.implementation}:{self.runtime}"


@dataclass(frozen=True)
class Layer:
    """A workload smaller than a model: its kind (a key of LAYERS) and its sizes."""

    kind: str
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Comparison:
    """What is held fixed while subjects are compared. `img_size` is the square image's side, None for a layer."""

    workload: str
    img_size: int | None
    batch_size: int
    precision: Precision
    threads: int
    device: str = "cpu"

    @property
    def layer(self) -> Layer | None:
        """The layer that the workload names, None when it names a model."""
        return parse_layer(self.workload)

    def __str__(self) -> str:
        size = f" at {self.img_size}" if self.img_size else ""
        return f"{self.workload}{size} batch {self.batch_size} {self.precision}"


@dataclass(frozen=True)
class Run:
    """One subject in one comparison: what a worker process is asked to time."""

    subject: Subject
    comparison: Comparison

    def with_batch(self, batch_size: int) -> Run:
        """The same run with another batch."""
        return replace(self, comparison=replace(self.comparison, batch_size=batch_size))

    def __str__(self) -> str:
        return f"{self.subject} {self.comparison}"


def parse_layer(workload: str) -> Layer | None:
    """The layer that a name like `self-attention-768x12x197` describes; None for anything else."""
    match = _LAYER.fullmatch(workload)
    if match is None or match["kind"] not in LAYERS:
        return None
    sizes = tuple(int(size) for size in match["sizes"].split("x"))
    return Layer(match["kind"], sizes) if len(sizes) == SIZES[match["kind"]] and all(sizes) else None
