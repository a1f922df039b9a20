"""Warming up until steps are stable, then measuring a minimum of time and of steps, on a clock made for it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.stopwatch import WARM_UP_LIMIT_S, is_stable, measure, warm_up


class Steps:
    """A step that takes the given seconds, one after the other, on a clock of its own; the last of them for ever."""

    def __init__(self, *seconds):
        self.now, self.taken = 0.0, 0
        self._seconds = itertools.chain(seconds, itertools.repeat(seconds[-1]))

    def __call__(self):
        self.now += next(self._seconds)
        self.taken += 1

    def clock(self):
        return self.now


def test_warming_up_ends_when_steps_no_longer_get_faster():
    steps = Steps(9.0, 0.5, 0.4, 0.1)
    times = warm_up(steps, steps.clock, limit_s=60)
    assert is_stable(times) and times[-4:] == pytest.approx([0.1] * 4)


def test_warming_up_ends_at_its_limit_when_steps_never_are_stable():
    steps = Steps(*(0.1 * (1.5**number) for number in range(60)))
    assert not is_stable(warm_up(steps, steps.clock))
    assert WARM_UP_LIMIT_S <= steps.now < 3 * WARM_UP_LIMIT_S


def test_warming_up_takes_two_steps_even_when_one_exceeds_the_limit():
    steps = Steps(100.0)
    assert len(warm_up(steps, steps.clock)) == 2


@given(st.floats(1e-2, 2), st.floats(0, 5), st.integers(1, 9))
def test_a_turn_lasts_at_least_so_long_and_so_many_steps(step_s, seconds, least):
    steps = Steps(step_s)
    times = measure(steps, seconds, least, steps.clock)
    assert len(times) >= least
    assert sum(times) >= seconds * (1 - 1e-9)
    assert len(times) == least or sum(times) - step_s <= seconds * (1 + 1e-9)


def test_a_short_step_first_settles_the_machine_and_is_not_counted():
    steps = Steps(0.125, 0.0625)
    assert measure(steps, 0.1, 1, steps.clock) == [0.0625, 0.0625]
    assert steps.taken == 3


def test_a_long_step_is_never_wasted():
    steps = Steps(2.0, 1.0)
    assert measure(steps, 0.0, 2, steps.clock) == [2.0, 1.0]
