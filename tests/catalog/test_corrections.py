"""Known upstream errors: corrected only while upstream still holds the value that is known to be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from catalog.corrections import apply_corrections, load_corrections
from catalog.problems import CatalogError
from catalog.records import SurveyRow
from tests.catalog.rows import survey_row

SIZE = """
- id: size
  match: {Model: Net-L, Acc: 85.5}
  column: Size
  expected: 224
  corrected: 384
  reason: the accuracy is that of 384
  evidence: https://example.org
"""


def declared(tmp_path: Path, text: str) -> list[Any]:
    path = tmp_path / "corrections.yml"
    path.write_text(text)
    return load_corrections(path)


def corrected(tmp_path: Path, text: str, *rows: SurveyRow) -> tuple[list[SurveyRow], pd.DataFrame]:
    return apply_corrections(rows, declared(tmp_path, text))


def test_the_expected_value_is_corrected_and_both_are_shown(tmp_path: Path) -> None:
    rows, table = corrected(tmp_path, SIZE, survey_row("Net-L", acc=85.5), survey_row("Net-L", 3, acc=84.0))
    assert [row.size for row in rows] == [384, 224]
    shown = table.iloc[0]
    assert (shown["state"], shown["line"], shown["found"], shown["corrected"]) == ("applied", 2, "224", "384")


def test_a_value_that_upstream_changed_is_left_alone_and_the_correction_stops(tmp_path: Path) -> None:
    rows, table = corrected(tmp_path, SIZE, survey_row("Net-L", acc=85.5, size=256))
    assert rows[0].size == 256
    assert table[["state", "line", "found"]].values.tolist() == [["stopped", 2, "256"]]


def test_a_row_that_is_gone_stops_the_correction(tmp_path: Path) -> None:
    _, table = corrected(tmp_path, SIZE, survey_row("Other"))
    assert table["state"].tolist() == ["stopped"] and table["line"].isna().all()


def test_finding_fewer_rows_than_declared_is_said_beside_those_corrected(tmp_path: Path) -> None:
    text = SIZE.replace("  column:", "  rows: 2\n  column:").replace(", Acc: 85.5", "")
    rows, table = corrected(tmp_path, text, survey_row("Net-L"), survey_row("Net-L", 3, size=320))
    assert [row.size for row in rows] == [384, 320]
    assert table[["state", "line", "found"]].values.tolist() == [["applied", 2, "224"], ["stopped", 3, "320"]]


def test_what_is_only_suspected_is_shown_and_not_corrected(tmp_path: Path) -> None:
    text = SIZE.replace("- id: size", "- id: size\n  status: suspected").replace("  corrected: 384\n", "")
    rows, table = corrected(tmp_path, text, survey_row("Net-L", acc=85.5))
    assert rows[0].size == 224
    assert table["state"].tolist() == ["suspected"] and table["corrected"].isna().all()


def test_two_corrections_of_one_row_both_hold(tmp_path: Path) -> None:
    other = SIZE.replace("id: size", "id: cost").replace("Size", "FLOPs(B)").replace("224", "4.3").replace("384", "45")
    rows, table = corrected(tmp_path, SIZE + other, survey_row("Net-L", acc=85.5))
    assert (rows[0].size, rows[0].gmacs) == (384, 45.0)
    assert table["state"].tolist() == ["applied", "applied"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SIZE.replace("  reason: the accuracy is that of 384\n", ""), "entry size: 'reason' is missing"),
        (SIZE.replace("column: Size", "column: Weight"), "entry size: 'Weight' is missing or not a column"),
        (SIZE.replace("{Model: Net-L, Acc: 85.5}", "{Colour: red}"), "entry size: 'Colour' is missing or not a column"),
        (SIZE.replace("{Model: Net-L, Acc: 85.5}", "[1, 2]"), "entry size"),
        (SIZE.replace("  corrected: 384\n", ""), "entry size: corrected is None, expected a value of Size"),
        (SIZE.replace("corrected: 384", "corrected: large"), "entry size: corrected is 'large'"),
        ("- size", "entry size"),
        ("size: 1", "expected a list of entries"),
        ("- id: [", "not YAML"),
    ],
)
def test_a_malformed_entry_is_named_on_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CatalogError) as caught:
        declared(tmp_path, text)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_an_empty_file_declares_nothing(tmp_path: Path) -> None:
    assert declared(tmp_path, "") == []


def test_every_declared_correction_is_well_formed() -> None:
    keys = [correction.key for correction in load_corrections()]
    assert keys and len(keys) == len(set(keys))
