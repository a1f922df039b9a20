"""The charts there are: one entry each, with title, caption and how its content is built.

A new chart is a new entry here and, where needed, a new builder module.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from catalog.identity import address
from catalog.metrics import METRICS
from survey.charts.original import original_survey
from survey.charts.over_time import frontier_over_time
from survey.charts.robustness import DATASET_PAIRS, robustness, robustness_overview
from survey.charts.scene import Chart
from survey.charts.speeds import speed_charts
from survey.charts.tradeoff import tradeoff

if TYPE_CHECKING:
    import pandas as pd

    from catalog import Catalog

MACS = "GMACs: billion multiply-accumulates per image; many papers call them FLOPs."
ONE_CROP = "Top-1 of one centre crop, ImageNet-1K validation."
RATES = "Inference; batch sizes are in the data."
BY_DATA = "Colour and marker: training data of the weights."
BY_KIND = "Colour and marker: kind of architecture."
COSTS = "Accuracy against cost"
SPEEDS = "Accuracy against throughput"
SHIFTS = "Robustness"
PAST = "History"


def charts(c: Catalog) -> dict[str, Chart]:
    """Every chart by its slug, in the order of the gallery; the throughput charts follow the catalog's environments."""
    entries = [*_cost_charts(), *_throughput_charts(c), *speed_charts(c), *_robustness_charts(), *_history_charts()]
    return {chart.slug: chart for chart in entries}


def default_environment(c: Catalog) -> str | None:
    """The environment of the chart `throughput-accuracy`: eager, most results, newest software and hardware."""
    timed = _timed_by_timm(c)
    counts = timed.groupby("environment")["architecture"].nunique()
    eager = c.environments[~c.environments["compiled"].astype(bool) & c.environments["environment"].isin(counts.index)]
    if eager.empty:
        return str(counts.idxmax()) if len(counts) else None
    enough = eager[eager["environment"].map(counts) >= 0.95 * counts.loc[eager["environment"]].max()]
    newest = enough.assign(
        cuda=enough["cuda_version"].map(_version), framework_number=enough["framework_version"].map(_version)
    )
    newest = newest.assign(gpu=newest["kind"] == "gpu").sort_values(
        ["gpu", "framework_number", "cuda", "device"], kind="stable"
    )
    return str(newest["environment"].iloc[-1])


def _timed_by_timm(c: Catalog) -> pd.DataFrame:
    """Speeds of the hundreds of models that timm times; the few measured here have charts of their own."""
    theirs = c.environments.loc[c.environments["origin"] == "timm", "environment"]
    return c.measurements[(c.measurements["mode"] == "infer") & c.measurements["environment"].isin(theirs)]


def throughput_slug(environment: str) -> str:
    """The slug of an environment's chart."""
    return f"throughput-accuracy-{address(environment)}"


def _version(text: object) -> tuple[int, ...]:
    return tuple(int(part) for part in str(text).split(".") if part.isdigit())


def _cost_charts() -> list[Chart]:
    described = {
        "params": ("params_m", "parameters", f"Parameters with the 1000-class head. {ONE_CROP}"),
        "gmacs": ("gmacs", "GMACs", f"{MACS} {ONE_CROP}"),
    }
    found = []
    for only, suffix, scope, colours in (
        (False, "", "", BY_DATA),
        (True, "-imagenet1k", ", trained on ImageNet-1K only with no teacher that saw more", BY_KIND),
    ):
        for name, (column, words, convention) in described.items():
            slug, metric = f"{name}-accuracy{suffix}", METRICS[column]
            found.append(
                Chart(
                    slug,
                    f"ImageNet top-1 accuracy against {words}",
                    f"Trained on ImageNet-1K only, their teachers too. {colours}" if only else colours,
                    f"Every result on ImageNet-1K{scope}; the line joins those more accurate than every measured one "
                    f"of the same or less cost. {colours}",
                    f"Scatter plot of ImageNet top-1 accuracy in percent against {words} on a logarithmic axis{scope}. "
                    "The names along the upper left edge are the Pareto frontier.",
                    convention,
                    partial(tradeoff, slug=slug, cost=metric, only_imagenet_1k=only),
                    metric,
                    METRICS["top1"],
                    COSTS,
                )
            )
    return found


