"""Predictions of images, a batch at a time, with the next batch read and prepared meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.errors import EvaluationError
from benchmarks.evaluation.image_file import UnreadableImageError, read_bytes, readable_name, refuse_bombs
from benchmarks.evaluation.predictor import Predictor

TOP = 5


@dataclass(frozen=True)
class Batch:
    """Some of a folder's images in its order: the place of the first, and the path of each."""

    start: int
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class BatchPredictions:
    """The five most likely classes of each image of a batch, best first; None for an image that cannot be read.

    `unreadable` says why, by the image's place in the folder's order.
    """

    start: int
    top5: tuple[tuple[int, ...] | None, ...]
    unreadable: dict[int, str]


def predictions(
    predictor: Predictor, batches: Sequence[Batch], batch_size: int, classes: Sequence[int] | None = None
) -> Iterator[BatchPredictions]:
    """Predict batches in turn.

    Args:
        predictor: the model and its image processing.
        batches: of at most `batch_size` images each.
        batch_size: images that the model is given at once; a smaller batch is filled up, so that a model is traced once
            and an image's logits do not depend on what is read next to it.
        classes: the only classes that may be predicted; None for all.

    Raises:
        EvaluationError: the model's output is not a number, or the folder has gone.
    """
    refuse_bombs()
    with ThreadPoolExecutor(max_workers=os.cpu_count(), thread_name_prefix="images") as readers:

        def submit(batch: Batch) -> list[Future[np.ndarray]]:
            return [readers.submit(_prepare, predictor, path) for path in batch.paths]

        waiting = submit(batches[0]) if batches else []
        try:
            for place, batch in enumerate(batches):
                current, waiting = waiting, submit(batches[place + 1]) if place + 1 < len(batches) else []
                yield _predict(predictor, batch, current, batch_size, classes)
        finally:
            readers.shutdown(wait=False, cancel_futures=True)


def _prepare(predictor: Predictor, path: Path) -> np.ndarray:
    if not readable_name("/".join(path.parts[-2:])):
        raise UnreadableImageError("its name is not text in UTF-8 without control characters")
    try:
        data = read_bytes(path)
    except UnreadableImageError as error:
        if not path.parent.is_dir():
            raise EvaluationError(f"{path.parent}: the folder is not there; every worker must see it") from error
        raise
    return predictor.prepare(data)


def _predict(
    predictor: Predictor,
    batch: Batch,
    prepared: Sequence[Future[np.ndarray]],
    batch_size: int,
    classes: Sequence[int] | None,
) -> BatchPredictions:
    images: list[np.ndarray] = []
    unreadable: dict[int, str] = {}
    for place, future in enumerate(prepared, start=batch.start):
        try:
            images.append(future.result())
        except UnreadableImageError as error:
            unreadable[place] = str(error)
    top5 = iter(_top5(predictor, images, batch_size, classes) if images else [])
    places = range(batch.start, batch.start + len(batch.paths))
    return BatchPredictions(
        batch.start, tuple(None if place in unreadable else next(top5) for place in places), unreadable
    )


def _top5(
    predictor: Predictor, images: list[np.ndarray], batch_size: int, classes: Sequence[int] | None
) -> list[tuple[int, ...]]:
    filled = images + [np.zeros_like(images[0])] * (batch_size - len(images))
    logits = predictor.predict(np.stack(filled))[: len(images)]  # B, classes
    if not np.isfinite(logits).all():
        raise EvaluationError("the model's output is not a number: these weights do not fit it")
    chosen = np.arange(logits.shape[1]) if classes is None else np.asarray(classes)
    # Stable, so that equal logits fall to the lower class whoever computes.
    order = np.argsort(-logits[:, chosen], axis=1, kind="stable")[:, :TOP]
    return [tuple(int(chosen[index]) for index in row) for row in order]
