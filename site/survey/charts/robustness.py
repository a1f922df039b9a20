"""Charts of accuracy on shifted test sets against accuracy on clean images, for the same weights at the same size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from catalog.frontier import pareto_mask
from catalog.metrics import METRICS, Metric
from catalog.vocabulary import REPORTED
from survey.charts.rows import Hover, names_apart, plain_cells, points, spread, with_hover
from survey.charts.scene import Axis, LabelRequest, Layer, Panel, Scene, nothing_to_draw
from survey.charts.style import QUIET, TRAIN_GROUPS, train_group

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


DATASET_PAIRS = (
    DatasetPair("imagenet-real", "ImageNet ReaL", "imagenet", "ImageNet"),
    DatasetPair("imagenetv2", "ImageNetV2", "imagenet", "ImageNet"),
    DatasetPair("imagenet-sketch", "ImageNet-Sketch", "imagenet", "ImageNet"),
    DatasetPair("imagenet-a", "ImageNet-A", "imagenet-a-clean", "the same classes of ImageNet", subset=True),
    DatasetPair("imagenet-r", "ImageNet-R", "imagenet-r-clean", "the same classes of ImageNet", subset=True),
)
CLEAN = "clean_top1"
HOVER = Hover(
    ("model", "train_set", "img_size", "source", "line", "clean_source", "clean_line"),
    "<b>{model}</b><br>{train_set}, at {img_size} pixels<br>%{{y}} %, clean %{{x}} %<br>"
    "{source}:{line}<br>{clean_source}:{clean_line}<extra></extra>",
)


def robustness(c: Catalog, pair: DatasetPair) -> Scene:
    """One test set. Raises CatalogError when no weights were measured on both."""
    rows = _pairs(c, pair)
    panel = _panel(rows, pair, titled=False)
    sources = tuple(sorted({*rows["source"], *rows["clean_source"]}))
    return Scene(
        (panel,), _table(rows), sources=sources, remarks=(*_remarks(rows), *([panel.note] if panel.note else []))
    )


def robustness_overview(c: Catalog) -> Scene:
    """All test sets side by side. Raises CatalogError when one has no results."""
    of_pairs = [(pair, _pairs(c, pair)) for pair in DATASET_PAIRS]
    panels = tuple(_panel(rows, pair, titled=True) for pair, rows in of_pairs)
    table = pd.concat([_table(rows).assign(**{"test set": pair.name}) for pair, rows in of_pairs], ignore_index=True)
    sources = {source for _, rows in of_pairs for source in (*rows["source"], *rows["clean_source"])}
    most = max(len(rows) for _, rows in of_pairs)
    outside = sum(int((rows[CLEAN] < panel.x.low).sum()) for (_, rows), panel in zip(of_pairs, panels, strict=True))
    remarks = [f"Up to {most:,} results a test set, all measured by timm."]
    remarks += [f"Not shown: {outside} with less clean accuracy than the axes begin with."] if outside else []
    return Scene(panels, table, grid=(2, 2, 1), sources=tuple(sorted(sources)), remarks=tuple(remarks))


def _pairs(c: Catalog, pair: DatasetPair) -> pd.DataFrame:
    """The measured results on a test set with the clean result of the same weights and size beside them."""
    shifted, clean = (_measured(c, dataset) for dataset in (pair.dataset, pair.clean))
    clean = clean.rename(
        columns={"top1": CLEAN, "place": "clean_place", "source": "clean_source", "line": "clean_line"}
    )
    rows = shifted.merge(clean, on=["model", "img_size"])
    rows = rows.merge(c.models[["model", "architecture", "train_set"]], on="model")
    if rows.empty:
        raise nothing_to_draw(
            f"robustness-{pair.dataset}", f"weights measured on both {pair.name} and {pair.clean_name}"
        )
    rows = rows.sort_values(
        ["top1", "model", "img_size"], ascending=[False, True, True], kind="stable", ignore_index=True
    )
    rows["group"] = [train_group(name).name for name in rows["train_set"]]
    rows["best"] = pareto_mask(rows[CLEAN], rows["top1"], more_is_better=True)
    rows.loc[rows.drop_duplicates("group").index, "best"] = True
    return with_hover(rows, HOVER)


def _measured(c: Catalog, dataset: str) -> pd.DataFrame:
    rows = c.evaluations[(c.evaluations["dataset"] == dataset) & (c.evaluations["kind"] != REPORTED)]
    rows = rows[["model", "img_size", "top1", "source", "line"]].drop_duplicates(["model", "img_size"])
    return rows.assign(place=rows["source"].astype("str") + ":" + rows["line"].astype("str"))


def _panel(rows: pd.DataFrame, pair: DatasetPair, *, titled: bool) -> Panel:
    shifted, clean = METRICS["top1"], _clean_metric(pair)
    x = _axis(
        rows[CLEAN], "clean top-1 (%)" if titled else f"top-1 on {pair.clean_name} (%)", 70.0 if pair.subset else 60.0
    )
    y = _axis(rows.loc[rows[CLEAN] >= x.low, "top1"], "top-1 (%)" if titled else f"top-1 on {pair.name} (%)", 0.0)
    low, high = max(x.low, y.low), min(x.high, y.high)
    layers = (
        [Layer("nothing lost", "dashed", QUIET, "", (low, high), (low, high), in_legend=True)] if low < high else []
    )
    for role, chosen in (("cloud", ~rows["best"]), ("highlight", rows["best"])):
        for group in TRAIN_GROUPS:
            of_group = rows[chosen & (rows["group"] == group.name)]
            if len(of_group):
                layer = points(of_group, group.name, role, group, clean, shifted, HOVER, in_legend=role == "highlight")  # type: ignore[arg-type]
                layers.append(layer)
    outside = int((rows[CLEAN] < x.low).sum())
    note = f"Not shown: {outside} below {x.low:g} % clean." if outside else ""
    if titled:
        return Panel(x, y, tuple(layers), title=pair.name, note=note)
    return Panel(x, y, tuple(layers), tuple(_labels(rows)), note=note, keyed=True)


def _clean_metric(pair: DatasetPair) -> Metric:
    return Metric(
        CLEAN, f"top-1 on {pair.clean_name}", "%", "higher", 3, "accuracy on clean images", limits=(0.0, 100.0)
    )


def _axis(values: pd.Series, title: str, floor: float) -> Axis:
    low = max(floor, 5 * (float(values.min()) // 5))
    return Axis(title, low, float(values.max()) + (float(values.max()) - low) * 0.06 + 0.1)


def _labels(rows: pd.DataFrame) -> list[LabelRequest]:
    best = rows[rows["best"]]
    priorities = spread([float(value) for value in best["top1"]])
    columns = zip(names_apart(best), best[CLEAN], best["top1"], priorities, strict=True)
    return [LabelRequest(str(text), float(x), float(y), priority) for text, x, y, priority in columns]


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    headings = {
        "model": "model",
        "architecture": "architecture",
        "train_set": "training data",
        "img_size": METRICS["img_size"].heading,
        CLEAN: "clean top-1 accuracy (%)",
        "top1": METRICS["top1"].heading,
        "source": "source",
        "line": "line",
        "clean_source": "source of clean accuracy",
        "clean_line": "line of clean accuracy",
    }
    return plain_cells(rows[list(headings)].rename(columns=headings))


def _remarks(rows: pd.DataFrame) -> tuple[str, ...]:
    return (
        f"{len(rows):,} results, all measured by timm.",
        "Strong and named: the best of each training data, and what is more accurate here than all that are no less "
        "accurate on the clean images.",
    )
