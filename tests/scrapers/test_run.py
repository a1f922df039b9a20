"""Whatever one scraper meets, the others proceed; what upstream no longer lists is told apart from what failed."""

from __future__ import annotations

from collections.abc import Collection

from catalog.records import Parsed, SourceFile
from scrapers.base import Fetched
from scrapers.client import Client, FetchError
from scrapers.run import all_scrapers, scrape
from scrapers.tabular import UnreadableFile
from tests.scrapers.answers import Answers, source_file


class Prepared:
    """A scraper that gives what it was made with."""

    hosts: tuple[str, ...] = ()

    def __init__(self, name: str, fetched: Fetched | FetchError) -> None:
        self.name = name
        self._fetched = fetched

    def fetch(self, client: Client, known: Collection[str]) -> Fetched:
        if isinstance(self._fetched, FetchError):
            raise self._fetched
        return self._fetched

    def parse(self, file: SourceFile) -> Parsed:
        if file.content == b"unreadable":
            raise UnreadableFile(f"{file.source}: of no use")
        return Parsed(file)


def good(*sources: str) -> Fetched:
    return Fetched([source_file("text", source) for source in sources])


def failed(source: str) -> Fetched:
    fetched = Fetched()
    fetched.fail(source, FetchError("refused"))
    return fetched


def test_a_scraper_that_fails_stops_no_other() -> None:
    scrapers = [Prepared("a", FetchError("no answer")), Prepared("b", good("b/x")), Prepared("c", failed("c/y"))]
    scraped = scrape(Answers(), (), scrapers)
    assert [parsed.file.source for parsed in scraped.parsed] == ["b/x"]
    assert scraped.failed == {"a": "no answer", "c/y": "refused"}
    assert [problem.source for problem in scraped.problems] == ["a", "c/y"]


def test_a_file_of_no_use_stops_no_other() -> None:
    fetched = Fetched([source_file("unreadable", "a/x"), source_file("text", "a/y")])
    scraped = scrape(Answers(), (), [Prepared("a", fetched)])
    assert [parsed.file.source for parsed in scraped.parsed] == ["a/y"]
    assert scraped.failed == {"a/x": "a/x: of no use"}


def test_a_known_source_that_upstream_no_longer_lists_is_gone() -> None:
    known = {"a/x", "a/old", "ab/other"}
    assert scrape(Answers(), known, [Prepared("a", good("a/x"))]).gone == ["a/old"]


def test_what_failed_or_never_changes_is_not_gone() -> None:
    known = {"a/x", "a/old"}
    assert scrape(Answers(), known, [Prepared("a", FetchError("refused"))]).gone == []
    assert scrape(Answers(), known, [Prepared("a", failed("a"))]).gone == []
    fetched = good("a/x")
    fetched.unchanged.append("a/old")
    assert scrape(Answers(), known, [Prepared("a", fetched)]).gone == []


def test_two_files_of_one_source_are_a_problem_and_neither_is_read() -> None:
    fetched = Fetched([source_file("one", "a/x"), source_file("two", "a/x"), source_file("text", "a/y")])
    scraped = scrape(Answers(), {"a/x"}, [Prepared("a", fetched)])
    assert [parsed.file.source for parsed in scraped.parsed] == ["a/y"]
    assert "came twice" in scraped.failed["a/x"]
    assert [problem.rule for problem in scraped.problems] == ["twice"]
    assert scraped.gone == []


def test_progress_hears_of_each_scraper() -> None:
    heard: list[str] = []
    scrape(Answers(), (), [Prepared("a", good()), Prepared("b", good())], heard.append)
    assert heard == ["a", "b"]


def test_every_scraper_has_a_name_of_its_own_that_starts_no_other() -> None:
    names = [f"{scraper.name}/" for scraper in all_scrapers()]
    assert len(set(names)) == len(names)
    assert not any(one != other and other.startswith(one) for one in names for other in names)
