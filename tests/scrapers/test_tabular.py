"""Upstream CSV, row by row: every row becomes values or a rejection with its line and reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.records import Parsed, PastAccuracy
from scrapers.tabular import InvalidRow, Row, UnreadableFile, read_csv, read_records
from tests.scrapers.answers import source_file


def read(content: str | bytes, **how: object) -> tuple[Parsed, list[Row]]:
    parsed = Parsed(source_file(content))
    return parsed, list(read_csv(parsed, ("model", "value"), ("other",), **how))


def number(text: str, low: float = -1e9, high: float = 1e9) -> float:
    return Row(2, {"value": text}).number("value", low, high)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,013.01", 1013.01), ("+1.088", 1.088), ("+2", 2), ("-3.5", -3.5), ("1e3", 1000), (".5", 0.5), (" 7 ", 7)],
)
def test_numbers_as_upstream_writes_them(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    "text", ["", "NaN", "inf", "-inf", "1_000", "1,01", "10,0000", "0x1f", "٣", "1 2", "high", "--1"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidRow, match="expected a number from"):
        number(text)


@given(st.floats(-1e8, 1e8))
def test_every_number_survives_in_every_spelling(value: float) -> None:
    assert number(repr(value)) == value
    assert number(f"{value:,.2f}") == float(f"{value:.2f}")


@pytest.mark.parametrize(("text", "low", "high"), [("101", 0, 100), ("-0.1", 0, 100), ("0", 1e-6, 1)])
def test_a_number_out_of_range_is_refused(text: str, low: float, high: float) -> None:
    with pytest.raises(InvalidRow):
        number(text, low, high)


def test_a_whole_number_may_end_in_point_zero() -> None:
    assert Row(2, {"value": "1024.0"}).integer("value", 1, 4096) == 1024
    with pytest.raises(InvalidRow, match="expected a whole number"):
        Row(2, {"value": "224.5"}).integer("value", 1, 4096)


PLAIN = "model,value\na,1\nb,2\n"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        "\ufeff" + PLAIN,
        "\n\n" + PLAIN,
        PLAIN + "\n\n",
        PLAIN.replace("a,1\n", "a,1\n\n"),
        PLAIN.rstrip("\n"),
        "value,model\n1,a\n2,b\n",
        "infer_model,infer_value\na,1\nb,2\n",
        "name,value\na,1\nb,2\n",
        '"model","value"\n"a","1"\n"b","2"\n',
    ],
)
def test_files_that_mean_the_same_read_the_same(content: str) -> None:
    parsed, rows = read(content, prefix="infer_", rename={"name": "model"})
    assert [(row.values["model"], row.values["value"]) for row in rows] == [("a", "1"), ("b", "2")]
    assert not parsed.rejected and not parsed.problems


@given(st.lists(st.text("ab1,\"'\r\t ", max_size=12)))
def test_every_line_is_given_or_set_aside(lines: list[str]) -> None:
    parsed, rows = read("\n".join(["model,value", *lines, ""]))
    assert len(rows) + len(parsed.rejected) == parsed.rows_read == sum(bool(line.strip()) for line in lines)


def test_a_row_knows_its_line() -> None:
    _, rows = read("model,value\na,1\n\nc,2\n")
    assert [row.line for row in rows] == [2, 4]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ('model,value\n"a,1\nb,2\nc",3\nd,4\n', [2]),
        ('model,value\na,"1\nb,2\nc,3"\nd,4\n', [2]),
        ('model,value\n"a\nb",1,1\nc,2\n', [2, 3]),
        ('model,value\n"a"b,1\nc,2\n', [2]),
    ],
)
def test_a_stray_quote_costs_its_own_line_and_swallows_no_other(content: str, lines: list[int]) -> None:
    parsed, rows = read(content)
    assert [row.line for row in parsed.rejected] == lines
    assert len(rows) + len(lines) == content.count("\n") - 1
    assert {row.rule for row in parsed.rejected} <= {"quotes", "fields"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        (" \n\n", "the file is empty"),
        ("<!DOCTYPE html><html></html>", "expected CSV, found an HTML page"),
        (b"\x89PNG\xff", "byte 0 is not UTF-8"),
        ("model,amount\na,1\n", "source/file:1: column value is missing, found model, amount"),
        ("\nmodel,amount\na,1\n", "source/file:2: column value is missing"),
        ("model,value,value\na,1,2\n", "column value stands twice"),
        ("model,value\na,1\nb", "source/file:3: the file ends in the middle of a row"),
        ("x" * 200_000, "source/file:1: field larger than field limit"),
        ('model,"value\na,1\n', "source/file:1: unexpected end of data"),
    ],
)
def test_a_file_of_no_use_is_one_line_with_its_name(content: str | bytes, message: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read(content)
    assert message in str(caught.value) and str(caught.value).startswith("source/file")


def test_a_new_column_is_reported_once() -> None:
    parsed, rows = read("model,value,colour\na,1,red\nb,2,blue\n")
    assert len(rows) == 2
    assert [str(problem) for problem in parsed.problems] == [
        "warning: source/file:1: column colour is new and was ignored [new-column]"
    ]


def test_a_row_set_aside_is_kept_as_it_stood() -> None:
    parsed, _ = read('model,value\r\na,"1,013.01"\r\n"b ,""x""",  7,  8\r\nc\x07,9,9\r\n"d,1\r\n')
    assert [(row.line, row.raw) for row in parsed.rejected] == [
        (3, '"b ,""x""",  7,  8'),
        (4, "c\\x07,9,9"),
        (5, '"d,1'),
    ]


