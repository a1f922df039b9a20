"""Scales: what lies where along an axis, and where an axis carries numbers, for every format alike."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass

EPOCH = datetime.date(1970, 1, 1)
DIGIT_WIDTH = 3.6  # points, at 6-point type
MOST_STEPS = 7


@dataclass(frozen=True)
class Scale:
    """One axis of a panel. `low` and `high` are its limits in the metric's unit (days since 1970 for dates).

    A scale of names has one for each whole number from 0. They are left out where the panel to the left shows the same.
    """

    title: str
    low: float
    high: float
    log: bool = False
    dates: bool = False
    names: tuple[str, ...] = ()
    named_beside: bool = False

    def fraction(self, value: float) -> float:
        """Where a value lies along the axis, 0 at the low end and 1 at the high end."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self, length: float = 214.0) -> list[tuple[float, str]]:
        """Values and their texts, low to high: as many round ones as an axis of so many points has room for."""
        if self.names:
            return [(float(place), "" if self.named_beside else name) for place, name in enumerate(self.names)]
        found = self._years() if self.dates else [(value, f"{value:,.10g}") for value in self._round_values(length)]
        return [(value, text) for value, text in found if self.low <= value <= self.high]

    def _years(self) -> list[tuple[float, str]]:
        first, last = (int(day_text(day)[:4]) for day in (self.low, self.high))
        return [(day_number(f"{year}-01-01"), str(year)) for year in range(first, last + 1)]

    def _round_values(self, length: float) -> list[float]:
        from matplotlib.ticker import LogLocator, MaxNLocator

        widest = len(f"{self.high:,.0f}") * DIGIT_WIDTH + 6
        if not self.log:
            steps = max(1, min(MOST_STEPS, int(length / widest)))
            return [float(value) for value in MaxNLocator(steps, steps=[1, 2, 5, 10]).tick_values(self.low, self.high)]
        decade = length / math.log10(self.high / self.low)
        digits = (1, 2, 5) if math.log10(2) * decade > widest else (1, 3) if math.log10(3) * decade > widest else (1,)
        return [float(value) for value in LogLocator(subs=digits, numticks=99).tick_values(self.low, self.high)]


def day_number(day: str) -> float:
    """Days from 1970-01-01 to a day written YYYY-MM-DD."""
    return float((datetime.date.fromisoformat(day) - EPOCH).days)


def day_text(number: float) -> str:
    """The day of a day number, as YYYY-MM-DD."""
    return (EPOCH + datetime.timedelta(days=round(number))).isoformat()
