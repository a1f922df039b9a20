"""`backbones evaluate` as people and scripts use it: what it prints and writes, and how it ends."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import catalog
from catalog.evaluations_file import FORMAT, IMAGES, EvaluationResult
from catalog.result_rows import read_rows, row_line
from tests.benchmarks.evaluation.made_images import IMG_SIZE, MODEL, make_folder, make_weights

ROOT = Path(__file__).parent.parent.parent
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_folder(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_weights(tmp_path_factory.mktemp("weights") / "model.safetensors", img_size=IMG_SIZE)


@pytest.fixture
def evaluate(backbones: Run, images: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command on the made folder with timm, whose start is the quicker; what it keeps lies in the test's folder."""
    monkeypatch.setattr("backbones.evaluate.CACHE", tmp_path / "cache")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    what = (MODEL, "--weights", weights, "--img-size", IMG_SIZE, "--implementation", "timm")

    def run(*arguments: object, data: Path = images) -> Any:
        return backbones("evaluate", *what, "--data", data, *arguments)

    return run


def rows(path: Path) -> list[EvaluationResult]:
    return [row for _, row in read_rows(path, EvaluationResult, FORMAT).rows]


def test_it_prints_accuracy_with_its_interval_and_says_where_it_went(evaluate: Run, tmp_path: Path) -> None:
    outcome = evaluate("--output", tmp_path / "results.csv")
    assert outcome.status == 0
    assert f"{MODEL}.augreg_in21k_ft_in1k by timm on imagenet: 18 images at {IMG_SIZE}" in outcome.out
    assert "top-1 0.00 % (0.00 to 17.59, 95 % confidence)" in outcome.out
    assert "it does not enter the catalog: weights from a file, of no known tag; 18 images" in outcome.out
    assert "18 images, labelled by WordNet id, in the order of ImageNet-1K" in outcome.err


def test_json_is_the_row_that_is_written(evaluate: Run, tmp_path: Path) -> None:
    printed = json.loads(evaluate("--json", "--output", tmp_path / "results.csv").out)
    assert (printed.pop("unreadable_images"), printed.pop("written_to")) == ({}, str(tmp_path / "results.csv"))
    (row,) = rows(tmp_path / "results.csv")
    assert row_line(EvaluationResult(**printed)) == row_line(row)
    assert (row.top1_low, row.images, row.unreadable, row.implementation) == (0, 18, 0, "timm")


def test_a_result_that_may_not_enter_the_catalog_does_not_lie_in_it(evaluate: Run, tmp_path: Path) -> None:
    assert evaluate().status == 0
    assert len(rows(tmp_path / "cache" / "evaluations.csv")) == 1
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["evaluations.csv"]  # no journal is left


