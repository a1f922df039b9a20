"""A results file is read strictly, and what is broken costs its own line."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.problems import CatalogError
from catalog.result_rows import header_line, row_line
from catalog.results_file import COLUMNS, Result, read_results
from tests.catalog.local_rows import run, write

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=40)
LINE_BREAKS = st.sampled_from(["a\nb", "a\r\nb", '"', 'x, "y"', "=1+1", "  ", ""])


def test_a_whole_file_gives_its_rows_with_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "a", run(), run(threads=4))
    reading = read_results(path)
    assert reading.rows == [(2, run()), (3, run(threads=4))]
    assert reading.whole_bytes == path.stat().st_size and not reading.problems


@settings(max_examples=60)
@given(note=st.one_of(TEXT, LINE_BREAKS), step=st.floats(1e-3, 1e6), memory=st.none() | st.floats(1, 1e6))
def test_what_is_written_is_one_line_and_read_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, note: str, step: float, memory: float | None
) -> None:
    written = run(note=note, infer_step_time=step, peak_memory_mb=memory)
    path = write(tmp_path_factory.mktemp("rows"), "a", written)
    assert path.read_text(encoding="utf-8").count("\n") == 2
    ((_, read),) = read_results(path).rows
    assert read.note == " ".join(note.split())
    assert read.infer_step_time == pytest.approx(step, rel=1e-9)
    assert (read.peak_memory_mb is None) == (memory is None)


def test_a_last_line_that_was_cut_is_left_out_and_said_wherever_it_was_cut(tmp_path: Path) -> None:
    path = write(tmp_path, "a", run(), run(note="Übung"))
    whole = path.read_bytes()
    first = whole.index(b"\n", whole.index(b"\n") + 1) + 1
    for length in range(first + 1, len(whole)):
        path.write_bytes(whole[:length])
        reading = read_results(path)
        assert [line for line, _ in reading.rows] == [2] and reading.whole_bytes == first
        assert [(problem.line, problem.rule) for problem in reading.problems] == [(3, "cut")]


def test_a_file_that_only_began_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for content in (b"", header_line(Result)[:20].encode()):
        path.write_bytes(content)
        reading = read_results(path)
        assert (reading.rows, reading.whole_bytes) == ([], 0)


BAD_CELLS = {
    "infer_batch_size": ("eight", "infer_batch_size is 'eight', expected a whole number"),
    "threads": ("", "threads is '', expected a whole number"),
    "infer_step_time": ("fast", "infer_step_time is 'fast', expected a number or blank"),
    "p10_ms": ("nan", "p10_ms is 'nan', expected a number or blank"),
    "memory_gb": ("inf", "memory_gb is 'inf', expected a number"),
    "cores": ("1_000", "cores is '1_000', expected a whole number"),
    "steps": ("٣", "steps is '٣', expected a whole number or blank"),
}


@pytest.mark.parametrize("column", BAD_CELLS)
def test_a_wrong_cell_costs_its_row_and_names_file_line_and_what_was_expected(tmp_path: Path, column: str) -> None:
    path = write(tmp_path, "a", run(), run(), run())
    cell, message = BAD_CELLS[column]
    replace_cell(path, 3, column, cell)
    reading = read_results(path)
    assert [line for line, _ in reading.rows] == [2, 4]
    assert [(item.line, item.detail) for item in reading.rejected] == [(3, message)]
    assert str(reading.problems[0]) == f"error: {path}:3: {message}; the row is set aside [cell]"


@pytest.mark.parametrize("line", [b"", b"a,b,c", b'"open quote', b"\x00" * 40, b"\xff\xfe\xfd", b"a\rb"])
def test_a_line_that_is_no_row_costs_itself_alone(tmp_path: Path, line: bytes) -> None:
    path = write(tmp_path, "a", run(), run())
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*lines[:2], line, *lines[2:]]))
    reading = read_results(path)
    assert [number for number, _ in reading.rows] == [2, 4]
    assert [item.line for item in reading.rejected] == [3]
    assert f"expected {len(COLUMNS)}" in reading.problems[0].message


def test_line_ends_of_another_system_are_understood(tmp_path: Path) -> None:
    path = write(tmp_path, "a", run())
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert [row for _, row in read_results(path).rows] == [run()]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("rounds_ms,", "", 1), "not a results file of format 1: column rounds_ms is missing"),
        (lambda text: text.replace(",format\n", ",format,mood\n", 1), "column mood is not known"),
        (lambda text: text.replace("p10_ms,p90_ms", "p90_ms,p10_ms", 1), "the columns are in another order"),
        (lambda text: "<html>\n" + text, "column model is missing"),
    ],
)
def test_a_file_with_other_columns_is_refused_in_one_line(tmp_path: Path, change: object, message: str) -> None:
    path = write(tmp_path, "a", run())
    path.write_text(change(path.read_text()))
    with pytest.raises(CatalogError) as error:
        read_results(path)
    assert message in str(error.value) and str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_file_of_another_format_is_refused_even_when_only_its_last_row_is_of_it(tmp_path: Path) -> None:
    path = write(tmp_path, "a", run(), dataclasses.replace(run(), format=2))
    with pytest.raises(CatalogError, match=r"a\.csv:3: results of format 2, expected 1: another version"):
        read_results(path)


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="cannot be read"):
        read_results(tmp_path)


def replace_cell(path: Path, line: int, column: str, cell: str) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    cells = row_line(run()).rstrip("\n").split(",")
    cells[COLUMNS.index(column)] = cell
    lines[line - 1] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
