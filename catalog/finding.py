"""Turns the rows that break a rule into problems: one each, at the file and line that the row came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from catalog.problems import Problem, Severity

Frames = dict[str, pd.DataFrame]
Rule = Callable[[Frames], Iterator[Problem]]


def each(rows: pd.DataFrame, severity: Severity, rule: str, text: str) -> Iterator[Problem]:
    """One problem per row; `text` is filled in from the row's columns."""
    for values in rows.to_dict("records"):
        line = values.get("line")
        yield Problem(
            severity, str(values["source"]), None if pd.isna(line) else int(line), rule, text.format(**values)
        )
