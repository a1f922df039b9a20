"""Each table is a function of records and of tables that are there already, and can be had alone."""

from __future__ import annotations

import pandas as pd

from catalog import figures
from catalog.identity import Identity
from catalog.schema import TABLES
from tests.catalog.rows import accuracy, benchmark, environment, evaluation, table

FORMER, PRESENT = "tnt_s_patch16_224", "tnt_s_legacy_patch16_224"
NOTHING_TIMED = TABLES["measurements"].empty()


def test_a_former_name_of_weights_is_set_aside_where_the_present_one_has_a_row() -> None:
    former, present = next((name, model) for name, model in Identity().aliases.items() if "." not in name)
    both = [accuracy(former, 79.0, 2), accuracy(present, 80.0, 3)]
    rows, aside = figures.present_accuracies(both, Identity(), TABLES["evaluations"].empty())
    assert [(row.model, row.top1) for row in rows] == [(present, 80.0)]
    assert [(row.line, row.rule) for row in aside] == [(2, "same-weights")]


def test_a_former_name_of_weights_takes_no_place_of_a_last_good_row() -> None:
    former, present = next((name, model) for name, model in Identity().aliases.items() if "." not in name)
    read = accuracy(former, 79.0)
    for top1, places in ((80.0, 0), (79.0, 1)):
        last_good = table("evaluations", vars(accuracy(present, top1)))
        rows, aside = figures.present_accuracies([read], Identity(), last_good)
        assert [row.model for row in rows] == [present] * places
        assert [row.rule for row in aside] == ["same-weights"] * (1 - places)


def test_a_former_name_of_an_architecture_takes_no_place_of_a_last_good_row() -> None:
    read = benchmark(FORMER, images_per_s=900.0)
    for images_per_s, places in ((1000.0, 0), (900.0, 1)):
        last_good = table("measurements", vars(benchmark(PRESENT, images_per_s=images_per_s)))
        rows, aside = figures.present_benchmarks([read], {PRESENT: 10.0}, Identity(), last_good)
        assert [row.architecture for row in rows] == [PRESENT] * places
        assert [row.rule for row in aside] == ["same-architecture"] * (1 - places)


def test_only_what_upstream_measured_on_imagenet_tells_the_parameters() -> None:
    rows = table(
        "evaluations",
        evaluation("net.a", 80.0, params_m=10.0),
        evaluation("net.b", 80.0, params_m=20.0, kind="reported by a paper"),
        evaluation("other.a", 80.0, params_m=30.0, dataset="imagenet-a"),
    )
    assert figures.published_params(rows) == {"net": 10.0}


def test_a_benchmark_takes_its_present_name_only_where_the_published_parameters_say_so() -> None:
    for params, name in (({PRESENT: 10.0}, PRESENT), ({PRESENT: 99.0}, FORMER), ({}, FORMER)):
        rows, aside = figures.present_benchmarks([benchmark(FORMER)], params, Identity(), NOTHING_TIMED)
        assert ([row.architecture for row in rows], aside) == ([name], [])


def test_environments_are_those_that_were_measured_in_whether_read_now_or_before() -> None:
    before = table("environments", {"environment": "gpu-2.4.0"}, {"environment": "gpu-unused"})
    timed = table("measurements", {"environment": "gpu-2.4.0"}, {"environment": "gpu-2.9.1"})
    found = figures.environments([environment("2.9.1"), environment("2.1.0")], before, timed)
    assert sorted(found["environment"]) == ["gpu-2.4.0", "gpu-2.9.1"]


def test_a_size_that_nobody_counted_is_estimated() -> None:
    counted = figures.costs(
        [benchmark("net", 4.0)], {"gpu-2.9.1": environment("2.9.1")}, {"net": 10.0}, {}, [], TABLES["costs"].empty()
    )
    results = table("evaluations", evaluation("net.a", 80.0), evaluation("net.a", 81.0, img_size=448))
    costs = figures.with_estimates(counted, results, {})
    assert costs[["img_size", "gmacs", "estimated"]].values.tolist() == [[224, 4.0, False], [448, 16.0, True]]


def test_an_opinion_about_what_the_catalog_does_not_hold_stays_without_it() -> None:
    rows = table(
        "second_opinions", {"architecture": "net", "model": "net.a"}, {"architecture": "gone", "model": "gone.a"}
    )
    models = table("models", {"model": "net.a"})
    shown = figures.second_opinions(rows, table("architectures", {"architecture": "net"}), models)
    assert shown["model"].tolist()[0] == "net.a" and shown[["architecture", "model"]].iloc[1].isna().all()


def test_joining_nothing_keeps_the_columns() -> None:
    pd.testing.assert_frame_equal(figures.joined(pd.DataFrame(), TABLES["costs"].empty()), TABLES["costs"].empty())
