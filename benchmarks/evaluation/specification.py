"""What an evaluation is of: what is evaluated, on which data set, and how many classes it tells apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import EvaluationError
from catalog.evaluations_file import IMAGES
from catalog.vocabulary import OURS, TIMM
from implementations.family import PretrainedConfig
from implementations.registry import family_of, pretrained_config

PACKAGE = "benchmarks.evaluation"
IMPLEMENTATIONS = (OURS, TIMM)
IMAGENET_CLASSES = 1000

# Data sets of 200 of ImageNet's classes: the prediction is the best of these, as in their papers and timm's validate.py
# (`--valid-labels`).
SOME_CLASSES = {"imagenet-a": 200, "imagenet-r": 200, "imagenet-a-clean": 200, "imagenet-r-clean": 200}


@dataclass(frozen=True)
class Evaluation:
    """What is evaluated.

    `weights` None takes the pretrained weights of the tag. `img_size` is the square image's side in pixels, None for
    the size that the weights expect; `num_classes` None takes the tag's. The implementations are modules of `package`.
    """

    model: str
    implementation: str = OURS
    weights: Path | None = None
    img_size: int | None = None
    batch_size: int = 32
    num_classes: int | None = None
    dataset: str = "imagenet"
    package: str = PACKAGE

    def __post_init__(self) -> None:
        family = family_of(self.model)
        if self.implementation not in IMPLEMENTATIONS:
            known = ", ".join(IMPLEMENTATIONS)
            raise EvaluationError(f"implementation {self.implementation!r} is unknown, expected one of {known}")
        if self.implementation == TIMM and not family.in_timm:
            raise EvaluationError(f"{self.model} is not in timm; evaluate {OURS}'s")
        if self.dataset not in IMAGES:
            raise EvaluationError(f"data set {self.dataset!r}: no folder holds it, expected one of {', '.join(IMAGES)}")
        for name in ("batch_size", "img_size", "num_classes"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise EvaluationError(f"{name} {value}: expected at least 1")
        if self.classes == 0:
            raise EvaluationError(f"{self.config.name} has no classifier; give weights that have one and num_classes")
        if self.num_classes is not None and self.weights is None and self.num_classes != self.config.num_classes:
            raise EvaluationError(
                f"{self.config.name} has no classifier of {self.num_classes} classes; give its weights"
            )

    @property
    def config(self) -> PretrainedConfig:
        """What is recorded of the tag, or of the variant's default tag."""
        return pretrained_config(self.model)

    @property
    def classes(self) -> int:
        """Number of outputs of the classifier."""
        return self.config.num_classes if self.num_classes is None else self.num_classes
