"""Ours and timm's, given the same images and weights, predict the same; batches may come in any order and any run."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.errors import EvaluationError
from benchmarks.evaluation.batches import Batch, BatchPredictions
from benchmarks.evaluation.evaluate import LocalRunner, Outcome, Plan, evaluate, open_journal, plan, runner_here
from benchmarks.evaluation.folder import SYNSETS, read_folder
from benchmarks.evaluation.image_file import UnreadableImageError, decoded
from benchmarks.evaluation.specification import Evaluation
from tests.benchmarks.evaluation.light_models import our_predictor as light_model
from tests.benchmarks.evaluation.made_images import IMG_SIZE, MODEL, make_weights, png


def planned(images: Path, weights: Path, **wishes: object) -> Plan:
    evaluation = Evaluation(**{"model": MODEL, "weights": weights, "img_size": IMG_SIZE, "batch_size": 4} | wishes)
    return plan(evaluation, read_folder(images, evaluation.classes))


def run(what: Plan, journal: Path) -> Outcome:
    runner = runner_here(what.evaluation, what.weights, what.allowed)
    return evaluate(what, runner, open_journal(what, runner.describe(), lambda key: journal), lambda count: None)


@pytest.mark.parametrize("model", [MODEL, "swin_tiny_patch4_window7_224"])
def test_both_predict_the_same_five_classes_of_every_kind_of_image(model: str, images: Path, tmp_path: Path) -> None:
    weights = make_weights(tmp_path / "model.safetensors", model, img_size=IMG_SIZE)
    ours = run(planned(images, weights, model=model), tmp_path / "ours")
    theirs = run(planned(images, weights, model=model, implementation="timm"), tmp_path / "timm")
    assert len(ours.top5) == 18 and ours.top5 == theirs.top5
    assert len({top5[0] for top5 in ours.top5.values() if top5}) > 3  # the images are told apart


def test_logits_are_equal_within_rounding(images: Path, weights: Path) -> None:
    logits = {}
    for implementation in ("backbone-survey", "timm"):
        what = planned(images, weights, implementation=implementation)
        predictor = runner_here(what.evaluation, what.weights, None).predictor
        inputs = np.stack([predictor.prepare((images / path).read_bytes()) for path in what.folder.paths])
        logits[implementation] = predictor.predict(inputs)
    ours, theirs = logits.values()
    assert np.abs(ours - theirs).max() < 1e-4 * np.abs(theirs).max()


def test_counts_are_those_of_folders_named_by_what_is_predicted(images: Path, weights: Path, tmp_path: Path) -> None:
    """timm's first prediction names the folder of most images, its fifth or a wrong class that of some."""
    theirs = run(planned(images, weights, implementation="timm"), tmp_path / "timm")
    synsets = SYNSETS.read_text().split()
    for place, (path, top5) in enumerate(theirs.top5.items()):
        assert top5 is not None
        wrong = next(label for label in range(1000) if label not in top5)
        label = {0: top5[4], 1: wrong}.get(place % 6, top5[0])
        (tmp_path / "sorted" / synsets[label]).mkdir(parents=True, exist_ok=True)
        shutil.copy(images / path, tmp_path / "sorted" / synsets[label] / path.replace("/", "-"))
    row = run(planned(tmp_path / "sorted", weights), tmp_path / "ours").row
    assert (row.images, row.top1, row.top5) == (18, pytest.approx(100 * 12 / 18), pytest.approx(100 * 15 / 18))
    assert row.top1_low < row.top1 < row.top1_high and row.top5_low < row.top5 < row.top5_high


class Stopped:
    """Predicts with a model that needs no library, until some batches are done."""

    shared = False

    def __init__(self, what: Plan, stop_after: int) -> None:
        self.runner = LocalRunner(
            light_model.load(what.evaluation, what.weights), what.evaluation.batch_size, what.allowed
        )
        self.stop_after = stop_after
        self.batches: list[Batch] = []

    def describe(self) -> object:
        return self.runner.describe()

    def run(self, batches: Sequence[Batch]) -> Iterator[BatchPredictions]:
        self.batches = list(batches)
        for number, result in enumerate(self.runner.run(batches)):
            if number == self.stop_after:
                raise KeyboardInterrupt
            yield result


def faked(what: Plan, journal: Path, stop_after: int = 100) -> tuple[Outcome | None, Stopped]:
    runner = Stopped(what, stop_after)
    kept = open_journal(what, runner.describe(), lambda key: journal)
    try:
        return evaluate(what, runner, kept, lambda count: None), runner
    except KeyboardInterrupt:
        return None, runner


