"""Timing of steps: warming up until they are stable, then a minimum of time and of steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import mean
from typing import Any

Clock = Callable[[], float]

WINDOW = 2  # steps of which the mean is taken while warming up
STABLE = 0.05  # two neighbouring windows differ by less than this
WARM_UP_LIMIT_S = 6.0
SETTLED_S = 0.25  # a step that takes longer is not changed by what ran before it


def warm_up(step: Callable[[], Any], clock: Clock = time.perf_counter, limit_s: float = WARM_UP_LIMIT_S) -> list[float]:
    """Run steps until they are stable, or for `limit_s`; seconds of each step, of which `is_stable` says what came."""
    times: list[float] = []
    start = clock()
    while not is_stable(times) and (len(times) < 2 or clock() - start < limit_s):
        times.append(timed(step, clock))
    return times


def is_stable(times: list[float]) -> bool:
    """Whether the last steps take as long as those before them."""
    if len(times) < 2 * WINDOW:
        return False
    before, last = mean(times[-2 * WINDOW : -WINDOW]), mean(times[-WINDOW:])
    return abs(last - before) <= STABLE * before


def measure(step: Callable[[], Any], seconds: float, steps: int, clock: Clock = time.perf_counter) -> list[float]:
    """Seconds of each step, of so many at least and so long; a short step before them settles the machine."""
    first = timed(step, clock)
    times = [first] if first > SETTLED_S else []
    total = sum(times)
    while len(times) < steps or total < seconds:
        times.append(timed(step, clock))
        total += times[-1]
    return times


def timed(step: Callable[[], Any], clock: Clock = time.perf_counter) -> float:
    """Seconds that a step takes."""
    start = clock()
    step()
    return clock() - start
