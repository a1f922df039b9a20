"""Where an axis carries numbers, for every format alike."""

from __future__ import annotations

import datetime
import math

from survey.charts.scene import Axis

EPOCH = datetime.date(1970, 1, 1)
DIGIT_WIDTH = 3.6  # points, at 6-point type


def day_number(day: str) -> float:
    """Days from 1970-01-01 to a day written YYYY-MM-DD."""
    return float((datetime.date.fromisoformat(day) - EPOCH).days)


def day_text(number: float) -> str:
    """The day of a day number, as YYYY-MM-DD."""
    return (EPOCH + datetime.timedelta(days=round(number))).isoformat()


def ticks(axis: Axis, length: float = 214.0) -> list[tuple[float, str]]:
    """Positions and texts of an axis that is so many points long, low to high."""
    if axis.names:
        return [(float(place), "" if axis.named_beside else name) for place, name in enumerate(axis.names)]
    if axis.dates:
        return _years(axis)
    return _decades(axis, length) if axis.log else _steps(axis, length)


def _years(axis: Axis) -> list[tuple[float, str]]:
    first, last = (int(day_text(day)[:4]) for day in (axis.low, axis.high))
    days = [(day_number(f"{year}-01-01"), str(year)) for year in range(first, last + 2)]
    return [(day, text) for day, text in days if axis.low <= day <= axis.high]


def _decades(axis: Axis, length: float) -> list[tuple[float, str]]:
    """As many numbers in each decade as their texts have room for."""
    decade = length / math.log10(axis.high / axis.low)
    widest = len(f"{axis.high:,.0f}") * DIGIT_WIDTH + 6
    leading = (1, 2, 5) if 0.301 * decade > widest else (1, 3) if 0.477 * decade > widest else (1,)
    exponents = range(math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high)) + 1)
    values = [digit * 10.0**exponent for exponent in exponents for digit in leading]
    return [(value, f"{value:,.10g}") for value in values if axis.low <= value <= axis.high]


def _steps(axis: Axis, length: float) -> list[tuple[float, str]]:
    """As many round numbers as their texts have room for, seven at most."""
    span = axis.high - axis.low
    room = length / (len(f"{axis.high:,.0f}") * DIGIT_WIDTH + 6)
    least = span / max(1.0, min(7.0, room))
    decade = 10.0 ** math.floor(math.log10(least))
    step = max(0.5, next(digit * decade for digit in (1, 2, 5, 10) if digit * decade >= least))
    first = math.ceil(axis.low / step)
    return [(index * step, f"{index * step:,.10g}") for index in range(first, math.floor(axis.high / step) + 1)]
