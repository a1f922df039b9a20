"""A file held against its last good rows and against the other files: what moved, what is gone, what is another's."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from catalog.history import replay
from catalog.identity import Identity, split_name
from catalog.records import Accuracy, Benchmark, Parsed, PastAccuracy, SecondOpinion, SurveyRow
from catalog.relations import FEW, MOST, of_file
from catalog.renames import gained_a_tag
from catalog.vocabulary import IMAGENET, MEASURED_UPSTREAM

# How far a figure may move before it is another: by a number of its unit, and by a share of itself. In the 28 revisions
# of timm's ImageNet results, and between four states of all its files, at most 2 % of the rows of a file moved by a
# point and at most 0.5 % changed their parameters by a twentieth; no file of speeds was ever measured anew.
LIMITS: Mapping[str, tuple[float, float]] = {
    "top1": (1.0, 0.0),
    "top5": (1.0, 0.0),
    "acc": (1.0, 0.0),
    "params_m": (0.02, 0.05),
    "gmacs": (0.02, 0.12),
    "mactivations": (0.02, 0.12),
    "images_per_s": (0.0, 0.25),
    "step_ms": (0.0, 0.25),
}

Key = tuple[Any, ...]  # the name first
Figures = dict[str, float]
Rows = dict[Key, list[Figures]]  # the survey and second opinions hold some names more than once


@dataclass(frozen=True)
class Held:
    """The table that holds a kind of record: what a row is known by, and the figures that are compared."""

    record: type
    table: str
    key: tuple[str, ...]
    figures: tuple[str, ...]


ACCURACIES = Held(Accuracy, "evaluations", ("model", "img_size"), ("top1", "top5", "params_m"))
SPEEDS = Held(Benchmark, "measurements", ("architecture", "img_size"), ("images_per_s", "step_ms", "params_m"))
OPINIONS = Held(
    SecondOpinion, "second_opinions", ("name", "img_size", "train_set"), ("params_m", "gmacs", "top1", "top5")
)
SURVEY = Held(SurveyRow, "survey_rows", ("model_name", "size", "method", "train_set"), ("params_m", "gmacs", "acc"))
OWN = (ACCURACIES, SPEEDS, OPINIONS, SURVEY)  # tables whose rows belong to a source: one that it lacks is gone
COSTS = Held(Benchmark, "costs", ("architecture", "img_size"), ("gmacs", "mactivations"))
HISTORY = Held(PastAccuracy, "history", ("model", "img_size"), ("top1", "params_m"))
IDENTITY = {held.table: [*held.key, "source"] for held in OWN}  # what a row stays the same by: not line, not batch


class LastGood:
    """The last good state of the tables, and the files of this refresh, which vouch for each other."""

    def __init__(self, tables: Mapping[str, pd.DataFrame], parsed: Sequence[Parsed], identity: Identity) -> None:
        self._tables, self._parsed, self._identity = tables, parsed, identity
        revisions = replay(tables["history"])
        held = revisions[-1].results if revisions else []
        self._revision = _rows((vars(result) | {"model": result.name} for result in held), HISTORY)

    def take(self, revision: Parsed) -> None:
        """Hold the revision that comes next in the history against this one."""
        self._revision = _new(revision, HISTORY) or self._revision

    def doubts(self, file: Parsed) -> Iterator[str]:
        """Why the figures of a file are not to be believed, as far as older rows and other files tell."""
        if file.open_line is not None:
            yield from _cut(file, self._old(file.file.source, SURVEY))
        yield from self._columns_gone(file)
        yield from self._copied(file)
        for held in (*OWN, COSTS, HISTORY):
            yield from _moved(held, *self._matched(file, held))
        yield from self._same_conditions(file)
        yield from self._disputed(file)

    def gone(self, file: Parsed) -> tuple[list[Key], int]:
        """The rows known before that the file lacks, and how many were known."""
        lost: list[Key] = []
        known = 0
        for held in OWN:
            new, old = self._matched(file, held)
            known += sum(map(len, old.values()))
            gone = {key: rows[0].get("top1", math.nan) for key, rows in old.items() if key not in new}
            come = {key: rows[0].get("top1", math.nan) for key, rows in new.items() if key not in old}
            renamed = gained_a_tag(gone, come) if held is ACCURACIES else {}
            fewer = {key: len(rows) - len(new.get(key, ())) for key, rows in old.items() if key not in renamed}
            lost += [key for key, count in fewer.items() for _ in range(count)]
        return lost, known

    def under_former_names(self, file: Parsed) -> list[Key]:
        """The rows known before that the file has under a former name alone, with other figures."""
        found: list[Key] = []
        for held in (ACCURACIES, SPEEDS):
            read, (new, old) = _new(file, held), self._matched(file, held)
            found += [key for key, rows in new.items() if key not in read and rows[0] != old.get(key, rows)[0]]
        return found

    def expected(self, file: Parsed) -> int:
        """The rows that a new source is expected to have: those of the revision before it, else any number."""
        return len(self._revision) if any(isinstance(row, PastAccuracy) for row in file.records) else 0

    def _columns_gone(self, file: Parsed) -> Iterator[str]:
        """Figures that no row has any more."""
        for held in (*OWN, COSTS):
            rows, table = _new(file, held), self._tables[held.table]
            old = table[table["source"] == file.file.source]
            for figure in held.figures if rows else ():
                known = int(old[figure].notna().sum())
                if known and not any(figure in row for same in rows.values() for row in same):
                    yield f"{figure} is in none of its rows, and was in {known} of those known before"

    def _copied(self, file: Parsed) -> Iterator[str]:
        """Another source whose figures most of the rows repeat."""
        for held in (ACCURACIES, SPEEDS):
            figure, mine = held.figures[0], _new(file, held)
            for source, theirs in self._others(held, file.file.source) if mine else ():
                common = mine.keys() & theirs.keys()
                equal = sum(mine[key][0][figure] == theirs[key][0][figure] for key in common)
                if len(common) >= FEW and equal > MOST * len(common):
                    yield f"{figure} is that of {source} in {equal} of {len(common)} rows"

    def _others(self, held: Held, source: str) -> Iterator[tuple[str, Rows]]:
        """The rows of the other sources, as known before, else as read now."""
        return ((other, rows) for other, rows in self._files[held.table].items() if other != source)

    def _same_conditions(self, file: Parsed) -> Iterator[str]:
        """Another file of speeds that was measured under the same conditions; what is known already comes first."""
        mine, known = _conditions(file), set(self._tables["sources"]["source"])
        for other in self._parsed if file.file.source not in known else ():
            if other is not file and mine & _conditions(other):
                yield f"its speeds have the conditions of {other.file.source}, which cannot both be used"

    def _disputed(self, file: Parsed) -> Iterator[str]:
        """Figures that are not those that timm publishes for most of the architectures or weights."""
        rows = [row for row in file.records if isinstance(row, Benchmark | SecondOpinion)]
        opinions = [row for row in rows if isinstance(row, SecondOpinion)]
        for figure, pairs in (
            ("params_m", [(row.params_m, self._published.get(("params_m", row.architecture))) for row in rows]),
            ("top1", [(row.top1, self._published.get(("top1", row.model))) for row in opinions]),
        ):
            known = [(now, min(values, key=lambda value: abs(value - now))) for now, values in pairs if now and values]
            odd = sum(_beyond(figure, now, published) > 0 for now, published in known)
            if len(known) >= FEW and odd > MOST * len(known):
                yield f"{figure} is not what timm publishes in {odd} of {len(known)} rows"

    @cached_property
    def _files(self) -> dict[str, dict[str, Rows]]:
        """Table -> source -> its rows, as known before, else as read now."""
        files = {}
        for held in (ACCURACIES, SPEEDS):
            now = {file.file.source: _new(file, held) for file in self._parsed}
            before = {source: self._old(source, held) for source in self._tables["sources"]["source"]}
            files[held.table] = now | {source: rows for source, rows in before.items() if rows}
        return files

    @cached_property
    def _published(self) -> dict[tuple[str, str], list[float]]:
        """(figure, architecture or model) -> what timm publishes with its ImageNet accuracies, before or else now."""
        table = self._tables["evaluations"]
        table = table[(table["dataset"] == IMAGENET) & (table["kind"] == MEASURED_UPSTREAM)]
        rows = list(zip(table["model"], table["top1"], table["params_m"], strict=True))
        if not rows:
            good = [row for file in self._parsed if not any(of_file(file.records)) for row in file.records]
            now = [row for row in good if isinstance(row, Accuracy) and row.dataset == IMAGENET]
            rows = [(row.model, row.top1, row.params_m) for row in now]
        published: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        for model, top1, params in rows:
            published["top1", model].append(top1)
            published["params_m", split_name(model)[0]].append(params)
        return published

    def _matched(self, file: Parsed, held: Held) -> tuple[Rows, Rows]:
        """The rows of a file and those known before; a name that the other side lacks stands in its present form."""
        new = _new(file, held)
        old = self._revision if held is HISTORY else self._old(file.file.source, held)
        return self._renamed(new, old, held), self._renamed(old, new, held)

    def _renamed(self, rows: Rows, others: Rows, held: Held) -> Rows:
        present = {"model": self._identity.present_name, "architecture": self._present_architecture}.get(held.key[0])
        if present is None:
            return rows
        return {key if key in others else (present(key[0]), *key[1:]): figures for key, figures in rows.items()}

    def _present_architecture(self, name: str) -> str:
        return split_name(self._identity.present_name(name))[0]

    def _old(self, source: str, held: Held) -> Rows:
        """The rows known before; of the costs, which keep one file's count, those of any source."""
        table = self._tables[held.table]
        if held is not COSTS:
            table = table[table["source"] == source]
        if held is ACCURACIES:
            table = table[table["kind"] == MEASURED_UPSTREAM]
        return _rows(table[[*held.key, *held.figures]].to_dict("records"), held)


