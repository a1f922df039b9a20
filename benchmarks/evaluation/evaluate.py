"""An evaluation from its parts to its result: images, weights, batches kept as they come, accuracy."""

from __future__ import annotations

import datetime
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.errors import EvaluationError
from benchmarks.evaluation import accuracy
from benchmarks.evaluation.batches import Batch, BatchPredictions, predictions
from benchmarks.evaluation.folder import ImageFolder
from benchmarks.evaluation.journal import Journal
from benchmarks.evaluation.predictor import Predictor, load, sha256, weights_file
from benchmarks.evaluation.specification import IMAGENET_CLASSES, SOME_CLASSES, Evaluation
from benchmarks.machine import accelerator_name, joined, processor_name
from catalog.evaluations_file import IMAGES, EvaluationResult


@dataclass(frozen=True)
class Plan:
    """An evaluation with its images and the file of its weights; `limited` when images were left out by wish."""

    evaluation: Evaluation
    folder: ImageFolder
    weights: Path
    weights_sha256: str
    limited: bool = False

    @property
    def batches(self) -> list[Batch]:
        """All images in batches, in the folder's order."""
        size, paths = self.evaluation.batch_size, [self.folder.root / path for path in self.folder.paths]
        return [Batch(start, tuple(paths[start : start + size])) for start in range(0, len(paths), size)]

    @property
    def allowed(self) -> tuple[int, ...] | None:
        """The only classes that may be predicted, None for all."""
        return tuple(sorted(set(self.folder.labels))) if self.evaluation.dataset in SOME_CLASSES else None


@dataclass(frozen=True)
class Description:
    """What predicted: the preprocessing's numbers, the packages, and the device."""

    img_size: int
    crop_pct: float
    interpolation: str
    libraries: str
    device: str


class Runner(Protocol):
    """Where batches are predicted: in this process, or on a cluster; `shared` when several workers take part."""

    shared: bool

    def describe(self) -> Description:
        """What predicts; after a run, on all devices that took part."""

    def run(self, batches: Sequence[Batch]) -> Iterator[BatchPredictions]:
        """Predict batches, in any order."""


class LocalRunner:
    """Predicts in this process."""

    shared = False

    def __init__(self, predictor: Predictor, batch_size: int, allowed: Sequence[int] | None = None) -> None:
        self.predictor = predictor
        self._batch_size = batch_size
        self._allowed = allowed

    def describe(self) -> Description:
        """See `Runner`."""
        predictor = self.predictor
        size, crop, interpolation = predictor.img_size, predictor.crop_pct, predictor.interpolation
        device = accelerator_name() or processor_name()
        return Description(size, crop, interpolation, joined(predictor.versions), device)

    def run(self, batches: Sequence[Batch]) -> Iterator[BatchPredictions]:
        """See `Runner`."""
        yield from predictions(self.predictor, batches, self._batch_size, self._allowed)


def runner_here(evaluation: Evaluation, weights: Path, allowed: Sequence[int] | None) -> LocalRunner:
    """Load the model for this process. Raises EvaluationError, WeightsError: see `predictor.load`."""
    return LocalRunner(load(evaluation, weights), evaluation.batch_size, allowed)


@dataclass(frozen=True)
class Outcome:
    """What an evaluation found: its row, every image's predictions, and the images that cannot be read with why."""

    row: EvaluationResult
    top5: dict[str, tuple[int, ...] | None]
    unreadable: dict[str, str]


def plan(evaluation: Evaluation, folder: ImageFolder, limit: int | None = None) -> Plan:
    """Find the weights (fetching them where needed) and choose the images.

    Raises:
        EvaluationError, DownloadError: no weights.
    """
    weights = weights_file(evaluation)
    chosen = folder if limit is None else folder.limited(limit)
    return Plan(evaluation, chosen, weights, sha256(weights), limited=len(chosen.paths) < len(folder.paths))


def open_journal(plan: Plan, description: Description, path_of: Callable[[str], Path]) -> Journal:
    """The journal of exactly this evaluation; `path_of` makes its path of a key of letters and digits."""
    evaluation = plan.evaluation
    key = {
        "model": evaluation.config.name,
        "implementation": evaluation.implementation,
        "dataset": evaluation.dataset,
        "weights": plan.weights_sha256,
        "num_classes": evaluation.classes,
        "img_size": description.img_size,
        "batch_size": evaluation.batch_size,
        "libraries": description.libraries,
        "folder": str(plan.folder.root.resolve()),
        "images": plan.folder.digest(),
    }
    return Journal(path_of(hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]), key)


def evaluate(plan: Plan, runner: Runner, journal: Journal, advance: Callable[[int], None]) -> Outcome:
    """Predict what the journal does not hold yet, and count.

    Args:
        plan: what to evaluate.
        runner: who predicts.
        journal: finished batches; each new one is added to it.
        advance: told of every number of images that were predicted.

    Raises:
        EvaluationError: see `Runner` and `Journal`.
    """
    batches = plan.batches
    left = [batch for batch in batches if batch.start not in journal.finished]
    resumed = len(left) < len(batches)
    began = time.perf_counter()
    for result in runner.run(left):
        journal.add(result)
        advance(len(result.top5))
    seconds = time.perf_counter() - began
    results = [journal.finished[batch.start] for batch in batches]
    images_per_s = None if resumed or runner.shared else len(plan.folder.paths) / seconds
    return _outcome(plan, results, runner.describe(), images_per_s)


def _outcome(
    plan: Plan, results: Sequence[BatchPredictions], description: Description, images_per_s: float | None
) -> Outcome:
    paths = plan.folder.paths
    found = accuracy.measure(results, plan.folder.labels)
    unreadable = {paths[place]: reason for result in results for place, reason in result.unreadable.items()}
    if not found.images:
        path, reason = next(iter(unreadable.items()))
        raise EvaluationError(f"none of the {len(paths)} images can be read, the first: {path}: {reason}")
    row = EvaluationResult(
        model=plan.evaluation.config.name,
        dataset=plan.evaluation.dataset,
        img_size=description.img_size,
        crop_pct=description.crop_pct,
        interpolation=description.interpolation,
        top1=found.top1.percent,
        top1_low=found.top1.low,
        top1_high=found.top1.high,
        top5=found.top5.percent,
        top5_low=found.top5.low,
        top5_high=found.top5.high,
        images=found.images,
        unreadable=found.unreadable,
        implementation=plan.evaluation.implementation,
        libraries=description.libraries,
        weights_sha256=plan.weights_sha256,
        images_per_s=images_per_s,
        device=description.device,
        measured_at=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        note="; ".join(_reservations(plan, found)),
    )
    top5 = {paths[place]: top for result in results for place, top in enumerate(result.top5, start=result.start)}
    return Outcome(row, top5, unreadable)


def _reservations(plan: Plan, found: accuracy.AccuracyCounts) -> Iterator[str]:
    """Why the result is not that of a data set and a known set of weights, and so may not enter the catalog."""
    dataset, total = plan.evaluation.dataset, len(plan.folder.paths)
    if plan.evaluation.weights is not None:
        yield "weights from a file, of no known tag"
    if plan.limited:
        yield f"limited to {total} images"
    elif total != IMAGES[dataset]:
        yield f"{total} images, {dataset} has {IMAGES[dataset]}"
    if found.unreadable:
        yield f"images that cannot be read: {found.unreadable}"
    classes = len(set(plan.folder.labels))
    expected = SOME_CLASSES.get(dataset, IMAGENET_CLASSES)
    if classes != expected:
        yield f"{classes} classes, {dataset} has {expected}"
