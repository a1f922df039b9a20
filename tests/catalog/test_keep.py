"""Never less than yesterday: which sources are used, and which older rows stand in."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.identity import Identity
from catalog.keep import SHRINK_LIMIT, Kept, keep_older_rows
from catalog.last_good import LastGood
from catalog.problems import Problem
from catalog.records import Parsed, RejectedRow
from catalog.schema import TABLES
from tests.catalog.rows import accuracy, evaluation, parsed, past, table

SOURCE = "timm/results-imagenet"


def before(rows: int = 10, source: str = SOURCE) -> pd.DataFrame:
    return table("sources", {"source": source, "rows_accepted": rows, "state": "current"})


def file(rows: int, source: str = SOURCE) -> Parsed:
    return parsed(source, *(accuracy(f"m{number}.x", 80.0, number + 2) for number in range(rows)))


def decide(
    files: list[Parsed], failed: dict[str, str] | None = None, *, rows: int = 10, accept: tuple[str, ...] = ()
) -> Kept:
    return keep_older_rows(files, failed or {}, before(rows), "2026-11-20", accept)


@settings(max_examples=60)
@given(st.integers(0, 60), st.integers(0, 60))
def test_a_source_that_lost_more_than_a_tenth_is_taken_for_broken(known: int, now: int) -> None:
    kept = decide([file(now)], rows=known)
    assert (SOURCE in kept.stale) is (now < SHRINK_LIMIT * known)
    assert bool(kept.usable) is (SOURCE not in kept.stale)


def test_the_message_says_how_to_accept_the_loss() -> None:
    problem = decide([file(3)]).problems[0]
    assert str(problem).startswith(f"error: {SOURCE}: 3 good rows, expected about 10")
    assert f"refresh with --accept {SOURCE}" in problem.message


def test_an_accepted_loss_is_used() -> None:
    kept = decide([file(3)], accept=(SOURCE,))
    assert kept.usable and not kept.stale and not kept.problems


@pytest.mark.parametrize("failed", [SOURCE, "timm"])
def test_a_failure_is_of_a_file_or_of_every_file_of_a_scraper(failed: str) -> None:
    assert decide([], {failed: "connection refused"}).stale == {SOURCE: "connection refused"}
    assert decide([], {"timm-history": "refused"}).stale == {}


def decide_with(file: Parsed, *, accept: tuple[str, ...] = (), known: Parsed | None = None) -> Kept:
    """Decide about a file whose figures are looked at, where `known` was let in before."""
    sources = decide([known]).sources([]) if known else before(0, "timm/other")
    tables = {name: schema.empty() for name, schema in TABLES.items()} | {"sources": sources}
    last_good = LastGood(tables, [file], Identity())
    return keep_older_rows([file], {}, sources, "2026-11-20", accept, last_good)


def broken(good: int, bad: int) -> Parsed:
    content = file(good)
    content.rejected += [RejectedRow(SOURCE, good + n + 2, "top5-below-top1", f"odd {n}", "raw") for n in range(bad)]
    content.problems += [Problem("error", SOURCE, good + n + 2, "top5-below-top1", f"odd {n}") for n in range(bad)]
    return content


def test_a_file_most_of_whose_rows_break_a_rule_is_refused_in_one_line() -> None:
    kept = decide_with(broken(4, 5))
    assert kept.usable == [] and len(kept.problems) == 1
    assert str(kept.problems[0]) == (
        f"error: {SOURCE}: 5 of 9 rows break a rule, the first in line 6: odd 0; nothing of it is used; "
        f"if upstream meant it, refresh with --accept {SOURCE} [refused]"
    )
    assert [problem.line for problem in decide_with(broken(5, 4)).problems] == [7, 8, 9, 10]


def test_rows_that_upstream_is_known_to_break_are_no_doubt() -> None:
    content = broken(4, 5)
    content.rejected = [replace(row, expected=True) for row in content.rejected]
    content.problems = [replace(problem, severity="warning") for problem in content.problems]
    assert decide_with(content).usable == [content] and not decide_with(content).partial


@pytest.mark.parametrize("doubt", ["the file was cut", ""])
def test_a_file_in_doubt_is_refused_until_it_is_accepted_and_from_then_on_believed(doubt: str) -> None:
    content = file(10)
    content.doubts += [doubt] * bool(doubt)
    assert bool(decide_with(content).usable) is not bool(doubt)
    assert decide_with(content, accept=(SOURCE,)).usable == [content]
    assert decide_with(content, known=content).usable == [content]


def revision(day: str, *models: str) -> Parsed:
    content = parsed(f"timm-history/{day}-abc", *(past(model, 70.0, revision=day, day=day) for model in models))
    content.file = replace(content.file, revision=day, published_at=day)
    return content


MODELS = tuple(f"m{number}" for number in range(10))


def test_a_revision_that_is_not_used_holds_up_those_after_it() -> None:
    first, cut, later = revision("2020-01-01", *MODELS), revision("2020-02-01", *MODELS[:8]), revision("2020-03-01")
    later.records = revision("2020-03-01", *MODELS).records
    empty = {name: schema.empty() for name, schema in TABLES.items()}

    def used(*files: Parsed, failed: tuple[str, ...] = (), accept: tuple[str, ...] = ()) -> list[str]:
        last_good = LastGood(empty, files, Identity())
        reasons = dict.fromkeys(failed, "HTML")
        kept = keep_older_rows(files, reasons, empty["sources"], "2026-11-20", accept, last_good)
        return [file.file.published_at for file in kept.usable]

    missing = cut.file.source
    assert used(first, cut, later) == ["2020-01-01"]
    assert used(first, cut, later, accept=(missing,)) == ["2020-01-01", "2020-02-01", "2020-03-01"]
    assert used(first, later, failed=(missing,)) == ["2020-01-01"]
    assert used(first, later, failed=(missing,), accept=(missing,)) == ["2020-01-01", "2020-03-01"]


def rows_after(kept: Kept, new: list[dict], old: list[dict]) -> list[tuple[str, float]]:
    frame = kept.rows("evaluations", table("evaluations", *new), table("evaluations", *old))
    return sorted(zip(frame["model"], frame["top1"], strict=True))


def test_a_stale_source_keeps_all_its_rows() -> None:
    kept = decide([], {"s/imagenet": "refused"})
    kept.stale = {"s/imagenet": "refused"}
    assert rows_after(kept, [], [evaluation("a.x", 1), evaluation("b.y", 2)]) == [("a.x", 1), ("b.y", 2)]


def test_a_partial_source_keeps_the_rows_that_it_lost_and_no_others() -> None:
    kept = decide([file(10)])
    kept.partial = {"s/imagenet": "1 row failed"}
    old = [evaluation("a.x", 1), evaluation("b.y", 2)]
    assert rows_after(kept, [evaluation("a.x", 5)], old) == [("a.x", 5), ("b.y", 2)]


def test_a_partial_source_does_not_keep_a_row_that_moved_to_another_line_or_batch() -> None:
    kept = decide([file(10)])
    kept.partial = {"s/k": "1 row failed"}
    old = {"reporter": "kecam", "name": "A", "img_size": 224, "source": "s/k", "line": 5, "top1": 70.0}
    new = old | {"line": 6, "top1": 71.0}
    frame = kept.rows("second_opinions", table("second_opinions", new), table("second_opinions", old))
    assert frame["top1"].tolist() == [71.0]


def test_a_good_source_keeps_nothing_of_before() -> None:
    assert rows_after(decide([file(10)]), [evaluation("a.x", 5)], [evaluation("b.y", 2)]) == [("a.x", 5)]


def with_bad_row(rows: int) -> Parsed:
    content = file(rows)
    content.problems.append(Problem("error", SOURCE, 4, "number", "top1 is 'x'"))
    content.rejected.append(RejectedRow(SOURCE, 4, "number", "top1 is 'x'", "raw"))
    return content


def test_a_source_with_a_bad_row_is_partial_and_marked_stale() -> None:
    kept = decide([with_bad_row(10)])
    assert kept.partial[SOURCE].startswith("1 rows failed a check")
    row = kept.sources(kept.usable[0].rejected).iloc[0]
    assert (row["state"], row["rows_read"], row["rows_accepted"], row["rows_quarantined"]) == ("stale", 11, 10, 1)
    assert not decide([with_bad_row(10)], accept=(SOURCE,)).partial


@pytest.mark.parametrize("failed", [{}, {"timm/other": "refused"}])
def test_the_quarantine_holds_the_rows_of_now_and_those_of_sources_not_read_again(failed: dict[str, str]) -> None:
    known = pd.concat([before(), before(source="timm/other")])
    kept = keep_older_rows([with_bad_row(10)], failed, known, "2026-11-20")
    old = table(
        "quarantine",
        {"source": SOURCE, "line": 9},
        {"source": "timm/other", "line": 3},
        {"source": "let/go", "line": 2},
    )
    new = table("quarantine", {"source": SOURCE, "line": 4})
    frame = kept.quarantine(new, old)
    assert sorted(zip(frame["source"], frame["line"], strict=True)) == [("timm/other", 3), (SOURCE, 4)]


def test_content_that_did_not_change_keeps_the_day_of_its_first_fetch() -> None:
    first = decide([file(10)]).sources([])
    again = keep_older_rows([file(10)], {}, first, "2027-02-01").sources([])
    changed = keep_older_rows([file(11)], {}, first, "2027-02-01").sources([])
    assert again["retrieved_at"].tolist() == ["2026-11-20"]
    assert changed["retrieved_at"].tolist() == ["2027-02-01"]


@pytest.mark.parametrize(("told_first", "told_now"), [("2026-01-06", "2025-10-30"), ("2025-10-30", "2026-08-08")])
def test_content_that_did_not_change_was_published_on_the_earliest_day_told(told_first: str, told_now: str) -> None:
    def told(day: str, known: pd.DataFrame) -> pd.DataFrame:
        content = file(10)
        content = replace(content, file=replace(content.file, published_at=day))
        return keep_older_rows([content], {}, known, "2026-11-20").sources([])

    assert told(told_now, told(told_first, before()))["published_at"].tolist() == ["2025-10-30"]


def test_a_source_that_need_not_be_read_again_is_no_longer_stale() -> None:
    stale = decide([], {SOURCE: "connection refused"}).sources([])
    row = keep_older_rows([], {}, stale, "2027-02-01").sources([]).iloc[0]
    assert (row["state"], pd.isna(row["note"])) == ("current", True)


def test_a_stale_source_says_why() -> None:
    row = decide([], {SOURCE: "connection refused"}).sources([]).iloc[0]
    assert (row["state"], row["note"], row["rows_accepted"]) == ("stale", "connection refused", 10)