def _throughput_charts(c: Catalog) -> list[Chart]:
    labels = c.environments.set_index("environment")["label"]
    timed = set(_timed_by_timm(c)["environment"])
    environments = [name for name in labels.index if name in timed]
    default = default_environment(c)
    pairs = [(throughput_slug(name), name) for name in environments]
    pairs = [*([("throughput-accuracy", default)] if default else []), *pairs]
    metric = METRICS["images_per_s"]
    return [
        Chart(
            slug,
            "ImageNet top-1 accuracy against throughput",
            f"{labels[name]}. {BY_DATA}",
            f"On {labels[name]}; the line joins the results more accurate than every other that is as fast or faster. "
            f"{BY_DATA}",
            "Scatter plot of ImageNet top-1 accuracy in percent against inference throughput in images per second "
            f"on {labels[name]}, on a logarithmic axis. The names along the upper right edge are the Pareto frontier.",
            f"{RATES} {ONE_CROP}",
            partial(tradeoff, slug=slug, cost=metric, environment=name),
            metric,
            METRICS["top1"],
            SPEEDS,
        )
        for slug, name in pairs
    ]


def _robustness_charts() -> list[Chart]:
    top1 = METRICS["top1"]
    overview = Chart(
        "robustness",
        "Accuracy under distribution shift",
        f"The same weights on shifted and on clean images. {BY_DATA}",
        f"Five test sets for the same weights; on the dashed line nothing is lost. {BY_DATA}",
        "Five scatter plots against clean accuracy: top-1 accuracy on ImageNet ReaL, ImageNetV2, ImageNet-Sketch, "
        "ImageNet-A and ImageNet-R.",
        "Top-1 of one centre crop. ImageNet-A and -R are compared on their own 200 classes.",
        robustness_overview,
        top1,
        top1,
        SHIFTS,
    )
    return [
        overview,
        *(
            Chart(
                f"robustness-{pair.dataset}",
                f"{pair.name} against clean accuracy",
                BY_DATA,
                f"Top-1 on {pair.name} against {pair.clean_name} for the same weights; "
                f"on the dashed line nothing is lost. {BY_DATA}",
                f"Scatter plot of top-1 accuracy in percent on {pair.name} against {pair.clean_name}.",
                "Top-1 of one centre crop." + (" Both axes are of the same 200 classes." if pair.subset else ""),
                partial(robustness, pair=pair),
                top1,
                top1,
                SHIFTS,
            )
            for pair in DATASET_PAIRS
        ),
    ]


def _history_charts() -> list[Chart]:
    return [
        Chart(
            "frontier-over-time",
            "The ImageNet frontier over time",
            "What timm's results held. Below: the newest frontier in colour, earlier ones in grey.",
            "Above, the best measured top-1 at each revision of timm's results. "
            "Below, the Pareto frontier against parameters at the last revision of some years; "
            "the data have every revision.",
            "A step chart of the best ImageNet top-1 accuracy since 2020 for all weights and for those trained on "
            "ImageNet-1K only, above line charts of the Pareto frontier at the end of some years.",
            f"Days are those of timm's revisions, not of the papers. {ONE_CROP}",
            frontier_over_time,
            METRICS["params_m"],
            METRICS["top1"],
            PAST,
        ),
        Chart(
            "original-survey",
            "The original survey: accuracy by parameters",
            "A line for each method, as its paper reports; models under 300 M parameters.",
            "The table of CUQS/Transformer_Backbone with known errors corrected: for each method its models under "
            "300 M parameters, each at its best top-1, as the papers report it.",
            "Line chart of ImageNet top-1 accuracy in percent against parameters in millions, one line for each method "
            "of the original survey.",
            "Image sizes and training data differ. Known errors of the table are corrected.",
            original_survey,
            METRICS["params_m"],
            METRICS["top1"],
            PAST,
        ),
    ]
