"""Ratios of speeds that were measured in turns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ratios import parse_rounds, speed_ratio

TIMES = st.lists(st.tuples(st.floats(0.1, 1e4), st.floats(0.1, 1e4)), min_size=1, max_size=12)


def test_half_the_time_is_twice_the_speed():
    ratio = speed_ratio([5.0, 5.0, 5.0], [10.0, 10.0, 10.0])
    assert (ratio.median, ratio.low, ratio.high) == (2.0, 2.0, 2.0)


def test_a_slow_spell_that_hits_both_changes_nothing():
    ratio = speed_ratio([5.0, 50.0, 5.0, 20.0], [10.0, 100.0, 10.0, 40.0])
    assert (ratio.low, ratio.median, ratio.high) == (2.0, 2.0, 2.0)


def test_noise_widens_the_interval_around_the_ratio():
    ratio = speed_ratio([10.0, 11.0, 9.0, 10.5, 9.5, 10.0], [20.0] * 6)
    assert 20 / 11 <= ratio.low < ratio.median < ratio.high <= 20 / 9


@given(TIMES)
def test_the_interval_holds_the_median_and_lies_within_what_was_seen(pairs):
    a, b = zip(*pairs, strict=True)
    ratio = speed_ratio(a, b)
    seen = [theirs / ours for ours, theirs in pairs]
    assert min(seen) <= ratio.low <= ratio.median <= ratio.high <= max(seen)
    assert speed_ratio(a, b) == ratio


@pytest.mark.parametrize(("a", "b"), [([], []), ([1.0], []), ([1.0, 2.0], [1.0])])
def test_rounds_that_do_not_pair_are_refused(a, b):
    with pytest.raises(ValueError, match="expected as many of both, and at least one"):
        speed_ratio(a, b)


def test_rounds_are_read_from_their_cell():
    assert parse_rounds("9.45064 9.5251 9") == [9.45064, 9.5251, 9.0]
    assert parse_rounds("") == []
