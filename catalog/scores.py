"""Evaluations in their long form: one figure a row, of any task, on any data set, by any metric, under a protocol.

That is how they are stored. The table `evaluations`, with the accuracies of a result beside each other, is a view of
the rows of classifiers, with differences that are recomputed: upstream's are wrong where accuracies tie.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from catalog.identity import Identity
from catalog.problems import Problem, each
from catalog.schema import TABLES
from catalog.vocabulary import CLASSIFICATION, MEASURED_UPSTREAM, PROTOCOL_OF_EVIDENCE

# Data set -> the ImageNet evaluation on the same classes that it is compared with.
BASES = {
    "imagenet-real": "imagenet",
    "imagenetv2": "imagenet",
    "imagenet-sketch": "imagenet",
    "imagenet-a": "imagenet-a-clean",
    "imagenet-r": "imagenet-r-clean",
}
RESULT = ["model", "img_size"]
METRICS = ("top1", "top5")  # in the columns of the view
STATED = ["params_m", "gmacs"]  # beside the first figure of a result
KEY = list(TABLES["evaluations"].key)


def scores_of(evaluations: pd.DataFrame, before: pd.DataFrame | None = None) -> pd.DataFrame:
    """The rows of a view; `before` are rows of which those of other tasks and metrics stay."""
    table = TABLES["scores"]
    parts = []
    for metric in METRICS:
        rows = evaluations[evaluations[metric].notna()].rename(columns={metric: "value"})
        low, high = f"{metric}_low", f"{metric}_high"
        rows = rows.rename(columns={low: "low", high: "high"})
        rows = rows.assign(metric=metric, protocol=rows["kind"].map(PROTOCOL_OF_EVIDENCE), task=CLASSIFICATION)
        parts.append(table.typed(rows if metric == METRICS[0] else rows.drop(columns=STATED)))
    if before is not None:
        parts.append(before[~_in_view(before)])
    return table.typed(pd.concat([part for part in parts if len(part)] or parts, ignore_index=True))


def evaluations_of(scores: pd.DataFrame) -> pd.DataFrame:
    """The view: a row per model, data set, image size and source, with the differences to ImageNet."""
    rows = scores[_in_view(scores)]
    names = {"value": METRICS[0], "low": f"{METRICS[0]}_low", "high": f"{METRICS[0]}_high"}
    view = rows[rows["metric"] == METRICS[0]].rename(columns=names)
    for metric in METRICS[1:]:
        names = {"value": metric, "low": f"{metric}_low", "high": f"{metric}_high"}
        others = rows[rows["metric"] == metric].rename(columns=names)
        view = view.merge(others[[*KEY, *names.values()]], on=KEY, how="left")
    table = TABLES["evaluations"]
    return table.typed(differences_to_imagenet(table.typed(view.sort_values(KEY, ignore_index=True))))


def differences_to_imagenet(evaluations: pd.DataFrame) -> pd.DataFrame:
    """The evaluations with top1_diff, top5_diff (points) and rank_diff (places gained; equal accuracies share a place).

    Only models measured upstream on both data sets are ranked, among themselves.
    """
    result = evaluations.drop(columns=["top1_diff", "top5_diff", "rank_diff"])
    parts = []
    for dataset, base in BASES.items():
        parts.append(_differences(result, dataset, base))
    differences = pd.concat(parts, ignore_index=True)
    return result.merge(differences, on=[*RESULT, "dataset", "source"], how="left")


def protocols() -> pd.DataFrame:
    """The table of protocols, as reference/protocols.csv declares them."""
    table = TABLES["protocols"]
    rows = pd.DataFrame(Identity().rows("protocols.csv"), columns=pd.Index(table.column_names))
    return table.typed(rows.replace("", None).assign(ranked=rows["ranked"] == "true"))


def scores_keep_their_protocol(frames: Mapping[str, pd.DataFrame]) -> Iterator[Problem]:
    """A figure is of the task, and by a metric, that its protocol says."""
    rows = frames["scores"].merge(frames["protocols"], on="protocol", suffixes=("", "_meant"))
    by_metric = [metric in meant.split(";") for metric, meant in zip(rows["metric"], rows["metrics"], strict=True)]
    of_data_set = rows["dataset_meant"].isna() | (rows["dataset"] == rows["dataset_meant"])
    odd = rows[
        ~(pd.Series(by_metric, index=rows.index, dtype="bool") & (rows["task"] == rows["task_meant"]) & of_data_set)
    ]
    text = (
        "{model}: {metric} of {task} on {dataset} is none of protocol {protocol}; see catalog/reference/protocols.csv"
    )
    yield from each(odd, "error", "protocol", text)


def _in_view(scores: pd.DataFrame) -> pd.Series:
    return (scores["task"] == CLASSIFICATION) & scores["metric"].isin(METRICS)


def _differences(evaluations: pd.DataFrame, dataset: str, base: str) -> pd.DataFrame:
    measured = evaluations[evaluations["kind"] == MEASURED_UPSTREAM]
    columns = [*RESULT, "top1", "top5"]
    variant = measured.loc[measured["dataset"] == dataset, [*columns, "dataset", "source"]]
    reference = measured.loc[measured["dataset"] == base, columns]
    both = variant.merge(reference, on=RESULT, suffixes=("", "_base"))
    both["top1_diff"] = (both["top1"] - both["top1_base"]).round(3)
    both["top5_diff"] = (both["top5"] - both["top5_base"]).round(3)
    both["rank_diff"] = (_rank(both["top1_base"]) - _rank(both["top1"])).astype("Int64")
    return both[[*RESULT, "dataset", "source", "top1_diff", "top5_diff", "rank_diff"]]


def _rank(accuracy: pd.Series) -> pd.Series:
    return accuracy.rank(ascending=False, method="min")
