"""Turns rows of the leaderboard into what charts show of them: points, hover texts and the table behind the chart."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from catalog.columns import is_formula
from catalog.metrics import METRICS, Metric
from survey.charts.scene import Layer, Role
from survey.charts.style import Group

# Columns of the table behind a chart that are not metrics, with their headings.
TEXT_HEADINGS = {
    "model": "model",
    "architecture": "architecture",
    "family_name": "family",
    "kind": "kind",
    "train_set": "training data",
    "evidence": "evidence",
    "cost_note": "note on GMACs",
    "environment": "environment",
    "speed_note": "note on throughput",
    "on_frontier": "on the frontier",
    "within_axes": "within the axes",
    "source": "source",
    "line": "line",
    "cost_source": "source of GMACs",
    "cost_line": "line of GMACs",
    "speed_source": "source of throughput",
    "speed_line": "line of throughput",
}


@dataclass(frozen=True)
class Hover:
    """What a point tells when it is pointed at: the columns that fill a pattern of HTML, named in it in braces."""

    columns: tuple[str, ...]
    pattern: str


def hover_of(*, timed: bool, fixed: str = "") -> Hover:
    """The hover of leaderboard rows: every condition and source. `timed` adds the speed, `fixed` a line of HTML."""
    lines = [
        "<b>{model}</b>",
        "{family_name}, {train_set}",
        "top-1 {top1} %, top-5 {top5} %, at {img_size} pixels",
        "{params_m} M parameters, {gmacs} GMACs {cost_note}",
    ]
    columns = ["model", "family_name", "train_set", "top1", "top5", "img_size", "params_m", "gmacs", "cost_note"]
    sources = ["{evidence}: {source}:{line}", "GMACs: {cost_source}:{cost_line}"]
    columns += ["evidence", "source", "line", "cost_source", "cost_line"]
    if timed:
        lines.append("{images_per_s} images/s, batch {batch_size} {speed_note}")
        sources.append("speed: {speed_source}:{speed_line}")
        columns += ["images_per_s", "batch_size", "speed_note", "speed_source", "speed_line"]
    pattern = "<br>".join([*lines, *([fixed] if fixed else []), *sources])
    return Hover(tuple(columns), pattern + "<extra></extra>")


def missing(value: object) -> bool:
    """Whether a cell is blank; many times faster for one cell than pandas' own test."""
    return value is None or value is pd.NA or value != value


def safe(value: object) -> str:
    """The value as text that HTML shows as it is; a missing one as a dash."""
    if missing(value):
        return "–"
    return html.escape(str(value))


def with_hover(rows: pd.DataFrame, hover: Hover) -> pd.DataFrame:
    """The rows with the texts of their hover, in the order of its columns, in the column `hover`."""
    columns = []
    for name in hover.columns:
        values = rows[name].tolist()
        show = _shown(name)
        texts = {value: show(value) for value in set(values)}
        columns.append([texts[value] for value in values])
    return rows.assign(hover=list(zip(*columns, strict=True)))


def hover_texts(texts: list[tuple[str, ...]], hover: Hover) -> tuple[tuple[tuple[str, ...], ...], str]:
    """What differs between the texts of some rows, and plotly's pattern around it; what all share is in there."""
    varying: list[tuple[str, ...]] = []
    filled: dict[str, str] = {}
    for name, column in zip(hover.columns, zip(*texts, strict=True), strict=False):
        if len(set(column)) == 1:
            filled[name] = column[0].replace("%", "&#37;")
        else:
            filled[name] = f"%{{customdata[{len(varying)}]}}"
            varying.append(column)
    if not filled:
        return (), ""
    return tuple(zip(*varying, strict=True)) if varying else ((),) * len(texts), hover.pattern.format(**filled)


def points(
    rows: pd.DataFrame,
    name: str,
    role: Role,
    group: Group,
    x: Metric,
    y: Metric,
    hover: Hover,
    *,
    in_legend: bool = False,
) -> Layer:
    """A layer of one point for each row that `with_hover` prepared, in the group's colour and marker."""
    texts, template = hover_texts(rows["hover"].tolist(), hover)
    return Layer(
        name,
        role,
        group.colour,
        group.marker,
        tuple(x.rounded(value) for value in rows[x.column]),
        tuple(y.rounded(value) for value in rows[y.column]),
        texts,
        template,
        in_legend,
    )


def table_of(rows: pd.DataFrame, metrics: Sequence[str], texts: Sequence[str]) -> pd.DataFrame:
    """The table behind a chart: names first, figures with their unit in the heading, then conditions and sources."""
    names = [text for text in texts if text in ("model", "architecture", "family_name", "kind", "train_set")]
    columns = [*names, *metrics, *(text for text in texts if text not in names)]
    headings = {name: METRICS[name].heading if name in METRICS else TEXT_HEADINGS[name] for name in columns}
    return plain_cells(rows[columns].rename(columns=headings))


def plain_cells(table: pd.DataFrame) -> pd.DataFrame:
    """The table with every text that a spreadsheet would take for a formula quoted."""
    for column in table.columns:
        if table[column].dtype.kind not in "biufM":
            values = table[column].tolist()
            plain = {value: _plain(value) for value in set(values)}
            table[column] = [plain[value] for value in values]
    return table


def names_apart(rows: pd.DataFrame) -> list[str]:
    """Names of results: the architecture, with its image size or its tag too where that is not enough."""
    sized = rows["architecture"] + " @" + rows["img_size"].astype("str")
    names = rows["architecture"].mask(rows["architecture"].duplicated(keep=False), sized)
    whole = rows["model"] + " @" + rows["img_size"].astype("str")
    return [str(name) for name in names.mask(names.duplicated(keep=False), whole)]


def spread(values: Sequence[float]) -> list[float]:
    """A priority for each value: the two ends first, then always the one furthest from those chosen before."""
    priority = [0.0] * len(values)
    if not values:
        return priority
    chosen: list[int] = []
    for rank in range(len(values)):
        rest = [index for index in range(len(values)) if index not in chosen]
        best = max(rest, key=lambda index: (_gap(values, index, chosen), values[index]))
        priority[best] = float(len(values) - rank)
        chosen.append(best)
    return priority


def _gap(values: Sequence[float], index: int, chosen: Sequence[int]) -> float:
    if not chosen:
        return values[index]
    return min(abs(values[index] - values[other]) for other in chosen)


def _shown(name: str) -> Callable[[object], str]:
    """How a column's values are written in a hover."""
    if name in METRICS:
        return _number(METRICS[name])
    return _remark if name in ("cost_note", "speed_note") else safe


def _number(metric: Metric) -> Callable[[object], str]:
    def show(value: object) -> str:
        return "–" if missing(value) else metric.text(float(value))  # type: ignore[arg-type]

    return show


def _remark(value: object) -> str:
    return f"({html.escape(str(value))})" if value else ""


def _plain(value: object) -> object:
    return f"'{value}" if is_formula(value) else value
