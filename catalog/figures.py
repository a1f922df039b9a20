"""The tables of what was measured upstream: accuracy, speed, compute, environments and second opinions.

Each function builds one table, or what several need, from records and from tables that are there already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from catalog.costs import DEFAULT_HEAD, MACS, choose_costs, cost_candidates, estimate_missing
from catalog.entities import known
from catalog.identity import Identity, split_name
from catalog.records import Accuracy, Benchmark, Environment, Registration, SetAside
from catalog.schema import TABLES
from catalog.scores import differences_to_imagenet
from catalog.survey import SurveyModel
from catalog.vocabulary import IMAGENET, MEASURED_UPSTREAM, REPORTED, SAME_PARAMS

Params = Mapping[str, float]  # architecture -> millions, as published beside the accuracy


def present_accuracies(
    records: Iterable[Accuracy], identity: Identity, last_good: pd.DataFrame
) -> tuple[list[Accuracy], list[SetAside]]:
    """Accuracies under present names; a former name of weights that have a row of their own is set aside.

    `last_good` are the rows known before of files with broken rows: what broke may be the weights' own row.
    """
    rows: dict[tuple[str, str, int], Accuracy] = {}
    before = _figures(last_good, "model", ("top1", "top5"))
    aside = []
    for row in sorted(records, key=lambda row: identity.present_name(row.model) != row.model):
        present = identity.present_name(row.model)
        key = (row.source, present, row.img_size)
        result = (row.top1, row.top5)
        if key in rows or (present != row.model and before.get(key, result) != result):
            detail = f"{row.model} is a former name of {present}, which has a row of its own"
            aside.append(SetAside(row.source, row.line, "same-weights", detail))
        else:
            rows[key] = replace(row, model=present)
    return list(rows.values()), aside


def _figures(table: pd.DataFrame, name: str, figures: Sequence[str]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Figures of each row, by the source, the name and the size."""
    rows = table[["source", name, "img_size", *figures]].itertuples(index=False, name=None)
    return {row[:3]: row[3:] for row in rows}


def measured_upstream(accuracies: Sequence[Accuracy]) -> pd.DataFrame:
    """Rows of `evaluations` for what upstream measured."""
    return frame_of(accuracies, kind=MEASURED_UPSTREAM, corrected=False)


def evaluations(measured: pd.DataFrame, survey: Sequence[SurveyModel]) -> pd.DataFrame:
    """The table of what upstream measured and what papers report, with the differences to ImageNet."""
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
    return differences_to_imagenet(joined(measured, TABLES["evaluations"].typed(reported)))


def published_params(evaluations: pd.DataFrame) -> Params:
    """The parameters of each architecture as upstream publishes them beside its ImageNet accuracies."""
    rows = evaluations[(evaluations["dataset"] == IMAGENET) & (evaluations["kind"] == MEASURED_UPSTREAM)]
    rows = rows[rows["params_m"].notna()]
    return {split_name(model)[0]: float(params) for model, params in zip(rows["model"], rows["params_m"], strict=True)}


def present_benchmarks(
    records: Sequence[Benchmark], params: Params, identity: Identity, last_good: pd.DataFrame
) -> tuple[list[Benchmark], list[SetAside]]:
    """Benchmarks under present architecture names; two old names of one architecture keep one row.

    A former name that another network bears today is that network's where the file has the renamed one as well.
    `last_good` are the rows known before of files with broken rows: what broke may be the architecture's own row.
    """
    rows: dict[tuple[object, ...], Benchmark] = {}
    before = _figures(last_good, "architecture", ("images_per_s", "step_ms"))
    aside = []
    own = {(row.source, row.architecture, row.img_size) for row in records}
    timed = {row.architecture: row.params_m for row in records if row.params_m}
    for row in records:
        present = split_name(identity.present_name(row.architecture))[0]
        expected = params.get(present) or timed.get(present)
        same_network = expected and row.params_m and abs(row.params_m / expected - 1) < SAME_PARAMS
        key = (row.source, present, row.img_size)
        reused = key in own and row.architecture in params
        if present == row.architecture or not same_network or reused:
            rows[row.source, row.architecture, row.img_size] = row
            continue
        speed = (row.images_per_s, row.step_ms)
        if key in rows or key in own or before.get(key, speed) != speed:
            detail = f"{row.architecture} is a former name of {present}, which has a row of its own"
            aside.append(SetAside(row.source, row.line, "same-architecture", detail))
        else:
            rows[key] = replace(row, architecture=present)
    return list(rows.values()), aside


