"""What a chart consists of, before any format draws it: panels of layers in named styles, and the rows behind them.

Owns the vocabulary only. How a scene looks in a format belongs to that format's module.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from catalog.metrics import Metric
from catalog.problems import CatalogError

if TYPE_CHECKING:
    import pandas as pd

    from catalog import Catalog

# cloud: quiet points; hollow: points that the frontier ignores; highlight: strong points; line: a line alone;
# dashed: the same for orientation only; steps: a line that holds its value until the next point; method: a line with
# small points on it; quiet method: the same in the background; whiskers: a stroke from every second point to the next.
Role = Literal["cloud", "hollow", "highlight", "line", "dashed", "steps", "method", "quiet method", "whiskers"]
LINES = ("line", "dashed", "steps", "method", "quiet method")

NOT_RANKED = ", not ranked"  # ends the name of a layer of hollow points beside its group's
SPREAD = ", 10th to 90th percentile"  # ends the name of a layer of whiskers beside its points'


@dataclass(frozen=True)
class Axis:
    """An axis of a panel. `low` and `high` are its limits in the metric's unit (days since 1970 for dates).

    An axis of names has one for each whole number from 0. They are left out where the panel to the left shows the same.
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
            return (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Layer:
    """Points or a line in one style.

    `hover` has the texts of each point, already safe as HTML; `hover_template` is plotly's pattern that arranges them.
    """

    name: str
    role: Role
    colour: str
    marker: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    hover: tuple[tuple[str, ...], ...] = ()
    hover_template: str = ""
    in_legend: bool = False


@dataclass(frozen=True)
class LabelRequest:
    """A text that wants to stand near a point; the higher the priority, the earlier it chooses its place."""

    text: str
    x: float
    y: float
    priority: float
    reach: float = 50.0  # how far from its point it may stand, in points
    others: tuple[tuple[float, float], ...] = ()  # other points of the same thing that it may stand at instead
    keyed: bool = True  # gets a number in a panel with a key; what the legend names needs none


@dataclass(frozen=True)
class Panel:
    """One pair of axes."""

    x: Axis
    y: Axis
    layers: tuple[Layer, ...]
    labels: tuple[LabelRequest, ...] = ()
    title: str = ""
    note: str = ""  # what lies outside of the axes
    keyed: bool = False  # labels that do not fit become numbers with a key under the plot


@dataclass(frozen=True)
class Scene:
    """A chart's content: panels in reading order, on a grid of rows of so many panels, and the table behind them."""

    panels: tuple[Panel, ...]
    table: pd.DataFrame
    grid: tuple[int, ...] = (1,)
    sources: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()  # sentences that depend on the data; they end the caption


@dataclass(frozen=True)
class Chart:
    """One entry of the registry. `build` makes the scene; it raises CatalogError when there is nothing to draw."""

    slug: str
    title: str
    subtitle: str  # in the figure
    caption: str  # on the page
    alt: str
    convention: str
    build: Callable[[Catalog], Scene] = field(repr=False)
    x: Metric | None = None
    y: Metric | None = None
    group: str = ""  # heading in the gallery


def nothing_to_draw(slug: str, what: str) -> CatalogError:
    """The error for a chart without data."""
    return CatalogError(
        f"chart {slug}: no {what} in the catalog; run backbones refresh, or name other tables with --data"
    )
