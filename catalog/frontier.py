"""The Pareto frontier: which figures may be compared, and which results are more accurate than all of no more cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from catalog.vocabulary import RANKED_EVIDENCE

if TYPE_CHECKING:
    from catalog.fields import Metric


def comparable(rows: pd.DataFrame, cost: Metric) -> pd.Series:
    """True for rows of the leaderboard whose accuracy and cost may be compared with those of the others.

    The accuracy was measured, under the data set's one protocol; the cost was counted or timed for this very network.
    """
    measured = rows["evidence"].isin(RANKED_EVIDENCE)
    return measured & rows[cost.note].isin(cost.comparable_notes) if cost.note else measured


def on_frontier(rows: pd.DataFrame, cost: Metric) -> pd.Series:
    """True for comparable rows of the leaderboard more accurate than every other comparable one of no more cost."""
    may = comparable(rows, cost)
    return pareto_mask(rows[cost.column].where(may), rows["top1"].where(may), more_is_better=cost.better == "higher")


def pareto_mask(cost: pd.Series, accuracy: pd.Series, *, more_is_better: bool = False) -> pd.Series:
    """True for rows more accurate than every other of the same or less cost (more, for throughput: `more_is_better`).

    Rows with a missing value are never on it; of rows equal in both, the first is.
    """
    known = cost.notna() & accuracy.notna()
    x = cost[known].to_numpy(dtype="float64")
    y = accuracy[known].to_numpy(dtype="float64")
    x = -x if more_is_better else x
    order = np.lexsort((-y, x))  # cheapest first, the most accurate of equals first
    best_before = np.maximum.accumulate(np.concatenate([[-np.inf], y[order][:-1]])) if len(order) else y
    mask = pd.Series(False, index=cost.index)
    mask.loc[cost[known].index[order[y[order] > best_before]]] = True
    return mask
