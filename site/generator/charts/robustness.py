"""Charts of accuracy on shifted test sets against accuracy on clean images, for the same weights at the same size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from catalog.frontier import pareto_mask
from catalog.vocabulary import REPORTED
from generator.charts.data import labels_of, marks_by_group, names_apart, table_of, with_hover
from generator.charts.scales import Scale
from generator.charts.scene import Mark, Panel, Scene, nothing_to_draw
from generator.charts.style import QUIET, TRAIN_GROUPS, train_group

if TYPE_CHECKING:
    from catalog import Catalog


@dataclass(frozen=True)
class DatasetPair:
    """A shifted test set and the clean one that upstream compares it with."""

    dataset: str
    name: str
    clean: str
    clean_name: str
    subset: bool = False

    @property
    def slug(self) -> str:
        """The name of its chart in addresses."""
        return f"robustness-{self.dataset}"


DATASET_PAIRS = (
    DatasetPair("imagenet-real", "ImageNet ReaL", "imagenet", "ImageNet"),
    DatasetPair("imagenetv2", "ImageNetV2", "imagenet", "ImageNet"),
    DatasetPair("imagenet-sketch", "ImageNet-Sketch", "imagenet", "ImageNet"),
    DatasetPair("imagenet-a", "ImageNet-A", "imagenet-a-clean", "the same classes of ImageNet", subset=True),
    DatasetPair("imagenet-r", "ImageNet-R", "imagenet-r-clean", "the same classes of ImageNet", subset=True),
)
CLEAN = "clean_top1"
HOVER = (
    "<b>{model}</b><br>{train_set}, at {img_size} pixels<br>%{{y}} %, clean %{{x}} %<br>"
    "{source}:{line}<br>{clean_source}:{clean_line}"
)
COLUMNS = ["model", "architecture", "train_set", "img_size", CLEAN, "top1"]
COLUMNS += ["source", "line", "clean_source", "clean_line"]


def robustness(c: Catalog, pair: DatasetPair) -> Scene:
    """One test set. Raises CatalogError when no weights were measured on both."""
    rows = _pairs(c, pair)
    panel = _panel(rows, pair, titled=False)
    outside = int((rows[CLEAN] < panel.x.low).sum())
    remarks = [
        f"{len(rows):,} results, all measured by timm.",
        "Strong and named: the best of each training data, and what is more accurate here than all that are no less "
        "accurate on the clean images.",
        *([f"Not shown: {outside} below {panel.x.low:g} % clean."] if outside else []),
    ]
    return Scene((panel,), table_of(rows, COLUMNS), sources=_sources(rows), remarks=tuple(remarks))


def robustness_overview(c: Catalog) -> Scene:
    """All test sets side by side. Raises CatalogError when one has no results."""
    of_pairs = [(pair, _pairs(c, pair)) for pair in DATASET_PAIRS]
    panels = tuple(_panel(rows, pair, titled=True) for pair, rows in of_pairs)
    rows = pd.concat([rows.assign(**{"test set": pair.name}) for pair, rows in of_pairs], ignore_index=True)
    most = max(len(rows) for _, rows in of_pairs)
    outside = sum(int((rows[CLEAN] < panel.x.low).sum()) for (_, rows), panel in zip(of_pairs, panels, strict=True))
    remarks = [f"Up to {most:,} results a test set, all measured by timm."]
    remarks += [f"Not shown: {outside} with less clean accuracy than the axes begin with."] if outside else []
    return Scene(panels, table_of(rows, [*COLUMNS, "test set"]), (2, 2, 1), _sources(rows), tuple(remarks))


def _sources(rows: pd.DataFrame) -> tuple[str, ...]:
    return tuple(sorted({*rows["source"], *rows["clean_source"]}))


def _pairs(c: Catalog, pair: DatasetPair) -> pd.DataFrame:
    """The measured results on a test set with the clean result of the same weights and size beside them."""
    shifted, clean = (_measured(c, dataset) for dataset in (pair.dataset, pair.clean))
    clean = clean.rename(columns={"top1": CLEAN, "source": "clean_source", "line": "clean_line"})
    rows = shifted.merge(clean, on=["model", "img_size"])
    rows = rows.merge(c.models[["model", "architecture", "train_set"]], on="model")
    if rows.empty:
        raise nothing_to_draw(pair.slug, f"weights measured on both {pair.name} and {pair.clean_name}")
    order = ["top1", "model", "img_size"]
    rows = rows.sort_values(order, ascending=[False, True, True], kind="stable", ignore_index=True)
    rows["group"] = [train_group(name).name for name in rows["train_set"]]
    rows["best"] = pareto_mask(rows[CLEAN], rows["top1"], more_is_better=True) | ~rows["group"].duplicated()
    return with_hover(rows, HOVER)


def _measured(c: Catalog, dataset: str) -> pd.DataFrame:
    rows = c.evaluations[(c.evaluations["dataset"] == dataset) & (c.evaluations["kind"] != REPORTED)]
    return rows[["model", "img_size", "top1", "source", "line"]].drop_duplicates(["model", "img_size"])


def _panel(rows: pd.DataFrame, pair: DatasetPair, *, titled: bool) -> Panel:
    """The panel of a test set: with a title among others, with names alone."""
    x_title, y_title = f"top-1 on {pair.clean_name} (%)", f"top-1 on {pair.name} (%)"
    x = _scale(rows[CLEAN], "clean top-1 (%)" if titled else x_title, 70.0 if pair.subset else 60.0)
    y = _scale(rows.loc[rows[CLEAN] >= x.low, "top1"], "top-1 (%)" if titled else y_title, 0.0)
    groups = [group for group in TRAIN_GROUPS if group.name in set(rows["group"])]
    best = rows[rows["best"]]
    marks = [
        *marks_by_group(rows[~rows["best"]], groups, "cloud", CLEAN, "top1", HOVER),
        *marks_by_group(best, groups, "highlight", CLEAN, "top1", HOVER, in_legend=True),
    ]
    low, high = max(x.low, y.low), min(x.high, y.high)
    if low < high:
        marks.insert(0, Mark("nothing lost", "dashed", QUIET, "", (low, high), (low, high), in_legend=True))
    if titled:
        return Panel(x, y, tuple(marks), title=pair.name)
    return Panel(x, y, tuple(marks), tuple(labels_of(best, names_apart(best), CLEAN, "top1")), keyed=True)


def _scale(values: pd.Series, title: str, floor: float) -> Scale:
    low = max(floor, 5 * (float(values.min()) // 5))
    return Scale(title, low, float(values.max()) + (float(values.max()) - low) * 0.06 + 0.1)
