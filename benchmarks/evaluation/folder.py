"""The images that an evaluation sees, and the class of each: a folder that holds one folder per class."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import EvaluationError
from benchmarks.evaluation.specification import IMAGENET_CLASSES

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
# The classes of ImageNet-1K in the order of a classifier's outputs; written by implementations/parity/tables.py from
# timm's table of the same name.
SYNSETS = Path(__file__).parent / "imagenet_synsets.txt"  # in the order of a classifier's outputs
_SYNSET = re.compile(r"n\d{8}")


@dataclass(frozen=True)
class ImageFolder:
    """Images and their classes, in a fixed order.

    `paths` are relative to `root`; `labels` are indices of a classifier's outputs; `labelled_by` says how folders
    became indices; `left_out` counts the files that are no images by their suffix.
    """

    root: Path
    paths: tuple[str, ...]
    labels: tuple[int, ...]
    labelled_by: str
    left_out: int = 0

    def limited(self, count: int) -> ImageFolder:
        """The folder cut to `count` images, taken evenly from all of it, so that every class stays in."""
        total = len(self.paths)
        if count >= total:
            return self
        kept = [place * total // count for place in range(count)]
        paths, labels = tuple(self.paths[index] for index in kept), tuple(self.labels[index] for index in kept)
        return ImageFolder(self.root, paths, labels, self.labelled_by, self.left_out)

    def digest(self) -> str:
        """A hash of the images' names, sizes and classes: another set of images has another."""
        digest = hashlib.sha256()
        for path, label in zip(self.paths, self.labels, strict=True):
            digest.update(os.fsencode(f"{path}\0{label}\0{_size(self.root / path)}\0"))
        return digest.hexdigest()


def read_folder(root: Path, num_classes: int, class_map: Path | None = None) -> ImageFolder:
    """List the images below `root`, which holds one folder per class with that class's images.

    The class of a folder is its line in `class_map` where one is given; its place in ImageNet-1K where the folders are
    named by WordNet ids and the classifier has 1000 classes; else its place in the natural order of the names, as in
    timm's image folder reader.

    Raises:
        EvaluationError: no such folder, no images in it, or folders that are no classes of the classifier.
    """
    try:
        names = sorted((entry.name for entry in _entries(root) if _is_dir(entry)), key=_natural)
        files = {name: sorted(entry.name for entry in _entries(root / name) if not _is_dir(entry)) for name in names}
    except OSError as error:
        raise EvaluationError(f"{error.filename}: cannot be read: {error.strerror}") from error
    if not names:
        raise EvaluationError(f"{root}: no folders in it, expected one folder of images per class")
    images = {name: [file for file in found if file.lower().endswith(SUFFIXES)] for name, found in files.items()}
    if not any(images.values()):
        raise EvaluationError(_no_images(root, names))
    indices, labelled_by = class_indices(names, num_classes, class_map)
    paths = [f"{name}/{file}" for name, found in images.items() for file in found]
    labels = [indices[name] for name, found in images.items() for _ in found]
    left_out = sum(map(len, files.values())) - len(paths)
    return ImageFolder(root, tuple(paths), tuple(labels), labelled_by, left_out)


def class_indices(names: Sequence[str], num_classes: int, class_map: Path | None = None) -> tuple[dict[str, int], str]:
    """The classifier's output of each class folder, and how it was found; see `read_folder`."""
    if class_map is not None:
        return _mapped(names, num_classes, _read_class_map(class_map), str(class_map)), f"by {class_map.name}"
    synsets = [name for name in names if _SYNSET.fullmatch(name)]
    if len(synsets) == len(names) and num_classes == IMAGENET_CLASSES:
        known = SYNSETS.read_text(encoding="utf-8").split()
        return _mapped(names, num_classes, known, "ImageNet-1K"), "by WordNet id, in the order of ImageNet-1K"
    if len(names) > num_classes:
        raise EvaluationError(f"{len(names)} class folders: the model tells {num_classes} classes apart")
    if len(names) < num_classes and synsets:
        if len(synsets) < len(names):
            other = next(name for name in names if name not in synsets)
            raise EvaluationError(f"class folder {other!r} is no WordNet id, as others are; expected all or none to be")
        raise EvaluationError(
            f"the model has {num_classes} outputs, which are not the {IMAGENET_CLASSES} classes of ImageNet-1K;"
            " give a class map: a file with the class folder of each output, one on a line"
        )
    ordered = sorted(names, key=_natural)
    return {name: index for index, name in enumerate(ordered)}, f"as classes 0 to {len(names) - 1}, in natural order"


def _mapped(names: Sequence[str], num_classes: int, known: Sequence[str], where: str) -> dict[str, int]:
    indices = {name: index for index, name in enumerate(known)}
    for name in names:
        if name not in indices:
            raise EvaluationError(f"class folder {name!r} is not among the classes of {where}")
        if indices[name] >= num_classes:
            raise EvaluationError(
                f"class folder {name!r} is class {indices[name]} of {where}: the model has {num_classes} outputs"
            )
    return {name: indices[name] for name in names}


def _read_class_map(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"class map {path}: cannot be read: expected a text file, one class on a line") from error


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds, less hidden things."""
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not entry.name.startswith(".")]


def _is_dir(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder, or a link to one; a link that leads round in a circle is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _no_images(root: Path, names: Sequence[str]) -> str:
    """Say what to do about a folder without images; a common one is the folder above the right one."""
    for name in names:
        if any(_is_dir(entry) for entry in _entries(root / name)):
            return f"{root}: no images in its folders, which hold folders themselves; did you mean {root / name}?"
    return f"{root}: no images in its {len(names)} folders, expected {', '.join(SUFFIXES)}"


def _natural(name: str) -> list[tuple[int, str]]:
    """Order in which 2 comes before 10; source: timm `utils/misc.py::natural_key`."""
    parts = re.split(r"(\d+)", name.lower())  # text and digits in turns
    return [(int(part), "") if place % 2 else (0, part) for place, part in enumerate(parts)]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1  # a dangling link, which will be met as an unreadable image
