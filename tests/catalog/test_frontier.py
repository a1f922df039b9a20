"""The frontier: the rows more accurate than every other row of the same or less cost."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from catalog.frontier import pareto_mask

# Few values, so that ties and blanks are common.
VALUES = st.one_of(st.none(), st.integers(0, 6).map(float))
POINTS = st.lists(st.tuples(VALUES, VALUES), max_size=12)


def on_frontier(points: list[tuple[float | None, float | None]], *, more_is_better: bool) -> list[bool]:
    """The definition, word for word."""
    signed = [(None if x is None else -x if more_is_better else x, y) for x, y in points]
    mask = []
    for index, (x, y) in enumerate(signed):
        beaten = x is None or y is None
        for other, (x2, y2) in enumerate(signed):
            if beaten or other == index or x2 is None or y2 is None:
                continue
            better = x2 <= x and y2 >= y and (x2, y2) != (x, y)
            beaten = better or ((x2, y2) == (x, y) and other < index)
        mask.append(not beaten)
    return mask


def mask_of(points: list[tuple[float | None, float | None]], *, more_is_better: bool = False) -> list[bool]:
    frame = pd.DataFrame(points, columns=["x", "y"], dtype="float64", index=range(100, 100 + len(points)))
    return pareto_mask(frame["x"], frame["y"], more_is_better=more_is_better).tolist()


@given(POINTS, st.booleans())
def test_the_frontier_is_what_its_definition_says(points: list, more_is_better: bool) -> None:
    assert mask_of(points, more_is_better=more_is_better) == on_frontier(points, more_is_better=more_is_better)


def test_nothing_has_no_frontier() -> None:
    assert mask_of([]) == []
    assert mask_of([(None, 80.0), (5.0, None)]) == [False, False]


def test_of_equal_rows_the_first_is_on_it() -> None:
    assert mask_of([(1.0, 80.0), (1.0, 80.0)]) == [True, False]


def test_more_images_a_second_is_better() -> None:
    assert mask_of([(100.0, 80.0), (200.0, 80.0), (50.0, 81.0)], more_is_better=True) == [False, True, True]
