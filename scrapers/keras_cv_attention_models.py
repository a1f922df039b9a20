"""keras_cv_attention_models' summary of its models: figures of another library, shown beside timm's and never ranked.

Accuracies there are mostly copied from the papers, and the column `flops` counts multiply-accumulates in billions.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from catalog.problems import Problem
from catalog.records import Parsed, RejectedRow, SecondOpinion, SourceFile
from catalog.reference import REFERENCE
from catalog.relations import of_compute
from scrapers.base import API_HOST, RAW_HOST, Fetched, Repository
from scrapers.client import Client, FetchError
from scrapers.tabular import Row, obey, read_csv, read_records

REPOSITORY: Final = Repository("leondgarse/keras_cv_attention_models")
FILE: Final = "model_summary.csv"
SOURCE: Final = "kecam/model_summary"
REPORTER: Final = "keras_cv_attention_models"
LICENCE: Final = "MIT"
CLASSIFIERS: Final = "Recognition"
COLUMNS: Final = ("model", "params", "flops", "input", "acc_metrics", "category", "series", "extra")
TWICE: Final = ("CMTTiny", "CoAtNet0")  # two variants each, that the table does not tell apart
SPEED: Final = "inference_qps"  # of one GPU that the file does not name
MAP: Final = REFERENCE / "kecam_map.csv"

EXTRA: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")

_Key = tuple[str, int, str]


class KerasCvAttentionModels:
    """One table at the head commit; its classifiers become second opinions."""

    name = "kecam"
    hosts = (API_HOST, RAW_HOST)

    def __init__(self, mapping: Path = MAP) -> None:
        """`mapping` says which rows are the architecture, and which the very weights, that timm has."""
        self._mapping = mapping

    def fetch(self, client: Client, known: Collection[str] = ()) -> Fetched:
        """Fetch the table."""
        fetched = Fetched()
        try:
            head = REPOSITORY.head(client)
            url = REPOSITORY.raw_url(FILE, head)
            content = client.get(url, self.hosts)
        except FetchError as error:
            fetched.fail(SOURCE, error)
            return fetched
        fetched.files.append(SourceFile(SOURCE, self.name, url, content, head.sha, head.date, LICENCE))
        return fetched

    def parse(self, file: SourceFile) -> Parsed:
        """Rows of the table; detectors and language models are set aside, with one line for all of them."""
        parsed = Parsed(file)
        same = _same_in_timm(self._mapping)

        def build(row: Row) -> SecondOpinion:
            name, size, extra = row.text("model"), row.integer("input", 1, 4096), _extra(row)
            params = row.number("params", 1e-6, 1e6)
            gmacs, top1 = row.number("flops", 1e-6, 1e6), row.optional_number("acc_metrics", 0, 100)
            obey(of_compute(gmacs, params, "flops"), expected_upstream=True)
            architecture, model = same.get((name, size, extra), ("", ""))
            return SecondOpinion(
                file.source, row.line, REPORTER, name, architecture, model, size, extra, params, gmacs, top1, None
            )

        read_records(parsed, _classifiers(parsed), build, _key)
        others = [rejected.line for rejected in parsed.rejected if rejected.rule == "other-task"]
        if others:
            message = f"this and {len(others) - 1} more rows are no classifiers; {len(parsed.records)} rows are used"
            parsed.problems.append(Problem("warning", file.source, others[0], "other-task", message))
        return parsed


def _classifiers(parsed: Parsed) -> Iterator[Row]:
    """The rows of classifiers; the others are set aside without a line for each."""
    for row in read_csv(parsed, COLUMNS, (SPEED,)):
        category = row.values["category"].strip()
        if category == CLASSIFIERS:
            yield row
            continue
        detail = f"category is {category[:40]!r}, expected {CLASSIFIERS}"
        raw = parsed.file.raw_row(row.line)
        parsed.rejected.append(RejectedRow(parsed.file.source, row.line, "other-task", detail, raw, expected=True))


def _key(record: SecondOpinion) -> tuple[object, ...]:
    key = (record.name, record.img_size, record.train_set)
    return (*key, record.top1) if record.name in TWICE else key


def _extra(row: Row) -> str:
    """The training that the library names; blank is plain ImageNet-1K."""
    return row.text("extra", EXTRA) if row.values["extra"].strip() else ""


def _same_in_timm(mapping: Path) -> dict[_Key, tuple[str, str]]:
    with mapping.open(encoding="utf-8", newline="") as lines:
        return {
            (row["name"], int(row["img_size"]), row["extra"]): (row["architecture"], row["model"])
            for row in csv.DictReader(lines)
        }
