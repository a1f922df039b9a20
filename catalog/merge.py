"""Builds every table from what the scrapers parsed, keeping older rows of any source that failed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import Any, TypeVar

import pandas as pd

from catalog.corrections import apply_corrections, load_corrections
from catalog.costs import DEFAULT_HEAD, MACS, choose_costs, cost_candidates, estimate_missing
from catalog.derive import differences_to_imagenet
from catalog.entities import Entities, known, papers
from catalog.history import append_events
from catalog.identity import Identity, split_name
from catalog.keep import HISTORY, Kept, keep_older_rows
from catalog.last_good import LastGood
from catalog.problems import Problem
from catalog.records import (
    Accuracy,
    Benchmark,
    Paper,
    Parsed,
    PastAccuracy,
    Registration,
    RejectedRow,
    SecondOpinion,
    SourceFile,
    SurveyRow,
)
from catalog.schema import TABLES
from catalog.survey import SurveyModel, identify, with_older
from catalog.vocabulary import IMAGENET, MEASURED_UPSTREAM, REPORTED, SAME_PARAMS

Frames = dict[str, pd.DataFrame]
Kind = TypeVar("Kind")

REGISTRY = "timm-registry/"


@dataclass
class Merged:
    """All tables, and every problem met on the way."""

    frames: Frames
    problems: list[Problem] = field(default_factory=list)


def merge(
    parsed: Sequence[Parsed], failed: Mapping[str, str], previous: Frames, today: str, accepted: Collection[str] = ()
) -> Merged:
    """Build the tables.

    `failed` are sources that gave nothing, with the reason; `previous` the tables before (their rows are kept for every
    source that failed or shrank); `accepted` the sources whose shrinking the maintainer accepts; `today` an ISO day.
    """
    return _Merge(parsed, failed, previous, today, accepted).run()


class _Merge:
    def __init__(
        self,
        parsed: Sequence[Parsed],
        failed: Mapping[str, str],
        previous: Frames,
        today: str,
        accepted: Collection[str],
    ) -> None:
        self.identity = Identity()
        self.previous = {name: previous[name] if name in previous else table.empty() for name, table in TABLES.items()}
        last_good = LastGood(self.previous, parsed, self.identity)
        self.kept: Kept = keep_older_rows(parsed, failed, self.previous["sources"], today, accepted, last_good)
        self.problems = list(self.kept.problems)
        self.parsed = self.kept.usable
        self.environments = {environment.key: environment for file in self.parsed for environment in file.environments}
        self.rejected = [row for file in self.parsed for row in file.rejected]
        self._published_params: dict[str, float] = {}  # M, of an architecture, as published beside its accuracy

    def run(self) -> Merged:
        survey_rows = self._survey_rows()
        corrected, corrections = apply_corrections(survey_rows, load_corrections())
        survey = identify(corrected, survey_rows, self.identity)
        frames: Frames = {}
        frames["corrections"] = corrections if survey_rows else self.previous["corrections"]
        frames["survey_rows"] = _survey_table(survey)
        frames["evaluations"] = self._evaluations(survey)
        frames["measurements"] = self._measurements()
        frames["layer_measurements"] = self.previous["layer_measurements"]
        frames["costs"] = self._costs(survey, frames["evaluations"])
        frames["environments"] = self._environments(frames["measurements"])
        frames["history"] = self._history()
        self._add_entities(frames, survey)
        frames["second_opinions"] = self._second_opinions(frames)
        frames["implementations"] = self.previous["implementations"]
        frames["quarantine"] = self.kept.quarantine(_frame(self.rejected), self.previous["quarantine"])
        frames["sources"] = self.kept.sources(self.rejected)
        frames["refreshes"] = self.previous["refreshes"]
        return Merged({name: TABLES[name].typed(frames[name]) for name in TABLES}, self.problems)

    def _add_entities(self, frames: Frames, survey: Sequence[SurveyModel]) -> None:
        entities = Entities(self.identity, survey, self._registry, self._registry_is_whole, self.previous)
        frames["models"] = entities.models(frames["evaluations"], frames["history"])
        frames["architectures"] = entities.architectures(
            frames["evaluations"], frames["measurements"], frames["models"]
        )
        older = self.previous["papers"]
        frames["papers"] = papers(self._records(Paper), older[older["source"].isin(self.kept.stale)])
        frames["families"] = entities.families(frames["architectures"], frames["papers"])
        frames["paper_links"] = entities.paper_links(frames)

    @cached_property
    def _registry(self) -> dict[str, Registration]:
        return {row.model: row for row in self._records(Registration)}

    @property
    def _registry_is_whole(self) -> bool:
        """Whether timm's registry was read this time without the loss of a row."""
        incomplete = {*self.kept.stale, *self.kept.partial}
        return not any(source.startswith(REGISTRY) for source in incomplete)

    def _records(self, kind: type[Kind]) -> list[Kind]:
        return [record for file in self.parsed for record in file.records if isinstance(record, kind)]

    def _survey_rows(self) -> list[SurveyRow]:
        """The survey's rows as upstream writes them, with the older rows of a file that failed or lost some.

        Whatever is published of the survey is derived from them anew, so that nothing of it is kept elsewhere.
        """
        older = self.previous["survey_rows"]
        older = older[older["source"].isin([*self.kept.stale, *self.kept.partial])]
        return with_older(self._records(SurveyRow), map(_survey_row, older.itertuples()), self.identity)

    def _keep(self, table: str, new: pd.DataFrame) -> pd.DataFrame:
        return self.kept.rows(table, new, self.previous[table])

    def _present_architecture(self, name: str) -> str:
        return split_name(self.identity.present_name(name))[0]

    def _evaluations(self, survey: Sequence[SurveyModel]) -> pd.DataFrame:
        measured = _frame(self._accuracies())
        if len(measured):
            measured = measured.assign(kind=MEASURED_UPSTREAM, corrected=False)
        reported = pd.DataFrame(
            [
                {
                    "model": item.model,
                    "dataset": IMAGENET,
                    "img_size": item.row.size,
                    "top1": item.row.acc,
                    "params_m": known(item.row.params_m),
                    "gmacs": known(item.row.gmacs),
                    "kind": REPORTED,
                    "corrected": item.row != item.written,
                    "source": item.row.source,
                    "line": item.row.line,
                }
                for item in survey
            ]
        )
        older = self.previous["evaluations"]
        measured = self.kept.rows("evaluations", measured, older[older["kind"] != REPORTED])
        parts = [frame for frame in (measured, TABLES["evaluations"].typed(reported)) if len(frame)]
        both = pd.concat(parts, ignore_index=True) if parts else measured
        published = both[(both["dataset"] == IMAGENET) & (both["kind"] == MEASURED_UPSTREAM) & both["params_m"].notna()]
        self._published_params = {
            split_name(model)[0]: float(params)
            for model, params in zip(published["model"], published["params_m"], strict=True)
        }
        return differences_to_imagenet(both)

    def _accuracies(self) -> list[Accuracy]:
        """Accuracy rows under present names; a former name of weights that have a row of their own is set aside."""
        rows: dict[tuple[str, str, int], Accuracy] = {}
        records = self._records(Accuracy)
        for row in sorted(records, key=lambda row: self.identity.present_name(row.model) != row.model):
            present = self.identity.present_name(row.model)
            key = (row.source, present, row.img_size)
            if key in rows:
                detail = f"{row.model} is a former name of {present}, which has a row of its own"
                self._set_aside(row.source, row.line, "same-weights", detail)
            else:
                rows[key] = replace(row, model=present)
        return list(rows.values())

    @cached_property
    def _benchmarks(self) -> list[Benchmark]:
        """Benchmark rows under present architecture names; two old names of one architecture keep one row.

        A former name that another network bears today is that network's where the file has the renamed one as well.
        """
        rows: dict[tuple[object, ...], Benchmark] = {}
        records = self._records(Benchmark)
        own = {(row.source, row.architecture, row.img_size) for row in records}
        params = {row.architecture: row.params_m for row in records if row.params_m} | self._published_params
        for row in records:
            present = self._present_architecture(row.architecture)
            expected = params.get(present)
            same_network = expected and row.params_m and abs(row.params_m / expected - 1) < SAME_PARAMS
            key = (row.source, present, row.img_size)
            reused = key in own and row.architecture in self._published_params
            if present == row.architecture or not same_network or reused:
                rows[row.source, row.architecture, row.img_size] = row
                continue
            if key in rows or key in own:
                detail = f"{row.architecture} is a former name of {present}, which has a row of its own"
                self._set_aside(row.source, row.line, "same-architecture", detail)
            else:
                rows[key] = replace(row, architecture=present)
        return list(rows.values())

    def _measurements(self) -> pd.DataFrame:
        """The speeds. Counts of compute are not among them: of some files they lack attention, see the table costs."""
        frame = _frame(self._benchmarks)
        return self._keep("measurements", frame.assign(implementation="timm", gmacs=None) if len(frame) else frame)

    def _costs(self, survey: Sequence[SurveyModel], evaluations: pd.DataFrame) -> pd.DataFrame:
        counted = cost_candidates(self._benchmarks, self.environments, self._published_params, self._heads())
        stated = pd.DataFrame(
            [
                {
                    "architecture": item.architecture,
                    "img_size": item.row.size,
                    "gmacs": item.row.gmacs,
                    "params_m": known(item.row.params_m),
                    "version": None,
                    "source": item.row.source,
                    "line": item.row.line,
                    "convention": MACS,
                    "reparametrised": False,
                    "head_classes": DEFAULT_HEAD,
                    "estimated": False,
                }
                for item in survey
                if known(item.row.gmacs) and item.match != "exact"
            ]
        )
        new = [frame for frame in (counted, stated) if len(frame)]
        derived = {item.row.source for item in survey}
        candidates = [frame for frame in (*new, self._older_costs(new, derived)) if len(frame)]
        if not candidates:
            return TABLES["costs"].empty()
        costs = TABLES["costs"].typed(choose_costs(pd.concat(candidates, ignore_index=True)))
        measured = evaluations[evaluations["dataset"] == IMAGENET]
        older = self.previous["models"]
        architecture_of = dict(zip(older["model"], older["architecture"], strict=True))
        architecture_of |= {item.model: item.architecture for item in survey}
        wanted = pd.DataFrame(
            {
                "architecture": [architecture_of.get(model, split_name(model)[0]) for model in measured["model"]],
                "img_size": measured["img_size"].tolist(),
            }
        )
        return pd.concat([costs, estimate_missing(costs, wanted)], ignore_index=True)

    def _heads(self) -> dict[str, int]:
        """Classes of the head of architectures that have weights with another head than the default."""
        before = self.previous["costs"].dropna(subset=["head_classes"])
        known_before = (
            [] if self._registry_is_whole else zip(before["architecture"], before["head_classes"], strict=True)
        )
        registered = [(split_name(model)[0], row.num_classes) for model, row in self._registry.items()]
        return {
            architecture: int(classes)
            for architecture, classes in [*known_before, *registered]
            if classes is not None and classes != DEFAULT_HEAD
        }

    def _older_costs(self, new: Sequence[pd.DataFrame], derived: Collection[str]) -> pd.DataFrame:
        """Counts of stale sources, and those that partial sources lost, with the version that they were made with.

        None of `derived`, the sources whose older rows are among the new.
        """
        key = ["architecture", "img_size", "source"]
        older = self.previous["costs"]
        incomplete = {*self.kept.stale, *self.kept.partial} - {*derived}
        older = older[older["source"].isin(incomplete) & ~older["estimated"].astype(bool)]
        if new:
            have = pd.MultiIndex.from_frame(pd.concat([frame[key] for frame in new]))
            older = older[~pd.MultiIndex.from_frame(older[key]).isin(have)]
        environment = self.previous["measurements"].drop_duplicates("source").set_index("source")["environment"]
        version = self.previous["environments"].set_index("environment")["framework_version"]
        return older.assign(version=older["source"].map(environment).map(version))

    def _environments(self, measurements: pd.DataFrame) -> pd.DataFrame:
        new = _frame(list(self.environments.values()))
        if len(new):
            new = new.rename(columns={"key": "environment"})
        old = self.previous["environments"]
        both = pd.concat(
            [frame for frame in (TABLES["environments"].typed(new), old) if len(frame)] or [old], ignore_index=True
        )
        used = both["environment"].isin(measurements["environment"])
        return both[used].drop_duplicates("environment")

    def _history(self) -> pd.DataFrame:
        """Past revisions never change: those not read before and newer than the last add to it.

        Where every revision that was read before has been read again, the history is told anew from all of them.
        """
        revisions = [list(rows) for _, rows in groupby(self._records(PastAccuracy), key=lambda row: row.revision)]
        history, sources = self.previous["history"], self.previous["sources"]
        read = set(sources["revision"][sources["scraper"] == HISTORY])
        if read <= {rows[0].revision for rows in revisions}:
            history = TABLES["history"].empty()
            revisions.sort(key=lambda rows: rows[0].date)
        else:
            newest = history["date"].max() if len(history) else ""
            revisions = [rows for rows in revisions if rows[0].date >= newest and rows[0].revision not in read]
        incomplete = {file.file.revision for file in self.parsed if file.file.source in self.kept.partial}
        told, doubles = append_events(history, revisions, self.identity.past_name, incomplete)
        source_of = {file.file.revision: file.file.source for file in self.parsed if file.file.scraper == HISTORY}
        for double in doubles:
            if double.revision in source_of:
                detail = f"{double.name} and {double.kept} are the same weights; the row of {double.kept} is kept"
                self._set_aside(source_of[double.revision], double.line or 1, "same-weights", detail)
        lost = sorted({double.name for double in doubles if double.revision not in source_of})
        if lost:
            message = f"{', '.join(lost)} became another name of a model that past revisions hold too"
            advice = "tell the history anew: backbones refresh --rebuild-history"
            self.problems.append(Problem("warning", HISTORY, None, "same-weights", f"{message}; {advice}"))
        return told

    def _set_aside(self, source: str, line: int, rule: str, detail: str) -> None:
        raw = self._files[source].raw_row(line)
        self.rejected.append(RejectedRow(source, line, rule, detail, raw))

    @cached_property
    def _files(self) -> dict[str, SourceFile]:
        return {file.file.source: file.file for file in self.parsed}

    def _second_opinions(self, frames: Frames) -> pd.DataFrame:
        """What others report; a name that is mapped to something the catalog does not hold stays unmapped."""
        rows = self._keep("second_opinions", _frame(self._records(SecondOpinion)))
        for column, table in (("architecture", "architectures"), ("model", "models")):
            rows[column] = rows[column].where(rows[column].isin(frames[table][column]))
        return rows


def _frame(records: Sequence[object]) -> pd.DataFrame:
    return pd.DataFrame([vars(record) for record in records])


def _survey_table(survey: Sequence[SurveyModel]) -> pd.DataFrame:
    frame = _frame([item.written for item in survey])
    if not len(frame):
        return frame
    frame = frame.rename(columns={"model": "model_name"})
    frame["model"] = [item.model for item in survey]
    frame["match"] = [item.match for item in survey]
    frame["timm_model"] = [item.timm_model or None for item in survey]
    return frame


def _survey_row(row: Any) -> SurveyRow:
    """A row of the table survey_rows as its scraper would give it."""
    figures = float(row.params_m), float(row.gmacs), float(row.acc)
    return SurveyRow(row.source, int(row.line), row.method, row.model_name, row.train_set, int(row.size), *figures)
