"""The original survey's rows as models of the catalog, under timm's name where they are the same weights.

Who a row is depends on that row and on reference/survey_models.csv alone, never on what else was read. The reference
holds every known row with all its columns, and a row is the known row from which it differs in at most one cell. So a
figure, a size or a name that upstream changes leaves a row who it was, and rows that read alike are told apart by their
own figures, wherever they stand. A row that is near several known rows, or that bears the name of a known row and has
other figures, is nobody for certain: it is set aside until the reference declares it. What no known row is named like
is a model of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import pandas as pd

from catalog.corrections import FIELDS, Correction, apply_corrections, load_corrections
from catalog.identity import UNKNOWN_FAMILY, Identity, slug
from catalog.problems import CatalogError
from catalog.records import SurveyRow
from catalog.reference import REFERENCE

KNOWN = "survey_models.csv"
# "(22k)" and the like at the end of a model name repeat the TrainSet column.
TRAIN_SUFFIX = re.compile(r"\s*\(\d+[kMB](?:-ext)?\)$")

Cells = tuple[str | float, ...]


class UnplacedRow(CatalogError):
    """A row of which it is not certain which known row it is."""


@dataclass(frozen=True)
class KnownRow:
    """A row of the reference: as upstream wrote it, as the corrections have it, and what it means.

    `name` is the architecture's, where the Model column does not tell two networks apart, else empty.
    """

    written: SurveyRow
    corrected: SurveyRow
    name: str
    match: str
    timm_model: str
    distilled: bool

    @cached_property
    def forms(self) -> tuple[Cells, Cells]:
        """The cells as upstream wrote them and as they are corrected; upstream may hold either."""
        return _cells(self.written), _cells(self.corrected)

    def changed(self, row: SurveyRow) -> list[str]:
        """The columns in which a row differs from the nearer form of this one."""
        return min((_differences(_cells(row), form) for form in self.forms), key=len)


class KnownRows:
    """The rows of the reference, to find out which of them a row is."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        entries = identity.rows(KNOWN)
        written = [_written(entry) for entry in entries]
        corrected, _ = apply_corrections(written, load_corrections())
        self.rows = [
            KnownRow(row, right, entry["name"], entry["match"], entry["timm_model"], entry["distilled"] == "true")
            for row, right, entry in zip(written, corrected, entries, strict=True)
        ]

    def find(self, row: SurveyRow) -> KnownRow | None:
        """The known row that this one is; None when no known row is named like it. Raises UnplacedRow in doubt."""
        if _cells(row) in self._by_cells:
            return self._by_cells[_cells(row)]
        near = [known for known in self.rows if len(known.changed(row)) == 1]
        if not near:
            self._check_new(row)
            return None
        if len(near) > 1:
            raise UnplacedRow(
                f"{row.model} at {row.size} is one cell away from {_lines(near)} of {KNOWN} and could be each of them; "
                f"correct that file"
            )
        return near[0]

    def key(self, row: SurveyRow) -> tuple[str, int, int]:
        """What two rows share when they are one and the same, a name and a size first. Raises UnplacedRow in doubt."""
        known = self.find(row)
        if known is None:
            return self.own_key(row), row.size, 0
        return known.written.model, known.written.size, known.written.line

    def own_key(self, row: SurveyRow, name: str = "") -> str:
        """The key of a model that takes no name of timm's: its name and what it was pretrained on."""
        sets = self.identity.survey_training(row.train_set).pretrain_sets
        suffix = slug(sets).removeprefix("imagenet-")
        return "-".join(filter(None, (slug(name or plain_name(row)), suffix)))

    def _check_new(self, row: SurveyRow) -> None:
        namesakes = self._by_own_key.get(self.own_key(row), [])
        if namesakes:
            raise UnplacedRow(
                f"{row.model} at {row.size} is named like {_lines(namesakes)} of {KNOWN} and differs from each in more "
                f"than one cell; declare it there"
            )

    @cached_property
    def _by_cells(self) -> dict[Cells, KnownRow]:
        return {form: known for known in self.rows for form in known.forms}

    @cached_property
    def _by_own_key(self) -> dict[str, list[KnownRow]]:
        found: dict[str, list[KnownRow]] = {}
        for known in self.rows:
            names = {self.own_key(known.written), self.own_key(known.corrected)}
            for key in names | {self.own_key(known.corrected, known.name)}:
                found.setdefault(key, []).append(known)
        return found


