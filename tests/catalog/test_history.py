"""History as events: replayed they give what upstream held, and a rename is never a removal."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import catalog
from catalog.checks import renames_are_declared
from catalog.history import Double, append_events, first_seen, replay
from catalog.records import PastAccuracy
from catalog.schema import TABLES
from tests.catalog.rows import past

EMPTY = TABLES["history"].empty()
ALIASES = {"old": "net.in1k", "older": "net.in1k"}
NAMES = ["net.in1k", "old", "older", "other", "other.a_in1k", "other.b_in1k", "third.in1k", "once"]

Content = dict[tuple[str, int], float]
CONTENTS = st.dictionaries(
    st.tuples(st.sampled_from(NAMES), st.sampled_from([224, 384])),
    st.sampled_from([80.0, 80.05, 81.0]),
    min_size=1,
    max_size=7,
)


def present(name: str, day: str) -> str:
    """`once` stood for other weights until the second revision."""
    if name == "once":
        return "third.in1k" if day <= "2020-01-02" else "net.in1k"
    return ALIASES.get(name, name)


def revision(content: Content, number: int) -> list[PastAccuracy]:
    day, commit = f"2020-01-{number + 1:02}", f"r{number}"
    return [past(name, top1, size, revision=commit, day=day) for (name, size), top1 in content.items()]


def events(history: pd.DataFrame) -> list[tuple[object, ...]]:
    """The events without the number of their revision, which counts only revisions that changed something."""
    plain = history.astype(object).where(history.notna(), None).drop(columns="sequence")
    return sorted(plain.itertuples(index=False, name=None), key=repr)


def told(history: pd.DataFrame, revisions: list[list[PastAccuracy]]) -> pd.DataFrame:
    return append_events(history, revisions, present)[0]


def told_of(*contents: Content) -> pd.DataFrame:
    return told(EMPTY, [revision(content, number) for number, content in enumerate(contents)])


def kinds(*contents: Content) -> list[tuple[str, str, str | None]]:
    history = told_of(*contents)
    history = history[history["sequence"] == len(contents)]
    former = [name if isinstance(name, str) else None for name in history["former_name"]]
    return sorted(zip(history["model"], history["event"], former, strict=True))


@settings(max_examples=30)
@given(st.lists(CONTENTS, min_size=1, max_size=5))
def test_every_result_of_a_revision_is_held_or_set_aside_by_name(contents: list[Content]) -> None:
    revisions = [revision(content, number) for number, content in enumerate(contents)]
    history, doubles = append_events(EMPTY, revisions, present)
    held = {(result.name, result.img_size): result.top1 for result in replay(history)[-1].results}
    assert held == {key: top1 for key, top1 in contents[-1].items() if key in held}
    last = f"r{len(contents) - 1}"
    assert len(contents[-1]) - len(held) == sum(double.revision == last for double in doubles)
    missing = {name for name, size in contents[-1] if (name, size) not in held}
    assert {double.name for double in doubles if double.revision == last} == missing


@settings(max_examples=30)
@given(st.lists(CONTENTS, min_size=2, max_size=5), st.data())
def test_it_does_not_matter_in_how_many_refreshes_the_revisions_were_read(
    contents: list[Content], data: st.DataObject
) -> None:
    revisions = [revision(content, number) for number, content in enumerate(contents)]
    cut = data.draw(st.integers(1, len(revisions) - 1))
    assert events(told(told(EMPTY, revisions[:cut]), revisions[cut:])) == events(told(EMPTY, revisions))


@settings(max_examples=30)
@given(st.lists(CONTENTS, min_size=1, max_size=4))
def test_a_name_deprecated_later_is_brought_to_its_present_form_in_the_past_too(contents: list[Content]) -> None:
    revisions = [revision(content, number) for number, content in enumerate(contents)]
    before, _ = append_events(EMPTY, revisions, lambda name, day: name)
    assert not set(told(before, [])["model"]) & set(ALIASES)


@settings(deadline=None, max_examples=30)
@given(st.lists(CONTENTS, min_size=1, max_size=5))
def test_name_is_that_of_the_time_and_former_name_that_before_a_rename(contents: list[Content]) -> None:
    held: dict[tuple[str, int], str] = {}
    for event in told_of(*contents).sort_values("sequence", kind="stable").itertuples():
        key = (event.model, event.img_size)
        if event.event == "removed":
            assert event.name == held.pop(key)
            continue
        assert (event.name, event.img_size) in contents[event.sequence - 1]
        assert (
            (event.former_name == held[key] != event.name) if event.event == "renamed" else pd.isna(event.former_name)
        )
        held[key] = event.name


def test_the_first_revision_adds_everything() -> None:
    assert kinds({("net.in1k", 224): 80.0}) == [("net.in1k", "added", None)]


def test_the_same_again_is_no_event() -> None:
    assert kinds({("net.in1k", 224): 80.0}, {("net.in1k", 224): 80.0}) == []


def test_of_two_names_for_one_model_the_one_held_so_far_goes_on_and_nothing_is_renamed() -> None:
    both: Content = {("net.in1k", 224): 80.0, ("old", 224): 80.1}
    history, doubles = append_events(EMPTY, [revision({("old", 224): 80.0}, 0), revision(both, 1)], present)
    assert list(zip(history["event"], history["name"], history["top1"], strict=True)) == [
        ("added", "old", 80.0),
        ("changed", "old", 80.1),
    ]
    assert doubles == [Double("r1", 2, "net.in1k", "net.in1k", "old")]
    assert kinds({("old", 224): 80.0}, both, {("net.in1k", 224): 80.0}) == [("net.in1k", "renamed", "old")]


def test_of_two_new_names_for_one_model_the_present_one_is_told() -> None:
    history, doubles = append_events(EMPTY, [revision({("old", 224): 80.1, ("net.in1k", 224): 80.0}, 0)], present)
    assert history["name"].tolist() == ["net.in1k"]
    assert doubles == [Double("r0", 2, "old", "net.in1k", "net.in1k")]


def test_a_name_stands_for_the_weights_of_its_day() -> None:
    assert kinds({("once", 224): 70.0}) == [("third.in1k", "added", None)]
    contents: list[Content] = [{("once", 224): 70.0}, {("once", 224): 70.0}, {("once", 224): 80.0}]
    assert kinds(*contents) == [("net.in1k", "added", None), ("third.in1k", "removed", None)]


def test_a_tag_gained_twice_is_not_told_for_the_time_when_both_names_stood() -> None:
    contents: list[Content] = [
        {("other", 224): 80.0, ("other.a_in1k", 224): 80.0},
        {("other", 224): 80.0},
        {("other.a_in1k", 224): 80.0},
    ]
    history = told_of(*contents)
    assert history.loc[history["sequence"] == 1, "model"].tolist() == ["other", "other.a_in1k"]


def test_a_changed_accuracy_a_removal_and_an_addition() -> None:
    before: Content = {("net.in1k", 224): 80.0, ("third.in1k", 224): 70.0}
    after: Content = {("net.in1k", 224): 80.2, ("other.a_in1k", 224): 75.0}
    assert kinds(before, after) == [
        ("net.in1k", "changed", None),
        ("other.a_in1k", "added", None),
        ("third.in1k", "removed", None),
    ]


def test_what_a_revision_with_broken_rows_lacks_was_not_removed() -> None:
    contents = [{("net.in1k", 224): 80.0, ("other.x", 224): 70.0}, {("net.in1k", 224): 81.0}, {("other.x", 224): 70.0}]
    revisions = [revision(content, number) for number, content in enumerate(contents)]
    history, _ = append_events(EMPTY, revisions, present, incomplete={revisions[1][0].revision})
    assert [(row.sequence, row.model, row.event) for row in history.itertuples() if row.sequence > 1] == [
        (2, "net.in1k", "changed"),
        (3, "net.in1k", "removed"),
    ]


def test_a_declared_rename_is_no_removal() -> None:
    assert kinds({("old", 224): 80.0}, {("net.in1k", 224): 80.0}) == [("net.in1k", "renamed", "old")]
    assert kinds({("old", 224): 80.0}, {("older", 224): 80.0}) == [("net.in1k", "renamed", "old")]


def test_an_undotted_name_that_gains_its_only_tag_is_renamed() -> None:
    assert kinds({("other", 224): 80.0}, {("other.a_in1k", 224): 80.05}) == [("other.a_in1k", "renamed", "other")]


def test_it_is_a_removal_when_the_accuracy_or_the_tag_leaves_a_doubt() -> None:
    two_tags: Content = {("other.a_in1k", 224): 80.0, ("other.b_in1k", 224): 80.05}
    assert ("other", "removed", None) in kinds({("other", 224): 80.0}, two_tags)
    assert ("other", "removed", None) in kinds({("other", 224): 80.0}, {("other.a_in1k", 224): 81.0})
    assert ("other.b_in1k", "removed", None) in kinds({("other.b_in1k", 224): 80.0}, {("other.a_in1k", 224): 80.0})


def test_one_undotted_name_may_stand_for_other_weights_later() -> None:
    contents: list[Content] = [
        {("other", 224): 77.0},
        {("other.a_in1k", 224): 77.0},
        {("other.a_in1k", 224): 77.0, ("other", 224): 80.0},
        {("other.a_in1k", 224): 77.0, ("other.b_in1k", 224): 80.0},
    ]
    history = told_of(*contents)
    assert first_seen(history) == {"other.a_in1k": "2020-01-01", "other.b_in1k": "2020-01-03"}
    assert "removed" not in set(history["event"])


def test_new_weights_under_an_undotted_name_do_not_make_its_tag_older() -> None:
    contents: list[Content] = [{("other", 224): 77.0}, {("other", 224): 80.0}, {("other.a_in1k", 224): 80.0}]
    history = told_of(*contents)
    assert first_seen(history) == {"other": "2020-01-01", "other.a_in1k": "2020-01-02"}


def test_fifty_models_renamed_at_once_are_fifty_renames() -> None:
    before: Content = {(f"net{number}", 224): 70.0 + number / 4 for number in range(50)}
    after: Content = {(f"{name}.in1k", size): top1 for (name, size), top1 in before.items()}
    assert {event for _, event, _ in kinds(before, after)} == {"renamed"}
    assert len(kinds(before, after)) == 50


def test_the_former_name_keeps_its_first_day() -> None:
    contents: list[Content] = [{("old", 224): 80.0}, {("net.in1k", 224): 80.0, ("net.in1k", 384): 81.0}]
    history = told_of(*contents)
    assert first_seen(history) == {"net.in1k": "2020-01-01"}


def test_in_the_committed_history_no_removal_looks_like_a_rename() -> None:
    assert list(renames_are_declared({"history": catalog.load().history})) == []


@pytest.mark.parametrize(
    ("model", "day"),
    [
        ("legacy_senet154.in1k", "2020-02-01"),  # as senet154
        ("senet154.gluon_in1k", "2020-02-01"),  # as gluon_senet154
        ("seresnext26t_32x4d.bt_in1k", "2020-02-02"),  # as seresnext26tn_32x4d
        ("selecsls60.in1k", "2020-02-02"),  # for a while as SelecSls60.in1k
        ("vit_medium_patch16_gap_256.sw_in12k_ft_in1k", "2022-12-30"),  # as .in12k_ft_in1k
        ("resnet50.a1_in1k", "2021-10-24"),  # as resnet50, which stood for resnet50.ram_in1k before
        ("resnet50.ram_in1k", "2020-02-02"),
        ("resnet101.a1h_in1k", "2022-01-19"),  # as resnet101, and not resnet101.tv2_in1k of nearly its accuracy
        ("resnet101.tv2_in1k", "2023-05-24"),
    ],
)
def test_a_model_was_first_seen_under_whatever_name(model: str, day: str) -> None:
    assert first_seen(catalog.load().history)[model] == day


def test_two_networks_that_shared_a_name_have_a_past_each() -> None:
    history = catalog.load().history
    early = history[history["date"] < "2020-10-29"]
    assert set(early.loc[early["model"] == "legacy_senet154.in1k", "name"]) == {"senet154"}
    assert set(early.loc[early["model"] == "senet154.gluon_in1k", "name"]) == {"gluon_senet154"}
    assert "renamed" not in set(early.loc[early["model"].isin(["seresnext26t_32x4d", "senet154.gluon_in1k"]), "event"])


def test_a_rename_is_told_when_the_former_name_goes() -> None:
    history = catalog.load().history
    renames = history[
        (history["model"] == "mobilenet_edgetpu_v2_m.ra4_e3600_r224_in1k") & (history["event"] == "renamed")
    ]
    assert set(renames["date"]) == {"2025-10-30"} and set(renames["former_name"]) == {"mobilenet_edgetpu_v2_m"}
