"""The original survey, CUQS/Transformer_Backbone: its table of results and the paper list in its readme."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from catalog.problems import Problem
from catalog.records import Parsed, SourceFile, SurveyPaper, SurveyRow
from catalog.relations import FEW, MOST
from catalog.survey import KNOWN, UnplacedRow, known_rows
from scrapers.base import API_HOST, RAW_HOST, Fetched, Repository
from scrapers.client import Client, FetchError
from scrapers.tabular import SAFE_TITLE, InvalidRow, Row, UnreadableFile, decode, read_csv, read_records

REPOSITORY: Final = Repository("CUQS/Transformer_Backbone")
TABLE: Final = "backbone_performance.csv"
READING_LIST: Final = "readme.md"
LICENCE: Final = "none stated; facts only"
COLUMNS: Final = ("Date", "TrainSet", "Method", "Size", "Model", "Params(M)", "FLOPs(B)", "Acc")
UNKNOWN: Final = -1.0
NEW: Final = "new-row"

BULLET: Final = re.compile(r"(?P<indent> *)[-*] +(?P<text>.*\S)\s*")
LINK: Final = re.compile(r"\[[^\]]*\]\((?P<url>https?://[^\s)]+)\)")


class OriginalSurvey:
    """Two files at the head commit: the results and the reading list."""

    name = "survey"
    hosts = (API_HOST, RAW_HOST)

    def fetch(self, client: Client, known: Collection[str] = ()) -> Fetched:
        """Fetch the table and the readme."""
        fetched = Fetched()
        try:
            head = REPOSITORY.head(client)
        except FetchError as error:
            fetched.fail(self.name, error)
            return fetched
        for name in (TABLE, READING_LIST):
            source = f"{self.name}/{name.rsplit('.', 1)[0]}"
            url = REPOSITORY.raw_url(name, head)
            try:
                content = client.get(url, self.hosts)
            except FetchError as error:
                fetched.fail(source, error)
                continue
            fetched.files.append(SourceFile(source, self.name, url, content, head.sha, head.date, LICENCE))
        return fetched

    def parse(self, file: SourceFile) -> Parsed:
        """Read the table or the reading list, by the file's name."""
        return _parse_table(file) if file.url.endswith(TABLE) else _parse_reading_list(file)


def _parse_table(file: SourceFile) -> Parsed:
    """The rows of which it is certain who they are."""
    parsed = Parsed(file)
    reference = known_rows()

    def build(row: Row) -> SurveyRow:
        record = SurveyRow(
            file.source,
            row.line,
            row.text("Method", SAFE_TITLE),
            row.text("Model", SAFE_TITLE),
            row.text("TrainSet", SAFE_TITLE),
            row.integer("Size", 1, 4096),
            _known_or_unknown(row, "Params(M)"),
            _known_or_unknown(row, "FLOPs(B)"),
            row.number("Acc", 0, 100),
        )
        try:
            parsed.problems += _news(record)
        except UnplacedRow as error:
            raise InvalidRow("identity", str(error)) from error
        return record

    rows = read_csv(parsed, COLUMNS, (), ends_with_newline=False)
    read_records(parsed, rows, build, reference.key)
    new = sum(problem.rule == NEW for problem in parsed.problems)
    if new >= FEW and new > MOST * parsed.rows_read:
        parsed.doubts.append(f"{new} of {parsed.rows_read} rows are none of {KNOWN}, as if columns were exchanged")
    return parsed


def _news(row: SurveyRow) -> Iterator[Problem]:
    """What the reference should learn of a row."""
    known = known_rows().find(row)
    if known is None:
        advice = f"{row.model} is not in {KNOWN}: it is a model of its own until that file says more"
        yield Problem("warning", row.source, row.line, NEW, advice)
    elif changed := known.changed(row):
        advice = f"{changed[0]} differs from line {known.written.line} of {KNOWN}, which this row is; correct that file"
        yield Problem("warning", row.source, row.line, "changed-row", advice)


def _known_or_unknown(row: Row, column: str) -> float:
    value = row.number(column, UNKNOWN, 1e6)
    if value <= 0 and value != UNKNOWN:
        raise InvalidRow("number", f"{column} is {value:g}, expected a positive number or -1 for unknown")
    return value


def _parse_reading_list(file: SourceFile) -> Parsed:
    """Entries are bullets with their title and link as nested bullets; an empty bullet at the end is no entry."""
    parsed = Parsed(file)
    entry: list[str] = []
    start = 0

    def finish() -> None:
        if not entry:
            return
        links = [match["url"] for match in map(LINK.search, entry[1:]) if match]
        titles = [text for text in entry[1:] if not LINK.search(text)]
        if len(links) != 1 or len(titles) != 1 or not SAFE_TITLE.fullmatch(entry[0]):
            parsed.problems.append(
                Problem(
                    "warning",
                    file.source,
                    start,
                    "reading-list",
                    f"entry {entry[0][:60]!r}: expected a title and one link below it",
                )
            )
            return
        parsed.records.append(SurveyPaper(file.source, start, entry[0], titles[0], links[0]))

    in_list = False
    for line, text in enumerate(decode(file).splitlines(), start=1):
        if text.startswith("#"):
            in_list = text.strip("# ").lower() == "paper"
            continue
        bullet = BULLET.fullmatch(text) if in_list else None
        if bullet is None:
            continue
        if not bullet["indent"]:
            finish()
            entry, start = [bullet["text"]], line
        else:
            entry.append(bullet["text"])
    finish()
    if not parsed.records:
        raise UnreadableFile(
            f"{file.source}: no entry below a heading 'Paper', expected a nested list; the list known before is kept"
        )
    return parsed