def past(*rows: str) -> Parsed:
    """Rows of a model, a size and an accuracy, read as records with the first two for a key."""
    parsed = Parsed(source_file("\n".join(["model,size,top1", *rows, ""])))

    def build(row: Row) -> PastAccuracy:
        model, size = row.text("model"), row.integer("size", 1, 999)
        return PastAccuracy("", "", row.line, model, size, row.number("top1", 0, 100), None)

    rows_read = read_csv(parsed, ("model", "size", "top1"), ())
    read_records(parsed, rows_read, build, lambda record: (record.model, record.img_size))
    return parsed


@pytest.mark.parametrize("name", ["<script>", "../x", "=1+1", "a|b", '"a""b"', "-x", "", "x" * 200, "é"])
def test_a_name_that_could_be_markup_a_path_or_a_formula_is_set_aside(name: str) -> None:
    parsed = past(f"{name},1,2")
    assert [(row.line, row.rule) for row in parsed.rejected] == [(2, "name")]
    assert "\n" not in str(parsed.problems[0])


def test_of_rows_that_say_the_same_the_first_is_used() -> None:
    parsed = past("a,1,2", "b,1,2", "a,1,2.0")
    assert [record.line for record in parsed.records] == [2, 3]
    assert [row.line for row in parsed.rejected] == [4]
    assert [str(problem) for problem in parsed.problems] == [
        "error: source/file:4: a at 1 stands in lines 2, 4, expected once; the first is used [duplicate]"
    ]


def test_of_rows_that_differ_none_is_used_and_every_line_is_named() -> None:
    parsed = past("a,1,2", "b,1,2", "a,1,3", "a,1,2")
    assert [record.line for record in parsed.records] == [3]
    assert [row.line for row in parsed.rejected] == [2, 4, 5]
    assert len(parsed.problems) == 1
    assert "a at 1 stands in lines 2, 4, 5, expected once; their figures differ" in parsed.problems[0].message


@pytest.mark.parametrize("ends_with_newline", [True, False])
def test_a_file_without_its_last_newline_is_in_doubt_where_all_have_one(ends_with_newline: bool) -> None:
    parsed, rows = read("model,value\na,1\nb,316.0", ends_with_newline=ends_with_newline)
    assert len(rows) == 2 and parsed.open_line == 3
    assert bool(parsed.doubts) is ends_with_newline


def test_a_word_that_is_not_known_is_set_aside() -> None:
    with pytest.raises(InvalidRow, match="colour is 'bl', expected blue, red"):
        Row(2, {"colour": "bl"}).choice("colour", {"red", "blue"})
