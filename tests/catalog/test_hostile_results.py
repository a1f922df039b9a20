"""A results file that a stranger wrote changes nothing of what other files gave, and cannot stop them."""

from __future__ import annotations

import csv
import os
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.checks import check
from catalog.columns import is_formula
from catalog.merge import Merged
from catalog.problems import in_order
from catalog.results_file import COLUMNS, Result
from catalog.schema import TABLES
from catalog.store import table_bytes
from tests.catalog.local_rows import accuracy_here, add_local, product, run, tables, write

LATER = "2026-11-21T13:00:00Z"
HONEST = "local/honest"


@pytest.fixture
def honest(tmp_path: Path) -> Path:
    """A folder with one file of three rows, free to be added to."""
    write(tmp_path, "honest", product(), run(), run(runtime="tf-xla", comparison=""))
    return tmp_path


def add(folder: Path, before: Merged | None = None) -> Merged:
    return add_local(tables() if before is None else before.frames, folder)


def given_by(merged: Merged, source: str = HONEST) -> dict[str, bytes]:
    """What the tables hold of a source, and of the environments that its rows were measured in."""
    frames = {name: frame[frame["source"] == source] for name, frame in merged.frames.items() if "source" in frame}
    used = pd.concat([frames["measurements"]["environment"], frames["layer_measurements"]["environment"]])
    environments = merged.frames["environments"]
    frames["environments"] = environments[environments["environment"].isin(used)].drop(columns=["os", "libraries"])
    return {name: table_bytes(TABLES[name], frame) for name, frame in frames.items()}


def errors(merged: Merged) -> list[str]:
    return [str(problem) for problem in check(merged.frames) if problem.severity == "error"]


def said(merged: Merged) -> list[str]:
    return [str(problem) for problem in merged.problems]


def fast(**values: object) -> Result:
    """The honest run a hundred times as fast: beyond what the machine's matrix product allows."""
    figures = {
        "infer_samples_per_sec": 8000.0,
        "infer_step_time": 1.0,
        "p10_ms": 0.98,
        "p90_ms": 1.05,
        "rounds_ms": "1 1",
    }
    return run(**{**figures, "measured_at": LATER, **values})


def faster(**values: object) -> Result:
    """The honest run a little faster, as a newer measurement might have been."""
    figures = {
        "infer_samples_per_sec": 88.0,
        "infer_step_time": 90.909,
        "p10_ms": 90.0,
        "p90_ms": 92.0,
        "rounds_ms": "",
    }
    return run(**{**figures, "measured_at": LATER, **values})


@pytest.mark.parametrize("name", ["a-stranger", "z-stranger"])
@pytest.mark.parametrize(
    "row", [fast(), faster(), faster(measured_at=run().measured_at)], ids=["absurd", "new", "same"]
)
def test_a_row_of_the_same_comparison_changes_no_row_of_another_file(honest: Path, name: str, row: Result) -> None:
    alone = add(honest)
    write(honest, name, product(measured_at=LATER, comparison="own"), row)
    for before in (None, alone):
        merged = add(honest, before)
        assert given_by(merged) == given_by(alone)
        assert not errors(merged)
    assert merged.frames["measurements"].query("source != @HONEST and implementation != 'timm'").empty


def test_rules_come_before_the_newest_within_a_file(tmp_path: Path) -> None:
    write(tmp_path, "honest", product(), run(), fast())
    merged = add(tmp_path)
    assert merged.frames["measurements"].query("source == @HONEST")["images_per_s"].tolist() == [80.0]
    assert [row.rule for row in merged.frames["quarantine"].itertuples()] == ["above-peak"]


@pytest.mark.parametrize("name", ["a-stranger", "z-stranger"])
def test_a_run_stays_with_the_file_that_gave_it_first_and_the_other_is_named(honest: Path, name: str) -> None:
    before = add(honest)
    write(honest, name, product(measured_at=LATER), faster())
    for _ in range(2):  # the stranger is then a source that was there before, too
        merged = add(honest, before)
        assert given_by(merged) == given_by(before)
        assert merged.frames["measurements"].query(f"source == 'local/{name}'").empty
        assert said(merged) == [
            f"warning: {honest.name}/{name}.csv:2: the same run stands in local/honest, line 2; the row is "
            "quarantined; so it is with 1 more rows [same-run]"
        ]
        before = merged


