"""The tables for download: CSV, JSON, Parquet, one SQLite file, and the datapackage.json that describes them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from catalog.columns import Column, Table, is_formula
from catalog.schema import TABLES
from catalog.store import table_bytes
from generator.project import Project

if TYPE_CHECKING:
    from catalog import Catalog

SQLITE = "backbone-survey.sqlite"
PACKAGE = "datapackage.json"
FLAT = "backbone_performance.csv"
LICENCE = {
    "name": "Apache-2.0",
    "title": "Apache License 2.0 for the tables as compiled here; single figures are facts of the sources they name",
    "path": "https://www.apache.org/licenses/LICENSE-2.0",
}
FRICTIONLESS_TYPES = {"text": "string", "date": "date", "integer": "integer", "number": "number", "boolean": "boolean"}
SQLITE_TYPES = {"text": "TEXT", "date": "TEXT", "integer": "INTEGER", "number": "REAL", "boolean": "INTEGER"}


def neutralised(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with an apostrophe before every text that a spreadsheet would take for a formula; a lone sign stays."""
    changed = frame.copy()
    for column in changed.columns:
        values = changed[column]
        if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
            continue
        risky = values.map(is_formula)
        if risky.any():
            changed[column] = values.where(~risky.astype(bool), "'" + values.astype("str"))
    return changed


def write_downloads(catalog: Catalog, folder: Path, project: Project) -> None:
    """Write every table in every format into `folder`; the same bytes for the same tables."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in TABLES.items():
        frame = catalog.frames[name]
        (folder / f"{name}.csv").write_bytes(table_bytes(table, neutralised(frame)))
        (folder / f"{name}.json").write_text(split_json(frame), encoding="utf-8")
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    (folder / FLAT).write_bytes(flat_bytes(catalog))
    write_sqlite(catalog, folder / SQLITE)
    package = datapackage(catalog, folder, project)
    (folder / PACKAGE).write_text(json.dumps(package, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def flat_bytes(catalog: Catalog) -> bytes:
    """The flat table of the original survey's shape as CSV."""
    from catalog.export import flat_table

    text: str = neutralised(flat_table(catalog)).to_csv(index=False, lineterminator="\n", float_format="%.10g")
    return text.encode()


def split_json(frame: pd.DataFrame) -> str:
    """`{"columns": [...], "data": [[...], ...]}`, which pandas.read_json(orient="split") reads."""
    rows = plain_rows(frame)
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    return f'{{"columns":{json.dumps(list(frame.columns))},"data":[\n{lines}\n]}}\n'


def plain_rows(frame: pd.DataFrame) -> list[list[Any]]:
    """The rows as plain Python values, None where blank."""
    columns = []
    for column in frame.columns:
        values = frame[column]
        columns.append(values.astype(object).where(values.notna(), None).tolist())
    return [list(row) for row in zip(*columns, strict=True)]


def write_sqlite(catalog: Catalog, path: Path) -> None:
    """One database with every table, keys and references declared."""
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as database:
        for name, table in TABLES.items():
            frame = catalog.frames[name]
            database.execute(_create(table, frame))
            marks = ", ".join("?" for _ in table.columns)
            database.executemany(f'INSERT INTO "{name}" VALUES ({marks})', plain_rows(frame))
        for name, table in TABLES.items():
            for column in table.columns:
                if column.refers_to and column.name not in table.key[:1]:
                    database.execute(f'CREATE INDEX "{name}_{column.name}" ON "{name}" ("{column.name}")')
    database.close()


def _create(table: Table, frame: pd.DataFrame) -> str:
    lines = [
        f'"{column.name}" {SQLITE_TYPES[column.type]}{" NOT NULL" if column.required else ""}'
        for column in table.columns
    ]
    if key_is_complete(table, frame):
        lines.append(f"PRIMARY KEY ({', '.join(_sql(name) for name in table.key)})")
    lines += [
        f'FOREIGN KEY ("{column.name}") REFERENCES "{column.refers_to}" ("{TABLES[column.refers_to].key[0]}")'
        for column in table.columns
        if column.refers_to
    ]
    return f'CREATE TABLE "{table.name}" ({", ".join(lines)})'


def _sql(name: str) -> str:
    return f'"{name}"'


def key_is_complete(table: Table, frame: pd.DataFrame) -> bool:
    """Whether the key has no blank part, as a primary key must not."""
    return bool(frame[list(table.key)].notna().all(axis=None))


def datapackage(catalog: Catalog, folder: Path, project: Project) -> dict[str, Any]:
    """The description of the CSV files as a Frictionless data package."""
    return {
        "profile": "tabular-data-package",
        "name": "backbone-survey",
        "title": project.name,
        "description": project.description,
        "homepage": project.site_url,
        "version": catalog.as_of.replace("-", ".") or "0",
        "created": f"{catalog.as_of or '1970-01-01'}T00:00:00Z",
        "licenses": [LICENCE],
        "contributors": [{"title": project.author, "role": "author", "path": project.repo_url}],
        "sources": [{"title": str(row.source), "path": str(row.url)} for row in catalog.sources.itertuples()],
        "resources": [_resource(table, catalog.frames[name], folder / f"{name}.csv") for name, table in TABLES.items()],
    }


def _resource(table: Table, frame: pd.DataFrame, path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    schema: dict[str, Any] = {"fields": [_field(column) for column in table.columns], "missingValues": [""]}
    if key_is_complete(table, frame):
        schema["primaryKey"] = list(table.key)
    references = [
        {
            "fields": column.name,
            "reference": {"resource": column.refers_to.replace("_", "-"), "fields": TABLES[column.refers_to].key[0]},
        }
        for column in table.columns
        if column.refers_to
    ]
    if references:
        schema["foreignKeys"] = references
    return {
        "profile": "tabular-data-resource",
        "name": table.name.replace("_", "-"),
        "path": path.name,
        "title": table.name,
        "description": table.description,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "schema": schema,
    }


def _field(column: Column) -> dict[str, Any]:
    constraints: dict[str, Any] = {}
    if column.required:
        constraints["required"] = True
    if column.minimum is not None:
        constraints["minimum"] = column.minimum
    if column.maximum is not None:
        constraints["maximum"] = column.maximum
    if column.choices:
        constraints["enum"] = list(column.choices)
    unit = f" ({column.unit})" if column.unit else ""
    field: dict[str, Any] = {
        "name": column.name,
        "type": FRICTIONLESS_TYPES[column.type],
        "description": f"{column.description}{unit}",
    }
    if constraints:
        field["constraints"] = constraints
    return field
