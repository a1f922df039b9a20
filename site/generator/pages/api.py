"""The static API: JSON files under api/v1 with their OpenAPI description; addresses and fields stay in a version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from catalog.identity import address
from catalog.schema import DATASETS
from generator.benchmark_api import conditions
from generator.facts import Facts, Row, Rows
from generator.openapi import description, result_fields
from generator.project import project

VERSION = "v1"


def publish(facts: Facts, public: Path) -> None:
    """Write api/v1 into the built site."""
    folder = public / "api" / VERSION
    site = project()
    counts = {name: len(frame) for name, frame in facts.catalog.frames.items()}
    meta = {"version": VERSION, "as_of": facts.catalog.as_of, "site": site.site_url, "repository": site.repo_url}
    _write(
        folder / "index.json",
        {**meta, "description": site.description, "endpoints": endpoints(facts), "counts": counts},
    )
    _write(folder / "meta.json", {**meta, "sources": [_fields(row) for row in facts.sources.values()]})
    _write(
        folder / "models.json", _listing(facts, "models", [_model_line(facts, row) for row in facts.models.values()])
    )
    _write(
        folder / "families.json", _listing(facts, "families", [_family(facts, row) for row in facts.families.values()])
    )
    _write(folder / "papers.json", _listing(facts, "papers", [_fields(row) for row in facts.papers.values()]))
    _write(
        folder / "environments.json",
        _listing(facts, "environments", [_fields(row) for row in facts.environments.values()]),
    )
    _write(folder / "benchmarks.json", _listing(facts, "conditions", conditions(facts.benchmarks)), compact=True)
    for dataset in DATASETS:
        _write(
            folder / "leaderboard" / f"{dataset}.json",
            {"dataset": dataset, **_listing(facts, "results", board(facts, dataset))},
        )
    for model in facts.models.values():
        _write(folder / "models" / f"{address(model.model)}.json", whole_model(facts, model), compact=True)
    _write(folder / "openapi.json", description(site, facts.catalog.as_of))


def endpoints(facts: Facts) -> list[str]:
    """The addresses of the API, relative to api/v1."""
    single = [
        "meta.json",
        "models.json",
        "models/{model}.json",
        "families.json",
        "papers.json",
        "environments.json",
        "benchmarks.json",
        "openapi.json",
    ]
    return [*single, *(f"leaderboard/{dataset}.json" for dataset in DATASETS)]


def board(facts: Facts, dataset: str) -> list[dict[str, Any]]:
    """The leaderboard of a data set, the most accurate first, without speeds (they depend on an environment)."""
    from generator.facts import rows

    frame = facts.board_frame if dataset == "imagenet" else facts.catalog.leaderboard(dataset)
    return [_fields(row) for row in rows(frame[[field.column for field in result_fields()]])]


def whole_model(facts: Facts, model: Row) -> dict[str, Any]:
    """Everything known about a set of weights; each figure with source and line."""
    architecture = facts.architectures[model.architecture]
    survey = facts.survey_rows_by_model.get(model.model, [])
    fixes = [fix for row in survey for fix in facts.corrections_by_place.get((row.source, row.line), [])]
    return {
        "as_of": facts.catalog.as_of,
        "page": f"{project().site_url}models/{address(model.model)}/",
        "model": _fields(model),
        "architecture": _fields(architecture),
        "family": _fields(facts.families[architecture.family]),
        "evaluations": _all(facts.evaluations_by_model.get(model.model, []), "model"),
        "costs": _all(facts.costs_by_architecture.get(model.architecture, []), "architecture"),
        "measurements": _all(facts.measurements_by_architecture.get(model.architecture, []), "architecture"),
        "second_opinions": _all(facts.opinions_by_architecture.get(model.architecture, []), "architecture"),
        "survey_rows": _all(survey, "model"),
        "corrections": _all(fixes),
        "papers": [{"paper": paper.paper, "role": role} for paper, role in facts.model_papers(model.model)],
    }


def _model_line(facts: Facts, model: Row) -> dict[str, Any]:
    best = next(iter(facts.board_by_model.get(model.model, [])), None)
    architecture = facts.architectures[model.architecture]
    line = _fields(model, "source", "line") | {
        "family": architecture.family,
        "file": f"models/{address(model.model)}.json",
    }
    if best is not None:
        line |= {"best": _fields(best, *(name for name in best._fields if name not in BEST))}
    return line


BEST = ("img_size", "top1", "top5", "params_m", "gmacs", "cost_note", "evidence")


def _family(facts: Facts, family: Row) -> dict[str, Any]:
    architectures = [row.architecture for row in facts.architectures_by_family.get(family.family, [])]
    return _fields(family) | {"architectures": architectures}


def _listing(facts: Facts, name: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"as_of": facts.catalog.as_of, "count": len(items), name: items}


def _all(found: Rows, *without: str) -> list[dict[str, Any]]:
    return [_fields(row, *without) for row in found]


def _fields(row: Row, *without: str) -> dict[str, Any]:
    """The row without blank fields."""
    return {name: value for name, value in row._asdict().items() if value is not None and name not in without}


def _write(path: Path, content: object, *, compact: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    separators = (",", ":") if compact else (", ", ": ")
    path.write_text(json.dumps(content, ensure_ascii=False, separators=separators) + "\n", encoding="utf-8")
