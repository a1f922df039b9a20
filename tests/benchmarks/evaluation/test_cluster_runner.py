"""An evaluation on a Dask cluster, with real worker processes, is the single one exactly, whoever dies meanwhile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.dask_cluster import connected
from benchmarks.errors import EvaluationError
from benchmarks.evaluation.cluster_runner import ClusterRunner
from benchmarks.evaluation.evaluate import Plan, evaluate, open_journal, plan, runner_here
from benchmarks.evaluation.folder import read_folder
from benchmarks.evaluation.specification import Evaluation
from tests.benchmarks.evaluation.made_images import MODEL
from tests.benchmarks.workers import kill_a_busy_worker, processes


@pytest.fixture
def planned(images: Path, tmp_path: Path) -> Plan:
    """With a model that needs no library, and any file as its weights."""
    (tmp_path / "weights").write_bytes(b"1")
    package = "tests.benchmarks.evaluation.light_models"
    evaluation = Evaluation(MODEL, weights=tmp_path / "weights", batch_size=1, package=package)
    return plan(evaluation, read_folder(images, evaluation.classes))


def test_shards_give_the_single_run_s_result_though_a_worker_is_killed(planned: Plan, tmp_path: Path) -> None:
    killed: list[int] = []
    with connected(None, 2, print) as cluster:
        before = processes(cluster)

        def advance(count: int) -> None:
            if not killed:
                killed.append(kill_a_busy_worker(cluster))

        runner = ClusterRunner(planned, cluster)
        journal = open_journal(planned, runner.describe(), lambda key: tmp_path / "shared")
        shared = evaluate(planned, runner, journal, advance)
        after = processes(cluster)
    assert killed[0] in before and killed[0] not in after
    here = runner_here(planned.evaluation, planned.weights, planned.allowed)
    journal = open_journal(planned, here.describe(), lambda key: tmp_path / "single")
    single = evaluate(planned, here, journal, lambda count: None)
    assert shared.top5 == single.top5 and len(shared.top5) == 18
    unlike = {"measured_at": "", "images_per_s": None}
    assert replace(shared.row, **unlike) == replace(single.row, **unlike) and shared.row.images_per_s is None


def test_a_journal_of_one_process_is_gone_on_with_by_a_cluster(planned: Plan, tmp_path: Path) -> None:
    here = runner_here(planned.evaluation, planned.weights, planned.allowed)
    journal = open_journal(planned, here.describe(), lambda key: tmp_path / "journal")
    for result in here.run(planned.batches[:16]):
        journal.add(result)
    with connected(None, 1, print) as cluster:
        runner = ClusterRunner(planned, cluster)
        again = open_journal(planned, runner.describe(), lambda key: tmp_path / "journal")
        predicted: list[int] = []
        outcome = evaluate(planned, runner, again, predicted.append)
    assert sum(predicted) == 2 and outcome.row.images == 18


def test_what_a_worker_cannot_do_is_one_line(planned: Plan, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"2")
    changed = replace(planned, evaluation=replace(planned.evaluation, weights=other))  # not those of the digest
    gone = replace(planned, evaluation=replace(planned.evaluation, weights=tmp_path / "gone.safetensors"))
    with connected(None, 1, print) as cluster:
        with pytest.raises(EvaluationError, match=r"SHA-256 .* on a worker, expected"):
            ClusterRunner(changed, cluster).describe()
        with pytest.raises(EvaluationError, match=r"gone\.safetensors: no such file"):
            ClusterRunner(gone, cluster).describe()
        moved = replace(planned, folder=replace(planned.folder, root=tmp_path / "moved"))
        with pytest.raises(EvaluationError, match="the folder is not there; every worker must see it"):
            list(ClusterRunner(moved, cluster).run(moved.batches))
