"""What's new: models and results are counted apart, and each number says which it is."""

from __future__ import annotations

from types import SimpleNamespace

from generator.news import Revision, latest_revisions
from generator.pages import whats_new

from catalog.history import append_events
from catalog.records import PastAccuracy
from catalog.schema import TABLES
from tests.catalog.rows import past

DAYS = ("2020-01-01", "2020-01-02", "2020-01-03")
CONTENTS = (
    {("a.x", 224): 70.0},
    {("a.x", 224): 70.0, ("a.x", 288): 71.0, ("a.x", 384): 72.0, ("b.y", 224): 80.0, ("b.y", 288): 81.0},
    {("b.y", 224): 80.0},
)


def revisions() -> list[Revision]:
    """The newest first: a model comes, a second one and further sizes of the first, then the first one goes."""
    read: list[list[PastAccuracy]] = [
        [past(model, top1, size, revision=f"r{day}", day=day) for (model, size), top1 in content.items()]
        for day, content in zip(DAYS, CONTENTS, strict=True)
    ]
    history, _ = append_events(TABLES["history"].empty(), read, lambda name, day: name)
    return latest_revisions(SimpleNamespace(catalog=SimpleNamespace(history=history)))


def test_a_further_size_of_a_known_model_is_a_result_and_no_model() -> None:
    _, second, first = revisions()
    assert [row.model for row in second.models_added] == ["b.y"]
    assert (len(second.added), len(first.added)) == (4, 1)
    assert second.summary == "models: 1 added; results: 4 added"


def test_a_new_model_is_told_with_its_best_result() -> None:
    assert [(row.model, row.top1) for row in revisions()[1].models_added] == [("b.y", 81.0)]


def test_a_model_is_removed_with_its_last_result() -> None:
    last = revisions()[0]
    assert last.models_removed == ["a.x"]
    assert last.summary == "models: 1 removed; results: 4 removed"


def test_the_feed_names_new_models_and_says_what_it_counts() -> None:
    entry = whats_new.entry(revisions()[1], "https://example.org/")
    assert entry.title == "2020-01-02: models: 1 added; results: 4 added"
    assert entry.paragraphs[1:] == ("New model: b.y, 81 % at 288 px.",)