@pytest.mark.parametrize("name", ["a-copy", "z-copy"])
def test_a_copy_of_a_file_takes_over_no_source_and_is_named_once(honest: Path, name: str) -> None:
    write(honest / "evaluations", "imagenet", accuracy_here())
    before = add(honest)
    for folder, original in ((honest, "honest"), (honest / "evaluations", "imagenet")):
        (folder / f"{name}.csv").write_bytes((folder / f"{original}.csv").read_bytes())
    merged = add(honest, before)
    for source in (HONEST, "local/evaluations/imagenet"):
        assert given_by(merged, source) == given_by(before, source)
    assert sorted(line.partition(" the same run stands in ")[2] for line in said(merged)) == [
        "local/evaluations/imagenet, line 2; the row is quarantined [same-run]",
        "local/honest, line 2; the row is quarantined; so it is with 2 more rows [same-run]",
    ]


def test_of_two_files_that_came_at_once_none_can_be_called_the_copy(honest: Path) -> None:
    alone = given_by(add(honest))
    (honest / "a-copy.csv").write_bytes((honest / "honest.csv").read_bytes())
    merged = add(honest)
    assert given_by(merged) == alone == given_by(add(honest, merged))
    assert [line.partition(": ")[2] for line in said(merged)] == [
        f"{honest.name}/honest.csv:2: the same run stands in local/a-copy, line 2; it stays with both files; so it is "
        "with 2 more rows [same-run]"
    ]


def test_the_same_subject_measured_anew_in_another_file_stands_beside_the_older(honest: Path) -> None:
    before = add(honest)
    write(honest, "newer", product(comparison="later", measured_at=LATER), faster(comparison="later"))
    merged = add(honest, before)
    assert given_by(merged) == given_by(before)
    assert merged.frames["measurements"].query("source == 'local/newer'")["images_per_s"].tolist() == [88.0]
    assert not said(merged)


def test_a_matrix_product_of_another_file_turns_no_row_down(tmp_path: Path) -> None:
    write(tmp_path, "honest", run())
    alone = given_by(add(tmp_path))
    slow = {"infer_samples_per_sec": 0.025, "infer_step_time": 40_000.0, "p10_ms": 39_000.0, "p90_ms": 41_000.0}
    write(tmp_path, "stranger", product(**slow, rounds_ms=""))
    assert given_by(add(tmp_path)) == alone


def test_rows_that_are_set_aside_leave_no_trace_in_an_environment(honest: Path) -> None:
    environments = add(honest).frames["environments"]
    write(honest, "stranger", product(measured_at=LATER), fast(os="Evil OS", libraries="evil 1; tensorflow 2.21.0"))
    pd.testing.assert_frame_equal(add(honest).frames["environments"], environments)


# Cells.

CELLS = {
    "infer_batch_size": ["9223372036854775808", "-1", "0", "1e9", "9" * 5000],
    "threads": ["18446744073709551616", "-2", "0"],
    "infer_img_size": ["9223372036854775808", "0", "-224"],
    "steps": ["9" * 400],
    "cores": ["18446744073709551616"],
    "infer_samples_per_sec": ["1e300", "-1", "0", "1e-300"],
    "infer_gmacs": ["1e308", "-1"],
    "memory_gb": ["1e200", "0", "-3"],
    "peak_memory_mb": ["1e16"],
    "measured_at": ["2026-11-99T13:00:00Z", "2026-02-30T13:00:00Z", "2026-11-20T25:61:00Z", "0000-00-00T00:00:00Z"],
    "device": ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "", "x" * 5000, "a\x1b[31mb", "\u202eb", "\ufffd"],
    "os": ["=HYPERLINK(1)", "a\x00b"],
    "processor_flags": ["@avx2"],
    "switches": ["-1+1"],
    "note": ["=1+1", "a\u2028b"],
    "comparison": ["x" * 5000, "../x", "=1"],
    "implementation": ["=1+1", "x" * 5000, "../../x"],
    "model": ["=1+1", "../../x", "x" * 5000],
    "precision": ["../../x", "=1"],
    "layout": ["../../x"],
    "runtime": ["../../x"],
    "libraries": ["tensorflow " + "../" * 300, "=1; tensorflow 2.21.0", "tensorflow  ", ";;;"],
    "rounds_ms": ["nan", "1 inf", "=1", "-5"],
    "parity_tolerance": ["1e15"],
}


def test_a_cell_that_nothing_measured_can_have_costs_its_row_and_no_other(honest: Path) -> None:
    alone = given_by(add(honest))
    hostile = [(column, cell) for column, cells in CELLS.items() for cell in cells]
    rows = ({"comparison": f"run-{line}", column: cell} for line, (column, cell) in enumerate(hostile, start=2))
    write_cells(honest / "stranger.csv", *rows)
    merged = add(honest)
    assert given_by(merged) == alone
    assert not errors(merged)
    published = merged.frames["measurements"].query("source == 'local/stranger'")["line"]
    assert [hostile[line - 2] for line in published] == []
    assert {problem.line for problem in merged.problems} >= {*range(2, len(hostile) + 2)}
    assert all(line.isprintable() and len(line) < 500 for line in said(merged))


