"""The columns of the leaderboard: what each is called, where it is from, how it is written, filtered and compared.

The joined table, pages, charts, the terminal, CSV files and the script of the leaderboard's page read them here: a
column that some table holds is shown, sorted, filtered and downloaded by one more entry of FIELDS.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from catalog.columns import ColumnType
from catalog.vocabulary import ESTIMATED, MEASURED_HERE, MEASURED_UPSTREAM, REPORTED

PANELS = ("Training data", "Family", "Kind", "Image size", "Parameters", "GMACs", "Speed", "More")
MAIN_AXIS = "gmacs"  # what accuracy is weighed against unless asked otherwise


def at_most(value: float, decimals: int) -> str:
    """A number rounded to some decimals, thousands separated, without a digit that the number itself does not have."""
    text = f"{value:,.{decimals}f}"
    exact = "." in text and float(text.replace(",", "")) == value
    return text.rstrip("0").rstrip(".") if exact else text


def three_figures(value: float, decimals: int = 2) -> str:
    """A size or a rate to about three figures: 0.28, 4.5, 86.6, 1,013."""
    return at_most(value, decimals if value < 10 else 1 if value < 100 else 0)


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column of the leaderboard.

    `table` is the table of the catalog that it is joined from (blank where it is worked out) and `stored` its name
    there, where that is another. `key` is its name in an address of the leaderboard's page: with one it is a column
    there, `width` pixels wide, that visitors may show, sort and download. `values` offers its values as a filter in
    one of PANELS, `range` its span. Where values are keys of something, `keyed_by` is the column of these keys.
    """

    column: str
    head: str  # over a column of figures, with its unit
    description: str
    label: str = ""  # in running text, `head` in lower case unless given
    table: str = ""
    stored: str = ""
    type: ColumnType = "text"
    unit: str = ""
    key: str = ""
    width: int = 100
    shown: bool = False  # without being asked for
    of_view: bool = False  # worked out by the page for the rows that it shows
    difference: bool = False  # to the result on ImageNet; shown for the other data sets
    descends: bool = False  # sorted downwards first
    values: bool = False
    range: bool = False
    range_key: str = ""  # in an address, where it is not `key`
    panel: str = PANELS[-1]
    searchable: bool = False
    keyed_by: str = ""
    words: Mapping[str, str] = field(default_factory=dict)  # for its values, where they do not speak for themselves
    short: Mapping[str, str] = field(default_factory=dict)  # for its values, in a narrow column

    @property
    def heading(self) -> str:
        """Over a column of a CSV file."""
        return self.label or self.head.lower()

    @property
    def descending(self) -> bool:
        """Whether people look for the highest first."""
        return self.descends

    def text(self, value: Any) -> str:
        """The value as people read it, without unit; blank when it is missing."""
        if _missing(value):
            return ""
        return {True: "yes", False: "no"}[bool(value)] if self.type == "boolean" else str(value)

    def brief(self, value: Any) -> str:
        """The value as a table of many columns shows it."""
        return self.text(value)


