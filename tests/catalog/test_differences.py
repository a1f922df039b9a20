"""Differences to ImageNet are recomputed: equal accuracies share a place, and A and R have bases of their own."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.scores import BASES, differences_to_imagenet
from tests.catalog.rows import evaluation, table

# Accuracies with ties.
ACCURACIES = st.lists(st.tuples(st.sampled_from([70.0, 80.0, 90.0]), st.sampled_from([10.0, 20.0, 30.0])), min_size=1)


def derived(*rows: dict) -> pd.DataFrame:
    return differences_to_imagenet(table("evaluations", *rows)).set_index(["model", "dataset"])


@settings(max_examples=40)
@given(ACCURACIES)
def test_places_are_those_among_the_models_of_both_data_sets(pairs: list[tuple[float, float]]) -> None:
    rows = []
    for number, (base, sketch) in enumerate(pairs):
        rows.append(evaluation(f"m{number}.x", base))
        rows.append(evaluation(f"m{number}.x", sketch, "imagenet-sketch"))
    result = derived(*rows)
    for number, (base, sketch) in enumerate(pairs):
        place_before = 1 + sum(other > base for other, _ in pairs)
        place_now = 1 + sum(other > sketch for _, other in pairs)
        row = result.loc[(f"m{number}.x", "imagenet-sketch")]
        assert row["rank_diff"] == place_before - place_now
        assert row["top1_diff"] == round(sketch - base, 3)


def test_imagenet_itself_has_no_difference() -> None:
    assert derived(evaluation("a.x", 80.0)).loc[("a.x", "imagenet"), ["top1_diff", "rank_diff"]].isna().all()


def test_a_and_r_are_compared_with_the_same_classes_of_imagenet() -> None:
    assert (BASES["imagenet-a"], BASES["imagenet-r"]) == ("imagenet-a-clean", "imagenet-r-clean")
    rows = [evaluation("a.x", 80.0), evaluation("a.x", 95.0, "imagenet-a-clean"), evaluation("a.x", 50.0, "imagenet-a")]
    assert derived(*rows).loc[("a.x", "imagenet-a"), "top1_diff"] == -45.0


def test_a_model_without_a_base_has_none() -> None:
    rows = [evaluation("a.x", 80.0, img_size=384), evaluation("a.x", 50.0, "imagenet-sketch")]
    assert derived(*rows).loc[("a.x", "imagenet-sketch"), ["top1_diff", "top5_diff", "rank_diff"]].isna().all()


def test_what_a_paper_reports_is_not_ranked() -> None:
    rows = [
        evaluation("a.x", 80.0),
        evaluation("a.x", 70.0, "imagenet-sketch"),
        evaluation("b.y", 90.0, kind="reported by a paper"),
    ]
    result = derived(*rows)
    assert result.loc[("a.x", "imagenet-sketch"), "rank_diff"] == 0
    assert pd.isna(result.loc[("b.y", "imagenet"), "rank_diff"])