def test_a_whole_data_set_with_a_tag_s_own_weights_enters_the_catalog(
    backbones: Run, weights: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backbones import tables

    data, folder, merge = (
        Path(shutil.copytree(ROOT / "catalog" / "data", tmp_path / "data")),
        Path(shutil.copytree(ROOT / "catalog" / "results", tmp_path / "results")),
        tables.merge_results,
    )
    monkeypatch.setattr("implementations.hub.download_weights", lambda name: weights)
    monkeypatch.setattr("benchmarks.evaluation.evaluate.IMAGENET_CLASSES", 3)
    monkeypatch.setitem(IMAGES, "imagenet", 18)
    monkeypatch.setattr("catalog.evaluations_file.DIRECTORY", folder / "evaluations")
    monkeypatch.setattr("backbones.evaluate.DIRECTORY", folder / "evaluations")
    monkeypatch.setattr("backbones.evaluate.CACHE", tmp_path / "cache")
    monkeypatch.setattr(tables, "merge_results", lambda: merge(data, folder))
    outcome = backbones("evaluate", MODEL, "--data", images, "--img-size", IMG_SIZE, "--implementation", "timm")
    assert (outcome.status, rows(folder / "evaluations" / "imagenet.csv")[0].note) == (0, ""), outcome.err
    assert "it enters the catalog" in outcome.out
    evaluations = catalog.load(data).evaluations
    (row,) = evaluations[evaluations["kind"] == "measured here"].to_dict("records")
    assert (row["model"], row["img_size"], row["images"]) == (f"{MODEL}.augreg_in21k_ft_in1k", IMG_SIZE, 18)


def test_images_that_cannot_be_read_are_a_line_each_and_status_1(evaluate: Run, images: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(images, tmp_path / "images"))
    (data / "n01440764" / "empty.png").touch()
    (data / "n02123045" / "text.JPEG").write_text("no image")
    outcome = evaluate("--output", tmp_path / "results.csv", data=data)
    lines = [line for line in outcome.err.splitlines() if line.endswith("left out")]
    assert outcome.status == 1 and len(lines) == 2
    assert lines[0] == f"backbones evaluate: {data}/n01440764/empty.png: the file is empty; left out"
    assert rows(tmp_path / "results.csv")[0].images == 18


def test_odd_names_are_one_line_each_and_stand_escaped_among_the_predictions(
    evaluate: Run, images: Path, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(images, tmp_path / "images"))
    for name in (b"a\nb.png", b"\xff.png", b"\x1b[31m.png"):
        (data / "n01440764" / os.fsdecode(name)).touch()
    arguments = ("--output", tmp_path / "results.csv", "--predictions", tmp_path / "predictions.csv")
    outcome = evaluate(*arguments, data=data)
    lines = [line for line in outcome.err.splitlines() if line.endswith("left out")]
    assert outcome.status == 1 and len(lines) == 3 and all(line.isprintable() for line in lines)
    with (tmp_path / "predictions.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 21


def test_predictions_of_every_image_can_be_had(evaluate: Run, tmp_path: Path) -> None:
    evaluate("--output", tmp_path / "results.csv", "--predictions", tmp_path / "predictions.csv", "--limit", 5)
    with (tmp_path / "predictions.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert len(found) == 5 and list(found[0]) == ["image", "top1", "top2", "top3", "top4", "top5"]
    assert all(len({row[f"top{place}"] for place in range(1, 6)}) == 5 for row in found)


def test_predictions_that_find_no_room_cost_no_work_and_leave_no_row(evaluate: Run, tmp_path: Path) -> None:
    outcome = evaluate("--output", tmp_path / "results.csv", "--predictions", "/dev/full")
    full = "/dev/full: cannot be written: No space left on device; the same command goes on from here"
    assert (outcome.status, outcome.err.splitlines()[-1]) == (1, f"backbones evaluate: {full}")
    assert not (tmp_path / "results.csv").exists()
    again = evaluate("--output", tmp_path / "results.csv", "--predictions", tmp_path / "predictions.csv")
    assert again.status == 0 and "going on after 18 images" in again.err and len(rows(tmp_path / "results.csv")) == 1


@pytest.mark.parametrize("option", ["--output", "--predictions", "--journal", "--class-map", "--weights"])
def test_a_path_that_no_file_can_have_is_one_line_before_the_work(evaluate: Run, option: str) -> None:
    outcome = evaluate(option, "x" * 5000)
    assert outcome.status == 1 and outcome.err.count("\n") == 1 and len(outcome.err) < 2200
    assert "cannot be" in outcome.err or "no such file" in outcome.err


@pytest.mark.parametrize("option", ["--output", "--predictions", "--journal"])
def test_a_place_that_cannot_be_written_is_found_out_first(evaluate: Run, tmp_path: Path, option: str) -> None:
    (tmp_path / "file").touch()
    outcome = evaluate(option, tmp_path / "file" / "results.csv")
    assert outcome.status == 1 and outcome.err.count("\n") == 1
    assert outcome.err.startswith(f"backbones evaluate: {tmp_path}/file/results.csv: cannot be written: ")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("evaluate", "vit_tiny_patch16_225", "--data", "."), 2, "did you mean vit_tiny_patch16_224"),
        (
            ("evaluate", MODEL, "--data", ".", "--implementation", "keras-hub"),
            2,
            "expected one of backbone-survey, timm",
        ),
        (("evaluate", MODEL, "--data", ".", "--dataset", "mnist"), 2, "data set 'mnist'"),
        (("evaluate", MODEL, "--data", ".", "--limit", "0"), 2, "greater than or equal to 1"),
        (("evaluate", MODEL), 2, "Missing option '--data'"),
        (("evaluate", MODEL, "--data", ".", "--scheduler", "a:1", "--workers", "2"), 2, "not both"),
        (("evaluate", MODEL, "--data", "no-such-folder"), 1, "no-such-folder: cannot be read: No such file"),
    ],
)
def test_bad_input_is_one_line(backbones: Run, arguments: tuple[str, ...], status: int, message: str) -> None:
    outcome = backbones(*arguments)
    assert outcome.status == status and message in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err


def test_weights_that_are_not_there_are_one_line(backbones: Run, images: Path) -> None:
    outcome = backbones("evaluate", MODEL, "--data", images, "--weights", "nowhere.safetensors")
    assert (outcome.status, outcome.err) == (1, "backbones evaluate: weights nowhere.safetensors: no such file\n")


def test_a_results_file_of_something_else_is_refused_before_the_work(evaluate: Run, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    outcome = evaluate("--output", tmp_path / "other.csv")
    assert outcome.status == 1 and "not a results file of format" in outcome.err and "18 images" not in outcome.err


def test_a_cut_results_file_keeps_its_whole_rows(evaluate: Run, tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    evaluate("--output", path)
    path.write_bytes(path.read_bytes() + b"vit_tiny,imagenet,22")
    evaluate("--output", path, "--limit", 3)
    assert [row.images for row in rows(path)] == [18, 3]


@pytest.mark.skipif(sys.platform == "win32", reason="kills with SIGKILL")
def test_a_killed_evaluation_goes_on_where_it_stopped(images: Path, weights: Path, tmp_path: Path) -> None:
    """Killed for good after its first batches; the second time it says what it goes on after, and ends."""
    journal, output = tmp_path / "journal.jsonl", tmp_path / "results.csv"
    command = [sys.executable, "-m", "backbones", "evaluate", MODEL, "--data", str(images), "--weights", str(weights)]
    command += ["--img-size", "448", "--implementation", "timm", "--batch-size", "1"]
    command += ["--output", str(output), "--journal", str(journal)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, cwd=tmp_path)
    while process.poll() is None and not (journal.exists() and journal.read_bytes().count(b"\n") > 2):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
    process.kill()
    process.wait()
    kept = journal.read_bytes().count(b"\n") - 1
    assert 2 <= kept < 18 and not output.exists()
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "going on after" in finished.stderr
    assert rows(output)[0].images == 18 and not journal.exists()


def test_it_imports_nothing_heavy_for_its_help() -> None:
    probe = (
        "import atexit, sys; from backbones.__main__ import main;"
        "heavy = {'tensorflow', 'torch', 'keras', 'numpy', 'distributed', 'dask', 'PIL'};"
        "atexit.register(lambda: print(sorted({name.split('.')[0] for name in sys.modules} & heavy)));"
        "main(['evaluate', '--help'])"
    )
    finished = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.stdout.splitlines()[-1] == "[]", finished.stdout + finished.stderr
