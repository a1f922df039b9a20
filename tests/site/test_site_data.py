"""Downloads, API and feed: complete, described, and readable by the tools they are made for."""

from __future__ import annotations

import hashlib
import io
import json
import re
import sqlite3
from typing import Any

import feedparser
import pandas as pd
import pytest
from generator.downloads import neutralised
from generator.feed import Entry, feed
from small_catalog import shrink

import catalog
from catalog.schema import DATASETS, TABLES
from catalog.store import read_table


@pytest.fixture(scope="module")
def data(small_site):
    return small_site.public / "data"


@pytest.mark.parametrize("name", TABLES)
def test_every_format_holds_the_same_rows(data, small_site, name):
    table = small_site.catalog.frames[name].reset_index(drop=True)
    from_csv = read_table(name, data)
    split = pd.read_json(io.StringIO((data / f"{name}.json").read_text()), orient="split", dtype=False)
    with sqlite3.connect(data / "backbone-survey.sqlite") as database:
        (rows,) = database.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()
    database.close()
    pd.testing.assert_frame_equal(pd.read_parquet(data / f"{name}.parquet"), table)
    assert len(from_csv) == len(split) == rows == len(table)
    assert list(split.columns) == list(table.columns)


def test_the_database_keeps_its_references(data):
    with sqlite3.connect(data / "backbone-survey.sqlite") as database:
        query = """SELECT models.model, families.name
            FROM models JOIN architectures USING (architecture) JOIN families USING (family)"""
        assert len(database.execute(query).fetchall()) > 10
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


def test_the_data_package_describes_the_files(data, small_site):
    package = json.loads((data / "datapackage.json").read_text())
    assert re.fullmatch(r"[a-z0-9._-]+", package["name"])
    assert [resource["title"] for resource in package["resources"]] == list(TABLES)
    names = {resource["name"] for resource in package["resources"]}
    for resource in package["resources"]:
        content = (data / resource["path"]).read_bytes()
        assert resource["bytes"] == len(content)
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert re.fullmatch(r"[a-z0-9._-]+", resource["name"])
        fields = [field["name"] for field in resource["schema"]["fields"]]
        frame = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
        assert fields == list(frame.columns)
        for field in resource["schema"]["fields"]:
            _conforms(field, frame[field["name"]])
        if key := resource["schema"].get("primaryKey"):
            assert not frame.duplicated(key).any()
        for reference in resource["schema"].get("foreignKeys", []):
            assert reference["reference"]["resource"] in names


def _conforms(field: dict[str, Any], values: pd.Series) -> None:
    patterns = {
        "integer": r"-?\d+",
        "number": r"-?\d+(\.\d+)?(e[+-]?\d+)?",
        "boolean": "true|false",
        "date": r"\d{4}-\d\d-\d\d",
        "string": r"[\s\S]*",
    }
    filled = values[values != ""]
    assert filled.str.fullmatch(patterns[field["type"]]).all(), field["name"]
    constraints = field.get("constraints", {})
    if constraints.get("required"):
        assert len(filled) == len(values), field["name"]
    if "enum" in constraints:
        assert set(filled) <= set(constraints["enum"])
    if "minimum" in constraints and len(filled):
        assert filled.astype(float).min() >= constraints["minimum"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-2 at", "'-2 at"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("-", "-"),
        ("convnext", "convnext"),
        ("a=b", "a=b"),
    ],
)
def test_formulas_are_neutralised(text, written):
    assert neutralised(pd.DataFrame({"name": [text], "diff": [-1.5]}))["name"].tolist() == [written]


def test_numbers_are_not_neutralised():
    assert neutralised(pd.DataFrame({"diff": [-1.5, 2.0]}))["diff"].tolist() == [-1.5, 2.0]


def test_the_flat_table_starts_with_the_surveys_columns(data):
    header = (data / "backbone_performance.csv").read_text().splitlines()[0]
    assert header.startswith("Date,TrainSet,Method,Size,Model,Params(M),FLOPs(B),Acc")


# The API ------------------------------------------------------------------------------------------------------------


