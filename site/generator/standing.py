"""How a result stands: its rank, the frontier around it, and the best picks within a budget."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from catalog.fields import METRICS
from catalog.frontier import pareto_mask
from catalog.vocabulary import IMAGENET_1K
from generator.facts import Row, Rows, measured


def axis_value(row: Row, axis: str) -> float | None:
    """The cost of a measured result where it may be compared; None otherwise."""
    metric = METRICS[axis]
    if metric.note and getattr(row, metric.note) not in metric.comparable_notes:
        return None
    value = getattr(row, axis)
    return None if value is None else float(value)


def frontier(board: Sequence[Row], axis: str) -> Rows:
    """The measured results more accurate than every other of the same or less cost, the cheapest first."""
    costs = [axis_value(row, axis) for row in board]
    on_it = pareto_mask(pd.Series(costs, dtype="float64"), pd.Series([row.top1 for row in board], dtype="float64"))
    found = [(cost, row) for cost, row, chosen in zip(costs, board, on_it, strict=True) if chosen and cost is not None]
    return [row for _, row in sorted(found, key=lambda pair: pair[0])]


@dataclass(frozen=True)
class Neighbours:
    """A result against one frontier. `at` is the frontier's result at no more cost; itself where it is on it."""

    axis: str
    label: str
    scope: str
    on_frontier: bool
    at: Row | None
    before: Row | None
    after: Row | None
    behind: float


@dataclass
class Scope:
    """A set of measured results that are ranked together, the most accurate first."""

    name: str
    board: Rows
    _frontiers: dict[str, Rows] = field(default_factory=dict)

    def frontier(self, axis: str) -> Rows:
        """The frontier on an axis."""
        if axis not in self._frontiers:
            self._frontiers[axis] = frontier(self.board, axis)
        return self._frontiers[axis]

    @cached_property
    def ranks(self) -> dict[tuple[str, int], int]:
        """The place of each (model, image size); equal accuracies share a place."""
        places: dict[tuple[str, int], int] = {}
        place, previous = 0, None
        for index, row in enumerate(self.board, start=1):
            place = place if row.top1 == previous else index
            previous = row.top1
            places[row.model, row.img_size] = place
        return places

    def neighbours(self, row: Row, axis: str) -> Neighbours | None:
        """Where a result stands against the frontier; None when its cost is not comparable."""
        value = axis_value(row, axis)
        if value is None:
            return None
        line = self.frontier(axis)
        costs = [axis_value(other, axis) or 0.0 for other in line]
        index = bisect_right(costs, value) - 1
        at = line[index] if index >= 0 else None
        on_frontier = at is not None and (at.model, at.img_size) == (row.model, row.img_size)
        return Neighbours(
            axis,
            METRICS[axis].label,
            self.name,
            on_frontier,
            at,
            line[index - 1] if index > 0 else None,
            line[index + 1] if index + 1 < len(line) else None,
            (at.top1 - row.top1) if at is not None else 0.0,
        )


class Standings:
    """All measured results, and those of each train-set bucket."""

    def __init__(self, board: Sequence[Row]) -> None:
        every = measured(board)
        self.everything = Scope("any training data", every)
        self.scopes = {
            name: Scope(name, [row for row in every if row.train_set == name])
            for name in {row.train_set for row in every}
        }

    def of(self, train_set: str) -> Scope:
        """The results of a bucket."""
        return self.scopes.get(train_set, Scope(train_set, []))


@dataclass(frozen=True)
class Pick:
    """The best result within a budget, and what it takes to reach it."""

    label: str
    limit: float
    row: Row | None
    any_data: Row | None


def picks(
    standings: Standings, budgets: Sequence[float], fits: Callable[[Row, float], bool], label: Callable[[float], str]
) -> list[Pick]:
    """For each budget the best result trained on ImageNet-1K only, and the best of all."""
    return [
        Pick(
            label(limit),
            limit,
            _best(standings.of(IMAGENET_1K).board, fits, limit),
            _best(standings.everything.board, fits, limit),
        )
        for limit in budgets
    ]


def _best(board: Rows, fits: Callable[[Any, float], bool], limit: float) -> Row | None:
    return next((row for row in board if fits(row, limit)), None)
