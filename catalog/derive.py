"""Values that are recomputed from the accuracies, because upstream's are wrong where accuracies tie."""

from __future__ import annotations

import pandas as pd

from catalog.vocabulary import MEASURED_UPSTREAM

# Data set -> the ImageNet evaluation on the same classes that it is compared with.
BASES = {
    "imagenet-real": "imagenet",
    "imagenetv2": "imagenet",
    "imagenet-sketch": "imagenet",
    "imagenet-a": "imagenet-a-clean",
    "imagenet-r": "imagenet-r-clean",
}
KEY = ["model", "img_size"]


def differences_to_imagenet(evaluations: pd.DataFrame) -> pd.DataFrame:
    """The evaluations with top1_diff, top5_diff (points) and rank_diff (places gained; equal accuracies share a place).

    Only models measured upstream on both data sets are ranked, among themselves.
    """
    result = evaluations.drop(columns=["top1_diff", "top5_diff", "rank_diff"])
    parts = []
    for dataset, base in BASES.items():
        parts.append(_differences(result, dataset, base))
    differences = pd.concat(parts, ignore_index=True)
    return result.merge(differences, on=[*KEY, "dataset", "source"], how="left")


def _differences(evaluations: pd.DataFrame, dataset: str, base: str) -> pd.DataFrame:
    measured = evaluations[evaluations["kind"] == MEASURED_UPSTREAM]
    columns = [*KEY, "top1", "top5"]
    variant = measured.loc[measured["dataset"] == dataset, [*columns, "dataset", "source"]]
    reference = measured.loc[measured["dataset"] == base, columns]
    both = variant.merge(reference, on=KEY, suffixes=("", "_base"))
    both["top1_diff"] = (both["top1"] - both["top1_base"]).round(3)
    both["top5_diff"] = (both["top5"] - both["top5_base"]).round(3)
    both["rank_diff"] = (_rank(both["top1_base"]) - _rank(both["top1"])).astype("Int64")
    return both[[*KEY, "dataset", "source", "top1_diff", "top5_diff", "rank_diff"]]


def _rank(accuracy: pd.Series) -> pd.Series:
    return accuracy.rank(ascending=False, method="min")
