"""Papers: the reference table is the base, arXiv refines it, and nothing that arXiv sends can do harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.records import Paper, Parsed, SourceFile
from scrapers.client import FetchError, NotMirroredError
from scrapers.papers import Papers
from scrapers.tabular import UnreadableFile
from tests.scrapers.answers import FIXTURES, Answers, source_file

FEED = (FIXTURES / "papers" / "feed.xml").read_bytes()
EMPTY_FEED = b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>ArXiv Query</title></feed>'
QUERY = "https://export.arxiv.org/api/query?id_list=2010.11929,2103.14030&max_results=2"


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return Papers(FIXTURES / "papers" / "papers.csv", registry=tmp_path / "no_registry.csv")


def feed(content: str | bytes, url: str = QUERY) -> SourceFile:
    return source_file(content, "papers/arxiv/1", url)


def records(parsed: Parsed) -> list[Paper]:
    return [record for record in parsed.records if isinstance(record, Paper)]


def test_asks_arxiv_for_every_id_at_once(papers: Papers) -> None:
    client = Answers([FEED])

    fetched = papers.fetch(client)

    assert client.asked == [QUERY]
    assert [file.source for file in fetched.files] == ["papers/reference", "papers/arxiv/1"]
    assert not fetched.problems


def test_asks_also_for_the_papers_that_the_registry_names(tmp_path: Path) -> None:
    registry = FIXTURES / "timm_registry" / "timm_registry.csv"
    client = Answers([FEED])

    Papers(FIXTURES / "papers" / "papers.csv", registry).fetch(client)

    assert "id_list=2010.11929,2103.14030,2110.00476,2604.21681&max_results=4" in client.asked[0]


def test_many_ids_are_asked_for_in_batches(tmp_path: Path) -> None:
    rows = [f"arxiv-2001.{number:05},2001.{number:05},T,A,2020,,https://arxiv.org/,,x" for number in range(230)]
    reference = tmp_path / "papers.csv"
    header = (FIXTURES / "papers" / "papers.csv").read_text().splitlines()[0]
    reference.write_text("\n".join([header, *rows]) + "\n")
    client = Answers([FEED, FEED, FEED])

    fetched = Papers(reference, tmp_path / "no_registry.csv").fetch(client)

    assert [url.rpartition("=")[2] for url in client.asked] == ["100", "100", "30"]
    assert [file.source for file in fetched.files[1:]] == ["papers/arxiv/1", "papers/arxiv/2", "papers/arxiv/3"]


def test_empty_feed_means_try_again(papers: Papers) -> None:
    client = Answers([EMPTY_FEED, FEED])

    fetched = papers.fetch(client)

    assert fetched.files[1].content == FEED
    assert not fetched.problems
    assert client.asked[1] != client.asked[0], "the same address could be answered from a cache"


def test_feed_that_stays_empty_is_reported(papers: Papers) -> None:
    fetched = papers.fetch(Answers([EMPTY_FEED] * 3))

    assert [file.source for file in fetched.files] == ["papers/reference"]
    assert fetched.failed == ["papers/arxiv/1"]
    assert "no entry in 3 answers, expected 2; try again later" in str(fetched.problems[0])


def test_mirror_without_arxiv_is_no_error(papers: Papers) -> None:
    fetched = papers.fetch(Answers([NotMirroredError("not in the mirror")]))

    assert [file.source for file in fetched.files] == ["papers/reference"]
    assert fetched.failed == ["papers/arxiv"], "what arXiv said before has to stay"
    assert [problem.severity for problem in fetched.problems] == ["warning"]
    assert "arXiv is not in the mirror; the reference facts" in str(fetched.problems[0])


def test_arxiv_that_is_down_leaves_the_reference(papers: Papers) -> None:
    fetched = papers.fetch(Answers([FetchError("connection refused")]))

    assert [file.source for file in fetched.files] == ["papers/reference"]
    assert [problem.severity for problem in fetched.problems] == ["error"]


def test_reads_the_reference(papers: Papers) -> None:
    parsed = papers.parse(papers.fetch(Answers([FEED])).files[0])

    vit, swin, alexnet = records(parsed)
    assert (vit.paper, vit.arxiv_id, vit.year, vit.line) == ("arxiv-2010.11929", "2010.11929", 2020, 2)
    assert swin.code_url == "https://github.com/microsoft/Swin-Transformer"
    assert (alexnet.arxiv_id, alexnet.authors) == ("", "Alex Krizhevsky; Ilya Sutskever")
    assert not parsed.problems


def test_reads_a_feed(papers: Papers) -> None:
    parsed = papers.parse(feed(FEED))

    swin, vit = records(parsed)
    assert swin == Paper(
        source="papers/arxiv/1",
        line=6,
        paper="swin",
        arxiv_id="2103.14030",
        title="Swin Transformer: Hierarchical Vision Transformer using Shifted Windows",
        authors="Ze Liu; Yutong Lin",
        year=2021,
        published="2021-03-25",
        venue="",
        url="https://arxiv.org/abs/2103.14030",
        code_url="",
    )
    assert (vit.line, vit.authors) == (17, "Alexey Dosovitskiy; Olivier Hénaff")
    assert not parsed.problems


def test_id_without_an_answer_is_named(papers: Papers) -> None:
    parsed = papers.parse(feed(FEED, QUERY.replace("2103.14030", "2103.14030,2111.09883")))

    assert len(parsed.records) == 2
    assert "arXiv says nothing of 2111.09883" in str(parsed.problems[0])


def test_entry_that_was_not_asked_for_is_set_aside(papers: Papers) -> None:
    parsed = papers.parse(feed(FEED, QUERY.replace("2010.11929,", "")))

    assert [paper.paper for paper in records(parsed)] == ["swin"]
    assert [(row.line, row.rule) for row in parsed.rejected] == [(17, "arxiv-id")]
    assert parsed.rows_read == 2


def test_entry_that_comes_twice_is_set_aside(papers: Papers) -> None:
    parsed = papers.parse(feed(FEED.replace(b"2010.11929v2", b"2103.14030v1")))

    assert len(parsed.records) == 1
    assert [row.rule for row in parsed.rejected] == ["arxiv-id"]


@pytest.mark.parametrize(
    "title",
    [
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "=HYPERLINK(1)",
        "+1",
        "-1",
        "@SUM(1)",
        "a | b",
        "  ",
        "x" * 401,
        "a&#x202E;b",
    ],
)
def test_hostile_title_is_set_aside(papers: Papers, title: str) -> None:
    content = FEED.decode().replace("An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale", title)

    parsed = papers.parse(feed(content))

    assert [(row.line, row.rule) for row in parsed.rejected] == [(17, "text")]
    assert len(parsed.records) == 1


@pytest.mark.parametrize(
    "date", ["", "yesterday", "2020-13-01T00:00:00Z", "2021-02-29T00:00:00Z", "2020-10-22 or so", "9999-10-22"]
)
def test_date_that_is_none_is_set_aside(papers: Papers, date: str) -> None:
    parsed = papers.parse(feed(FEED.decode().replace("2020-10-22T17:55:59Z", date)))

    assert [row.rule for row in parsed.rejected] == ["date"]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "no element found"),
        (b"Rate exceeded.", "syntax error"),
        (FEED[:700], "no element found|unclosed token"),
        (FEED.replace(b"\xc3\xa9", b"\xe9").replace(b"Ze Liu", b"Ze \xff"), "not well-formed"),
        (b"<!DOCTYPE html><html><body>Try later</body></html>", "document type"),
        (b"<html><body>Try later</body></html>", "found <html>"),
        (EMPTY_FEED, "no usable entry"),
    ],
)
def test_anything_but_a_whole_feed_is_unreadable(papers: Papers, content: bytes, found: str) -> None:
    with pytest.raises(UnreadableFile, match=found):
        papers.parse(feed(content))


def test_entities_are_not_expanded(papers: Papers) -> None:
    bomb = b"""<?xml version="1.0"?>
