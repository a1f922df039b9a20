"""The tables hold together: keys exist, references point somewhere, and what is out of range is refused."""

from __future__ import annotations

import pandas as pd
import pandera.errors
import pytest

from catalog.columns import Column, Table, is_day
from catalog.schema import TABLES
from tests.catalog.rows import table

BOUNDED = [
    (name, column)
    for name, schema in TABLES.items()
    for column in schema.columns
    if column.minimum is not None or column.maximum is not None or column.above is not None or column.choices
]


@pytest.mark.parametrize("schema", TABLES.values(), ids=TABLES)
def test_every_key_column_is_there_once_and_described(schema: Table) -> None:
    names = schema.column_names
    assert set(schema.key) <= set(names) and len(set(names)) == len(names)
    assert schema.description.endswith(".")
    assert all(column.description for column in schema.columns)


@pytest.mark.parametrize("schema", TABLES.values(), ids=TABLES)
def test_what_a_column_refers_to_is_the_only_key_of_its_table(schema: Table) -> None:
    for column in schema.columns:
        if column.refers_to:
            assert len(TABLES[column.refers_to].key) == 1


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_table_and_a_plain_row_are_valid(name: str) -> None:
    schema = TABLES[name].pandera()
    schema.validate(TABLES[name].empty())
    schema.validate(table(name, {}))


def outside(column: Column) -> object:
    if column.choices:
        return "no such choice"
    if column.maximum is not None:
        return column.maximum + 1
    return column.above if column.above is not None else (column.minimum or 0) - 1


@pytest.mark.parametrize(("name", "column"), BOUNDED, ids=lambda value: getattr(value, "name", value))
def test_a_value_out_of_range_is_refused(name: str, column: Column) -> None:
    with pytest.raises(pandera.errors.SchemaError):
        TABLES[name].pandera().validate(table(name, {column.name: outside(column)}))


@pytest.mark.parametrize("day", ["1 May 2020", "2020-02-30", "2020-13-01", "2020-00-10", "20200510", "2020-W01-1"])
def test_a_day_is_in_the_calendar_and_written_as_iso(day: str) -> None:
    with pytest.raises(pandera.errors.SchemaError):
        TABLES["papers"].pandera().validate(table("papers", {"published": day}))
    assert not is_day(day) and is_day("2020-02-29")


def test_a_key_stands_once() -> None:
    with pytest.raises(pandera.errors.SchemaError):
        TABLES["models"].pandera().validate(table("models", {"model": "a"}, {"model": "a"}))


def test_a_value_of_another_type_names_table_and_column() -> None:
    with pytest.raises(ValueError, match=r"sources\.csv: column rows_read: expected integer"):
        TABLES["sources"].typed(pd.DataFrame({"rows_read": ["many"]}))
