"""The original survey's rows as models and evaluations of the catalog, matched with timm's weights where they are the same."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.identity import UNKNOWN_FAMILY, Identity, slug
from catalog.records import SurveyRow

# "(22k)" and the like at the end of a model name repeat the TrainSet column.
TRAIN_SUFFIX = re.compile(r"\s*\(\d+[kMB](?:-ext)?\)$")
IMAGENET_1K = "ImageNet-1K"

# The survey's TrainSet -> (sets besides ImageNet-1K, bucket, suffix of the model key).
TRAIN_SETS = {
    "ImageNet-1K": ("", "ImageNet-1K only", ""),
    "ImageNet-22K": ("ImageNet-22K", "ImageNet-21K/22K", "22k"),
    "ImageNet-22K-ext": ("ImageNet-22K-ext", "other private data", "22k-ext"),
    "JFT-300M": ("JFT-300M", "JFT-300M", "jft-300m"),
    "JFT-3B": ("JFT-3B", "JFT-3B", "jft-3b"),
    "FLD-900M": ("FLD-900M", "other private data", "fld-900m"),
    "ALIGN_1.8B": ("ALIGN-1.8B", "other private data", "align-1.8b"),
}


@dataclass(frozen=True)
class SurveyModel:
    """What a survey row means: the catalog's model and architecture, and how the row relates to timm."""

    row: SurveyRow
    model: str
    architecture: str
    name: str
    family: str
    pretrain_sets: str
    train_set: str
    match: str
    timm_model: str


def identify(rows: Sequence[SurveyRow], written: Sequence[SurveyRow], identity: Identity) -> list[SurveyModel]:
    """Give each (corrected) row its model. `written` are the same rows as upstream wrote them.

    Rows that are the same weights as a timm model take its name. Of several rows with one name, size and train set
    (two unnamed variants), each takes its GMACs into its key.
    """
    matches = _Matches(identity)
    base = {row.line: _base_key(row) for row in rows}
    repeated = Counter((base[row.line], row.size) for row in rows)
    ambiguous = {key for (key, _), count in repeated.items() if count > 1}
    models = []
    for row, original in zip(rows, written, strict=True):
        sets, bucket, suffix = _train_set(row)
        match, timm_model = matches.of(original)
        name = TRAIN_SUFFIX.sub("", row.model)
        architecture = slug(name)
        if base[row.line] in ambiguous:
            architecture += f"-{row.gmacs:g}g"
        key = f"{architecture}-{suffix}" if suffix else architecture
        if match == "exact":
            key, architecture = timm_model, timm_model.partition(".")[0]
        family = identity.survey_families.get(row.method, UNKNOWN_FAMILY)
        models.append(SurveyModel(row, key, architecture, name, family, sets, bucket, match, timm_model))
    return models


class _Matches:
    """The survey-to-timm map, by the row as written; rows that read the same are told apart by their order."""

    def __init__(self, identity: Identity) -> None:
        self._map: defaultdict[tuple[str, ...], list[tuple[str, str]]] = defaultdict(list)
        for entry in identity.rows("survey_models.csv"):
            key = (entry["method"], entry["model"], entry["size"], entry["train_set"])
            self._map[key].append((entry["match"] or "none", entry["timm_model"]))
        self._used: Counter[tuple[str, ...]] = Counter()

    def of(self, row: SurveyRow) -> tuple[str, str]:
        key = (row.method, row.model, str(row.size), row.train_set)
        entries = self._map.get(key, [])
        index = self._used[key]
        self._used[key] += 1
        return entries[index] if index < len(entries) else ("none", "")


def _train_set(row: SurveyRow) -> tuple[str, str, str]:
    sets = [name for name in row.train_set.split("+") if name != IMAGENET_1K]
    if not sets:
        return TRAIN_SETS[IMAGENET_1K]
    known = TRAIN_SETS.get(sets[-1])
    return known if known else (";".join(sets), "other private data", slug("-".join(sets)))


def _base_key(row: SurveyRow) -> tuple[str, str]:
    return slug(TRAIN_SUFFIX.sub("", row.model)), _train_set(row)[2]