LINES = ["", "\r", "\x00", "\x1b[31m", " ", ",", '"', "=1+1", "a" * 70_000]


def test_a_line_that_is_no_row_stands_in_the_quarantine_and_stops_no_other(honest: Path) -> None:
    alone = given_by(add(honest))
    path = write(honest, "stranger", faster(comparison="own"))
    path.write_text(path.read_text() + "".join(f"{line}\n" for line in LINES), encoding="utf-8", newline="")
    merged = add(honest)
    assert given_by(merged) == alone
    assert not errors(merged)
    aside = merged.frames["quarantine"].query("source == 'local/stranger'")
    assert aside["line"].tolist() == [*range(3, len(LINES) + 3)]
    assert not aside.map(is_formula).any(axis=None)
    assert len(merged.frames["measurements"].query("source == 'local/stranger'")) == 1


def test_a_number_of_a_format_that_is_none_is_one_line(honest: Path) -> None:
    alone = given_by(add(honest))
    write_cells(honest / "stranger.csv", {"format": "9" * 5000})
    merged = add(honest)
    assert given_by(merged) == alone
    (line,) = said(merged)
    assert "results of format 99999999999999999999, expected 1" in line


ANY = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["9" * 30, "-1", "1e300", "nan", "=1+1", "../..", "\x1b[31m", "ok", "failed", "fp32", LATER, "AMD EPYC", "net", "8"]
)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Merged]:
    """A folder with one honest file, and the tables with it."""
    folder = tmp_path_factory.mktemp("results")
    write(folder, "honest", product(), run())
    return folder, add(folder)


@settings(deadline=None, max_examples=12)
@given(rows=st.lists(st.dictionaries(st.sampled_from(COLUMNS[:-1]), ANY, max_size=4), min_size=1, max_size=3))
def test_no_file_changes_what_another_gave(known: tuple[Path, Merged], rows: list[dict[str, str]]) -> None:
    folder, before = known
    write_cells(folder / "a-stranger.csv", *rows)
    merged = add(folder, before)
    assert given_by(merged) == given_by(before)
    assert not errors(merged)
    for name in ("measurements", "environments", "sources", "quarantine"):
        assert not merged.frames[name].map(is_formula).any(axis=None)
    source = merged.frames["sources"].query("source == 'local/a-stranger'")
    assert source.empty or (source["rows_read"] == source["rows_accepted"] + source["rows_quarantined"]).all()


def write_cells(path: Path, *changes: dict[str, str]) -> None:
    """A results file of runs with some cells replaced by any text."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for change in changes:
            values = {field.name: getattr(faster(), field.name) for field in fields(Result)} | change
            cells = ("" if values[name] is None else str(values[name]).replace("\n", " ") for name in COLUMNS)
            writer.writerow(cells)


# Files.


@pytest.mark.parametrize(
    "name",
    ["a b.csv", "=1+1.csv", "-x.csv", "a\nb.csv", "\udcff.csv", "x" * 130 + ".csv", "a;b.csv", "con.csv", "Honest.csv"],
)
def test_a_file_of_an_odd_name_is_said_and_not_read(honest: Path, name: str) -> None:
    alone = add(honest)
    (honest / name).write_bytes((honest / "honest.csv").read_bytes())
    merged = add(honest)
    assert given_by(merged) == given_by(alone)
    assert merged.frames["sources"].equals(alone.frames["sources"])
    (line,) = said(merged)
    assert "this cannot be a name on every system; the file is not read, name it " in line and line.isprintable()


def test_what_is_no_file_is_one_line_and_the_others_are_read(honest: Path) -> None:
    alone = given_by(add(honest))
    (honest / "loop.csv").symlink_to("loop.csv")
    (honest / "one.csv").symlink_to("two.csv")
    (honest / "two.csv").symlink_to("one.csv")
    (honest / "gone.csv").symlink_to("nowhere.csv")
    (honest / "zero.csv").symlink_to("/dev/zero")
    (honest / "folder.csv").mkdir()
    os.mkfifo(honest / "pipe.csv")
    with (honest / "vast.csv").open("wb") as file:
        file.truncate(1 << 40)
    (honest / "evaluations").symlink_to("evaluations")
    merged = add(honest)
    assert given_by(merged) == alone
    assert [str(problem).split(": ")[1].rpartition("/")[2] for problem in in_order(merged.problems)] == [
        "evaluations",
        "folder",
        "gone",
        "loop",
        "one",
        "pipe",
        "two",
        "vast",
        "zero",
    ]
