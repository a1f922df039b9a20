"""Known upstream errors: declared with the value they expect to find, applied only while upstream still holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from catalog.problems import CatalogError
from catalog.records import SurveyRow
from catalog.reference import REFERENCE
from catalog.schema import TABLES

SURVEY_SOURCE = "survey/backbone_performance"
# Columns of the survey's CSV -> fields of SurveyRow.
FIELDS = {
    "Method": "method",
    "Model": "model",
    "TrainSet": "train_set",
    "Size": "size",
    "Params(M)": "params_m",
    "FLOPs(B)": "gmacs",
    "Acc": "acc",
}
NUMERIC = frozenset({"size", "params_m", "gmacs", "acc"})

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C, ten times as fast, where PyYAML has it


@dataclass(frozen=True)
class Correction:
    """One entry of corrections.yml, which speaks of `rows` rows. A suspected error is shown but not corrected."""

    key: str
    match: dict[str, object]
    column: str
    expected: object
    corrected: object
    reason: str
    evidence: str
    suspected: bool
    rows: int

    def matches(self, row: SurveyRow) -> bool:
        """Whether the row is one that the entry speaks of (its value may have changed upstream)."""
        return all(
            _same(getattr(row, FIELDS[column]), value) for column, value in self.match.items() if column != self.column
        )

    def finds_expected(self, row: SurveyRow) -> bool:
        """Whether upstream still holds the value that is known to be wrong."""
        return _same(getattr(row, FIELDS[self.column]), self.expected)


def load_corrections(path: Path = REFERENCE / "corrections.yml") -> list[Correction]:
    """The declared corrections. Raises CatalogError naming the entry that is not well formed."""
    try:
        entries = yaml.load(path.read_text(encoding="utf-8"), LOADER) or []
    except yaml.YAMLError as error:
        raise CatalogError(f"{path.name}: not YAML: {error}; correct it") from error
    if not isinstance(entries, list):
        raise CatalogError(f"{path.name}: expected a list of entries, found {type(entries).__name__}; correct it")
    return [_correction(entry, path.name) for entry in entries]


def _correction(entry: Any, file: str) -> Correction:
    name = entry.get("id", "?") if isinstance(entry, dict) else entry
    try:
        correction = Correction(
            str(entry["id"]),
            dict(entry["match"]),
            str(entry["column"]),
            entry["expected"],
            entry.get("corrected"),
            str(entry["reason"]),
            str(entry["evidence"]),
            entry.get("status") == "suspected",
            int(entry.get("rows", 1)),
        )
        unknown = {*correction.match, correction.column} - FIELDS.keys()
        if unknown:
            raise KeyError(min(unknown))
    except KeyError as error:
        raise CatalogError(
            f"{file}: entry {name}: {error} is missing or not a column of the survey; complete it"
        ) from error
    except (TypeError, ValueError) as error:
        raise CatalogError(f"{file}: entry {name}: {error}; expected the fields of the entries above it") from error
    if not correction.suspected:
        try:
            _typed(FIELDS[correction.column], correction.corrected)
        except ValueError as error:
            raise CatalogError(
                f"{file}: entry {name}: corrected is {correction.corrected!r}, expected a value of {correction.column}"
            ) from error
    return correction


def apply_corrections(
    rows: Sequence[SurveyRow], corrections: Sequence[Correction], meant: Sequence[SurveyRow] = ()
) -> tuple[list[SurveyRow], pd.DataFrame]:
    """The rows with the corrected values, and the corrections table.

    `meant` are the rows that they are known to be, by which an entry finds them; without it, themselves. An entry that
    finds fewer rows than it speaks of, or none, has a row that says it stopped for the others.
    """
    corrected = list(rows)
    table: list[tuple[object, ...]] = []
    for correction in corrections:
        matched = [index for index, row in enumerate(meant or rows) if correction.matches(row)]
        hits = [index for index in matched if correction.finds_expected(rows[index])]
        for index in hits:
            state = "suspected" if correction.suspected else "applied"
            if state == "applied":
                field = FIELDS[correction.column]
                value = _typed(field, correction.corrected)
                corrected[index] = replace(corrected[index], **{field: value})  # type: ignore[arg-type]
            table.append(_table_row(correction, rows[index], state))
        if len(hits) < correction.rows:
            changed = [rows[index] for index in matched if index not in hits]
            table.append(_table_row(correction, changed[0] if changed else None, "stopped"))
    schema = TABLES["corrections"]
    frame = schema.typed(pd.DataFrame(table, columns=pd.Index(schema.column_names)))
    # A row kept from an older file may stand where another stands now; that place is then told once.
    return corrected, frame.drop_duplicates(list(schema.key))


def _table_row(correction: Correction, row: SurveyRow | None, state: str) -> tuple[object, ...]:
    found = None if row is None else _plain(getattr(row, FIELDS[correction.column]))
    corrected = None if correction.corrected is None else _plain(correction.corrected)
    line = None if row is None else row.line
    return (
        correction.key,
        SURVEY_SOURCE,
        line,
        correction.column,
        _plain(correction.expected),
        found,
        corrected,
        state,
        correction.reason,
        correction.evidence,
    )


def _same(found: object, declared: object) -> bool:
    if isinstance(found, int | float) and isinstance(declared, int | float):
        return abs(found - declared) < 1e-9
    return str(found) == str(declared)


def _typed(field: str, value: object) -> object:
    """The value as the field holds it. Raises ValueError when it cannot."""
    if value is None:
        raise ValueError("no value")
    if field not in NUMERIC:
        return str(value)
    number = float(str(value))
    return int(number) if field == "size" else number


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