def _new(file: Parsed, held: Held) -> Rows:
    """The records of a file; the survey's `model` is the table's `model_name`."""
    records = (vars(record) for record in file.records if isinstance(record, held.record))
    return _rows((row | {"model_name": row.get("model")} for row in records), held)


def _rows(rows: Iterable[Mapping[Any, Any]], held: Held) -> Rows:
    """Rows by their key, with the figures that they have."""
    by_key: defaultdict[Key, list[Figures]] = defaultdict(list)
    for row in rows:
        key = tuple("" if pd.isna(row[column]) else row[column] for column in held.key)
        by_key[key].append({name: float(row[name]) for name in held.figures if not pd.isna(row[name])})
    return dict(by_key)


def _conditions(file: Parsed) -> set[tuple[str, str]]:
    return {(row.environment, row.mode) for row in file.records if isinstance(row, Benchmark)}


def _beyond(figure: str, now: float, before: float) -> float:
    """How far a figure moved beyond its limit; negative within."""
    unit, share = LIMITS[figure]
    return abs(now - before) - unit - share * abs(before)


def _moved(held: Held, new: Rows, old: Rows) -> Iterator[str]:
    """Figures that moved in most of the rows known before."""
    for figure in held.figures:
        pairs = [(key, *pair) for key in new if (pair := _nearest(figure, new[key][0], old.get(key, [])))]
        moved = [pair for pair in pairs if _beyond(figure, *pair[1:]) > 0]
        if len(pairs) >= FEW and len(moved) > MOST * len(pairs):
            key, now, before = moved[0]
            example = f"{name_of(key)} from {before:g} to {now:g}"
            yield f"{figure} moved in {len(moved)} of {len(pairs)} rows known before, such as {example}"


def _nearest(figure: str, row: Figures, before: Sequence[Figures]) -> tuple[float, float] | None:
    """The figure of a row, and the one nearest to it of those known before under its name."""
    known = [other[figure] for other in before if figure in other]
    if figure not in row or not known:
        return None
    return row[figure], min(known, key=lambda value: abs(value - row[figure]))


def _cut(file: Parsed, old: Rows) -> Iterator[str]:
    """A last figure, which no newline ends, that is only the beginning of the one known before."""
    rows = [row for row in file.records if isinstance(row, SurveyRow) and row.line == file.open_line]
    for row in rows:
        key = (row.model, row.size, row.method, row.train_set)
        before = [f"{figures['acc']:g}" for figures in old.get(key, [])]
        now = f"{row.acc:g}"
        if now not in before and any(known.startswith(now) for known in before):
            known = " or ".join(before)
            yield f"the file ends with {now}, the beginning of the figure known before ({known}): it was cut"


def name_of(key: Key) -> str:
    """A row's name as people write it."""
    return " at ".join(str(part) for part in key[:2])
