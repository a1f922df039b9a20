"""What was measured here as tables: the runs of the results files, and the rows of other tables that follow from them.

Rules come first: what breaks one is set aside, and only among the rest does a later measurement stand for an earlier
one, and only in the same file. No file changes or removes a row of another: what stood in the tables before stays with
the file that gave it, and what another file says of it is set aside. Where two new files hold a run it stands with
each, and is told.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import pandas as pd

from catalog.evaluations_file import IMAGES
from catalog.identity import split_name
from catalog.local_environments import UnknownConditions, environment_of, environments_table
from catalog.local_rules import faults, knowledge
from catalog.problems import Frames, Problem
from catalog.records import LocalEvaluation, LocalRun, SetAside
from catalog.results_file import DISTURBED as DISTURBED_NOTE
from catalog.schema import TABLES
from catalog.speed_tables import DISTURBED, OK, SHOWN
from catalog.vocabulary import IMAGENET, MEASURED_HERE

Row = dict[str, object]
Place = tuple[str, int]  # source and line

LAYER = re.compile(r"[a-z][a-z0-9-]*-\d+(x\d+)*")
SHOWN_FIRST = {name: place for place, name in enumerate(SHOWN)}
AGAIN, SAME_RUN = "measured-again", "same-run"
# Columns of the results files that the table names otherwise.
COLUMN = {
    "model": "workload",
    "infer_img_size": "img_size",
    "infer_samples_per_sec": "images_per_s",
    "infer_step_time": "step_ms",
    "infer_batch_size": "batch_size",
    "param_count": "params_m",
    "infer_gmacs": "gmacs",
}
SUBJECT = ["workload", "img_size", "environment", "mode", "implementation", "batch_size"]
ACCURACY_OF = ["model", "dataset", "img_size", "implementation"]


@dataclass
class Found:
    """Rows of a table, those set aside on the way, and the text on each that stands in two files."""

    rows: pd.DataFrame
    aside: list[SetAside] = field(default_factory=list)
    twice: dict[Place, str] = field(default_factory=dict)

    def without(self, broken: Iterable[tuple[object, str, str]]) -> None:
        """Set rows aside, given the index, the rule and the detail of each."""
        indices = []
        for index, rule, detail in broken:
            row = self.rows.loc[index]
            self.aside.append(SetAside(row["source"], int(row["line"]), rule, detail))
            indices.append(index)
        self.rows = self.rows.drop(index=indices)


def sound_runs(
    records: Iterable[LocalRun], before: pd.DataFrame, architectures: Collection[str], implementations: pd.DataFrame
) -> Found:
    """The rows of `runs` that can be true. `before` are those known before, `implementations` what is proven here."""
    found = Found(TABLES["runs"].empty())
    rows = []
    for record in records:
        row = _run_row(record)
        if fault := _run_fault(record, row, architectures):
            found.aside.append(SetAside(record.source, record.line, *fault))
        else:
            rows.append(row)
    found.rows = TABLES["runs"].typed(pd.DataFrame(rows, columns=pd.Index(TABLES["runs"].column_names)))

    timed = _timed(found.rows)
    layers, models = _layers(timed), _models(timed)
    environments = environments_of(found.rows)
    known = knowledge(environments, layers.iloc[:0], implementations)
    broken = {index: rest for index, *rest in faults(layers, known)}
    # Peaks come from layers that break no rule, so that a wrong one raises no bar.
    known = knowledge(environments, layers.drop(index=list(broken)), implementations)
    for rows in (layers, models):
        broken = {index: rest for index, *rest in faults(rows, known)} | broken
    found.without((index, rule, detail) for index, (rule, detail) in sorted(broken.items()))
    _set_copies_aside(found, _timed(found.rows), SUBJECT, _timed(before), [*SUBJECT, "comparison", "source"])
    return found


def environments_of(runs: pd.DataFrame) -> pd.DataFrame:
    """The environments of the runs that are ok."""
    return environments_table(environment_of(run) for run in _tuples(runs[runs["status"] == OK]))


def measurements(runs: pd.DataFrame) -> pd.DataFrame:
    """The speeds of models: the newest run of each subject in a file and comparison."""
    return TABLES["measurements"].typed(_models(_newest(_timed(runs))))


def layer_measurements(runs: pd.DataFrame) -> pd.DataFrame:
    """The speeds of layers and bare computations, chosen alike."""
    return TABLES["layer_measurements"].typed(_layers(_newest(_timed(runs))))


def of_today(runs: pd.DataFrame, architectures: Collection[str]) -> pd.DataFrame:
    """The runs of layers, and of architectures that the catalog still holds."""
    held = [split_name(name)[0] in architectures for name in runs["workload"]]
    return runs[runs["img_size"].isna() | pd.Series(held, index=runs.index, dtype="bool")]


def sound_accuracies(records: Iterable[LocalEvaluation], before: pd.DataFrame, tables: Frames) -> Found:
    """Rows of `evaluations` that can be true, of each implementation that was evaluated."""
    architecture_of = tables["models"].set_index("model")["architecture"]
    params = tables["architectures"].set_index("architecture")["params_m"]
    table = TABLES["evaluations"]
    found = Found(table.empty())
    rows = []
    for record in records:
        fault = _evaluation_fault(record, set(architecture_of.index))
        row = {column: getattr(record.evaluation, column, None) for column in table.column_names}
        row |= {"kind": MEASURED_HERE, "corrected": False, "source": record.source, "line": record.line}
        row |= {"run": record.evaluation.measured_at}
        if not fault:
            row["params_m"] = params.get(architecture_of[record.evaluation.model])
            fault = _named_fault("range", table.fault(row))
        if fault:
            found.aside.append(SetAside(record.source, record.line, *fault))
        else:
            rows.append(row)
    extra = pd.DataFrame(rows, columns=["run"])
    found.rows = pd.concat([table.typed(pd.DataFrame(rows, columns=pd.Index(table.column_names))), extra], axis=1)
    newest_first = found.rows.sort_values(["run", "line"], ascending=False, kind="stable")
    again = newest_first.index[newest_first.duplicated([*ACCURACY_OF, "source"])]
    found.without((index, AGAIN, "the same run was measured again later") for index in again)
    _set_copies_aside(found, found.rows, ACCURACY_OF, before, table.key)
    return found


def split_by_implementation(accuracies: Found, architecture_of: Mapping[str, str]) -> pd.DataFrame:
    """Leave one accuracy per model, data set and size; give what other code measured of them as second opinions."""
    rows = accuracies.rows
    order = rows["implementation"].map(SHOWN_FIRST).fillna(len(SHOWN))
    rows = rows.assign(order=order).sort_values(["order", "implementation"], kind="stable")
    others = rows[rows.duplicated(list(TABLES["evaluations"].key))]
    shown, elsewhere = others[others["dataset"] == IMAGENET], others[others["dataset"] != IMAGENET]
    text = "another implementation's accuracy stands in the table, and on this data set no other is shown beside it"
    accuracies.without((index, "other-implementation", text) for index in elsewhere.index)
    accuracies.rows = accuracies.rows.drop(index=shown.index)
    opinions = shown[["model", "img_size", "top1", "top5", "source", "line"]].assign(
        reporter=shown["implementation"] + ", measured here",
        name=shown["model"],
        architecture=shown["model"].map(architecture_of),
    )
    return TABLES["second_opinions"].typed(opinions)


def words_on(found: Sequence[Found], addresses: Mapping[str, str]) -> list[Problem]:
    """A word on each row set aside, at its place in the file; one for all that a file has in common with another.

    `addresses` are those of the files by source.
    """
    every = [row for each in found for row in each.aside]
    words = [
        Problem("warning", addresses[row.source], row.line, row.rule, f"{row.detail}; the row is quarantined")
        for row in every
        if row.rule not in (AGAIN, SAME_RUN)
    ]
    twice = [(*place, f"{text}; it stays with both files") for each in found for place, text in each.twice.items()]
    twice += [(row.source, row.line, f"{row.detail}; the row is quarantined") for row in every if row.rule == SAME_RUN]
    for source, group in groupby(sorted(twice), key=lambda place: place[0]):
        (_, line, detail), *more = group
        rest = f"; so it is with {len(more)} more rows" if more else ""
        words.append(Problem("warning", addresses[source], line, SAME_RUN, f"{detail}{rest}"))
    return words


def _run_row(record: LocalRun) -> Row:
    row: Row = {COLUMN.get(name, name): value for name, value in vars(record.run).items() if value != ""}
    disturbed = record.run.status == OK and record.run.note.startswith(DISTURBED_NOTE)
    return row | {"status": DISTURBED if disturbed else record.run.status, "source": record.source, "line": record.line}


def _run_fault(record: LocalRun, row: Row, architectures: Collection[str]) -> tuple[str, str] | None:
    """The rule that a run breaks by itself, and what was found and expected."""
    run = record.run
    architecture, _ = split_name(run.model)
    if run.infer_img_size is None and not LAYER.fullmatch(run.model):
        return "unknown-workload", f"{run.model} has no image size and is no layer, expected KIND-SIZES"
    if run.infer_img_size is not None and architecture not in architectures:
        return "unknown-workload", f"{architecture} is no architecture of the catalog"
    if row["status"] != OK:
        return _named_fault("range", TABLES["runs"].fault(row))
    try:
        environment = environment_of(run)["environment"]
    except UnknownConditions as error:
        return error.rule, str(error)
    table = TABLES["layer_measurements" if run.infer_img_size is None else "measurements"]
    measurement = row | {"architecture": architecture, "layer": run.model, "environment": environment}
    return _named_fault("range", TABLES["runs"].fault(row) or table.fault(measurement))


def _named_fault(rule: str, fault: str) -> tuple[str, str] | None:
    return (rule, fault) if fault else None


def _timed(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that are ok, with their environment, and in `run` what tells one from others: comparison, else time."""
    runs = runs[runs["status"] == OK]
    environments = [environment_of(run)["environment"] for run in _tuples(runs)]
    return runs.assign(
        environment=pd.Series(environments, index=runs.index, dtype="str"),
        run=runs["comparison"].fillna(runs["measured_at"]),
    )


