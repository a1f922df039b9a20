"""`--scheduler` and `--workers` as the readme shows them, with Dask's own commands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import dask
import pytest

from catalog.evaluations_file import FORMAT, EvaluationResult
from catalog.result_rows import read_rows
from catalog.results_file import DIRECTORY, read_results
from tests.benchmarks import case
from tests.benchmarks.evaluation.made_images import IMG_SIZE, MODEL, make_folder, make_weights

ROOT = Path(__file__).parents[2]
SMALL = (
    "--models",
    case.MODEL,
    "--img-size",
    32,
    "--precisions",
    "fp32",
    "--subjects",
    f"{case.RIGHT},{case.ALSO_RIGHT}",
)
Run = Callable[..., Any]


def address_in(file: Path, scheduler: subprocess.Popen[bytes]) -> str:
    """The address that a scheduler writes into a file; the file is there before its content is."""
    while True:
        assert scheduler.poll() is None, "the scheduler ended"
        with suppress(FileNotFoundError, json.JSONDecodeError):
            return json.loads(file.read_text(encoding="utf-8"))["address"]


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with one worker, both started as the readme says."""
    folder = tmp_path_factory.mktemp("dask")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    dask = (sys.executable, "-m", "dask")
    commands = (
        (
            *dask,
            "scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--no-dashboard",
            "--scheduler-file",
            "cluster.json",
        ),
        (
            *dask,
            "worker",
            "--scheduler-file",
            "cluster.json",
            "--nthreads",
            "1",
            "--memory-limit",
            "0",
            "--no-dashboard",
        ),
    )
    started = [
        subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for command in commands
    ]
    try:
        yield address_in(folder / "cluster.json", started[0])
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


@pytest.fixture
def bench(backbones: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command on subjects that need no framework, with a cache of its own."""
    case.make_reference(tmp_path / "cache")
    monkeypatch.setattr("backbones.bench.CACHE", tmp_path / "cache")
    monkeypatch.setattr("benchmarks.turns.Settings", lambda cache, *_: case.settings(cache))

    def run(*arguments: object) -> Any:
        return backbones("bench", *SMALL, *arguments)

    return run


def test_bench_measures_on_a_cluster_into_one_file_and_goes_on(bench: Run, scheduler: str, tmp_path: Path) -> None:
    file = tmp_path / "results.csv"
    assert bench("--scheduler", scheduler, "--output", file, "--batch-sizes", 4).status == 0
    outcome = bench("--scheduler", scheduler, "--output", file, "--batch-sizes", "2,4")
    rows = [row for _, row in read_results(file).rows]
    assert outcome.status == 0
    assert [(row.infer_batch_size, row.runtime) for row in rows] == [
        (4, "tf-graph"),
        (4, "torch"),
        (2, "tf-graph"),
        (2, "torch"),
    ]
    assert all(row.status == "ok" and row.threads == row.cores and "disturbed" not in row.note for row in rows)


def test_workers_on_one_machine_disturb_each_other_and_stay_out_of_the_catalog(bench: Run, tmp_path: Path) -> None:
    outcome = bench("--workers", 2, "--batch-sizes", "1,2", "--threads", 1)
    rows = [row for _, row in read_results(tmp_path / "cache" / "workers.csv").rows]
    assert outcome.status == 0 and len(rows) == 4
    assert all(row.note.startswith("disturbed: 2 workers on one machine") for row in rows)
    assert "so the catalog does not show it" in outcome.err
    refused = bench("--workers", 2, "--output", DIRECTORY / "here.csv")
    assert refused.status == 2 and "do not enter the catalog; name another" in refused.err


@pytest.mark.parametrize(
    "verb", [("bench",), ("evaluate", MODEL, "--weights", "model.safetensors", "--data", "images")]
)
def test_a_scheduler_that_does_not_answer_is_one_line(
    verb: tuple[str, ...], backbones: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.dask_cluster.TIMEOUT_S", 0.2)
    monkeypatch.setattr("backbones.evaluate.CACHE", tmp_path)
    monkeypatch.chdir(tmp_path)
    make_folder(tmp_path / "images")
    (tmp_path / "model.safetensors").touch()
    outcome = backbones(*verb, "--scheduler", "tcp://127.0.0.1:9", "--output", tmp_path / "results.csv")
    assert outcome.status == 1
    last = outcome.err.splitlines()[-1]
    assert last == f"backbones {verb[0]}: scheduler tcp://127.0.0.1:9 does not answer within 0.2 s; is it running?"


def test_evaluate_shares_the_images_and_finds_what_one_process_finds(
    backbones: Run, scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backbones.evaluate.CACHE", tmp_path)
    weights = make_weights(tmp_path / "model.safetensors", img_size=IMG_SIZE)
    what = ("evaluate", MODEL, "--weights", weights, "--data", make_folder(tmp_path / "images"), "--img-size", IMG_SIZE)
    predictions = {}
    for name, where in (("single", ()), ("shared", ("--scheduler", scheduler))):
        output = ("--output", tmp_path / "results.csv", "--predictions", tmp_path / name)
        assert backbones(*what, "--implementation", "timm", "--batch-size", 4, *output, *where).status == 0
        predictions[name] = (tmp_path / name).read_text()
    assert predictions["shared"] == predictions["single"]
    single, shared = (row for _, row in read_rows(tmp_path / "results.csv", EvaluationResult, FORMAT).rows)
    assert (single.top1, single.top5, single.images) == (shared.top1, shared.top5, shared.images)


def test_the_readme_s_job_gives_a_worker_a_node_of_its_own(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from dask_jobqueue import SLURMCluster

    (snippet,) = re.findall(r"```python\n([^`]*SLURMCluster[^`]*)```", (ROOT / "README.md").read_text())
    jobs = []
    monkeypatch.setattr(SLURMCluster, "scale", lambda self, jobs_=0, **wish: jobs.append(wish))
    monkeypatch.setattr("builtins.input", lambda prompt: "")
    named: dict[str, Any] = {}
    with dask.config.set({"jobqueue.slurm.scheduler-options": {"dashboard_address": ":0"}}):
        exec(compile(snippet, "README.md", "exec"), named)
    script = named["cluster"].job_script()
    named["cluster"].close()
    assert jobs[0] == {"jobs": 4}
    assert "#SBATCH --exclusive" in script and "#SBATCH --cpus-per-task=32" in script
    assert "--nthreads 1" in script and script.rstrip().endswith("--memory-limit 0")
    assert capsys.readouterr().out.startswith("backbones bench --scheduler tcp://")


def test_the_readme_s_commands_have_these_options() -> None:
    readme = (ROOT / "README.md").read_text()
    lines = [line.removeprefix("host-a$ ").split() for line in readme.splitlines() if line.startswith("host-a$ dask")]
    assert [line[1] for line in lines] == ["scheduler", "worker"]
    for _, command, *arguments in lines:
        listed = subprocess.run(
            [sys.executable, "-m", "dask", command, "--help"], capture_output=True, text=True, check=True
        )
        assert all(argument in listed.stdout for argument in arguments if argument.startswith("--"))
