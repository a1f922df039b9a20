"""Who a name is: architecture and tag, family, declared training data, present name of a deprecated one."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path

from catalog.problems import CatalogError
from catalog.reference import REFERENCE
from catalog.vocabulary import IMAGENET_1K, TEACHER_SAW_MORE

UNKNOWN_FAMILY = "unclassified"
PORTABLE = re.compile(r"[a-z0-9]([a-z0-9._-]{0,119}[a-z0-9_-])?")
DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")


def split_name(model: str) -> tuple[str, str]:
    """`arch.tag` as (architecture, tag); an undotted name has an empty tag."""
    architecture, _, tag = model.partition(".")
    return architecture, tag


def slug(name: str) -> str:
    """A name as a key for addresses: lower case, only letters, digits, dots, underscores and hyphens."""
    return re.sub(r"[^a-z0-9._]+", "-", name.lower()).strip("-._")


def address(name: str) -> str:
    """A name as one part of an address or path on every system: itself where it can be that, else a slug and a digest.

    No two names differ only in capital letters then, none is one that Windows keeps for devices, none ends in a dot.
    """
    if PORTABLE.fullmatch(name) and not DEVICE.fullmatch(name):
        return name
    return f"{slug(name).replace('.', '-')[:80] or 'x'}-{sha256(name.encode(errors='surrogatepass')).hexdigest()[:8]}"


@dataclass(frozen=True)
class Training:
    """Declared training data of a set of weights."""

    pretrain_sets: str
    bucket: str


@dataclass(frozen=True)
class Teacher:
    """What a set of weights learned from besides labels: a distillation teacher, an annotator or a tokenizer.

    `sets` are the data sets besides ImageNet-1K that it saw, separated by semicolons.
    """

    name: str
    sets: str


@dataclass(frozen=True)
class Method:
    """Declared training method of a set of weights."""

    name: str
    distilled: bool


@dataclass
class Identity:
    """The reference tables about names, read once. Of the patterns in a file, the first that matches wins."""

    folder: Path = field(default=REFERENCE)

    def family(self, architecture: str) -> str:
        """The family of an architecture; UNKNOWN_FAMILY when no rule places it."""
        return next((family for pattern, family in self._family_rules if pattern.match(architecture)), UNKNOWN_FAMILY)

    def training(self, model: str) -> Training:
        """The declared training data of `arch.tag`; where nothing else is declared, ImageNet-1K."""
        architecture, tag = split_name(model)
        subjects = {"tag": tag, "architecture": architecture}
        for scope, pattern, training in self._train_sets:
            if scope in subjects and pattern.search(subjects[scope]):
                return Training(training.pretrain_sets, self.bucket(training.bucket, model))
        return Training("", self.bucket(IMAGENET_1K, model))

    def survey_training(self, train_set: str) -> Training:
        """The training data that the original survey's TrainSet column names."""
        for scope, pattern, training in self._train_sets:
            if scope == "survey" and pattern.search(train_set):
                return training
        return Training(train_set.removeprefix("ImageNet-1K+"), "other private data")

    def bucket(self, declared: str, model: str) -> str:
        """The bucket of weights whose own data are `declared`; another where only their teacher saw more."""
        return TEACHER_SAW_MORE if declared == IMAGENET_1K and self.teacher(model).sets else declared

    def teacher(self, model: str) -> Teacher:
        """The declared teacher of a model of timm or of the survey; blank when none is declared."""
        return next((teacher for pattern, teacher in self._teachers if pattern.search(model)), Teacher("", ""))

    def method(self, model: str) -> Method:
        """The declared training method of `arch.tag`."""
        return next((method for pattern, method in self._methods if pattern.search(model)), Method("", False))

    def present_name(self, name: str) -> str:
        """The present `arch.tag` of a deprecated name; the name itself when it is not deprecated."""
        return self.aliases.get(name, name)

    def past_name(self, name: str, day: str) -> str:
        """The present name of the weights that a name stood for on an ISO day; the name itself if they have none."""
        stood_for = [row for row in self._past_names.get(name, []) if day <= row["until"]]
        return min(stood_for, key=lambda row: row["until"])["model"] if stood_for else self.present_name(name)

    @cached_property
    def _past_names(self) -> dict[str, list[dict[str, str]]]:
        rows: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
        for row in self.rows("timm_past_names.csv"):
            rows[row["name"]].append(row)
        return rows

    @cached_property
    def survey_families(self) -> dict[str, str]:
        """The survey's Method -> family."""
        return {row["method"]: row["family"] for row in self.rows("survey_methods.csv")}

    @cached_property
    def _family_rules(self) -> list[tuple[re.Pattern[str], str]]:
        return [(re.compile(row["pattern"]), row["family"]) for row in self.rows("family_rules.csv")]

    @cached_property
    def _train_sets(self) -> list[tuple[str, re.Pattern[str], Training]]:
        return [
            (row["scope"], re.compile(row["pattern"]), Training(row["pretrain_sets"], row["bucket"]))
            for row in self.rows("train_sets.csv")
        ]

    @cached_property
    def _teachers(self) -> list[tuple[re.Pattern[str], Teacher]]:
        return [
            (re.compile(row["pattern"]), Teacher(row["teacher"], row["teacher_sets"]))
            for row in self.rows("teachers.csv")
        ]

    @cached_property
    def _methods(self) -> list[tuple[re.Pattern[str], Method]]:
        return [
            (re.compile(row["pattern"]), Method(row["method"], row["distilled"] == "true"))
            for row in self.rows("methods.csv")
        ]

    @cached_property
    def aliases(self) -> dict[str, str]:
        """Former timm name -> present `arch.tag`."""
        return {row["name"]: row["model"] for row in self.rows("timm_aliases.csv")}

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of a reference CSV. Raises CatalogError when it is missing."""
        return list(_read(self.folder / name))


@lru_cache(maxsize=64)
def _read(path: Path) -> tuple[dict[str, str], ...]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return tuple(csv.DictReader(file))
    except FileNotFoundError as error:
        raise CatalogError(f"catalog/reference/{path.name} is missing; restore it from the repository") from error