@pytest.mark.parametrize("stop_after", [0, 1, 3])
def test_an_interrupted_evaluation_goes_on_with_what_is_left(
    stop_after: int, images: Path, weights: Path, tmp_path: Path
) -> None:
    what = planned(images, weights)
    whole, _ = faked(what, tmp_path / "whole")
    stopped, _ = faked(what, tmp_path / "journal", stop_after)
    resumed, runner = faked(what, tmp_path / "journal")
    assert stopped is None and whole and resumed
    assert len(runner.batches) == 5 - stop_after
    assert resumed.top5 == whole.top5 and resumed.row.top1 == whole.row.top1
    assert (whole.row.images_per_s is None, resumed.row.images_per_s is None) == (False, stop_after > 0)


def test_a_journal_of_other_weights_is_not_gone_on_with(images: Path, weights: Path, tmp_path: Path) -> None:
    faked(planned(images, weights), tmp_path / "journal", stop_after=1)
    other = make_weights(tmp_path / "other.safetensors", num_classes=1000, img_size=32)
    with pytest.raises(EvaluationError, match="another weights"):
        faked(planned(images, other), tmp_path / "journal")


def test_images_that_cannot_be_read_are_named_and_kept_out(images: Path, weights: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(images, tmp_path / "images"))
    (root / "n01440764" / "gone.png").symlink_to(tmp_path / "nowhere")
    (root / "n01440764" / "empty.png").touch()
    outcome, _ = faked(planned(root, weights), tmp_path / "journal")
    assert outcome and (outcome.row.images, outcome.row.unreadable) == (18, 2)
    assert outcome.unreadable == {
        "n01440764/empty.png": "the file is empty",
        "n01440764/gone.png": "No such file or directory",
    }
    assert "images that cannot be read: 2" in outcome.row.note


