"""The Pareto frontier: the rows that no other row beats in accuracy at the same or less cost."""

from __future__ import annotations

import numpy as np
import pandas as pd


def pareto_mask(cost: pd.Series, accuracy: pd.Series, *, more_is_better: bool = False) -> pd.Series:
    """True for rows on the frontier of high accuracy against low cost (high, for throughput: `more_is_better`).

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
