"""What scrapers hand to the catalog: one dataclass per kind of upstream row, with the file and line it came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from catalog.columns import is_formula
from catalog.evaluations_file import EvaluationResult
from catalog.problems import Problem, printable
from catalog.results_file import Result


@dataclass(frozen=True)
class SourceFile:
    """One upstream file as fetched. `source` is its readable id, e.g. `timm/results-imagenet`."""

    source: str
    scraper: str
    url: str
    content: bytes = field(repr=False)
    revision: str = ""
    published_at: str = ""
    licence: str = ""

    @cached_property
    def sha256(self) -> str:
        """The digest of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def lines(self) -> list[str]:
        """The content as text, without byte order mark, by its lines."""
        return [line.removesuffix("\r") for line in self.content.decode("utf-8-sig", errors="replace").split("\n")]

    def raw_row(self, line: int) -> str:
        """A line as it stands; what cannot be printed is an escape, and what a spreadsheet computes begins with '."""
        raw = printable(self.lines[line - 1])
        return f"'{raw}" if is_formula(raw) else raw


@dataclass(frozen=True)
class Accuracy:
    """A model on a data set at an image size; accuracies in percent, `params_m` in millions."""

    source: str
    line: int
    model: str
    dataset: str
    img_size: int
    top1: float
    top5: float | None
    params_m: float | None
    crop_pct: float | None
    interpolation: str


@dataclass(frozen=True)
class Environment:
    """Hardware and software; `key` is what measurements refer to."""

    key: str
    label: str
    device: str
    kind: str
    precision: str
    layout: str
    framework: str
    framework_version: str
    cuda_version: str
    compiled: bool
    origin: str


@dataclass(frozen=True)
class Benchmark:
    """An architecture timed at an image size: images per second, milliseconds per step of `batch_size` images.

    `gmacs` and `mactivations` are in billions and millions per image, None where the file does not count them.
    """

    source: str
    line: int
    architecture: str
    img_size: int
    environment: str
    mode: str
    batch_size: int
    images_per_s: float
    step_ms: float
    gmacs: float | None
    mactivations: float | None
    params_m: float | None


@dataclass(frozen=True)
class PastAccuracy:
    """A row of a past revision of timm's ImageNet results, under the name of that time."""

    revision: str
    date: str
    line: int
    model: str
    img_size: int
    top1: float
    params_m: float | None
    top5: float | None = None


@dataclass(frozen=True)
class Registration:
    """A set of weights as timm's registry describes it."""

    source: str
    line: int
    model: str
    module: str
    licence: str
    hub_id: str
    train_img_size: int | None
    test_img_size: int | None
    num_classes: int | None
    paper_ids: tuple[str, ...]


@dataclass(frozen=True)
class SurveyRow:
    """A row of the original survey's table, as written; -1 in `params_m` or `gmacs` is unknown."""

    source: str
    line: int
    method: str
    model: str
    train_set: str
    size: int
    params_m: float
    gmacs: float
    acc: float


@dataclass(frozen=True)
class SurveyPaper:
    """An entry of the paper list in the original survey's readme."""

    source: str
    line: int
    entry: str
    title: str
    link: str


@dataclass(frozen=True)
class Paper:
    """A paper's metadata; `published` is an ISO day or empty."""

    source: str
    line: int
    paper: str
    arxiv_id: str
    title: str
    authors: str
    year: int | None
    published: str
    venue: str
    url: str
    code_url: str


@dataclass(frozen=True)
class SecondOpinion:
    """What another library reports for a model."""

    source: str
    line: int
    reporter: str
    name: str
    architecture: str
    model: str
    img_size: int | None
    train_set: str
    params_m: float | None
    gmacs: float | None
    top1: float | None
    top5: float | None


@dataclass(frozen=True)
class RejectedRow:
    """A row that failed a check: it goes to the quarantine with its reason."""

    source: str
    line: int
    rule: str
    detail: str
    raw: str
    expected: bool = False  # upstream is known to hold such rows: no error


class SetAside(NamedTuple):
    """A row that passed the checks of its file and cannot stand in a table; `rule` and `detail` say why."""

    source: str
    line: int
    rule: str
    detail: str


@dataclass(frozen=True)
class LocalRun:
    """A run measured here, or tried."""

    source: str
    line: int
    run: Result


@dataclass(frozen=True)
class LocalEvaluation:
    """An accuracy measured here."""

    source: str
    line: int
    evaluation: EvaluationResult


Record = (
    Accuracy
    | Benchmark
    | PastAccuracy
    | Registration
    | SurveyRow
    | SurveyPaper
    | Paper
    | SecondOpinion
    | LocalRun
    | LocalEvaluation
)


@dataclass
class Parsed:
    """What one source file gave: its rows, the rows set aside, and what its reader has to say."""

    file: SourceFile
    records: list[Record] = field(default_factory=list)
    environments: list[Environment] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)  # why the file as a whole may be wrong
    lines: int | None = None  # data lines, where the file is read line by line
    open_line: int | None = None  # the last line, where no newline ends it
    measured_on: str = ""  # the day of its newest row, where the file was measured here

    @property
    def rows_read(self) -> int:
        """Every data row of the file: accepted or quarantined."""
        return len(self.records) + len(self.rejected) if self.lines is None else self.lines


@dataclass
class Scraped:
    """What scrapers gave: parsed files, and the sources that gave nothing, with the reason and a problem for each.

    `gone` are known sources that a scraper no longer lists, though the listing itself could be read.
    """

    parsed: list[Parsed] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
