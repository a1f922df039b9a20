"""Owns how records measured here become rows of tables, and which of them are set aside because they cannot be true."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pandas as pd

from catalog.evaluations_file import IMAGES
from catalog.identity import split_name
from catalog.local_environments import UnknownConditions, environment_of, environments_table
from catalog.local_rules import faults, knowledge
from catalog.records import LocalEvaluation, LocalRun, Record, RejectedRow
from catalog.result_rows import row_line
from catalog.schema import TABLES
from catalog.speed_tables import SHOWN
from catalog.vocabulary import IMAGENET, MEASURED_HERE

Frames = dict[str, pd.DataFrame]
Row = dict[str, object]
Place = tuple[str, int]  # source and line

LAYER = re.compile(r"[a-z][a-z0-9-]*-\d+(x\d+)*")
SHOWN_FIRST = {name: place for place, name in enumerate(SHOWN)}
EXTRA = ["raw", "measured_at", "run"]  # columns that rows have on their way
AGAIN, SAME_RUN = "measured-again", "same-run"  # rules of their own


class LocalRows:
    """The rows that records give, held against the tables of upstream; `rejected` are those set aside.

    Rules come first: only among rows that break none does a later measurement replace an earlier one, and only in the
    same file. No file changes or removes a row of another: a run that stood in the tables `before` stays with the file
    that gave it, and what another file says of it is set aside. Where two new files hold a run it stands with each, and
    `told_twice` names it.
    """

    def __init__(
        self, records: Sequence[Record], upstream: Frames, before: Frames, kept_environments: pd.DataFrame
    ) -> None:
        self.rejected: list[RejectedRow] = []
        self.told_twice: dict[Place, str] = {}
        self._upstream = upstream
        self._before = before
        self._conditions: dict[Place, Row] = {}
        models, layers = self._speeds(record for record in records if isinstance(record, LocalRun))
        layers, models = self._sound(layers, models)
        self.layers, self.models = self._once("layer_measurements", layers), self._once("measurements", models)
        self.environments = environments_table(
            [*_rows(kept_environments), *self._conditions_of(self.layers, self.models)]
        )
        self.accuracies, self.opinions = self._evaluations(
            record for record in records if isinstance(record, LocalEvaluation)
        )

    def _speeds(self, records: Iterable[LocalRun]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The rows of models and of layers whose names and conditions are known."""
        architectures = set(self._upstream["architectures"]["architecture"])
        rows: dict[str, list[Row]] = {"measurements": [], "layer_measurements": []}
        for record in records:
            table, subject, fault = _subject(record, architectures)
            if fault:
                self._reject(record.source, record.line, "unknown-workload", fault, row_line(record.run))
                continue
            try:
                conditions = environment_of(record.run)
            except UnknownConditions as error:
                self._reject(record.source, record.line, error.rule, str(error), row_line(record.run))
                continue
            self._conditions[record.source, record.line] = conditions
            rows[table].append(subject | {"environment": conditions["environment"]} | _figures(record))
        models, layers = (self._valid(table, found) for table, found in rows.items())
        return models, layers

    def _sound(self, layers: pd.DataFrame, models: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """What breaks no rule. Peaks come from layers that break none, so that a wrong one raises no bar."""
        implementations = self._upstream["implementations"]
        environments = environments_table(self._conditions_of(layers, models))
        layers = self._without(layers, faults(layers, knowledge(environments, layers.iloc[:0], implementations)))
        known = knowledge(environments, layers, implementations)
        return self._without(layers, faults(layers, known)), self._without(models, faults(models, known))

    def _conditions_of(self, *frames: pd.DataFrame) -> list[Row]:
        """The row of `environments` of each row."""
        places = (zip(frame["source"], frame["line"], strict=True) for frame in frames)
        return [self._conditions[source, int(line)] for found in places for source, line in found]

    def _evaluations(self, records: Iterable[LocalEvaluation]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Accuracies, one per model, data set and size; and what other code than that one's measured of them."""
        models = self._upstream["models"].set_index("model")["architecture"]
        params = self._upstream["architectures"].set_index("architecture")["params_m"]
        rows: list[Row] = []
        for record in records:
            evaluation = record.evaluation
            fault = _evaluation_fault(record, set(models.index))
            if fault:
                self._reject(record.source, record.line, *fault, row_line(evaluation))
                continue
            columns = {column: getattr(evaluation, column, None) for column in TABLES["evaluations"].column_names}
            size = params.get(models[evaluation.model])
            rows.append(columns | {"params_m": size, "kind": MEASURED_HERE, "corrected": False} | _place(record))
        frame = self._once("evaluations", self._valid("evaluations", rows))
        if frame.empty:
            return frame, TABLES["second_opinions"].empty()
        frame = frame.assign(order=frame["implementation"].map(SHOWN_FIRST).fillna(len(SHOWN)))
        frame = frame.sort_values(["order", "implementation"], kind="stable")
        others = frame[frame.duplicated(list(TABLES["evaluations"].key))]
        elsewhere = others[others["dataset"] != IMAGENET]
        text = "another implementation's accuracy stands in the table, and on this data set no other is shown beside it"
        self._without(elsewhere, ((index, "other-implementation", text) for index in elsewhere.index))
        return frame.drop(index=others.index), _opinions(others[others["dataset"] == IMAGENET], models)

    def _valid(self, name: str, rows: list[Row]) -> pd.DataFrame:
        """The rows as a frame of the table (and EXTRA) whose values are in range."""
        table = TABLES[name]
        good = []
        for row in rows:
            if fault := table.fault(row):
                self._reject(str(row["source"]), int(str(row["line"])), "range", fault, str(row["raw"]))
            else:
                good.append(row)
        extra = pd.DataFrame(good, columns=pd.Index(EXTRA))
        return pd.concat([table.typed(pd.DataFrame(good, columns=pd.Index(table.column_names))), extra], axis=1)

    def _once(self, name: str, frame: pd.DataFrame) -> pd.DataFrame:
        """Each subject's newest row in a file, and each run from the file that gave it first, see the class."""
        key = list(TABLES[name].key)
        subject = list(dict.fromkeys([*key, "implementation"]))
        newest_first = frame.sort_values(["measured_at", "line"], ascending=False, kind="stable")
        again = newest_first.index[newest_first.duplicated(subject)]
        frame = self._without(frame, ((index, AGAIN, "the same run was measured again later") for index in again))
        held = set(_values(self._before[name], key))
        new = {index: row not in held for index, row in zip(frame.index, _values(frame, key), strict=True)}
        late = []
        for _, rows in frame.groupby([*sorted({*subject} - {"source", "comparison"}), "run"], dropna=False):
            first, *others = sorted(rows.index, key=lambda index: (new[index], index))
            text = f"the same run stands in {frame.at[first, 'source']}, line {frame.at[first, 'line']}"
            for index in others:
                if new[index] and not new[first]:
                    late.append((index, SAME_RUN, text))
                else:
                    self.told_twice[frame.at[index, "source"], int(frame.at[index, "line"])] = text
        return self._without(frame, late).sort_values(["source", "line"], kind="stable")

    def _without(self, frame: pd.DataFrame, found: Iterable[tuple[object, str, str]]) -> pd.DataFrame:
        """The frame without the rows that were found to break a rule."""
        indices = []
        for index, rule, detail in found:
            row = frame.loc[index]
            self._reject(row["source"], int(row["line"]), rule, detail, row["raw"])
            indices.append(index)
        return frame.drop(index=indices)

    def _reject(self, source: str, line: int, rule: str, detail: str, raw: str) -> None:
        self.rejected.append(RejectedRow(source, line, rule, detail, raw.rstrip("\n")))


def _rows(frame: pd.DataFrame) -> list[Row]:
    return list(frame.astype(object).where(frame.notna(), None).to_dict("records"))


def _values(frame: pd.DataFrame, columns: list[str]) -> list[tuple[object, ...]]:
    return [tuple(row[column] for column in columns) for row in _rows(frame[columns])]


def _subject(record: LocalRun, architectures: set[str]) -> tuple[str, Row, str]:
    """The table that a run belongs to, the columns that name its workload there, and what is wrong with the name."""
    run = record.run
    if run.infer_img_size is None:
        known = LAYER.fullmatch(run.model)
        fault = "" if known else f"{run.model} has no image size and is no layer, expected KIND-SIZES"
        return "layer_measurements", {"layer": run.model}, fault
    architecture, _ = split_name(run.model)
    fault = "" if architecture in architectures else f"{architecture} is no architecture of the catalog"
    return "measurements", {"architecture": architecture, "img_size": run.infer_img_size}, fault


def _figures(record: LocalRun) -> Row:
    run = record.run
    return {
        "mode": run.mode,
        "implementation": run.implementation,
        "batch_size": run.infer_batch_size,
        "images_per_s": run.infer_samples_per_sec,
        "step_ms": run.infer_step_time,
        "p10_ms": run.p10_ms,
        "p90_ms": run.p90_ms,
        "compile_s": run.compile_s,
        "cold_start_s": run.cold_start_s,
        "peak_memory_mb": run.peak_memory_mb,
        "params_m": run.param_count,
        "gmacs": run.infer_gmacs,
        "parity_error": run.parity_error,
        "parity_tolerance": run.parity_tolerance,
        "comparison": run.comparison or None,
        "rounds_ms": run.rounds_ms or None,
        "note": run.note or None,
    } | _place(record)


def _place(record: LocalRun | LocalEvaluation) -> Row:
    """Where a row stands, and what tells its run from others: the comparison it was timed in, else its time."""
    row = record.run if isinstance(record, LocalRun) else record.evaluation
    run = (record.run.comparison if isinstance(record, LocalRun) else "") or row.measured_at
    place = {"source": record.source, "line": record.line, "raw": row_line(row)}
    return place | {"measured_at": row.measured_at, "run": run}


def _evaluation_fault(record: LocalEvaluation, models: set[str]) -> tuple[str, str] | None:
    evaluation = record.evaluation
    if evaluation.model not in models:
        return "unknown-model", f"{evaluation.model} is no model of the catalog"
    whole = IMAGES.get(evaluation.dataset)
    if whole is None:
        return "unknown-data-set", f"dataset is {evaluation.dataset[:60]!r}, expected one of {', '.join(IMAGES)}"
    if evaluation.images != whole:
        return "part-of-data-set", f"{evaluation.images} images, expected the {whole} of the data set"
    if evaluation.top5 < evaluation.top1:
        return "top5-below-top1", f"top5 {evaluation.top5:g} is below top1 {evaluation.top1:g}"
    return None


def _opinions(rows: pd.DataFrame, architectures: pd.Series) -> pd.DataFrame:
    """Accuracies that another implementation gave for weights whose row is ours."""
    shown = rows[["model", "img_size", "top1", "top5", "source", "line"]]
    reporter = rows["implementation"] + ", measured here"
    architecture = rows["model"].map(architectures)
    return TABLES["second_opinions"].typed(
        shown.assign(reporter=reporter, name=rows["model"], architecture=architecture)
    )
