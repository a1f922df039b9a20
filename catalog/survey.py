"""The original survey's rows as models of the catalog, under timm's name where they are the same weights."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.identity import UNKNOWN_FAMILY, Identity, slug
from catalog.records import SurveyRow

# "(22k)" and the like at the end of a model name repeat the TrainSet column.
TRAIN_SUFFIX = re.compile(r"\s*\(\d+[kMB](?:-ext)?\)$")


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
    base = {row.line: (slug(TRAIN_SUFFIX.sub("", row.model)), row.train_set) for row in rows}
    repeated = Counter((base[row.line], row.size) for row in rows)
    ambiguous = {key for (key, _), count in repeated.items() if count > 1}
    models = []
    for row, original in zip(rows, written, strict=True):
        training = identity.survey_training(row.train_set)
        suffix = slug(training.pretrain_sets).removeprefix("imagenet-")
        match, timm_model = matches.of(original)
        name = TRAIN_SUFFIX.sub("", row.model)
        architecture = slug(name)
        if base[row.line] in ambiguous:
            architecture += f"-{row.gmacs:g}g"
        key = f"{architecture}-{suffix}" if suffix else architecture
        if match == "exact":
            key, architecture = timm_model, timm_model.partition(".")[0]
        family = identity.survey_families.get(row.method, UNKNOWN_FAMILY)
        models.append(
            SurveyModel(
                row, key, architecture, name, family, training.pretrain_sets, training.bucket, match, timm_model
            )
        )
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
