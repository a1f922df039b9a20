"""The OpenAPI description of the static API, its schemas taken from the catalog's tables."""

from __future__ import annotations

from typing import Any

from catalog.columns import Column
from catalog.fields import FIELDS, Field, columns
from catalog.schema import DATASETS, TABLES
from generator import benchmark_api
from generator.project import Project

JSON_TYPES = {"text": "string", "date": "string", "integer": "integer", "number": "number", "boolean": "boolean"}
Schema = dict[str, Any]


def description(project: Project, as_of: str) -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{project.name} API",
            "version": "1.0.0",
            "description": f"Static JSON files, data as of {as_of}. Blank fields are left out. "
            "Within v1 fields are added, never renamed.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "servers": [{"url": f"{project.site_url}api/v1"}],
        "paths": _paths(),
        "components": {"schemas": _schemas()},
    }


def _paths() -> dict[str, Any]:
    return {
        "/index.json": _get("Addresses and row counts", _ref("Index")),
        "/meta.json": _get("Day of the data and its sources", _ref("Meta")),
        "/models.json": _get("Every set of weights with its best ImageNet result", _ref("Models")),
        "/models/{model}.json": _get(
            "Everything about one set of weights", _ref("Model"), _parameter("model", "key of the model")
        ),
        "/families.json": _get("Families with their architectures", _ref("Families")),
        "/papers.json": _get("Papers", _ref("Papers")),
        "/environments.json": _get("Environments of speed measurements", _ref("Environments")),
        "/benchmarks.json": _get(
            "Speeds measured here: every condition with its runs and the ratios between them", _ref("Benchmarks")
        ),
        "/leaderboard/{dataset}.json": _get(
            "Results on a data set, the most accurate first",
            _ref("Leaderboard"),
            {**_parameter("dataset", "data set"), "schema": {"type": "string", "enum": list(DATASETS)}},
        ),
        "/openapi.json": _get("This description", {"type": "object"}),
    }


def _schemas() -> dict[str, Schema]:
    rows = {f"{name}_row": _row(table.columns) for name, table in TABLES.items()}
    number, text = {"type": "number"}, {"type": "string"}
    best = _object(
        {
            "img_size": {"type": "integer"},
            "top1": number,
            "top5": number,
            "params_m": number,
            "gmacs": number,
            "cost_note": text,
            "evidence": text,
        },
        ["img_size", "top1"],
    )
    common = {"version": text, "as_of": text, "site": text, "repository": text}
    result = _object(
        {field.column: _field(field) for field in result_fields()}, ["model", "img_size", "top1", "source"]
    )
    line = _object(
        {"model": text, "family": text, "file": text, "train_set": text, "best": best},
        ["model", "family", "file", "train_set"],
    )
    family = _object(
        {**rows["families_row"]["properties"], "architectures": _list(text)},
        ["family", "name", "kind", "architectures"],
    )
    parts = ("evaluations", "costs", "measurements", "second_opinions", "survey_rows", "corrections")
    # In a model's file the key that names the model itself is left out of the rows.
    lists = {name: _list(_row(TABLES[name].columns, optional=("model", "architecture"))) for name in parts}
    whole = {
        "as_of": text,
        "page": text,
        "model": _named("models"),
        "architecture": _named("architectures"),
        "family": _named("families"),
        **lists,
        "papers": _list(_object({"paper": text, "role": text}, ["paper", "role"])),
    }
    return {
        **rows,
        "Index": _object(
            {**common, "description": text, "endpoints": _list(text), "counts": {"type": "object"}},
            [*common, "endpoints", "counts"],
        ),
        "Meta": _object({**common, "sources": _list(_named("sources"))}, [*common, "sources"]),
        "Models": _listing("models", line),
        "Model": _object(whole, list(whole)),
        "Families": _listing("families", family),
        "Papers": _listing("papers", _named("papers")),
        "Environments": _listing("environments", _named("environments")),
        **benchmark_api.schemas(),
        "Benchmarks": _listing("conditions", _ref("Condition")),
        "Leaderboard": _object(
            {**_listing("results", result)["properties"], "dataset": text}, ["as_of", "count", "dataset", "results"]
        ),
    }


def result_fields() -> list[Field]:
    """The fields of a result: the leaderboard's columns but for those of a speed, which depends on an environment."""
    asked_for = ("dataset", "environment", "pareto_speed")
    shown = [FIELDS[name] for name in columns() if name not in asked_for]
    return [field for field in shown if field.table != "measurements"]


def _field(field: Field) -> Schema:
    unit = f" ({field.unit})" if field.unit else ""
    return {"type": JSON_TYPES[field.type], "description": f"{field.description}{unit}"}


def _row(columns: tuple[Column, ...], optional: tuple[str, ...] = ()) -> Schema:
    required = [column.name for column in columns if column.required and column.name not in optional]
    return _object({column.name: _column(column) for column in columns}, required)


def _column(column: Column) -> Schema:
    schema: Schema = {
        "type": JSON_TYPES[column.type],
        "description": f"{column.description}{f' ({column.unit})' if column.unit else ''}",
    }
    if column.choices:
        schema["enum"] = list(column.choices)
    if column.minimum is not None:
        schema["minimum"] = column.minimum
    if column.maximum is not None:
        schema["maximum"] = column.maximum
    return schema


def _object(properties: dict[str, Schema], required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _listing(name: str, items: Schema) -> Schema:
    return _object(
        {"as_of": {"type": "string"}, "count": {"type": "integer"}, name: _list(items)}, ["as_of", "count", name]
    )


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _named(table: str) -> Schema:
    return _ref(f"{table}_row")


def _parameter(name: str, text: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "description": text, "schema": {"type": "string"}}


def _get(summary: str, schema: Schema, *parameters: Schema) -> dict[str, Any]:
    answer = {"200": {"description": summary, "content": {"application/json": {"schema": schema}}}}
    operation: dict[str, Any] = {"summary": summary, "responses": answer}
    if parameters:
        operation["parameters"] = list(parameters)
    return {"get": operation}
