"""The charts there are: one entry each, with title, caption and how its content is built.

A new chart is a new entry here and, where needed, a new builder module.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from catalog.fields import METRICS
from catalog.identity import address
from generator.charts.original import original_survey
from generator.charts.over_time import frontier_over_time
from generator.charts.robustness import DATASET_PAIRS, robustness, robustness_overview
from generator.charts.scene import Chart
from generator.charts.speeds import speed_charts
from generator.charts.tradeoff import tradeoff

if TYPE_CHECKING:
    import pandas as pd

    from catalog import Catalog

MACS = "GMACs: billion multiply-accumulates per image; many papers call them FLOPs."
ONE_CROP = "Top-1 of one centre crop, ImageNet-1K validation."
BY_DATA = "Colour and marker: training data of the weights."
BY_KIND = "Colour and marker: kind of architecture."
IMAGENET_1K_ONLY = ", trained on ImageNet-1K only with no teacher that saw more"
ROBUSTNESS = "Robustness"
HISTORY = "History"


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
    ranks = [
        (row.kind == "gpu", _version(row.framework_version), _version(row.cuda_version), row.device, place)
        for place, row in enumerate(enough.itertuples())
    ]
    return str(enough["environment"].iloc[max(ranks)[-1]])


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
    charts = []
    for only, suffix, scope, subtitle, colours in (
        (False, "", "", "", BY_DATA),
        (True, "-imagenet1k", IMAGENET_1K_ONLY, "Trained on ImageNet-1K only, their teachers too. ", BY_KIND),
    ):
        for name, column, words, convention in (
            ("params", "params_m", "parameters", "Parameters with the 1000-class head."),
            ("gmacs", "gmacs", "GMACs", MACS),
        ):
            slug = f"{name}-accuracy{suffix}"
            chart = Chart(
                slug,
                title=f"ImageNet top-1 accuracy against {words}",
                subtitle=f"{subtitle}{colours}",
                caption=f"Every result on ImageNet-1K{scope}; the line joins those more accurate than every measured "
                f"one of the same or less cost. {colours}",
                alt=f"Scatter plot of ImageNet top-1 accuracy in percent against {words} on a logarithmic axis{scope}. "
                "The names along the upper left edge are the Pareto frontier.",
                convention=f"{convention} {ONE_CROP}",
                build=partial(tradeoff, slug=slug, cost=METRICS[column], only_imagenet_1k=only),
                group="Accuracy against cost",
            )
            charts.append(chart)
    return charts


def _throughput_charts(c: Catalog) -> list[Chart]:
    labels = c.environments.set_index("environment")["label"]
    timed = set(_timed_by_timm(c)["environment"])
    charts = {throughput_slug(name): name for name in labels.index if name in timed}
    default = default_environment(c)
    return [
        Chart(
            slug,
            title="ImageNet top-1 accuracy against throughput",
            subtitle=f"{labels[name]}. {BY_DATA}",
            caption=f"On {labels[name]}; the line joins the results more accurate than every other that is as fast or "
            f"faster. {BY_DATA}",
            alt="Scatter plot of ImageNet top-1 accuracy in percent against inference throughput in images per second "
            f"on {labels[name]}, on a logarithmic axis. The names along the upper right edge are the Pareto frontier.",
            convention=f"Inference; batch sizes are in the data. {ONE_CROP}",
            build=partial(tradeoff, slug=slug, cost=METRICS["images_per_s"], environment=name),
            group="Accuracy against throughput",
        )
        for slug, name in ({"throughput-accuracy": default, **charts} if default else charts).items()
    ]


def _robustness_charts() -> list[Chart]:
    overview = Chart(
        "robustness",
        title="Accuracy under distribution shift",
        subtitle=f"The same weights on shifted and on clean images. {BY_DATA}",
        caption=f"Five test sets for the same weights; on the dashed line nothing is lost. {BY_DATA}",
        alt="Five scatter plots against clean accuracy: top-1 accuracy on ImageNet ReaL, ImageNetV2, ImageNet-Sketch, "
        "ImageNet-A and ImageNet-R.",
        convention="Top-1 of one centre crop. ImageNet-A and -R are compared on their own 200 classes.",
        build=robustness_overview,
        group=ROBUSTNESS,
    )
    of_pairs = [
        Chart(
            pair.slug,
            title=f"{pair.name} against clean accuracy",
            subtitle=BY_DATA,
            caption=f"Top-1 on {pair.name} against {pair.clean_name} for the same weights; on the dashed line nothing "
            f"is lost. {BY_DATA}",
            alt=f"Scatter plot of top-1 accuracy in percent on {pair.name} against {pair.clean_name}.",
            convention="Top-1 of one centre crop." + (" Both axes are of the same 200 classes." if pair.subset else ""),
            build=partial(robustness, pair=pair),
            group=ROBUSTNESS,
        )
        for pair in DATASET_PAIRS
    ]
    return [overview, *of_pairs]


def _history_charts() -> list[Chart]:
    return [
        Chart(
            "frontier-over-time",
            title="The ImageNet frontier over time",
            subtitle="What timm's results held. Below: the newest frontier in colour, earlier ones in grey.",
            caption="Above, the best measured top-1 at each revision of timm's results. Below, the Pareto frontier "
            "against parameters at the last revision of some years; the data have every revision.",
            alt="A step chart of the best ImageNet top-1 accuracy since 2020 for all weights and for those trained on "
            "ImageNet-1K only, above line charts of the Pareto frontier at the end of some years.",
            convention=f"Days are those of timm's revisions, not of the papers. {ONE_CROP}",
            build=frontier_over_time,
            group=HISTORY,
        ),
        Chart(
            "original-survey",
            title="The original survey: accuracy by parameters",
            subtitle="A line for each method, as its paper reports; models under 300 M parameters.",
            caption="The table of CUQS/Transformer_Backbone with known errors corrected: for each method its models "
            "under 300 M parameters, each at its best top-1, as the papers report it.",
            alt="Line chart of ImageNet top-1 accuracy in percent against parameters in millions, one line for each "
            "method of the original survey.",
            convention="Image sizes and training data differ. Known errors of the table are corrected.",
            build=original_survey,
            group=HISTORY,
        ),
    ]
