"""A column is one entry: the joined table, the API, the data page, the terminal and the leaderboard show it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from generator import leaderboard
from generator.charts.style import TRAIN_GROUPS
from generator.facts import Facts
from generator.leaderboard.payload import vocabulary
from generator.openapi import result_fields
from generator.pages import api, data

import catalog
from catalog.columns import PANDAS_TYPES
from catalog.fields import FIELDS, PANELS, Field, Metric, columns, three_figures
from catalog.schema import TABLES, TRAIN_SETS
from catalog.store import write_tables
from catalog.vocabulary import COST_NOTES, EVIDENCE, NOTE_WORDS, OTHER_NETWORK
from tests.site.leaderboard_page import ASSETS, node, run_script
from tests.site.small_catalog import shrink

MADE = Field(
    column="written_in",
    head="Written in",
    description="timm's module of the architecture",
    table="architectures",
    stored="timm_module",
    key="module",
    values=True,
)


@pytest.fixture
def small(tmp_path: Path) -> catalog.Catalog:
    folder = tmp_path / "tables"
    folder.mkdir()
    write_tables(shrink(catalog.load()), folder)
    return catalog.load(folder)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Field:
    monkeypatch.setitem(FIELDS, MADE.column, MADE)
    return MADE


def test_an_entry_is_a_column_of_the_joined_table_and_of_the_api(small: catalog.Catalog, made: Field) -> None:
    modules = small.architectures.set_index("architecture")["timm_module"]
    rows = small.leaderboard()
    assert rows[made.column].fillna("").tolist() == rows["architecture"].map(modules).fillna("").tolist()
    assert rows[made.column].notna().any()
    published = api.board(Facts(small), "imagenet")
    assert [row.get(made.column, "") for row in published] == rows[made.column].fillna("").tolist()
    assert made in result_fields()


def test_an_entry_is_explained_on_the_data_page(small: catalog.Catalog, made: Field, tmp_path: Path) -> None:
    data.write(Facts(small), tmp_path)
    text = (tmp_path / "data" / "index.md").read_text(encoding="utf-8")
    assert f'<tr id="leaderboard.{made.column}">' in text
    assert "timm&#39;s module of the architecture" in text


def test_an_entry_is_a_column_and_a_filter_of_the_terminal(
    small: catalog.Catalog, made: Field, backbones: Callable[..., Any]
) -> None:
    rows = small.leaderboard(reported=False)
    module = rows[made.column].dropna().iloc[0]
    asked = ("top", "--data", small.data, "-n", 1000, "--only", f"{made.column}={module}")
    printed = json.loads(backbones(*asked, "--json").out)
    assert [row["model"] for row in printed] == rows.loc[rows[made.column] == module, "model"].tolist()
    head, first, *_ = backbones(*asked, "--columns", made.column).out.splitlines()
    assert made.head in head
    assert first[head.index(made.head) :].split()[0] == module


@pytest.mark.skipif(node() is None, reason="node is not installed; make site installs it")
def test_an_entry_is_shown_filtered_and_downloaded_on_the_leaderboard(
    small: catalog.Catalog, made: Field, tmp_path: Path
) -> None:
    leaderboard.write(small, tmp_path)
    core = json.loads((tmp_path / "leaderboard" / "data" / "core.json").read_text(encoding="utf-8"))
    script = """
    globalThis.fetch = async () => ({ ok: true, json: async () => given.core });
    const { Data } = await load("data.js");
    const { buildVocabulary } = await load("vocabulary.js");
    const { parseQuery, formatQuery, visibleColumns } = await load("state.js");
    const { select, countValues } = await load("select.js");
    const { toCsv } = await load("export.js");
    const data = new Data("data/");
    const vocabulary = buildVocabulary(await data.core());
    const rows = await data.rows("imagenet", "");
    const values = vocabulary.values("module").filter(({ value }) => value !== "unknown");
    const { state, ignored } = parseQuery(`module=${values[0].value}&columns=model,module`, vocabulary);
    const shown = select(rows, state, vocabulary.columns);
    const columns = visibleColumns(state, vocabulary).map((key) => vocabulary.columns.byKey.get(key));
    return {
      values: values.map(({ text }) => text),
      more: vocabulary.columns.panels.at(-1).facets.map(({ key }) => key),
      count: countValues(rows, state, vocabulary.columns, "module").get(values[0].value),
      heads: columns.map(({ head }) => head),
      again: formatQuery(state, vocabulary),
      csv: toCsv(shown, columns, new Map(), state),
      ignored,
    };
    """
    result = run_script(script, {"core": core})
    rows = small.leaderboard()
    assert sorted(result["values"]) == sorted(rows[made.column].dropna().unique())
    chosen = rows[rows[made.column] == result["values"][0]]
    assert result["count"] == len(chosen) > 0
    assert made.key in result["more"]
    assert result["heads"] == ["Model", made.head] and result["ignored"] == []
    assert result["again"].startswith("module=") and result["again"].endswith("columns=model,module")
    downloaded = list(csv.DictReader(io.StringIO(result["csv"], newline="")))
    assert [row["model"] for row in downloaded] == chosen["model"].tolist()
    assert {row[made.column] for row in downloaded} == {result["values"][0]}


def test_entries_agree_with_the_tables_that_they_are_joined_from() -> None:
    for field in FIELDS.values():
        stored = {column.name: column for column in TABLES[field.table].columns} if field.table else {}
        column = stored.get(field.stored or field.column)
        if column is not None:
            assert PANDAS_TYPES[column.type] == PANDAS_TYPES[field.type], field.column


def test_entries_have_names_of_their_own_and_refer_to_what_exists() -> None:
    keys = [field.key for field in FIELDS.values() if field.key]
    ranges = [field.range_key or field.key for field in FIELDS.values() if field.range]
    assert len(set(keys)) == len(keys) and len(set(ranges)) == len(ranges)
    for field in FIELDS.values():
        assert field.panel in PANELS
        assert field.keyed_by == "" or field.keyed_by in FIELDS
        assert not (field.values and field.table == "measurements"), "its values are not known before it is loaded"
        if isinstance(field, Metric):
            assert {name for name in (field.note, field.frontier) if name} <= {*columns()}


def test_training_data_has_the_looks_of_the_drawn_charts_and_lighter_ones_on_dark_ground() -> None:
    groups = vocabulary()["groups"]
    script = (ASSETS / "leaderboard" / "chart.js").read_text(encoding="utf-8")
    assert [(group["name"], group["colour"]) for group in groups] == [(one.name, one.colour) for one in TRAIN_GROUPS]
    assert {name for group in groups for name in group["members"]} == {*TRAIN_SETS}
    assert all(f'"{group["colour"]}": "#' in script for group in groups)


def test_every_note_and_every_evidence_has_words() -> None:
    assert {*COST_NOTES, OTHER_NETWORK} - {""} == {*NOTE_WORDS}
    assert {*EVIDENCE} == {*FIELDS["evidence"].short}


@pytest.mark.parametrize(("value", "text"), [(0.28, "0.28"), (4.5, "4.5"), (86.57, "86.6"), (1013.01, "1,013")])
def test_three_figures_are_enough_in_a_table(value: float, text: str) -> None:
    assert three_figures(value) == text
    assert FIELDS["params_m"].brief(value) == text


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_a_missing_value_is_blank(missing: object) -> None:
    assert [FIELDS[name].brief(missing) for name in ("licence", "params_m", "distilled")] == ["", "", ""]