def measurements(benchmarks: Sequence[Benchmark]) -> pd.DataFrame:
    """Rows of `measurements`. Counts of compute are not among them: of some files they lack attention, see costs."""
    return frame_of(benchmarks, implementation="timm", gmacs=None)


def environments(records: Iterable[Environment], before: pd.DataFrame, measurements: pd.DataFrame) -> pd.DataFrame:
    """The table of the environments that a measurement refers to, as read now, else as known before."""
    new = frame_of(list({record.key: record for record in records}.values())).rename(columns={"key": "environment"})
    both = joined(TABLES["environments"].typed(new), before)
    return both[both["environment"].isin(measurements["environment"])].drop_duplicates("environment")


def costs(
    benchmarks: list[Benchmark],
    environments: Mapping[str, Environment],
    params: Params,
    heads: Mapping[str, int],
    survey: Sequence[SurveyModel],
    older: pd.DataFrame,
) -> pd.DataFrame:
    """The table of counts without estimates: those of the benchmarks, of the survey, and older ones without a new one.

    `environments` are those of the benchmarks by key, `heads` the classes of heads other than the default.
    """
    counted = cost_candidates(benchmarks, environments, params, heads)
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
    if new:
        key = ["architecture", "img_size", "source"]
        have = pd.MultiIndex.from_frame(pd.concat([frame[key] for frame in new]))
        older = older[~pd.MultiIndex.from_frame(older[key]).isin(have)]
    candidates = joined(*new, older)
    return TABLES["costs"].typed(choose_costs(candidates)) if len(candidates) else TABLES["costs"].empty()


def older_costs(incomplete: Collection[str], before: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The counts known before of sources that cannot be read whole, with the version that they were made with."""
    rows = before["costs"]
    rows = rows[rows["source"].isin(incomplete) & ~rows["estimated"].astype(bool)]
    environment = before["measurements"].drop_duplicates("source").set_index("source")["environment"]
    version = before["environments"].set_index("environment")["framework_version"]
    return rows.assign(version=rows["source"].map(environment).map(version))


def with_estimates(costs: pd.DataFrame, evaluations: pd.DataFrame, architecture_of: Mapping[str, str]) -> pd.DataFrame:
    """The costs with an estimate for every ImageNet result whose size nobody counted."""
    if not len(costs):
        return costs
    results = evaluations[evaluations["dataset"] == IMAGENET]
    wanted = pd.DataFrame(
        {
            "architecture": [architecture_of.get(model, split_name(model)[0]) for model in results["model"]],
            "img_size": results["img_size"].tolist(),
        }
    )
    return pd.concat([costs, estimate_missing(costs, wanted)], ignore_index=True)


def heads(registrations: Iterable[Registration], before: pd.DataFrame) -> dict[str, int]:
    """Classes of the head of architectures that have weights with another head than the default.

    `before` are the costs known before, for what the registry does not tell.
    """
    rows = before.dropna(subset=["head_classes"])
    told = [(split_name(row.model)[0], row.num_classes) for row in registrations]
    return {
        architecture: int(classes)
        for architecture, classes in [*zip(rows["architecture"], rows["head_classes"], strict=True), *told]
        if classes is not None and classes != DEFAULT_HEAD
    }


def second_opinions(rows: pd.DataFrame, architectures: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame:
    """What others report; a name that is mapped to something the catalog does not hold stays unmapped."""
    architecture = rows["architecture"].where(rows["architecture"].isin(architectures["architecture"]))
    return rows.assign(architecture=architecture, model=rows["model"].where(rows["model"].isin(models["model"])))


def frame_of(records: Sequence[object], **columns: object) -> pd.DataFrame:
    """Records as a frame, one column for each field; `columns` are further ones of one value."""
    frame = pd.DataFrame([vars(record) for record in records])
    return frame.assign(**columns) if len(frame) else frame


def joined(*frames: pd.DataFrame) -> pd.DataFrame:
    """The rows of frames one after the other; the last frame where none has rows."""
    parts = [frame for frame in frames if len(frame)]
    return pd.concat(parts, ignore_index=True) if parts else frames[-1]
