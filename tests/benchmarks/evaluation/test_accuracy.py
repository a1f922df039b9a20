"""What counts as right, and how sure a share of right predictions is."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from benchmarks.evaluation.accuracy import measure, wilson
from benchmarks.evaluation.batches import BatchPredictions


@given(st.integers(1, 60_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_the_interval_is_wilson_s_as_scipy_computes_it(counts: tuple[int, int]) -> None:
    successes, trials = counts
    theirs = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    ours = wilson(successes, trials)
    assert ours.percent == pytest.approx(100 * successes / trials)
    assert (ours.low, ours.high) == pytest.approx((100 * theirs.low, 100 * theirs.high), abs=1e-9)


def test_the_interval_of_imagenet_is_about_a_third_of_a_point() -> None:
    share = wilson(40_000, 50_000)
    assert (round(share.low, 2), share.percent, round(share.high, 2)) == (79.65, 80.0, 80.35)


def test_nothing_counted_is_no_share_and_any_interval() -> None:
    share = wilson(0, 0)
    assert math.isnan(share.percent) and (share.low, share.high) == (0.0, 100.0)


def test_first_and_first_five_are_counted_and_unreadable_images_kept_out() -> None:
    labels = [7, 7, 7, 7]
    batches = [
        BatchPredictions(0, ((7, 1, 2, 3, 4), (1, 2, 3, 4, 7)), {}),
        BatchPredictions(2, (None, (1, 2, 3, 4, 5)), {2: "the file is empty"}),
    ]
    accuracy = measure(batches, labels)
    assert (accuracy.images, accuracy.unreadable, accuracy.top1_count, accuracy.top5_count) == (3, 1, 1, 2)
