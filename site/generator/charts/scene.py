"""What a chart consists of, before any format draws it: panels of marks on scales, names for points, and the table.

How a scene looks in a format belongs to that format's writer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from catalog.problems import CatalogError
from generator.charts.scales import Scale
from generator.charts.style import LOOKS, Look, Role

if TYPE_CHECKING:
    import pandas as pd

    from catalog import Catalog

NOT_RANKED = ", not ranked"  # ends the name of hollow marks beside their group's
SPREAD = ", 10th to 90th percentile"  # ends the name of whiskers beside their points'


@dataclass(frozen=True)
class Mark:
    """Points or a line in one role. A line is interrupted where a value is not a number.

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

    @property
    def look(self) -> Look:
        """How its role is drawn."""
        return LOOKS[self.role]

    @property
    def path(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Its x and y with the corners of a line that holds its value until the next point."""
        if not self.look.steps or not self.x:
            return self.x, self.y
        across = [value for value in self.x for _ in range(2)]
        upward = [value for value in self.y for _ in range(2)]
        return tuple(across[1:]), tuple(upward[:-1])


@dataclass(frozen=True)
class Label:
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
    """One pair of axes. In a panel with a key, labels that do not fit become numbers with a key under the plot."""

    x: Scale
    y: Scale
    marks: tuple[Mark, ...]
    labels: tuple[Label, ...] = ()
    title: str = ""
    keyed: bool = False


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
    group: str  # heading in the gallery


def nothing_to_draw(slug: str, what: str) -> CatalogError:
    """The error for a chart without data."""
    return CatalogError(
        f"chart {slug}: no {what} in the catalog; run backbones refresh, or name other tables with --data"
    )
