"""Every past revision of timm's ImageNet results: when each model appeared and what it scored then."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from catalog.records import Parsed, PastAccuracy, SourceFile
from catalog.relations import of_accuracy
from scrapers.base import API_HOST, RAW_HOST, Fetched
from scrapers.client import Client, FetchError
from scrapers.tabular import Row, obey, read_csv, read_records
from scrapers.timm_results import LICENCE, MAX_PARAMS, MAX_SIZE, PERCENTAGES, REPOSITORY

PATH: Final = "results/results-imagenet.csv"
# Revisions before 2022-10 misspell crop_pct; no revision lacks the columns asked for here.
COLUMNS: Final = ("model", "img_size", "top1", "param_count")
OTHER_COLUMNS: Final = ("top1_err", "top5", "top5_err", "crop_pct", "cropt_pct", "interpolation")


class TimmHistory:
    """The revisions of results-imagenet.csv, one source each: `timm-history/DATE-COMMIT`."""

    name = "timm-history"
    hosts = (API_HOST, RAW_HOST)

    def fetch(self, client: Client, known: Collection[str] = ()) -> Fetched:
        """Fetch the revisions that are not in `known`, oldest first: a past revision never changes.

        One that cannot be had ends it, because what came after is told as the difference to it: the next refresh goes
        on from there.
        """
        fetched = Fetched()
        try:
            commits = REPOSITORY.history(client, PATH)
        except FetchError as error:
            fetched.fail(self.name, error)
            return fetched
        commits.reverse()
        for commit in sorted(commits, key=lambda commit: commit.date):
            source = f"{self.name}/{commit.date}-{commit.sha[:8]}"
            if source in known:
                fetched.unchanged.append(source)
                continue
            url = REPOSITORY.raw_url(PATH, commit)
            try:
                content = client.get(url, self.hosts)
            except FetchError as error:
                fetched.fail(source, error)
                break
            fetched.files.append(SourceFile(source, self.name, url, content, commit.sha, commit.date, LICENCE))
        return fetched

    def parse(self, file: SourceFile) -> Parsed:
        """Read a revision; names and columns are those of its time."""
        parsed = Parsed(file)

        def build(row: Row) -> PastAccuracy:
            top1 = row.number("top1", 0, 100)
            top1_error, top5, top5_error = (row.optional_number(name, 0, 100) for name in PERCENTAGES[1:])
            obey(of_accuracy(top1, top1_error, top5, top5_error))
            return PastAccuracy(
                file.revision,
                file.published_at,
                row.line,
                row.text("model"),
                row.integer("img_size", 1, MAX_SIZE),
                top1,
                row.optional_number("param_count", 1e-6, MAX_PARAMS),
                top5,
            )

        rows = read_csv(parsed, COLUMNS, OTHER_COLUMNS)
        read_records(parsed, rows, build, lambda record: (record.model, record.img_size))
        return parsed
