"""Compute: what a count holds, which of several is used, and how a missing one is estimated."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.costs import MACS, MACS_WITHOUT_ATTENTION, choose_costs, cost_candidates, estimate_missing
from catalog.records import Benchmark
from tests.catalog.rows import benchmark, environment

ENVIRONMENTS = {
    item.key: item
    for item in (
        environment("2.9.1"),
        environment("2.9.1", compiled=True),
        environment("2.10.0"),
        environment("2.4.0"),
        environment("2.1.0"),
        environment("1.13"),
    )
}


def count(*rows: Benchmark, published: float | None = 10.0, heads: dict[str, int] | None = None) -> pd.DataFrame:
    params = {} if published is None else {"net": published}
    return cost_candidates(list(rows), ENVIRONMENTS, params, heads or {})


def of_version(version: str, gmacs: float, line: int = 2, **other: object) -> Benchmark:
    source = f"timm/benchmark-{version}" + "-dynamo" * str(other.get("environment", "")).endswith("compiled")
    return benchmark("net", gmacs, line, **({"source": source, "environment": f"gpu-{version}"} | other))


@pytest.mark.parametrize(
    ("version", "convention"),
    [("1.13", MACS), ("2.1.0", MACS_WITHOUT_ATTENTION), ("2.4.0", MACS), ("2.9.1", MACS), ("2.10.0", MACS)],
)
def test_one_version_of_pytorch_did_not_count_fused_attention(version: str, convention: str) -> None:
    assert count(of_version(version, 2.0))["convention"].tolist() == [convention]


@pytest.mark.parametrize(
    ("published", "timed", "heads", "expected"),
    [
        (10.0, 10.0, {}, (False, 1000)),  # the same network
        (10.0, 10.01, {}, (False, 1000)),  # two decimals of a million are rounding
        (1000.0, 1000.4, {}, (False, 1000)),  # and so is a two-thousandth
        (10.0, 9.0, {}, (True, 1000)),  # fewer parameters: branches were fused
        (10.0, 11.0, {}, (False, 1000)),  # more cannot come from fusing
        (10.0, 33.0, {"net": 21841}, (False, 21841)),  # weights with that head exist
        (10.0, 9.0, {"net": 0}, (False, 0)),
        (10.0, 10.0, {"net": 21841}, (False, 1000)),  # but these are not they
        (None, 33.0, {"net": 21841}, (False, 21841)),  # nothing published to compare with
        (None, 33.0, {}, (False, 1000)),
    ],
)
def test_other_parameters_are_another_network(
    published: float | None, timed: float, heads: dict[str, int], expected: tuple[bool, int]
) -> None:
    row = count(benchmark("net", params_m=timed), published=published, heads=heads).iloc[0]
    assert (row["reparametrised"], row["head_classes"]) == expected


def test_training_runs_and_uncounted_rows_give_no_count() -> None:
    assert count(benchmark("net", None), benchmark("net", mode="train")).empty


def test_the_newest_version_is_preferred_and_eager_before_compiled() -> None:
    rows = count(
        of_version("2.4.0", 2.0),
        of_version("2.9.1", 2.0),
        of_version("2.10.0", 2.0, environment="gpu-2.10.0"),
        of_version("2.9.1", 2.0, environment="gpu-2.9.1-compiled"),
    )
    assert choose_costs(rows)["source"].tolist() == ["timm/benchmark-2.10.0"]
    assert choose_costs(rows.drop(index=2))["source"].tolist() == ["timm/benchmark-2.9.1"]


def test_a_count_that_disagrees_is_kept_beside_the_one_that_is_used() -> None:
    kept = choose_costs(count(of_version("2.9.1", 2.0), of_version("2.4.0", 2.5), of_version("1.13", 2.011)))
    assert kept[["gmacs", "preferred"]].values.tolist() == [[2.0, True], [2.5, False]]


def test_counts_of_another_kind_of_network_do_not_disagree() -> None:
    kept = choose_costs(count(of_version("2.9.1", 2.0), of_version("2.4.0", 1.5, params_m=9.0)))
    assert kept["preferred"].all() and sorted(kept["reparametrised"]) == [False, True]


def wanted(*sizes: int, architecture: str = "net") -> pd.DataFrame:
    return pd.DataFrame({"architecture": architecture, "img_size": list(sizes)})


@settings(max_examples=50)
@given(st.integers(32, 1024), st.floats(0.1, 1000))
def test_an_estimate_grows_with_the_pixels_and_says_that_it_is_one(size: int, gmacs: float) -> None:
    costs = choose_costs(count(of_version("2.9.1", gmacs)))
    estimates = estimate_missing(costs, wanted(size, size))
    if size == 224:
        assert estimates.empty
    else:
        assert estimates["gmacs"].tolist() == [pytest.approx(gmacs * (size / 224) ** 2, abs=0.0051)]
        assert estimates["estimated"].tolist() == [True]


def test_a_size_that_was_counted_is_never_estimated() -> None:
    costs = choose_costs(count(of_version("2.1.0", 2.0)))
    assert estimate_missing(costs, wanted(224)).empty  # not even where the count is of another convention


def test_an_estimate_starts_from_the_nearest_size() -> None:
    costs = choose_costs(count(of_version("2.9.1", 2.0), of_version("2.9.1", 9.0, 3, img_size=448)))
    assert estimate_missing(costs, wanted(384))["gmacs"].tolist() == [round(9.0 * (384 / 448) ** 2, 2)]


def test_nothing_is_estimated_from_a_count_that_cannot_be_compared() -> None:
    costs = choose_costs(count(of_version("2.1.0", 2.0), of_version("2.9.1", 2.0, params_m=9.0)))
    assert estimate_missing(costs, wanted(384)).empty
    assert estimate_missing(costs, wanted(384, architecture="unheard_of")).empty
