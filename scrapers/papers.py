"""Papers: the facts kept in the reference table, refined by what arXiv says today."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from catalog.columns import is_day
from catalog.problems import Problem, printable
from catalog.records import Paper, Parsed, SourceFile
from catalog.reference import REFERENCE
from scrapers.atom import Entry, read_entries
from scrapers.base import Fetched
from scrapers.client import Client, FetchError, NotMirroredError
from scrapers.snapshots import snapshot_path
from scrapers.tabular import InvalidRow, Row, UnreadableFile, read_csv, read_records, reject

HOST: Final = "export.arxiv.org"
BATCH: Final = 100  # ids in one request
EMPTY_ANSWERS: Final = 3  # arXiv answers with an empty feed now and then
REFERENCE_FILE: Final = "papers.csv"
COLUMNS: Final = ("paper", "arxiv_id", "title", "authors", "year", "venue", "url", "code_url", "source")
LICENCE: Final = "CC0-1.0"  # arXiv's metadata

ARXIV_ID: Final = re.compile(r"\d{4}\.\d{4,5}")
ENTRY_ID: Final = re.compile(r"https?://arxiv\.org/abs/(\d{4}\.\d{4,5})(v\d+)?")
PUBLISHED: Final = re.compile(r"((?:19|20)\d\d)-\d\d-\d\d(?=T|$)")
ADDRESS: Final = re.compile(r"https://[A-Za-z0-9.-]+(/[A-Za-z0-9._~/%?=&#+-]*)?")
KEY: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")


class Papers:
    """The reference table as one source (`papers/reference`) and arXiv's answers as others (`papers/arxiv/1`, ...)."""

    name = "papers"
    hosts = (HOST,)

    def __init__(self, reference: Path = REFERENCE / REFERENCE_FILE, registry: Path | None = None) -> None:
        """`reference` has a row per known paper; `registry` is the snapshot that names more arXiv ids."""
        self._reference = reference
        self._registry = snapshot_path("timm_registry") if registry is None else registry

    def fetch(self, client: Client, known: Collection[str] = ()) -> Fetched:
        """Read the reference table and ask arXiv for each of its ids, `BATCH` at a time."""
        content = self._reference.read_bytes()
        address = f"catalog/reference/{self._reference.name}"
        fetched = Fetched([SourceFile("papers/reference", self.name, address, content, licence=LICENCE)])
        ids = sorted(set(self._reference_keys()) | self._registry_ids())
        for number, start in enumerate(range(0, len(ids), BATCH), start=1):
            source = f"papers/arxiv/{number}"
            try:
                fetched.files.append(self._ask(client, source, ids[start : start + BATCH]))
            except NotMirroredError:
                fetched.failed.append("papers/arxiv")
                message = "arXiv is not in the mirror; the reference facts and what arXiv said before are used"
                fetched.problems.append(Problem("warning", "papers/arxiv", None, "not-mirrored", message))
                break
            except FetchError as error:
                fetched.fail(source, error)
        return fetched

    def parse(self, file: SourceFile) -> Parsed:
        """Read the reference table or one of arXiv's feeds into papers."""
        return _parse_reference(file) if file.source == "papers/reference" else self._parse_feed(file)

    def _ask(self, client: Client, source: str, ids: list[str]) -> SourceFile:
        for attempt in range(EMPTY_ANSWERS):
            # Another max_results makes it another question, so that no cache repeats the empty answer.
            url = f"https://{HOST}/api/query?id_list={','.join(ids)}&max_results={len(ids) + attempt}"
            content = client.get(url, self.hosts)
            if b"<entry" in content:
                return SourceFile(source, self.name, url, content, licence=LICENCE)
        raise FetchError(f"{url}: no entry in {EMPTY_ANSWERS} answers, expected {len(ids)}; try again later")

    def _reference_keys(self) -> dict[str, str]:
        """The paper's key by arXiv id."""
        with self._reference.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines)
            return {row["arxiv_id"]: row["paper"] for row in rows if ARXIV_ID.fullmatch(row.get("arxiv_id") or "")}

    def _registry_ids(self) -> set[str]:
        if not self._registry.exists():
            return set()
        with self._registry.open(encoding="utf-8", newline="") as lines:
            listed = (row.get("paper_ids") or "" for row in csv.DictReader(lines))
            return {name for names in listed for name in names.split(";") if ARXIV_ID.fullmatch(name)}

    def _parse_feed(self, file: SourceFile) -> Parsed:
        parsed = Parsed(file)
        keys = self._reference_keys()
        asked = _asked_ids(file.url)
        missing = dict.fromkeys(asked)
        for entry in read_entries(file):
            try:
                paper = _paper(file.source, entry, keys, missing)
            except InvalidRow as error:
                raw = printable(",".join((entry.identifier, entry.title, *entry.authors)))
                reject(parsed, entry.line, error, raw)
                continue
            del missing[paper.arxiv_id]
            parsed.records.append(paper)
        if not parsed.records:
            raise UnreadableFile(f"{file.source}: no usable entry in the feed; the papers known before are kept")
        if missing:
            message = f"arXiv says nothing of {', '.join(missing)}; check the ids in {REFERENCE_FILE}"
            parsed.problems.append(Problem("warning", file.source, None, "not-answered", message))
        return parsed


