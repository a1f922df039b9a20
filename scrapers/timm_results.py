"""timm's results folder: accuracy on ImageNet and its variants, and speed in many environments."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from catalog.problems import Problem
from catalog.records import Accuracy, Benchmark, Parsed, SourceFile
from catalog.relations import of_accuracy, of_compute, of_speed
from scrapers.base import API_HOST, RAW_HOST, Commit, Fetched, Repository
from scrapers.client import Client, FetchError
from scrapers.environments import BenchmarkFile, read_file_name
from scrapers.tabular import InvalidRow, Row, UnreadableFile, obey, read_csv, read_records

REPOSITORY: Final = Repository("huggingface/pytorch-image-models")
FOLDER: Final = "results"
LICENCE: Final = "Apache-2.0"

# File stem -> data set. A new results file is reported by name until it is added here.
ACCURACY_FILES: Final = {
    "results-imagenet": "imagenet",
    "results-imagenet-real": "imagenet-real",
    "results-imagenetv2-matched-frequency": "imagenetv2",
    "results-sketch": "imagenet-sketch",
    "results-imagenet-a": "imagenet-a",
    "results-imagenet-r": "imagenet-r",
    "results-imagenet-a-clean": "imagenet-a-clean",
    "results-imagenet-r-clean": "imagenet-r-clean",
}
# Not results: prose, scripts, and a list of 2022 that the weight tags supersede.
IGNORED: Final = re.compile(r"README\.md|.*\.py|model_metadata[-_]in1k\.csv")

ACCURACY_COLUMNS: Final = (
    "model",
    "img_size",
    "top1",
    "top1_err",
    "top5",
    "top5_err",
    "param_count",
    "crop_pct",
    "interpolation",
)
# Differences to ImageNet are recomputed: upstream's are wrong where accuracies tie.
DERIVED_COLUMNS: Final = ("top1_diff", "top5_diff", "rank_diff")
BENCHMARK_COLUMNS: Final = ("model", "img_size", "samples_per_sec", "step_time", "batch_size", "param_count")
COUNT_COLUMNS: Final = ("gmacs", "macts")

PERCENTAGES: Final = ("top1", "top1_err", "top5", "top5_err")
# Those that timm resizes with (timm.data.transforms.str_to_pil_interp).
INTERPOLATIONS: Final = frozenset({"nearest", "bilinear", "bicubic", "box", "hamming", "lanczos"})

MAX_SIZE = 4096  # pixels
MAX_PARAMS = 1e6  # M
MAX_RATE = 1e8  # images/s


class TimmResults:
    """Every accuracy and benchmark file of the results folder at the head commit."""

    name = "timm"
    hosts = (API_HOST, RAW_HOST)

    def fetch(self, client: Client, known: Collection[str] = ()) -> Fetched:
        """List the folder at the head commit and fetch each file whose name is understood.

        A file whose own commits are not known counts as published on the day of the folder's newest one.
        """
        fetched = Fetched()
        try:
            head = REPOSITORY.head(client)
            changed = REPOSITORY.history(client, FOLDER)
            names = REPOSITORY.files(client, FOLDER, head)
        except FetchError as error:
            fetched.fail(self.name, error)
            return fetched
        published = max((commit.date for commit in changed), default=head.date)
        for name in sorted(names):
            if IGNORED.fullmatch(name):
                continue
            try:
                self._check_name(name)
                fetched.files.append(self._file(client, name, head, published))
            except FetchError as error:
                fetched.fail(_source(name), error)
            except UnreadableFile as error:
                fetched.problems.append(Problem("error", _source(name), None, "file-name", str(error)))
        return fetched

    def parse(self, file: SourceFile) -> Parsed:
        """Read an accuracy or benchmark file into records."""
        stem = file.source.split("/", 1)[1]
        if stem in ACCURACY_FILES:
            return parse_accuracy(file, ACCURACY_FILES[stem])
        return _parse_benchmark(file, read_file_name(f"{stem}.csv"))

    @staticmethod
    def _check_name(name: str) -> None:
        if not name.endswith(".csv") or name.removesuffix(".csv") not in ACCURACY_FILES:
            read_file_name(name)

    @staticmethod
    def _published(client: Client, name: str) -> str:
        """The day of an accuracy file's newest commit; blank where that is not asked or not told.

        Of the many benchmark files it is not asked: GitHub answers 60 questions an hour.
        """
        if name.removesuffix(".csv") not in ACCURACY_FILES:
            return ""
        try:
            commits = REPOSITORY.history(client, f"{FOLDER}/{name}")
        except FetchError:
            return ""
        return max((commit.date for commit in commits), default="")

    def _file(self, client: Client, name: str, head: Commit, published: str) -> SourceFile:
        url = REPOSITORY.raw_url(f"{FOLDER}/{name}", head)
        content = client.get(url, self.hosts)
        day = self._published(client, name) or published
        return SourceFile(_source(name), self.name, url, content, head.sha, day, LICENCE)


def _source(name: str) -> str:
    return f"timm/{name.removesuffix('.csv')}"


def parse_accuracy(file: SourceFile, dataset: str) -> Parsed:
    """Rows of an accuracy file; percentages."""
    parsed = Parsed(file)

    def build(row: Row) -> Accuracy:
        model, size = row.text("model"), row.integer("img_size", 1, MAX_SIZE)
        top1, top1_error, top5, top5_error = (row.number(name, 0, 100) for name in PERCENTAGES)
        obey(of_accuracy(top1, top1_error, top5, top5_error))
        params = row.number("param_count", 1e-6, MAX_PARAMS)
        crop = row.number("crop_pct", 0.01, 1.2)
        interpolation = row.choice("interpolation", INTERPOLATIONS)
        return Accuracy(file.source, row.line, model, dataset, size, top1, top5, params, crop, interpolation)

    rows = read_csv(parsed, ACCURACY_COLUMNS, DERIVED_COLUMNS, {"cropt_pct": "crop_pct"})
    read_records(parsed, rows, build, lambda record: (record.model, record.img_size))
    return parsed


def _parse_benchmark(file: SourceFile, benchmark: BenchmarkFile) -> Parsed:
    parsed = Parsed(file, environments=[benchmark.environment])
    parsed.problems += [Problem("warning", file.source, None, "environment", part) for part in benchmark.unknown]
    environment, mode = benchmark.environment, benchmark.mode

    def build(row: Row) -> Benchmark:
        _check_measured(row)
        model, size = _architecture(row), row.integer("img_size", 1, MAX_SIZE)
        rate, step = row.number("samples_per_sec", 1e-6, MAX_RATE), row.number("step_time", 1e-6, 1e9)
        batch = row.integer("batch_size", 1, 1_000_000)
        obey(of_speed(rate, step, batch, environment.kind, mode))
        gmacs, mactivations = row.optional_number("gmacs", 0, 1e6), row.optional_number("macts", 0, 1e7)
        params = row.number("param_count", 1e-6, MAX_PARAMS)
        obey(of_compute(gmacs, params, "gmacs"))
        return Benchmark(
            file.source, row.line, model, size, environment.key, mode, batch, rate, step, gmacs, mactivations, params
        )

    rows = read_csv(parsed, BENCHMARK_COLUMNS, COUNT_COLUMNS, prefix=f"{mode}_")
    read_records(parsed, rows, build, lambda record: (record.architecture, record.img_size))
    return parsed


def _architecture(row: Row) -> str:
    """The name of what was timed: speed does not depend on the weights."""
    name = row.text("model")
    if "." in name:
        raise InvalidRow("name", f"model is {name!r}, expected an architecture, without the tag of weights")
    return name


def _check_measured(row: Row) -> None:
    """A run that failed upstream (out of memory) leaves rate, step and batch blank together."""
    measured = ("samples_per_sec", "step_time", "batch_size")
    if not any(row.values[column].strip() for column in measured):
        raise InvalidRow(
            "not-measured", "rate, step time and batch size are blank: the run failed upstream", expected_upstream=True
        )
