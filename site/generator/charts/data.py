"""Turns rows of tables into what charts show of them: marks, hover texts, labels and the table behind the chart."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from string import Formatter

import numpy as np
import pandas as pd

from catalog.columns import is_formula
from catalog.fields import FIELDS, METRICS
from generator.charts.scene import Label, Mark
from generator.charts.style import Group, Role

# Headings of the columns behind a chart that are neither of the leaderboard nor headed by their own name.
HEADINGS = {
    "scope": "training data",
    "on_frontier": "on the frontier",
    "within_axes": "within the axes",
    "clean_top1": "clean top-1 accuracy (%)",
    "clean_source": "source of clean accuracy",
    "clean_line": "line of clean accuracy",
    "model_name": "model",
    "revision": "timm revision",
    "step_ms": "median step (ms)",
    "p10_ms": "10th percentile (ms)",
    "p90_ms": "90th percentile (ms)",
    "compile_s": "compile (s)",
    "cold_start_s": "cold start (s)",
    "peak_memory_mb": "peak memory (MB)",
    "parity_error": "parity error",
    "parity_tolerance": "parity tolerance",
}
REMARKS = ("cost_note", "speed_note")  # in brackets where they say something
END_OF_HOVER = "<extra></extra>"
# Every condition and source of a row of the leaderboard.
LEADERBOARD_HOVER = (
    "<b>{model}</b><br>{family_name}, {train_set}<br>top-1 {top1} %, top-5 {top5} %, at {img_size} pixels<br>"
    "{params_m} M parameters, {gmacs} GMACs {cost_note}<br>"
)
LEADERBOARD_SOURCES = "{evidence}: {source}:{line}<br>GMACs: {cost_source}:{cost_line}"


def with_hover(rows: pd.DataFrame, pattern: str) -> pd.DataFrame:
    """The rows with the column `hover`: the texts that fill a pattern of HTML, which names columns in braces."""
    columns = []
    for name in _fields(pattern):
        values = rows[name].tolist()
        texts = {value: _shown(name, value) for value in set(values)}
        columns.append([texts[value] for value in values])
    return rows.assign(hover=list(zip(*columns, strict=True)))


def mark(
    rows: pd.DataFrame, name: str, role: Role, group: Group, x: str, y: str, pattern: str, *, in_legend: bool = False
) -> Mark:
    """A point for each row that `with_hover` prepared for this pattern, or a line through them, as the group looks."""
    texts, template = _hover(rows["hover"].tolist(), pattern)
    across, upward = (_published(rows, column) for column in (x, y))
    return Mark(name, role, group.colour, group.marker, across, upward, texts, template, in_legend)


def marks_by_group(
    rows: pd.DataFrame,
    groups: Iterable[Group],
    role: Role,
    x: str,
    y: str,
    pattern: str,
    *,
    suffix: str = "",
    in_legend: bool = False,
) -> list[Mark]:
    """A mark for each group, by the column `group`; one without rows is there for the legend only."""
    found = [(group, rows[rows["group"] == group.name]) for group in groups]
    return [
        mark(of_group, group.name + suffix, role, group, x, y, pattern, in_legend=in_legend)
        for group, of_group in found
        if len(of_group) or in_legend
    ]


def labels_of(rows: pd.DataFrame, texts: Iterable[str], x: str, y: str, reach: float = 50.0) -> list[Label]:
    """A label for each row, those that spread best over the values of `y` first."""
    columns = zip(texts, rows[x], rows[y], spread(rows[y].tolist()), strict=True)
    return [Label(str(text), float(across), float(upward), rank, reach) for text, across, upward, rank in columns]


def spread(values: Sequence[float]) -> list[float]:
    """A priority for each value: the highest first, then always the one furthest from those chosen before."""
    remaining = np.array(values, dtype=float)
    gaps = remaining.copy()
    priorities = [0.0] * len(values)
    for priority in range(len(values), 0, -1):
        best = max(np.flatnonzero(~np.isnan(remaining)), key=lambda index: (gaps[index], remaining[index]))
        priorities[best] = float(priority)
        away = np.abs(remaining - remaining[best])
        gaps = away if priority == len(values) else np.minimum(gaps, away)
        remaining[best] = np.nan
    return priorities


def table_of(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The table behind a chart: units in the headings, and no text that a spreadsheet would take for a formula."""
    headings = {name: FIELDS[name].heading if name in FIELDS else HEADINGS.get(name, name) for name in columns}
    table = rows[list(columns)].reset_index(drop=True)
    for name in columns:
        if table[name].dtype.kind not in "biufM":
            table[name] = [_plain(value) for value in table[name].tolist()]
    return table.rename(columns=headings)


def names_apart(rows: pd.DataFrame) -> list[str]:
    """Names of results: the architecture, with its image size or its tag too where that is not enough."""
    sized = rows["architecture"] + " @" + rows["img_size"].astype("str")
    names = rows["architecture"].mask(rows["architecture"].duplicated(keep=False), sized)
    whole = rows["model"] + " @" + rows["img_size"].astype("str")
    return [str(name) for name in names.mask(names.duplicated(keep=False), whole)]


def _fields(pattern: str) -> list[str]:
    """The columns that a pattern names, in order."""
    return list(dict.fromkeys(name for _, name, _, _ in Formatter().parse(pattern) if name))


def _hover(texts: list[tuple[str, ...]], pattern: str) -> tuple[tuple[tuple[str, ...], ...], str]:
    """What differs between the texts of some rows, and plotly's pattern around it; what all share is in there."""
    if not texts:
        return (), ""
    varying: list[tuple[str, ...]] = []
    filled: dict[str, str] = {}
    for name, column in zip(_fields(pattern), zip(*texts, strict=True), strict=True):
        if len(set(column)) == 1:
            filled[name] = column[0].replace("%", "&#37;")
        else:
            filled[name] = f"%{{customdata[{len(varying)}]}}"
            varying.append(column)
    rows = tuple(zip(*varying, strict=True)) if varying else ((),) * len(texts)
    return rows, pattern.format(**filled) + END_OF_HOVER


def _shown(name: str, value: object) -> str:
    """How a cell is written in a hover: safe as HTML, a missing one as a dash."""
    missing = value is None or value is pd.NA or value != value  # many times faster than pandas' own test
    if name in REMARKS:
        return f"({html.escape(str(value))})" if value else ""
    if missing:
        return "–"
    return METRICS[name].text(float(value)) if name in METRICS else html.escape(str(value))  # type: ignore[arg-type]


def _published(rows: pd.DataFrame, column: str) -> tuple[float, ...]:
    """The values of a column at the precision that is published."""
    metric = METRICS.get(column)
    return tuple(metric.rounded(value) if metric else float(value) for value in rows[column])


def _plain(value: object) -> object:
    return f"'{value}" if is_formula(value) else value
