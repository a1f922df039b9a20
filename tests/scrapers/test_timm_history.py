"""Past revisions: each is read once, oldest first, and none is skipped over."""

from __future__ import annotations

import json

import pytest

from catalog.records import Parsed, PastAccuracy
from scrapers.client import FetchError
from scrapers.timm_history import TimmHistory
from tests.scrapers.answers import Answers, source_file

DAYS = ("2020-02-01", "2021-03-01", "2022-07-16")


def commits(*days: str) -> bytes:
    """GitHub's answer, in this order; the commit's name is made of its day."""
    return json.dumps(
        [{"sha": day.replace("-", "") * 5, "commit": {"committer": {"date": f"{day}T10:00:00Z"}}} for day in days]
    ).encode()


def source(day: str) -> str:
    return f"timm-history/{day}-{day.replace('-', '')}"


def test_revisions_come_oldest_first_in_whatever_order_they_are_listed() -> None:
    for listed in (DAYS[::-1], DAYS, (DAYS[1], DAYS[2], DAYS[0])):
        fetched = TimmHistory().fetch(Answers([commits(*listed), b"1", b"2", b"3"]))
        assert [file.source for file in fetched.files] == [source(day) for day in DAYS]
        assert [file.published_at for file in fetched.files] == list(DAYS)


def test_a_revision_that_is_listed_twice_is_read_once() -> None:
    fetched = TimmHistory().fetch(Answers([commits(DAYS[1], DAYS[0], DAYS[1]), b"1", b"2"]))
    assert [file.source for file in fetched.files] == [source(DAYS[0]), source(DAYS[1])]


def test_a_revision_that_is_known_is_not_fetched_again() -> None:
    client = Answers([commits(*DAYS[::-1]), b"new"])
    fetched = TimmHistory().fetch(client, {source(DAYS[0]), source(DAYS[1])})
    assert [file.source for file in fetched.files] == [source(DAYS[2])]
    assert fetched.unchanged == [source(DAYS[0]), source(DAYS[1])]
    assert len(client.asked) == 2


def test_a_revision_that_cannot_be_had_leaves_the_later_ones_to_the_next_refresh() -> None:
    fetched = TimmHistory().fetch(Answers([commits(*DAYS[::-1]), b"one", FetchError("refused")]))
    assert [file.source for file in fetched.files] == [source(DAYS[0])]
    assert fetched.failed == [source(DAYS[1])]


def test_without_the_list_nothing_is_known_to_be_new() -> None:
    fetched = TimmHistory().fetch(Answers([FetchError("refused")]))
    assert fetched.failed == ["timm-history"] and len(fetched.problems) == 1


def test_the_columns_of_the_time_are_read() -> None:
    text = "model,img_size,top1,top1_err,top5,top5_err,param_count,cropt_pct,interpolation\r\n"
    file = source_file(text + "resnet50,224,79.038,20.962,94.39,5.61,25.56,0.875,bicubic\r\n", "timm-history/x")
    parsed = TimmHistory().parse(file)
    assert parsed.records == [PastAccuracy("", "", 2, "resnet50", 224, 79.038, 25.56, 94.39)]
    assert not parsed.problems


def test_a_blank_parameter_count_is_unknown() -> None:
    parsed = TimmHistory().parse(source_file("model,img_size,top1,param_count\na,224,79,\n"))
    assert parsed.records[0].params_m is None


def revision(*rows: str) -> Parsed:
    header = "model,img_size,top1,top1_err,top5,top5_err,param_count"
    return TimmHistory().parse(source_file("\n".join([header, *rows, ""]), "timm-history/x"))


@pytest.mark.parametrize(
    ("row", "rule"),
    [("a,224,79,20,94,6,5", "error-complement"), ("a,224,94,6,79,21,5", "top5-below-top1")],
)
def test_a_row_of_the_past_keeps_the_relations_of_today(row: str, rule: str) -> None:
    assert [rejected.rule for rejected in revision(row).rejected] == [rule]


def test_of_a_past_result_that_stands_twice_with_different_figures_neither_is_told() -> None:
    parsed = revision("a,224,79,21,94,6,5", "b,224,79,21,94,6,5", "a,224,78,22,94,6,5")
    assert [record.model for record in parsed.records] == ["b"]
    assert "a at 224 stands in lines 2, 4" in parsed.problems[0].message
