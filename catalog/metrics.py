"""What the measured columns of the leaderboard mean: label, unit, better direction, scale, precision. Axes, tooltips,
column headings and CSV files all read this."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from catalog.vocabulary import ESTIMATED


def at_most(value: float, decimals: int) -> str:
    """A number rounded to some decimals, thousands separated, without a digit that the number itself does not have."""
    text = f"{value:,.{decimals}f}"
    exact = "." in text and float(text.replace(",", "")) == value
    return text.rstrip("0").rstrip(".") if exact else text


@dataclass(frozen=True)
class Metric:
    """A column of numbers.

    `limits` is what a value can be at all. `chart_limits` is what a chart shows at most; a chart says how many
    results lie outside. `log` asks for a logarithmic axis, as the values span decades. `note` is the column that says
    what was counted or timed instead of this very network; a value is compared where it is one of `comparable_notes`.
    """

    column: str
    label: str
    unit: str
    better: Literal["higher", "lower"]
    decimals: int
    description: str
    log: bool = False
    limits: tuple[float, float] = (0.0, math.inf)
    chart_limits: tuple[float, float] = (-math.inf, math.inf)
    note: str = ""
    comparable_notes: tuple[str, ...] = ("",)

    @property
    def heading(self) -> str:
        """Label and unit, for an axis, a table or a CSV file: `top-1 accuracy (%)`."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def text(self, value: float | None) -> str:
        """The value as people read it, without unit; blank when it is missing."""
        return "" if value is None or math.isnan(value) else at_most(value, self.decimals)

    def rounded(self, value: float) -> float:
        """The value at the precision that is published."""
        return round(float(value), self.decimals)


METRICS = {
    metric.column: metric
    for metric in (
        Metric(
            "top1",
            "top-1 accuracy",
            "%",
            "higher",
            3,
            "images whose first guess is right",
            limits=(0.0, 100.0),
            chart_limits=(70.0, 100.0),
        ),
        Metric(
            "top5",
            "top-5 accuracy",
            "%",
            "higher",
            3,
            "images with the right class in five guesses",
            limits=(0.0, 100.0),
        ),
        Metric(
            "params_m",
            "parameters",
            "M",
            "lower",
            2,
            "parameters with the classification head, in millions",
            log=True,
            chart_limits=(-math.inf, 3500.0),
        ),
        Metric(
            "gmacs",
            "GMACs",
            "billion MACs per image",
            "lower",
            2,
            "multiply-accumulates of one image, in billions; many papers call the same number FLOPs",
            log=True,
            chart_limits=(-math.inf, 6000.0),
            note="cost_note",
            comparable_notes=("", ESTIMATED),
        ),
        Metric(
            "mactivations",
            "activations",
            "M per image",
            "lower",
            2,
            "outputs of the counted layers, in millions",
            log=True,
        ),
        Metric(
            "images_per_s",
            "throughput",
            "images/s",
            "higher",
            1,
            "images a second at the stated batch size",
            log=True,
            note="speed_note",
        ),
        Metric("batch_size", "batch size", "images", "higher", 0, "images in one step of the speed measurement"),
        Metric("img_size", "image size", "pixels", "lower", 0, "side of the square input in evaluation"),
        Metric("crop_pct", "centre crop", "fraction", "higher", 3, "side of the centre crop over the resized side"),
    )
}
