"""What an evaluation asks of an implementation: its image processing and its model, ready to be called."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.errors import EvaluationError
from benchmarks.evaluation.specification import Evaluation
from catalog.vocabulary import OURS, TIMM
from implementations.checkpoint import is_file

_CHUNK = 1 << 22


@dataclass(frozen=True)
class Predictor:
    """An implementation of a model with its weights and its image processing.

    `prepare` turns the bytes of an image file into the model's input (no batch axis), float32, and raises
    UnreadableImageError; several threads may call it. `predict` turns a batch of them into logits (B, classes).
    `img_size` is the side in pixels, `crop_pct` the crop as a fraction of the resized side; `versions` are those of the
    packages that take part.
    """

    prepare: Callable[[bytes], np.ndarray]
    predict: Callable[[np.ndarray], np.ndarray]
    img_size: int
    crop_pct: float
    interpolation: str
    versions: dict[str, str]


# The module of an implementation, each with `load(evaluation: Evaluation, weights: Path) -> Predictor`.
MODULES = {OURS: "our_predictor", TIMM: "timm_predictor"}


def load(evaluation: Evaluation, weights: Path) -> Predictor:
    """Build the model with the weights of a file, and its image processing.

    Raises:
        EvaluationError: the implementation is not installed.
        WeightsError: the file does not hold this model's weights.
    """
    name = MODULES[evaluation.implementation]
    try:
        module = importlib.import_module(f"{evaluation.package}.{name}")
        return module.load(evaluation, weights)
    except ModuleNotFoundError as error:
        needed = "pip install -c constraints.txt -e '.[implementations,parity]'"
        raise EvaluationError(f"{evaluation.implementation}: {error.name} is not installed; {needed}") from error


def weights_file(evaluation: Evaluation) -> Path:
    """The file of weights: the one given, or the tag's from the Hub's cache, fetched when it is not there.

    Raises:
        EvaluationError: no such file.
        DownloadError: the weights cannot be fetched.
    """
    if evaluation.weights is None:
        from implementations.hub import download_weights

        return download_weights(evaluation.config.name)
    if not is_file(evaluation.weights):
        raise EvaluationError(f"weights {evaluation.weights}: no such file")
    return evaluation.weights


def sha256(path: Path) -> str:
    """The digest of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