@pytest.mark.parametrize("implementation", ["backbone-survey", "timm"])
def test_both_refuse_the_same_damaged_images(implementation: str, images: Path, weights: Path, tmp_path: Path) -> None:
    (tmp_path / "n01440764").mkdir()
    whole = images / "n01440764"
    for path in (whole / "0-rgb.JPEG", whole / "4-rgb.png"):
        data = path.read_bytes()
        (tmp_path / "n01440764" / f"cut-{path.name}").write_bytes(data[: len(data) // 2])
        shutil.copy(path, tmp_path / "n01440764" / path.name)
    (tmp_path / "n01440764" / "text.jpg").write_text("no image")
    outcome = run(planned(tmp_path, weights, implementation=implementation), tmp_path / "journal")
    assert list(outcome.unreadable) == [f"n01440764/{name}" for name in ("cut-0-rgb.JPEG", "cut-4-rgb.png", "text.jpg")]
    assert outcome.row.images == 2


@pytest.mark.parametrize("implementation", ["backbone-survey", "timm"])
def test_images_too_large_to_decode_or_to_resize_are_kept_out(
    implementation: str, images: Path, weights: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "n01440764"
    folder.mkdir()
    shutil.copy(images / "n01440764" / "4-rgb.png", folder / "whole.png")
    (folder / "bomb.png").write_bytes(png(20_000, 20_000))
    (folder / "large.png").write_bytes(png(10_000, 10_000))
    (folder / "strip.png").write_bytes(png(5_000_000, 1))
    (folder / "document.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n")
    outcome = run(planned(tmp_path, weights, implementation=implementation), tmp_path / "journal")
    reasons = {path.removeprefix("n01440764/"): reason for path, reason in outcome.unreadable.items()}
    assert outcome.row.images == 1 and list(reasons) == ["bomb.png", "document.jpg", "large.png", "strip.png"]
    assert "400000000 pixels" in reasons["bomb.png"] and "100000000 pixels" in reasons["large.png"]
    assert reasons["strip.png"].startswith("5000000x1 pixels are ") and "expected at most" in reasons["strip.png"]
    assert reasons["document.jpg"].endswith("bytes that are no image of a known kind")


def test_what_is_no_file_of_its_own_is_kept_out_and_the_rest_goes_on(
    images: Path, weights: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(images, tmp_path / "images"))
    folder = root / "n01440764"
    (root / "circle").symlink_to("circle")
    (folder / "above").symlink_to("..")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "zero.png").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.png")
    with (folder / "vast.png").open("wb") as file:
        file.truncate(1 << 40)
    outcome, _ = faked(planned(root, weights), tmp_path / "journal")
    assert outcome and (outcome.row.images, outcome.row.unreadable) == (18, 4)
    assert outcome.unreadable == {
        "n01440764/loop.png": "Too many levels of symbolic links",
        "n01440764/pipe.png": "it is no regular file",
        "n01440764/vast.png": "the file has 1,099,511,627,776 bytes, expected at most 536,870,912",
        "n01440764/zero.png": "it is no regular file",
    }


@pytest.mark.parametrize("name", [b"\xff.png", b"a\nb.png", b"\x1b[31m.png", "\u202egnp.png".encode()])
def test_a_name_that_no_table_can_hold_is_kept_out_and_the_rest_goes_on(
    name: bytes, images: Path, weights: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(images, tmp_path / "images"))
    odd = root / "n01440764" / os.fsdecode(name)
    shutil.copy(root / "n01440764" / "4-rgb.png", odd)
    shutil.copy(odd, odd.with_name("früh\u3000 =1,'.png"))
    outcome, _ = faked(planned(root, weights), tmp_path / "journal")
    assert outcome and (outcome.row.images, outcome.row.unreadable) == (19, 1)
    reason = "its name is not text in UTF-8 without control characters"
    assert outcome.unreadable == {f"n01440764/{odd.name}": reason}


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_an_image_is_more_than_an_unreadable_image(images: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted((images / "n01440764").iterdir())))
    damaged = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, min(len(damaged) - 1, 700)))
        damaged[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(UnreadableImageError):
        decoded(bytes(damaged[: data.draw(st.integers(1, len(damaged)))]), 64)


def test_a_folder_of_nothing_readable_is_no_result(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "n01440764").mkdir()
    (tmp_path / "n01440764" / "empty.png").touch()
    with pytest.raises(EvaluationError, match=r"none of the 1 images .* n01440764/empty\.png: the file is empty"):
        faked(planned(tmp_path, weights), tmp_path / "journal")


def test_data_sets_of_some_classes_are_predicted_among_these(images: Path, weights: Path, tmp_path: Path) -> None:
    outcome, _ = faked(planned(images, weights, dataset="imagenet-a"), tmp_path / "journal")
    assert outcome and {label for top5 in outcome.top5.values() for label in top5 or ()} == {0, 281, 817}
    assert "3 classes, imagenet-a has 200" in outcome.row.note


def test_only_a_whole_data_set_with_a_tag_s_own_weights_may_enter_the_catalog(
    images: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from catalog import evaluations_file

    given = faked(planned(images, weights), tmp_path / "given")[0]
    assert given and given.row.note.startswith("weights from a file, of no known tag; 18 images, imagenet has 50000")
    monkeypatch.setattr("implementations.hub.download_weights", lambda name: weights)
    monkeypatch.setitem(evaluations_file.IMAGES, "imagenet", 18)
    monkeypatch.setattr("benchmarks.evaluation.evaluate.IMAGENET_CLASSES", 3)
    tagged = planned(images, None)
    entering = faked(tagged, tmp_path / "tagged")[0]
    assert entering and entering.row.note == "" and entering.row.model == f"{MODEL}.augreg_in21k_ft_in1k"
    limited = plan(tagged.evaluation, read_folder(images, 1000), limit=7)
    assert faked(limited, tmp_path / "limited")[0].row.note.startswith("limited to 7 images")


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"model": "vit_tiny_patch16_225"}, "did you mean vit_tiny_patch16_224"),
        (
            {"implementation": "keras-hub"},
            "implementation 'keras-hub' is unknown, expected one of backbone-survey, timm",
        ),
        ({"dataset": "imagenet-real"}, "data set 'imagenet-real': no folder holds it"),
        ({"batch_size": 0}, "batch_size 0: expected at least 1"),
        (
            {"model": "vit_tiny_patch16_224.augreg_in21k", "num_classes": 5},
            "has no classifier of 5 classes; give its weights",
        ),
        ({"model": "vit_small_patch14_dinov2"}, "has no classifier"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_at_once(wishes: dict[str, object], message: str) -> None:
    from implementations.errors import BackboneError

    with pytest.raises(BackboneError, match=message):
        Evaluation(**{"model": MODEL} | wishes)


@pytest.mark.parametrize("implementation", ["backbone-survey", "timm"])
def test_weights_of_another_model_are_one_line(implementation: str, images: Path, weights: Path) -> None:
    from implementations.errors import WeightsError

    what = planned(images, weights, model="vit_small_patch16_224", implementation=implementation)
    with pytest.raises(WeightsError) as caught:
        runner_here(what.evaluation, what.weights, None)
    assert "\n" not in str(caught.value) and "vit_small_patch16_224" in str(caught.value)