def _newest(timed: pd.DataFrame) -> pd.DataFrame:
    """Of the runs of one subject in a file and comparison the one that was measured last."""
    newest_first = timed.sort_values(["measured_at", "line"], ascending=False, kind="stable")
    return newest_first.drop_duplicates([*SUBJECT, "comparison", "source"]).sort_index()


def _models(timed: pd.DataFrame) -> pd.DataFrame:
    models = timed[timed["img_size"].notna()]
    architectures = [split_name(name)[0] for name in models["workload"]]
    return models.assign(architecture=pd.Series(architectures, index=models.index, dtype="str"))


def _layers(timed: pd.DataFrame) -> pd.DataFrame:
    return timed[timed["img_size"].isna()].rename(columns={"workload": "layer"})


def _set_copies_aside(
    found: Found, rows: pd.DataFrame, subject: Sequence[str], before: pd.DataFrame, key: Sequence[str]
) -> None:
    """Leave each run with the file that gave it first, as those `before` tell by their key."""
    held = set(_values(before, key))
    new = {index: row not in held for index, row in zip(rows.index, _values(rows, key), strict=True)}
    late = []
    for _, group in rows.groupby([*subject, "run"], dropna=False):
        first, *others = sorted(group.index, key=lambda index: (new[index], index))
        text = f"the same run stands in {group.at[first, 'source']}, line {group.at[first, 'line']}"
        for index in others:
            if group.at[index, "source"] == group.at[first, "source"]:
                continue  # measured again
            if new[index] and not new[first]:
                late.append((index, SAME_RUN, text))
            else:
                found.twice[group.at[index, "source"], int(group.at[index, "line"])] = text
    found.without(late)


def _evaluation_fault(record: LocalEvaluation, models: Collection[str]) -> tuple[str, str] | None:
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


def _tuples(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows by column name, None where a cell is blank."""
    return frame.astype(object).where(frame.notna(), None).itertuples(index=False, name="Run")


def _values(frame: pd.DataFrame, columns: Sequence[str]) -> list[tuple[object, ...]]:
    return [tuple(row) for row in _tuples(frame[list(columns)])]
