"""What changed between two states: added, removed, renamed, changed by more than re-measurement."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.diff import Difference, Renamed, diff
from catalog.schema import TABLES
from tests.catalog.rows import evaluation, table

Frames = dict[str, pd.DataFrame]


def state(
    accuracies: dict[str, float], former: dict[str, str] | None = None, kind: str = "measured upstream"
) -> Frames:
    frames = {name: schema.empty() for name, schema in TABLES.items()}
    frames["evaluations"] = table("evaluations", *(evaluation(m, top1, kind=kind) for m, top1 in accuracies.items()))
    names = former or {}
    frames["models"] = table("models", *({"model": m, "former_names": names.get(m)} for m in accuracies))
    return frames


def compare(before: dict[str, float], after: dict[str, float], former: dict[str, str] | None = None) -> Difference:
    return diff(state(before), state(after, former))


@settings(max_examples=30)
@given(st.dictionaries(st.sampled_from(["a", "a.x", "b.y", "c.z"]), st.floats(0, 100), min_size=1))
def test_a_state_does_not_differ_from_itself(accuracies: dict[str, float]) -> None:
    difference = compare(accuracies, accuracies)
    assert not difference
    assert difference.to_markdown() == "Nothing changed.\n"


@settings(max_examples=40)
@given(
    st.dictionaries(st.sampled_from(["a", "a.x", "b", "b.y", "c.z"]), st.sampled_from([80.0, 80.2, 81.0]), min_size=1),
    st.dictionaries(st.sampled_from(["a", "a.x", "b", "b.y", "c.z"]), st.sampled_from([80.0, 80.2, 81.0]), min_size=1),
)
def test_every_model_that_came_or_went_is_told_once(before: dict[str, float], after: dict[str, float]) -> None:
    difference = compare(before, after)
    removed, added = ([item.model for item in items] for items in (difference.removed, difference.added))
    assert sorted(removed + [item.former for item in difference.renamed]) == sorted(before.keys() - after.keys())
    assert sorted(added + [item.model for item in difference.renamed]) == sorted(after.keys() - before.keys())


def test_added_and_removed() -> None:
    difference = compare({"a.x": 80.0, "b.y": 70.0}, {"a.x": 80.0, "c.z": 60.0})
    assert [item.model for item in difference.added] == ["c.z"]
    assert [item.model for item in difference.removed] == ["b.y"]


def test_a_further_size_is_a_result_added_and_no_model() -> None:
    before, after = state({"a.x": 80.0}), state({"a.x": 80.0, "c.z": 60.0})
    after["evaluations"] = table(
        "evaluations", *(evaluation(model, 80.0, img_size=size) for model in ("a.x", "c.z") for size in (224, 288))
    )
    assert diff(before, after).models_added == ["c.z"]
    assert [(item.model, item.img_size) for item in diff(before, after).added] == [
        ("a.x", 288),
        ("c.z", 224),
        ("c.z", 288),
    ]
    assert (diff(after, before).models_added, diff(after, before).models_removed) == ([], ["c.z"])


@pytest.mark.parametrize(("after", "news"), [(80.05, False), (80.051, True), (79.949, True), (79.951, False)])
def test_only_a_change_of_more_than_half_a_tenth_of_a_point_is_news(after: float, news: bool) -> None:
    assert bool(compare({"a.x": 80.0}, {"a.x": after}).changed) is news


def test_an_undotted_name_that_gained_its_tag_is_renamed() -> None:
    difference = compare({"tnt_s": 81.5}, {"tnt_s.in1k": 81.504})
    assert difference.renamed == [Renamed("tnt_s", "tnt_s.in1k")]
    assert not (difference.added or difference.removed or difference.changed)


def test_another_tag_is_other_weights() -> None:
    difference = compare({"a.x": 80.0}, {"a.y": 80.0})
    assert [item.model for item in difference.removed] == ["a.x"]
    assert not difference.renamed


def test_a_declared_former_name_is_a_rename_whatever_the_accuracy() -> None:
    difference = compare({"old": 80.0}, {"new.x": 80.3}, {"new.x": "older;old"})
    assert difference.renamed == [Renamed("old", "new.x")]
    assert [(item.model, item.before, item.after) for item in difference.changed] == [("new.x", 80.0, 80.3)]


def test_fifty_models_renamed_at_once_are_fifty_renames() -> None:
    before = {f"net{number}": 70 + number / 4 for number in range(50)}
    difference = compare(before, {f"{name}.in1k": top1 for name, top1 in before.items()})
    assert len(difference.renamed) == 50
    assert not (difference.added or difference.removed)


def test_what_timm_measured_counts_before_what_was_measured_here() -> None:
    after = state({"a.x": 80.0})
    here = table("evaluations", evaluation("a.x", 75.0, kind="measured here", source="here/run"))
    after["evaluations"] = pd.concat([here, after["evaluations"]], ignore_index=True)
    assert not diff(state({"a.x": 80.0}), after).changed


def test_new_environments_and_row_counts_are_told() -> None:
    before, after = state({"a.x": 80.0}), state({"a.x": 80.0})
    after["environments"] = table("environments", {"environment": "gpu"})
    difference = diff(before, after)
    assert difference.environments_added == ["gpu"]
    assert difference.rows == {"environments": (0, 1)}


def test_the_markdown_has_a_heading_with_a_count_per_kind_of_change() -> None:
    text = compare({"a.x": 80.0, "b": 70.0, "d.w": 50.0}, {"a.x": 81.0, "b.y": 70.0, "c.z": 60.0}).to_markdown()
    for part in (
        "### Models added (1)\n\n- `c.z`",
        "### Models removed (1)\n\n- `d.w`",
        "### Results added (1)\n\n- `c.z` at 224: 60 %",
        "### Results removed (1)\n\n- `d.w` at 224 (was 50 %)",
        "### Models renamed (1)\n\n- `b` is now `b.y`",
        "### Results changed by more than 0.05 points (1)\n\n- `a.x` at 224: 80 % to 81 %",
    ):
        assert part in text