@dataclass(frozen=True, kw_only=True)
class Metric(Field):
    """A column of numbers.

    `limits` is what a value can be at all. `chart_limits` is what a chart shows at most; a chart says how many
    results lie outside. `log` asks for a logarithmic axis, as the values span decades. `note` is the column that says
    what was counted or timed instead of this very network; a value is compared where it is one of `comparable_notes`.
    `frontier` is the column that marks the results more accurate than all that cost no more, where this is a cost.
    """

    label: str
    unit: str
    better: Literal["higher", "lower"]
    decimals: int
    type: ColumnType = "number"
    three_figures: bool = False  # are enough in a table
    plain: bool = False  # without a separator of thousands
    log: bool = False
    limits: tuple[float, float] = (0.0, math.inf)
    chart_limits: tuple[float, float] = (-math.inf, math.inf)
    note: str = ""
    comparable_notes: tuple[str, ...] = ("",)
    frontier: str = ""

    @property
    def heading(self) -> str:
        """Label and unit, for an axis, a table or a CSV file: `top-1 accuracy (%)`."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def descending(self) -> bool:
        """Whether people look for the highest first."""
        return self.better == "higher"

    def text(self, value: Any) -> str:
        """The value as people read it, without unit; blank when it is missing."""
        return "" if _missing(value) else at_most(float(value), self.decimals)

    def brief(self, value: Any) -> str:
        """The value as a table of many columns shows it."""
        if _missing(value):
            return ""
        if self.plain:
            return self.text(value).replace(",", "")
        return three_figures(float(value), self.decimals) if self.three_figures else self.text(value)

    def rounded(self, value: float) -> float:
        """The value at the precision that is published."""
        return round(float(value), self.decimals)


def _missing(value: Any) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or value != value


FIELDS: dict[str, Field] = {
    entry.column: entry
    for entry in (
        Field(
            column="model",
            head="Model",
            description="architecture and weights: timm's arch.tag, or the survey's name",
            table="models",
            key="model",
            width=250,
            shown=True,
        ),
        Metric(
            column="rank",
            head="Rank",
            label="rank",
            unit="",
            better="lower",
            decimals=0,
            description="place by top-1 accuracy among all measured results on this data set",
            key="rank",
            width=64,
            of_view=True,
        ),
        Metric(
            column="top1",
            head="Top-1 (%)",
            label="top-1 accuracy",
            unit="%",
            better="higher",
            decimals=3,
            description="images whose first guess is right",
            table="evaluations",
            key="top1",
            width=98,
            shown=True,
            range=True,
            limits=(0.0, 100.0),
            chart_limits=(70.0, 100.0),
        ),
        Metric(
            column="top5",
            head="Top-5 (%)",
            label="top-5 accuracy",
            unit="%",
            better="higher",
            decimals=3,
            description="images with the right class in five guesses",
            table="evaluations",
            key="top5",
            width=82,
            shown=True,
            limits=(0.0, 100.0),
        ),
        Metric(
            column="top1_diff",
            head="Δ Top-1",
            label="top-1 difference",
            unit="points",
            better="higher",
            decimals=3,
            description="top-1 accuracy minus that on ImageNet, in points",
            table="evaluations",
            key="top1-diff",
            width=84,
            shown=True,
            difference=True,
            limits=(-100.0, 100.0),
        ),
        Metric(
            column="top5_diff",
            head="Δ Top-5",
            label="top-5 difference",
            unit="points",
            better="higher",
            decimals=3,
            description="top-5 accuracy minus that on ImageNet, in points",
            table="evaluations",
            key="top5-diff",
            width=84,
            difference=True,
            limits=(-100.0, 100.0),
        ),
        Metric(
            column="rank_diff",
            head="Δ Rank",
            label="rank difference",
            unit="",
            better="higher",
            decimals=0,
            description="places gained against the ranking on ImageNet",
            table="evaluations",
            type="integer",
            key="rank-diff",
            width=80,
            shown=True,
            difference=True,
            limits=(-math.inf, math.inf),
        ),
        Metric(
            column="params_m",
            head="Params (M)",
            label="parameters",
            unit="M",
            better="lower",
            decimals=2,
            description="parameters with the classification head, in millions",
            table="evaluations",
            key="params",
            width=100,
            shown=True,
            range=True,
            panel="Parameters",
            three_figures=True,
            log=True,
            chart_limits=(-math.inf, 3500.0),
            frontier="pareto_params",
        ),
        Metric(
            column="gmacs",
            head="GMACs",
            label="GMACs",
            unit="billion MACs per image",
            better="lower",
            decimals=2,
            description="multiply-accumulates of one image, in billions; many papers call the same number FLOPs",
            table="costs",
            key="gmacs",
            width=100,
            shown=True,
            range=True,
            panel="GMACs",
            three_figures=True,
            log=True,
            chart_limits=(-math.inf, 6000.0),
            note="cost_note",
            comparable_notes=("", ESTIMATED),
            frontier="pareto_gmacs",
        ),
        Metric(
            column="images_per_s",
            head="Images/s",
            label="throughput",
            unit="images/s",
            better="higher",
            decimals=1,
            description="images a second in one environment, at the stated batch size",
            table="measurements",
            key="throughput",
            width=116,
            shown=True,
            range=True,
            range_key="speed",
            panel="Speed",
            three_figures=True,
            log=True,
            note="speed_note",
            frontier="pareto_speed",
        ),
        Metric(
            column="batch_size",
            head="Batch",
            label="batch size",
            unit="images",
            better="higher",
            decimals=0,
            description="images in one step of the speed measurement",
            table="measurements",
            type="integer",
            key="batch",
            width=66,
            shown=True,
        ),
        Field(
            column="pareto",
            head="Pareto",
            description="on the frontier of what is shown",
            type="boolean",
            key="pareto",
            width=70,
            shown=True,
            of_view=True,
            descends=True,
        ),
        Metric(
            column="img_size",
            head="Size (px)",
            label="image size",
            unit="pixels",
            better="lower",
            decimals=0,
            description="side of the square input in evaluation",
            table="evaluations",
            type="integer",
            key="size",
            width=82,
            shown=True,
            values=True,
            range=True,
            panel="Image size",
            plain=True,
        ),
        Field(
            column="train_set",
            head="Training data",
            description="declared training data; all include ImageNet-1K",
            table="models",
            key="train",
            width=142,
            shown=True,
            values=True,
            panel="Training data",
        ),
        Field(
            column="family_name",
            head="Family",
            description="architecture family",
            table="families",
            stored="name",
            key="family",
            width=116,
            values=True,
            panel="Family",
            searchable=True,
            keyed_by="family",
        ),
        Field(
            column="kind",
            head="Kind",
            description="kind of network",
            table="families",
            key="kind",
            width=76,
            values=True,
            panel="Kind",
            words={
                "cnn": "CNN (convolutions)",
                "vit": "ViT (attention)",
                "hybrid": "Hybrid",
                "mlp": "MLP",
                "other": "Other",
            },
            short={"cnn": "CNN", "vit": "ViT", "mlp": "MLP"},
        ),
        Field(
            column="distilled",
            head="Distilled",
            description="declared as distilled from a teacher",
            table="models",
            type="boolean",
            key="distilled",
            width=84,
            descends=True,
            values=True,
            words={"yes": "Distilled from a teacher", "no": "Not distilled"},
        ),
        Field(
            column="licence",
            head="Licence",
            description="licence of the weights as declared upstream",
            table="models",
            key="licence",
            width=110,
            values=True,
        ),
        Field(
            column="first_seen",
            head="First seen",
            description="day on which upstream first listed a result",
            table="models",
            type="date",
            key="first-seen",
            width=100,
            descends=True,
        ),
        Field(
            column="evidence",
            head="Evidence",
            description="who measured the accuracy",
            table="evaluations",
            stored="kind",
            key="evidence",
            width=92,
            shown=True,
            values=True,
            short={MEASURED_UPSTREAM: "measured", REPORTED: "reported", MEASURED_HERE: "here"},
        ),
        Metric(
            column="crop_pct",
            head="Crop",
            label="centre crop",
            unit="fraction",
            better="higher",
            decimals=3,
            description="side of the centre crop over the resized side",
            table="evaluations",
            key="crop",
            width=66,
        ),
        Metric(
            column="mactivations",
            head="Activations (M)",
            label="activations",
            unit="M per image",
            better="lower",
            decimals=2,
            description="outputs of the counted layers for one image, in millions",
            table="costs",
            key="activations",
            width=124,
            log=True,
        ),
        Field(
            column="source",
            head="Source",
            description="file that the accuracy was read from",
            table="evaluations",
            key="source",
            width=210,
        ),
        Field(column="line", head="Line", description="line in that file", table="evaluations", type="integer"),
        Field(column="dataset", head="Data set", description="data set of the accuracy"),
        Field(column="interpolation", head="Interpolation", description="how images were resized", table="evaluations"),
        Field(
            column="corrected",
            head="Corrected",
            description="whether the accuracy is not the one that upstream holds, see corrections",
            table="evaluations",
            type="boolean",
        ),
        Field(column="architecture", head="Architecture", description="what is computed", table="models"),
        Field(column="family", head="Family", description="key of the family", table="architectures"),
        Field(
            column="pretrain_sets",
            head="Pretrained on",
            description="declared data beyond ImageNet-1K, separated by semicolons",
            table="models",
        ),
        Field(column="origin", head="Origin", description="where the weights are listed", table="models"),
        Field(
            column="cost_note",
            head="Note on GMACs",
            label="note on GMACs",
            description="how far GMACs may be compared; blank where counted for this network at this size",
            table="costs",
        ),
        Field(
            column="cost_source",
            head="Source of GMACs",
            label="source of GMACs",
            description="file that GMACs were read from",
            table="costs",
            stored="source",
        ),
        Field(
            column="cost_line",
            head="Line of GMACs",
            label="line of GMACs",
            description="line in that file",
            table="costs",
            stored="line",
            type="integer",
        ),
        Field(
            column="environment",
            head="Environment",
            description="device and software of the speed",
        ),
        Field(
            column="speed_implementation",
            head="Code",
            label="implementation",
            description="whose code was timed",
            table="measurements",
            stored="implementation",
        ),
        Field(
            column="speed_note",
            head="Note on throughput",
            description="how far the throughput may be compared; blank where this very network was timed",
            table="measurements",
        ),
        Field(
            column="speed_source",
            head="Source of throughput",
            description="file that the throughput was read from",
            table="measurements",
            stored="source",
        ),
        Field(
            column="speed_line",
            head="Line of throughput",
            description="line in that file",
            table="measurements",
            stored="line",
            type="integer",
        ),
        Field(
            column="pareto_params",
            head="Pareto, parameters",
            description="more accurate than every measured result of no more parameters",
            type="boolean",
        ),
        Field(
            column="pareto_gmacs",
            head="Pareto, GMACs",
            description="more accurate than every measured result of no more GMACs",
            type="boolean",
        ),
        Field(
            column="pareto_speed",
            head="Pareto, throughput",
            description="more accurate than every measured result that is as fast or faster",
            type="boolean",
        ),
    )
}
METRICS: dict[str, Metric] = {name: entry for name, entry in FIELDS.items() if isinstance(entry, Metric)}


def columns() -> list[str]:
    """The columns of the joined table, in order."""
    return [entry.column for entry in FIELDS.values() if not entry.of_view]


def fields_from(*tables: str) -> list[Field]:
    """The fields that are joined from some of the catalog's tables."""
    return [entry for entry in FIELDS.values() if entry.table in tables]
