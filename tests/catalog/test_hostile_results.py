"""A results file that a stranger wrote changes nothing of what other files gave, and cannot stop them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from catalog.checks import check
from catalog.local_results import add_local
from catalog.merge import Merged
from catalog.results_file import Result
from catalog.schema import TABLES
from catalog.store import table_bytes
from tests.catalog.local_rows import accuracy_here, product, run, tables, write

LATER = "2026-11-21T13:00:00Z"
HONEST = "local/honest"


@pytest.fixture
def honest(tmp_path: Path) -> Path:
    """A folder with one file of three rows, free to be added to."""
    write(tmp_path, "honest", product(), run(), run(runtime="tf-xla", comparison=""))
    return tmp_path


def add(folder: Path, before: Merged | None = None) -> Merged:
    known = tables() if before is None else before.frames
    return add_local(known, known, folder)


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
