"""An evaluation on a Dask cluster: shards of whole batches, predicted by workers that keep the model loaded."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.dask_cluster import Cluster, forget_settings_of_workers, run_all
from benchmarks.errors import EvaluationError
from benchmarks.evaluation.batches import Batch, BatchPredictions
from benchmarks.evaluation.evaluate import Description, LocalRunner, Plan, runner_here
from benchmarks.evaluation.predictor import sha256, weights_file
from benchmarks.evaluation.specification import Evaluation

BATCHES = 8  # of a shard at most: what is lost with a worker
SHARES = 4  # shards of each worker at least, so that all end at about the same time

_one_at_a_time = threading.Lock()  # a worker with several threads still has one model


class ClusterRunner:
    """Predicts on a cluster's workers, which must see the folder of images (and a given file of weights) as we do."""

    shared = True

    def __init__(self, plan: Plan, cluster: Cluster) -> None:
        self._cluster = cluster
        self._what = (_everywhere(plan.evaluation), plan.weights_sha256, plan.allowed)
        self._description: Description | None = None

    def describe(self) -> Description:
        """What the workers say that they predict with, and on which devices so far."""
        if self._description is None:
            (done,) = run_all(self._cluster, describe_here, {"the model": self._what})
            if done.value is None:
                raise EvaluationError(str(done.failure))
            self._description = done.value
        return self._description

    def run(self, batches: Sequence[Batch]) -> Iterator[BatchPredictions]:
        """See `Runner`.

        Raises:
            EvaluationError: a shard cannot be predicted, or by other versions on another worker; all others are done.
        """
        workers = max(1, len(self._cluster.client.nthreads()))
        size = max(1, min(BATCHES, len(batches) // (SHARES * workers)))
        shards = [tuple(map(_resolved, batches[start : start + size])) for start in range(0, len(batches), size)]
        tasks = {f"images from {shard[0].start}": (*self._what, shard) for shard in shards}
        failures = []
        for done in run_all(self._cluster, predict_here, tasks):
            if done.value is None:
                failures.append(f"{done.key}: {done.failure}")
                continue
            description, results = done.value
            self._add(description)
            yield from results
        if failures:
            raise EvaluationError(f"{len(failures)} shards failed, the first: {failures[0]}; the others are kept")

    def _add(self, found: Description) -> None:
        """See that a worker is as the others, and note its device."""
        known = self.describe()
        if replace(found, device="") != replace(known, device=""):
            raise EvaluationError(
                f"workers differ: one predicts with {found.libraries}, another with {known.libraries}; "
                "install the same versions there"
            )
        devices = dict.fromkeys([*known.device.split("; "), found.device])
        self._description = replace(known, device="; ".join(devices))


def describe_here(evaluation: Evaluation, digest: str, allowed: tuple[int, ...] | None) -> Description:
    """What this worker predicts with. Raises BackboneError where it cannot."""
    with _one_at_a_time:
        return _runner(evaluation, digest, allowed).describe()


def predict_here(
    evaluation: Evaluation, digest: str, allowed: tuple[int, ...] | None, batches: Sequence[Batch]
) -> tuple[Description, list[BatchPredictions]]:
    """Predict batches on this worker. Raises BackboneError where it cannot."""
    with _one_at_a_time:
        runner = _runner(evaluation, digest, allowed)
        return runner.describe(), list(runner.run(batches))


@functools.lru_cache(maxsize=1)
def _runner(evaluation: Evaluation, digest: str, allowed: tuple[int, ...] | None) -> LocalRunner:
    """The model on this worker, loaded once; its file of weights must be the client's."""
    forget_settings_of_workers()
    weights = weights_file(evaluation)
    found = sha256(weights)
    if found != digest:
        raise EvaluationError(f"weights {weights}: SHA-256 {found[:12]} on a worker, expected {digest[:12]}")
    return runner_here(evaluation, weights, allowed)


def _everywhere(evaluation: Evaluation) -> Evaluation:
    """The evaluation with a path of weights that does not depend on a worker's folder."""
    return evaluation if evaluation.weights is None else replace(evaluation, weights=evaluation.weights.resolve())


def _resolved(batch: Batch) -> Batch:
    return replace(batch, paths=tuple(Path(path).absolute() for path in batch.paths))
