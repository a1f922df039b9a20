"""Who the figures are about: the tables of models, architectures, families and papers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from catalog.history import first_seen
from catalog.identity import UNKNOWN_FAMILY, Identity, split_name
from catalog.problems import Frames
from catalog.records import Paper, Registration
from catalog.schema import TABLES
from catalog.survey import SurveyModel
from catalog.vocabulary import IMAGENET, MEASURED_UPSTREAM

Row = dict[str, object]

REFERENCE_PAPERS = "papers/reference"
REGISTERED = ["licence", "hub_id", "train_img_size", "num_classes"]  # what timm's registry says of a model


@dataclass
class Entities:
    """Builds the tables of a refresh from its figures; `previous` stands in for what could not be read this time."""

    identity: Identity
    survey: Sequence[SurveyModel]
    registry: Mapping[str, Registration]
    registry_is_whole: bool  # whether it was read this time without the loss of a row
    previous: Frames

    def models(self, evaluations: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
        """Every model that has an evaluation: timm's, then the survey's own, then those that only older rows know."""
        seen = first_seen(history)
        notes = {row["model"]: row["note"] for row in self.identity.rows("model_notes.csv")}
        former: defaultdict[str, set[str]] = defaultdict(set)
        for name, present in self.identity.aliases.items():
            former[present].add(name)
        old = self.previous["models"].set_index("model", drop=False)
        first_rows = _measured(evaluations).drop_duplicates("model")
        rows: dict[str, Row] = {}
        for model, source, line in zip(first_rows["model"], first_rows["source"], first_rows["line"], strict=True):
            names = ";".join(sorted(former[model])) or None
            before = old.loc[model, REGISTERED].to_dict() if model in old.index and not self.registry_is_whole else {}
            rows[model] = (
                self._declared(model)
                | before
                | self._registered(model)
                | {"former_names": names, "first_seen": seen.get(model), "note": notes.get(model)}
                | {"source": source, "line": line}
            )
        for item in self.survey:
            rows.setdefault(item.model, self._survey_model(item))
        for model in evaluations["model"].unique():
            if model not in rows and model in old.index:
                rows[model] = old.loc[model].to_dict()
        return _table("models", rows.values())

    def _declared(self, model: str) -> Row:
        """What the name alone declares."""
        architecture, tag = split_name(model)
        training = self.identity.training(model)
        return {
            "model": model,
            "architecture": architecture,
            "tag": tag or None,
            "name": model,
            "origin": "timm",
            "pretrain_sets": training.pretrain_sets or None,
            "train_set": training.bucket,
        } | self._learned(model)

    def _learned(self, model: str) -> Row:
        """How the weights were trained, and the teacher."""
        method, teacher = self.identity.method(model), self.identity.teacher(model)
        return {
            "teacher": teacher.name or None,
            "teacher_sets": teacher.sets or None,
            "distilled": method.distilled,
            "method": method.name or None,
        }

    def _survey_model(self, item: SurveyModel) -> Row:
        return (
            {
                "model": item.model,
                "architecture": item.architecture,
                "name": item.title,
                "origin": "survey",
                "pretrain_sets": item.pretrain_sets or None,
                "train_set": self.identity.bucket(item.train_set, item.model),
                "source": item.row.source,
                "line": item.row.line,
            }
            | self._learned(item.model)
            | {"distilled": item.distilled}
        )

    def _registered(self, model: str) -> Row:
        registration = self.registry.get(model)
        if registration is None:
            return {}
        return {column: getattr(registration, column) or None for column in REGISTERED[:-1]} | {
            "num_classes": registration.num_classes
        }

    def architectures(
        self, evaluations: pd.DataFrame, measurements: pd.DataFrame, models: pd.DataFrame
    ) -> pd.DataFrame:
        """Every architecture that was evaluated or timed, with its parameters as published, else as timed."""
        old = self.previous["architectures"].set_index("architecture", drop=False)
        modules = {} if self.registry_is_whole else old["timm_module"].dropna().to_dict()
        modules |= {split_name(model)[0]: row.module for model, row in self.registry.items()}
        rows: dict[str, Row] = {}
        for architecture, (params, source, line) in _parameters(evaluations, measurements).items():
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
        for item in self.survey:
            rows.setdefault(item.architecture, _survey_architecture(item))
        for architecture in models["architecture"].unique():
            if architecture not in rows and architecture in old.index:
                rows[architecture] = old.loc[architecture].to_dict()
        return _table("architectures", rows.values())

    def families(self, architectures: pd.DataFrame, papers: pd.DataFrame) -> pd.DataFrame:
        """The families that have an architecture, each with its main paper."""
        known = set(papers["paper"])
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
        return frame[frame["family"].isin(architectures["family"])]

    def paper_links(self, frames: Frames) -> pd.DataFrame:
        """The reference links with their patterns resolved to the architectures and models of today."""
        architectures = frames["architectures"].loc[frames["architectures"]["origin"] == "timm", "architecture"]
        tagged = frames["models"].loc[frames["models"]["tag"].notna(), ["model", "tag"]]
        tags = list(tagged.itertuples(index=False, name=None))
        present = set(frames["papers"]["paper"])
        links = []
        for link in self.identity.rows("paper_links.csv"):
            target_type, target = link["target_type"], link["target"]
            if link["paper"] not in present:
                continue
            if target_type == "family":
                targets = [family for family in frames["families"]["family"] if family == target]
            elif target_type == "architecture":
                targets = [name for name in architectures if re.match(target, name)]
            else:
                target_type, targets = "model", [model for model, tag in tags if re.search(target, tag)]
            links += [(name, link["paper"], target_type, link["role"]) for name in targets]
        return pd.DataFrame(links, columns=pd.Index(["target", "paper", "target_type", "role"])).drop_duplicates()


def papers(records: Sequence[Paper], kept: pd.DataFrame) -> pd.DataFrame:
    """The reference facts, refined by what arXiv answered; `kept` are the older answers of stale sources."""
    rows: dict[str, Row] = {}
    for record in sorted(records, key=lambda row: row.source != REFERENCE_PAPERS):
        fields = {name: value for name, value in vars(record).items() if value not in ("", None)}
        rows[record.paper] = rows.get(record.paper, {}) | fields
    new = _table("papers", rows.values())
    parts = [frame for frame in (kept, new) if len(frame)]
    return pd.concat(parts, ignore_index=True).drop_duplicates("paper") if parts else new


def known(value: float) -> float | None:
    """A figure of the survey, whose -1 is unknown."""
    return value if value > 0 else None


def _table(name: str, rows: Iterable[Row]) -> pd.DataFrame:
    table = TABLES[name]
    return table.typed(pd.DataFrame(list(rows), columns=pd.Index(table.column_names)))


def _parameters(evaluations: pd.DataFrame, measurements: pd.DataFrame) -> dict[str, tuple[float, str, int]]:
    """Architecture -> parameters in millions, source and line: as published for ImageNet, else as timed, else any."""
    published = _measured(evaluations)
    on_imagenet = published["dataset"] == IMAGENET
    timed = _by_file(measurements).drop_duplicates("architecture", keep="last")
    parameters: dict[str, tuple[float, str, int]] = {}
    for rows, names in (
        (published[on_imagenet][::-1], "model"),
        (timed, "architecture"),
        (published[~on_imagenet], "model"),
    ):
        columns = rows[["params_m", "source", "line"]].itertuples(index=False)
        for name, row in zip(rows[names], columns, strict=True):
            parameters.setdefault(split_name(name)[0], tuple(row))
    return parameters


def _measured(evaluations: pd.DataFrame) -> pd.DataFrame:
    """The accuracies that upstream measured, those on ImageNet first."""
    measured = _by_file(evaluations[evaluations["kind"] == MEASURED_UPSTREAM])
    return measured.iloc[(measured["dataset"] != IMAGENET).argsort(kind="stable")]


def _by_file(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows in the order of upstream's file names, whether they were read now or kept from before."""
    return rows.sort_values("source", key=lambda source: source + ".csv", kind="stable")


def _survey_architecture(item: SurveyModel) -> Row:
    params = known(item.row.params_m)
    return {
        "architecture": item.architecture,
        "family": item.family,
        "origin": "survey",
        "name": item.name,
        "params_m": params,
        "params_source": item.row.source if params else None,
        "params_line": item.row.line if params else None,
    }
