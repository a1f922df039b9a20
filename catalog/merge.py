"""Builds every table from what the scrapers parsed, keeping older rows of any source that failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import TypeVar

import pandas as pd

from catalog.corrections import apply_corrections, load_corrections
from catalog.costs import DEFAULT_HEAD, MACS, choose_costs, cost_candidates, estimate_missing
from catalog.derive import differences_to_imagenet
from catalog.history import append_events, first_seen
from catalog.identity import UNKNOWN_FAMILY, Identity, split_name
from catalog.keep import Kept, keep_older_rows
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
    SurveyRow,
)
from catalog.schema import TABLES
from catalog.survey import SurveyModel, identify

Frames = dict[str, pd.DataFrame]
Kind = TypeVar("Kind")

IMAGENET = "imagenet"
REFERENCE_PAPERS = "papers/reference"
SAME_PARAMS = 0.005
UPSTREAM = "measured upstream"
REPORTED = "reported by a paper"


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
        self.previous = {name: previous.get(name, table.empty()) for name, table in TABLES.items()}
        self.kept: Kept = keep_older_rows(parsed, failed, self.previous["sources"], today, accepted)
        self.problems = list(self.kept.problems)
        self.parsed = self.kept.usable
        self.environments = {environment.key: environment for file in self.parsed for environment in file.environments}
        self.rejected = [row for file in self.parsed for row in file.rejected]
        self._corrected_lines: set[int] = set()
        self._published_params: dict[str, float] = {}  # M, of an architecture, as published beside its accuracy

    def run(self) -> Merged:
        survey_rows = self._records(SurveyRow)
        corrected, corrections = apply_corrections(survey_rows, load_corrections())
        self._corrected_lines = set(corrections.loc[corrections["state"] == "applied", "line"])
        survey = identify(corrected, survey_rows, self.identity)
        frames: Frames = {}
        frames["corrections"] = corrections if survey_rows else self.previous["corrections"]
        frames["survey_rows"] = self._keep("survey_rows", _survey_table(survey_rows, survey))
        frames["evaluations"] = self._evaluations(survey)
        frames["measurements"] = self._measurements()
        frames["costs"] = self._costs(survey, frames["evaluations"])
        frames["environments"] = self._environments(frames["measurements"])
        frames["history"] = self._history()
        frames["models"] = self._models(survey, frames)
        frames["architectures"] = self._architectures(survey, frames)
        frames["second_opinions"] = self._second_opinions(frames)
        frames["papers"] = self._papers()
        frames["families"] = self._families(frames)
        frames["paper_links"] = self._paper_links(frames)
        frames["implementations"] = self.previous["implementations"]
        frames["quarantine"] = self._keep("quarantine", _frame(self.rejected))
        frames["sources"] = self.kept.sources(self.rejected)
        frames["refreshes"] = self.previous["refreshes"]
        return Merged({name: TABLES[name].typed(frame) for name, frame in frames.items()}, self.problems)

    def _records(self, kind: type[Kind]) -> list[Kind]:
        return [record for file in self.parsed for record in file.records if isinstance(record, kind)]

    def _keep(self, table: str, new: pd.DataFrame) -> pd.DataFrame:
        return self.kept.rows(table, new, self.previous[table])

    def _present_architecture(self, name: str) -> str:
        return split_name(self.identity.present_name(name))[0]

    def _evaluations(self, survey: Sequence[SurveyModel]) -> pd.DataFrame:
        measured = _frame(self._records(Accuracy))
        if len(measured):
            measured = measured.assign(
                model=measured["model"].map(self.identity.present_name), kind=UPSTREAM, corrected=False
            )
        reported = pd.DataFrame(
            [
                {
                    "model": item.model,
                    "dataset": IMAGENET,
                    "img_size": item.row.size,
                    "top1": item.row.acc,
                    "params_m": _known(item.row.params_m),
                    "gmacs": _known(item.row.gmacs),
                    "kind": REPORTED,
                    "corrected": item.row.line in self._corrected_lines,
                    "source": item.row.source,
                    "line": item.row.line,
                }
                for item in survey
            ]
        )
        both = self._keep("evaluations", pd.concat([measured, reported], ignore_index=True))
        published = both[(both["dataset"] == IMAGENET) & (both["kind"] == UPSTREAM) & both["params_m"].notna()]
        self._published_params = {
            split_name(model)[0]: float(params)
            for model, params in zip(published["model"], published["params_m"], strict=True)
        }
        return differences_to_imagenet(both)

    @cached_property
    def _benchmarks(self) -> list[Benchmark]:
        """Benchmark rows under present architecture names; two old names of one architecture keep one row."""
        rows: dict[tuple[object, ...], Benchmark] = {}
        records = self._records(Benchmark)
        own = {(row.source, row.architecture, row.img_size) for row in records}
        for row in records:
            present = self._present_architecture(row.architecture)
            published = self._published_params.get(present)
            same_network = published and row.params_m and abs(row.params_m / published - 1) < SAME_PARAMS
            if present == row.architecture or not same_network:
                rows[row.source, row.architecture, row.img_size] = row
                continue
            key = (row.source, present, row.img_size)
            if key in rows or key in own:
                detail = f"{row.architecture} is a former name of {present}, which has a row of its own"
                self.rejected.append(RejectedRow(row.source, row.line, "same-architecture", detail, row.architecture))
            else:
                rows[key] = replace(row, architecture=present)
        return list(rows.values())

    def _measurements(self) -> pd.DataFrame:
        frame = _frame(self._benchmarks)
        return self._keep("measurements", frame.assign(implementation="timm") if len(frame) else frame)

    def _costs(self, survey: Sequence[SurveyModel], evaluations: pd.DataFrame) -> pd.DataFrame:
        heads = {
            split_name(row.model)[0]: row.num_classes
            for row in self._records(Registration)
            if row.num_classes not in (None, DEFAULT_HEAD)
        }
        counted = cost_candidates(self._benchmarks, self.environments, self._published_params, heads)
        stated = pd.DataFrame(
            [
                {
                    "architecture": item.architecture,
                    "img_size": item.row.size,
                    "gmacs": item.row.gmacs,
                    "params_m": _known(item.row.params_m),
                    "version": None,
                    "source": item.row.source,
                    "line": item.row.line,
                    "convention": MACS,
                    "reparametrised": False,
                    "head_classes": DEFAULT_HEAD,
                    "estimated": False,
                }
                for item in survey
                if _known(item.row.gmacs) and item.match != "exact"
            ]
        )
        older = self.previous["costs"]
        older = older[older["source"].isin([*self.kept.stale, *self.kept.partial]) & ~older["estimated"].astype(bool)]
        candidates = [frame for frame in (counted, stated, older.assign(version=None)) if len(frame)]
        if not candidates:
            return TABLES["costs"].empty()
        costs = TABLES["costs"].typed(choose_costs(pd.concat(candidates, ignore_index=True)))
        measured = evaluations[evaluations["dataset"] == IMAGENET]
        architectures = measured["model"].map({item.model: item.architecture for item in survey})
        wanted = pd.DataFrame(
            {
                "architecture": architectures.fillna(measured["model"].str.partition(".")[0]),
                "img_size": measured["img_size"],
            }
        )
        return pd.concat([costs, estimate_missing(costs, wanted)], ignore_index=True)

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
        revisions = [list(rows) for _, rows in groupby(self._records(PastAccuracy), key=lambda row: row.revision)]
        history = self.previous["history"]
        newest = history["date"].max() if len(history) else ""
        fresh = [rows for rows in revisions if rows[0].date > newest]
        return append_events(history, fresh, self.identity.present_name)

    def _models(self, survey: Sequence[SurveyModel], frames: Frames) -> pd.DataFrame:
        registered = {row.model: row for row in self._records(Registration)}
        former: dict[str, set[str]] = defaultdict(set)
        for name, present in self.identity.aliases.items():
            former[present].add(name)
        seen = first_seen(frames["history"])
        old = self.previous["models"].set_index("model", drop=False)
        evaluations = frames["evaluations"]
        measured = evaluations[evaluations["kind"] == UPSTREAM]
        first_rows = measured.iloc[(measured["dataset"] != IMAGENET).argsort(kind="stable")].drop_duplicates("model")
        rows: dict[str, dict[str, object]] = {}
        for model, source, line in zip(first_rows["model"], first_rows["source"], first_rows["line"], strict=True):
            architecture, tag = split_name(model)
            training, method = self.identity.training(model), self.identity.method(model)
            registration = registered.get(model)
            rows[model] = {
                "model": model,
                "architecture": architecture,
                "tag": tag or None,
                "name": model,
                "origin": "timm",
                "pretrain_sets": training.pretrain_sets or None,
                "train_set": training.bucket,
                "distilled": method.distilled,
                "method": method.name or None,
                "former_names": ";".join(sorted(former[model])) or None,
                "first_seen": seen.get(model),
                "source": source,
                "line": line,
            }
            if registration:
                rows[model] |= {
                    "licence": registration.licence or None,
                    "hub_id": registration.hub_id or None,
                    "train_img_size": registration.train_img_size,
                    "num_classes": registration.num_classes,
                }
        for item in survey:
            if item.model not in rows:
                rows[item.model] = {
                    "model": item.model,
                    "architecture": item.architecture,
                    "name": item.row.model,
                    "origin": "survey",
                    "pretrain_sets": item.pretrain_sets or None,
                    "train_set": item.train_set,
                    "distilled": False,
                    "source": item.row.source,
                    "line": item.row.line,
                }
        for model in evaluations["model"].unique():
            if model not in rows and model in old.index:
                rows[model] = old.loc[model].to_dict()
        return pd.DataFrame(list(rows.values()))

    def _architectures(self, survey: Sequence[SurveyModel], frames: Frames) -> pd.DataFrame:
        modules = {split_name(row.model)[0]: row.module for row in self._records(Registration)}
        rows: dict[str, dict[str, object]] = {}
        evaluations = frames["evaluations"]
        published = evaluations[(evaluations["dataset"] == IMAGENET) & (evaluations["kind"] == UPSTREAM)]
        parameters = {
            split_name(model)[0]: (params, source, line)
            for model, params, source, line in zip(
                published["model"], published["params_m"], published["source"], published["line"], strict=True
            )
        }
        timed = frames["measurements"].drop_duplicates("architecture", keep="last")
        for architecture, params, source, line in zip(
            timed["architecture"], timed["params_m"], timed["source"], timed["line"], strict=True
        ):
            parameters.setdefault(architecture, (params, source, line))
        for architecture, (params, source, line) in parameters.items():
            rows[architecture] = {
                "architecture": architecture,
                "family": self.identity.family(architecture),
                "origin": "timm",
                "name": architecture,
                "timm_module": modules.get(architecture),
                "params_m": params,
                "params_source": source,
                "params_line": line,
            }
        for item in survey:
            rows.setdefault(
                item.architecture,
                {
                    "architecture": item.architecture,
                    "family": item.family,
                    "origin": "survey",
                    "name": item.name,
                    "params_m": _known(item.row.params_m),
                    "params_source": item.row.source if _known(item.row.params_m) else None,
                    "params_line": item.row.line if _known(item.row.params_m) else None,
                },
            )
        old = self.previous["architectures"].set_index("architecture", drop=False)
        for architecture in frames["models"]["architecture"].unique():
            if architecture not in rows and architecture in old.index:
                rows[architecture] = old.loc[architecture].to_dict()
        return pd.DataFrame(list(rows.values()))

    def _second_opinions(self, frames: Frames) -> pd.DataFrame:
        """What others report; a name that is mapped to something the catalog does not hold stays unmapped."""
        rows = self._keep("second_opinions", _frame(self._records(SecondOpinion)))
        for column, table in (("architecture", "architectures"), ("model", "models")):
            rows[column] = rows[column].where(rows[column].isin(frames[table][column]))
        return rows

    def _papers(self) -> pd.DataFrame:
        """The reference facts, refined by what arXiv answered; the answer of a stale source stays."""
        table = TABLES["papers"]
        records = sorted(self._records(Paper), key=lambda row: row.source != REFERENCE_PAPERS)
        rows: dict[str, dict[str, object]] = {}
        for record in records:
            fields = {name: value for name, value in vars(record).items() if value not in ("", None)}
            rows[record.paper] = rows.get(record.paper, {}) | fields
        old = self.previous["papers"]
        refined = old[old["source"].isin(self.kept.stale)]
        new = table.typed(pd.DataFrame(list(rows.values()), columns=pd.Index(table.column_names)))
        parts = [frame for frame in (refined, new) if len(frame)]
        return pd.concat(parts, ignore_index=True).drop_duplicates("paper") if parts else table.empty()

    def _families(self, frames: Frames) -> pd.DataFrame:
        known = set(frames["papers"]["paper"])
        links = [
            row
            for row in self.identity.rows("paper_links.csv")
            if row["target_type"] == "family" and row["paper"] in known
        ]
        links.sort(key=lambda row: row["role"] != "architecture")
        main = {row["target"]: row["paper"] for row in reversed(links)}
        frame = pd.DataFrame(self.identity.rows("families.csv"))
        unknown = {"family": UNKNOWN_FAMILY, "name": "Unclassified", "kind": "other"}
        frame = pd.concat([frame, pd.DataFrame([unknown])], ignore_index=True).replace("", None)
        frame["paper"] = frame["family"].map(main)
        return frame[frame["family"].isin(frames["architectures"]["family"])]

    def _paper_links(self, frames: Frames) -> pd.DataFrame:
        """The reference links with their patterns resolved to the architectures and models of today."""
        architectures = frames["architectures"].loc[frames["architectures"]["origin"] == "timm", "architecture"]
        models = frames["models"].loc[frames["models"]["tag"].notna(), ["model", "tag"]]
        parts = []
        for link in self.identity.rows("paper_links.csv"):
            target_type, target = link["target_type"], link["target"]
            if target_type == "family":
                targets = frames["families"].loc[frames["families"]["family"] == target, "family"]
            elif target_type == "architecture":
                targets = architectures[architectures.str.match(target)]
            else:
                target_type, targets = "model", models.loc[models["tag"].str.contains(target), "model"]
            parts.append(
                pd.DataFrame({"target": targets}).assign(
                    paper=link["paper"], target_type=target_type, role=link["role"]
                )
            )
        links = pd.concat(parts, ignore_index=True)
        return links[links["paper"].isin(frames["papers"]["paper"])].drop_duplicates()


def _frame(records: Sequence[object]) -> pd.DataFrame:
    return pd.DataFrame([vars(record) for record in records])


def _known(value: float) -> float | None:
    return value if value > 0 else None


def _survey_table(rows: Sequence[SurveyRow], survey: Sequence[SurveyModel]) -> pd.DataFrame:
    frame = _frame(rows)
    if not len(frame):
        return frame
    frame = frame.rename(columns={"model": "model_name"})
    frame["model"] = [item.model for item in survey]
    frame["match"] = [item.match for item in survey]
    frame["timm_model"] = [item.timm_model or None for item in survey]
    return frame