def _asked_ids(url: str) -> list[str]:
    return parse_qs(urlsplit(url).query).get("id_list", [""])[0].split(",")


def _paper(source: str, entry: Entry, keys: dict[str, str], wanted: Collection[str]) -> Paper:
    """The entry as a paper. Raises InvalidRow for one that was not asked for, twice there, or not plain text."""
    identifier = ENTRY_ID.fullmatch(entry.identifier)
    if identifier is None or identifier[1] not in wanted:
        raise InvalidRow("arxiv-id", f"id is {entry.identifier[:80]!r}, expected one of those asked for, once")
    published = PUBLISHED.match(entry.published)
    if published is None or not is_day(published[0]):
        raise InvalidRow("date", f"published is {entry.published[:40]!r}, expected a date like 2021-03-25")
    arxiv_id = identifier[1]
    authors = [_plain("author", name, 120).replace(";", ",") for name in entry.authors]
    return Paper(
        source,
        entry.line,
        paper=keys.get(arxiv_id, f"arxiv-{arxiv_id}"),
        arxiv_id=arxiv_id,
        title=_plain("title", entry.title, 400),
        authors="; ".join(authors),
        year=int(published[1]),
        published=published[0],
        venue="",
        url=f"https://arxiv.org/abs/{arxiv_id}",
        code_url="",
    )


def _parse_reference(file: SourceFile) -> Parsed:
    parsed = Parsed(file)

    def build(row: Row) -> Paper:
        year = row.optional_number("year", 1980, 2100)
        return Paper(
            file.source,
            row.line,
            row.text("paper", KEY),
            _optional(row, "arxiv_id", ARXIV_ID),
            _plain("title", row.values["title"], 400),
            _plain("authors", row.values["authors"], 4000, optional=True),
            None if year is None else int(year),
            "",
            _plain("venue", row.values["venue"], 120, optional=True),
            row.text("url", ADDRESS),
            _optional(row, "code_url", ADDRESS),
        )

    read_records(parsed, read_csv(parsed, COLUMNS, ()), build, lambda record: (record.paper,))
    return parsed


def _optional(row: Row, column: str, pattern: re.Pattern[str]) -> str:
    return row.text(column, pattern) if row.values[column].strip() else ""


def _plain(what: str, value: str, limit: int, *, optional: bool = False) -> str:
    """Prose on one line that can be neither markup nor a spreadsheet formula. Raises InvalidRow."""
    words = " ".join(value.split())
    if not words and optional:
        return ""
    harmless = words.isprintable() and not _any_of(words, "<>|") and words[:1] not in ("", "=", "+", "-", "@")
    if not harmless or len(words) > limit:
        raise InvalidRow("text", f"{what} is {words[:60]!r}, expected plain words, at most {limit} characters")
    return words


def _any_of(text: str, characters: Iterable[str]) -> bool:
    return any(character in text for character in characters)