def problems(schema: dict[str, Any], value: Any, root: dict[str, Any], place: str = "$") -> list[str]:
    """Where a value does not fit a schema; the part of JSON Schema that the description uses."""
    if "$ref" in schema:
        return problems(root["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], value, root, place)
    types = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
    if "type" in schema and (
        not isinstance(value, types[schema["type"]]) or (isinstance(value, bool) and schema["type"] != "boolean")
    ):
        return [f"{place}: {value!r} is not {schema['type']}"]
    found = [f"{place}: {value!r} is not allowed"] if "enum" in schema and value not in schema["enum"] else []
    if "minimum" in schema and value < schema["minimum"]:
        found.append(f"{place}: {value} is too small")
    if isinstance(value, dict):
        found += [f"{place}: {name} is missing" for name in schema.get("required", []) if name not in value]
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                found += problems(inner, value[name], root, f"{place}.{name}")
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            found += problems(schema["items"], item, root, f"{place}[{index}]")
    return found


def test_every_documented_path_exists_and_fits(small_site):
    folder = small_site.public / "api" / "v1"
    root = json.loads((folder / "openapi.json").read_text())
    values = {"model": list(small_site.catalog.models["model"]), "dataset": list(DATASETS)}
    documented = set()
    for path, item in root["paths"].items():
        schema = item["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        name = next(iter(re.findall(r"{(\w+)}", path)), None)
        for value in values[name] if name else [""]:
            file = folder / path.lstrip("/").replace(f"{{{name}}}", value)
            documented.add(str(file.relative_to(folder)))
            assert problems(schema, json.loads(file.read_text()), root)[:5] == [], file
    assert {str(path.relative_to(folder)) for path in folder.rglob("*.json")} == documented


def test_the_checker_of_schemas_can_fail():
    schema = {"type": "object", "required": ["a"], "properties": {"b": {"type": "integer", "minimum": 1}}}
    assert problems(schema, {"b": 0}, {}) == ["$: a is missing", "$.b: 0 is too small"]


def test_the_api_leaderboard_is_the_catalogs(small_site):
    written = json.loads((small_site.public / "api" / "v1" / "leaderboard" / "imagenet.json").read_text())
    board = small_site.catalog.leaderboard()
    assert [row["model"] for row in written["results"]] == list(board["model"])
    assert [row["top1"] for row in written["results"]] == list(board["top1"])


# The feed -----------------------------------------------------------------------------------------------------------


def test_the_feed_is_valid_and_tells_the_newest_first(small_site):
    parsed = feedparser.parse((small_site.public / "feed.xml").read_bytes())
    assert not parsed.bozo
    assert parsed.version == "atom10"
    days = [entry.updated for entry in parsed.entries]
    assert days == sorted(days, reverse=True)
    assert len({entry.id for entry in parsed.entries}) == len(parsed.entries) > 3
    page = small_site.pages["whats-new/index.html"]
    for entry in parsed.entries:
        assert f'id="{entry.link.rsplit("#", 1)[1]}"' in page
    assert parsed.feed.updated >= days[0]


def test_a_feed_takes_hostile_text():
    entry = Entry("tag:x,1", "<script>\x00&", "2026-01-02", "https://example.org/", ("a < b & \x0c",))
    text = feed(
        title="t",
        subtitle="s",
        address="https://example.org/",
        self_address="https://example.org/feed.xml",
        author="a",
        entries=[entry],
        updated="2026-01-01",
    )
    parsed = feedparser.parse(text)
    assert not parsed.bozo
    assert b"<script" not in text
    assert parsed.feed.updated == "2026-01-02T00:00:00Z"


def test_a_feed_without_entries_is_valid():
    text = feed(
        title="t",
        subtitle="s",
        address="https://example.org/",
        self_address="https://example.org/feed.xml",
        author="a",
        entries=[],
        updated="",
    )
    assert not feedparser.parse(text).bozo


def test_the_small_catalog_keeps_its_references():
    frames = shrink(catalog.load())
    assert set(frames["evaluations"]["model"]) <= set(frames["models"]["model"])
    assert set(frames["models"]["architecture"]) <= set(frames["architectures"]["architecture"])