<!DOCTYPE feed [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/hostname">]>
<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>&b;&c;</title></entry></feed>"""

    with pytest.raises(UnreadableFile, match="document type"):
        papers.parse(feed(bomb))


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("url", "javascript:alert(1)", "name"),
        ("code_url", "https://example.org/<script>", "name"),
        ("arxiv_id", "2103.14030v2", "name"),
        ("paper", "../swin", "name"),
        ("title", "=1+1", "text"),
        ("year", "20211", "number"),
    ],
)
def test_reference_row_that_breaks_a_rule_is_set_aside(papers: Papers, field: str, value: str, rule: str) -> None:
    row = dict(
        zip(
            ("paper", "arxiv_id", "title", "authors", "year", "venue", "url", "code_url", "source"),
            ("swin", "2103.14030", "Swin", "Ze Liu", "2021", "ICCV 2021", "https://arxiv.org/abs/2103.14030", "", "x"),
            strict=True,
        )
    )
    row[field] = value

    parsed = papers.parse(source_file(",".join(row) + "\n" + ",".join(row.values()) + "\n", "papers/reference"))

    assert [rejected.rule for rejected in parsed.rejected] == [rule]


def test_committed_reference_is_clean() -> None:
    papers = Papers()
    reference = papers.fetch(Answers([NotMirroredError("not in the mirror")])).files[0]

    parsed = papers.parse(reference)

    assert len(parsed.records) > 200
    assert not parsed.rejected
    assert not parsed.problems
