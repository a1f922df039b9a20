"""Which class a folder of images is of, and what is said about folders that cannot be right."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.errors import EvaluationError
from benchmarks.evaluation.folder import SYNSETS, _natural, class_indices, read_folder
from runtimes.torchvision_ops import define_missing_operators


def make(root: Path, *files: str) -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return root


def test_the_order_of_imagenet_s_classes_is_timm_s() -> None:
    define_missing_operators()
    from timm.data import ImageNetInfo

    known = SYNSETS.read_text(encoding="utf-8").split()
    assert known == ImageNetInfo("imagenet-1k").label_names() and len(known) == 1000


def test_wordnet_ids_are_imagenet_s_classes_however_few_there_are() -> None:
    indices, how = class_indices(["n01440764", "n15075141", "n02123045"], 1000)
    assert indices == {"n01440764": 0, "n02123045": 281, "n15075141": 999} and "ImageNet-1K" in how


def test_other_folders_are_classes_in_natural_order() -> None:
    indices, how = class_indices(["10", "9", "1"], 1000)
    assert indices == {"1": 0, "9": 1, "10": 2} and how == "as classes 0 to 2, in natural order"


def test_wordnet_ids_of_a_model_of_as_many_classes_are_in_their_order() -> None:
    assert class_indices(["n03888257", "n01440764"], 2)[0] == {"n01440764": 0, "n03888257": 1}


@given(st.lists(st.text("aB10-", min_size=1), min_size=2, max_size=6))
def test_natural_order_is_timm_s(names: list[str]) -> None:
    from timm.utils.misc import natural_key

    assert sorted(names, key=_natural) == sorted(names, key=natural_key)


def test_a_class_map_names_the_folder_of_each_output(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("cat\ndog\nfish\n")
    assert class_indices(["fish", "cat"], 3, tmp_path / "classes.txt") == ({"fish": 2, "cat": 0}, "by classes.txt")


@pytest.mark.parametrize(
    ("names", "num_classes", "message"),
    [
        (["n01440764", "n99999999"], 1000, "'n99999999' is not among the classes of ImageNet-1K"),
        (["n01440764", "cats"], 1000, "'cats' is no WordNet id, as others are"),
        (
            ["n01440764", "n02123045"],
            21843,
            "21843 outputs, which are not the 1000 classes of ImageNet-1K; give a class map",
        ),
        (["a", "b", "c"], 2, "3 class folders: the model tells 2 classes apart"),
    ],
)
def test_folders_that_are_no_classes_are_refused(names: list[str], num_classes: int, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        class_indices(names, num_classes)


@pytest.mark.parametrize(
    ("lines", "message"), [("cat\n", "'dog' is not among"), ("a\ncat\ndog\n", "class 2 of .* has 2 outputs")]
)
def test_a_class_map_that_does_not_fit_is_refused(tmp_path: Path, lines: str, message: str) -> None:
    (tmp_path / "classes.txt").write_text(lines)
    with pytest.raises(EvaluationError, match=message):
        class_indices(["cat", "dog"], 2, tmp_path / "classes.txt")


def test_images_are_in_order_and_other_files_are_counted(tmp_path: Path) -> None:
    make(tmp_path, "b/2.png", "b/1.JPEG", "a/x.jpg", "a/notes.txt", "a/.hidden", "LICENSE", ".trash/y.jpg")
    folder = read_folder(tmp_path, 2)
    assert folder.paths == ("a/x.jpg", "b/1.JPEG", "b/2.png")
    assert folder.labels == (0, 1, 1) and folder.left_out == 1


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (("a.jpg",), "no folders in it, expected one folder of images per class"),
        (("a/x.txt",), "no images in its 1 folders, expected .bmp"),
        (("train/a/x.jpg", "val/a/x.jpg"), "which hold folders themselves; did you mean .*train"),
    ],
)
def test_a_folder_without_images_says_what_was_expected(tmp_path: Path, files: tuple[str, ...], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        read_folder(make(tmp_path, *files), 10)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="nowhere: cannot be read: No such file"):
        read_folder(tmp_path / "nowhere", 10)


def test_a_limit_takes_images_of_all_classes(tmp_path: Path) -> None:
    folder = read_folder(make(tmp_path, *(f"{name}/{number}.png" for name in "abc" for number in range(5))), 3)
    limited = folder.limited(6)
    assert [limited.labels.count(label) for label in range(3)] == [2, 2, 2]
    assert folder.limited(15) == folder.limited(99) == folder


def test_another_set_of_images_has_another_digest(tmp_path: Path) -> None:
    root = make(tmp_path, "a/1.png", "b/1.png")
    before = read_folder(root, 2).digest()
    assert read_folder(root, 2).digest() == before
    (root / "b" / "1.png").write_bytes(b"more")
    assert read_folder(root, 2).digest() != before