@lru_cache(maxsize=8)
def known_rows(folder: Path = REFERENCE) -> KnownRows:
    """The known rows of a folder of reference tables, read once."""
    return KnownRows(Identity(folder))


@dataclass(frozen=True)
class SurveyModel:
    """What a survey row means: the catalog's model and architecture, and how the row relates to timm.

    `row` holds the corrected values, `written` those of upstream; `title` is the model's name, `name` its
    architecture's.
    """

    row: SurveyRow
    written: SurveyRow
    model: str
    architecture: str
    title: str
    name: str
    family: str
    pretrain_sets: str
    train_set: str
    distilled: bool
    match: str
    timm_model: str


def identify(rows: Sequence[SurveyRow], written: Sequence[SurveyRow], identity: Identity) -> list[SurveyModel]:
    """Give each (corrected) row its model. `written` are the same rows as upstream wrote them.

    Rows that are the same weights as a timm model take its name. Raises UnplacedRow in doubt.
    """
    reference = known_rows(identity.folder)
    models = []
    for row, original in zip(rows, written, strict=True):
        known = reference.find(original)
        declared = known.name if known else ""
        match, timm_model = (known.match, known.timm_model) if known else ("none", "")
        name = declared or plain_name(row)
        key, architecture = reference.own_key(row, name), slug(name)
        if match == "exact":
            key, architecture = timm_model, timm_model.partition(".")[0]
        training = identity.survey_training(row.train_set)
        models.append(
            SurveyModel(
                row=row,
                written=original,
                model=key,
                architecture=architecture,
                title=row.model.replace(plain_name(row), name, 1),
                name=name,
                family=identity.survey_families.get(row.method, UNKNOWN_FAMILY),
                pretrain_sets=training.pretrain_sets,
                train_set=training.bucket,
                distilled=known.distilled if known else False,
                match=match,
                timm_model=timm_model,
            )
        )
    return models


def corrected(
    rows: Sequence[SurveyRow], corrections: Sequence[Correction], identity: Identity
) -> tuple[list[SurveyRow], pd.DataFrame]:
    """The rows with the corrected values, and the corrections table; a row that upstream renames is still who it was.

    Raises UnplacedRow in doubt.
    """
    reference = known_rows(identity.folder)
    meant = [known.written if (known := reference.find(row)) else row for row in rows]
    return apply_corrections(rows, corrections, meant)


def survey_table(survey: Sequence[SurveyModel]) -> pd.DataFrame:
    """The table of rows as upstream writes them, each with the weights that it means."""
    rows = [
        vars(item.written)
        | {"model": item.model, "model_name": item.written.model}
        | {"match": item.match, "timm_model": item.timm_model or None}
        for item in survey
    ]
    return pd.DataFrame(rows)


def rows_of_table(table: pd.DataFrame) -> list[SurveyRow]:
    """Rows of that table as their scraper would give them."""
    return [
        SurveyRow(
            row.source,
            int(row.line),
            row.method,
            row.model_name,
            row.train_set,
            int(row.size),
            float(row.params_m),
            float(row.gmacs),
            float(row.acc),
        )
        for row in table.itertuples()
    ]


def with_older(read: Sequence[SurveyRow], older: Iterable[SurveyRow], identity: Identity) -> list[SurveyRow]:
    """The rows read this time and those known before that none of them is, in upstream's order."""
    reference = known_rows(identity.folder)
    rows = {reference.key(row): row for row in read}
    for row in older:
        try:
            rows.setdefault(reference.key(row), row)
        except UnplacedRow:  # the reference changed since; the row has to be read again
            continue
    return sorted(rows.values(), key=lambda row: row.line)


def plain_name(row: SurveyRow) -> str:
    """The Model column without the training data that it repeats."""
    return TRAIN_SUFFIX.sub("", row.model)


def _cells(row: SurveyRow) -> Cells:
    return tuple(getattr(row, field) for field in FIELDS.values())


def _differences(cells: Cells, others: Cells) -> list[str]:
    return [column for column, one, other in zip(FIELDS, cells, others, strict=True) if one != other]


def _lines(known: Sequence[KnownRow]) -> str:
    return "line " + " and ".join(str(row.written.line) for row in known)


def _written(entry: dict[str, str]) -> SurveyRow:
    return SurveyRow(
        KNOWN,
        int(entry["line"]),
        entry["method"],
        entry["model"],
        entry["train_set"],
        int(entry["size"]),
        float(entry["params_m"]),
        float(entry["gmacs"]),
        float(entry["acc"]),
    )
