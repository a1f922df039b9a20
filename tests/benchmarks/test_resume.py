"""The results file as a sweep grows it: written for good at once, cut, full, resumed."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.local_sweep import measure_all, plan
from benchmarks.result_files import append_rows, recorded
from benchmarks.turns import measure
from catalog.problems import CatalogError
from catalog.results_file import Result, read_results
from tests.benchmarks import case, sweep_to_kill

ROOT = Path(__file__).parents[2]


@pytest.fixture
def rows(cache):
    return list(measure(case.task(case.RIGHT, case.ALSO_RIGHT), case.settings(cache)))


@pytest.fixture
def file(tmp_path, rows):
    path = tmp_path / "new" / "results.csv"
    append_rows(path, rows[:1])
    append_rows(path, rows[1:])
    return path


def left(cache, path, *tasks, **changes):
    return plan(tasks, path, case.settings(cache), lambda line: None, **changes)


def held(path):
    return [row for _, row in read_results(path).rows]


def test_rows_are_read_back_as_they_were_written(file, rows):
    assert [row.infer_img_size for row in held(file)] == [32, 32]
    for read, written in zip(held(file), rows, strict=True):
        for field in dataclasses.fields(Result):
            value = getattr(written, field.name)
            expected = pytest.approx(value, rel=1e-9) if isinstance(value, float) else value
            assert getattr(read, field.name) == expected


def test_what_the_file_holds_is_not_measured_again(cache, file):
    assert left(cache, file, case.task(case.RIGHT, case.ALSO_RIGHT)) == []
    assert left(cache, file, case.task(case.RIGHT), again=True) == [case.task(case.RIGHT)]


def test_another_batch_is_measured(cache, file):
    other = case.task(case.RIGHT, batch_size=2)
    assert left(cache, file, other) == [other]


def test_a_subject_that_is_new_takes_turns_with_the_anchors(cache, file):
    task = case.task(case.ALSO_RIGHT, case.SHORT_OF_MEMORY, case.RIGHT)
    assert left(cache, file, task) == [case.task(case.RIGHT, case.ALSO_RIGHT, case.SHORT_OF_MEMORY)]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "failed", "note": "hung"},
        {"libraries": "numpy 0.0.1"},
        {"device": "another processor"},
        {"threads": 2},
        {"precision": "bf16"},
        {"infer_img_size": 64},
    ],
)
def test_what_failed_or_was_measured_otherwise_is_measured_again(cache, tmp_path, rows, change):
    path = tmp_path / "other.csv"
    append_rows(path, [dataclasses.replace(row, **change) for row in rows])
    task = case.task(case.RIGHT)
    assert left(cache, path, task) == [task]


def test_a_run_whose_batch_was_lowered_counts_as_the_one_asked_for(cache, tmp_path):
    path, task = tmp_path / "lowered.csv", case.task(case.SHORT_OF_MEMORY)
    append_rows(path, list(measure(task, case.settings(cache))))
    assert held(path)[0].infer_batch_size == 3
    assert left(cache, path, task) == []


def test_a_sweep_that_is_killed_goes_on_where_it_stopped_and_leaves_no_process(cache, tmp_path):
    path = tmp_path / "killed.csv"
    command = [sys.executable, "-m", "tests.benchmarks.sweep_to_kill", str(cache), str(path)]
    sweep = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    while not list(cache.rglob("processes")) or not next(cache.rglob("processes")).read_text():
        assert sweep.poll() is None
    worker = psutil.Process(int(next(cache.rglob("processes")).read_text().split()[0]))
    sweep.kill()
    sweep.wait()
    worker.wait(timeout=20)
    child = psutil.Process(int(next(cache.rglob("processes")).read_text().split()[1]))
    child.kill()
    assert [row.infer_batch_size for row in held(path)] == [4, 4]
    assert left(cache, path, *sweep_to_kill.tasks()) == [sweep_to_kill.tasks()[1]]


def test_a_line_that_was_cut_is_said_and_gives_way_to_the_next_row(cache, file, rows):
    whole = file.read_bytes()
    file.write_bytes(whole[:-40])
    said = []
    assert [row.implementation for row in recorded(file, said.append)] == ["backbone-survey"]
    assert len(said) == 1 and f"{file}:3" in said[0] and "stopped" in said[0]
    append_rows(file, rows[1:])
    assert file.read_bytes() == whole


def test_a_file_that_was_cut_in_its_header_begins_anew(file, rows):
    whole = file.read_bytes()
    file.write_bytes(whole[:30])
    append_rows(file, rows)
    assert file.read_bytes() == whole


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",infer_gmacs,", ",gmacs,", "column infer_gmacs is missing"),
        (",1\n", ",9\n", "results of format 9, expected 1"),
    ],
)
def test_another_format_is_refused_in_one_line(cache, file, old, new, said):
    file.write_text(file.read_text().replace(old, new))
    before = file.read_bytes()
    with pytest.raises(CatalogError, match=said) as error:
        left(cache, file, case.task(case.RIGHT))
    assert "\n" not in str(error.value) and str(file) in str(error.value)
    assert file.read_bytes() == before


def test_a_full_disk_is_one_line_and_costs_nothing_that_was_there(rows):
    with pytest.raises(BenchmarkError, match="/dev/full: cannot be written: No space left on device; what it held"):
        append_rows(Path("/dev/full"), rows)


def test_a_disk_that_fills_up_in_the_middle_of_a_row_keeps_the_rows_before(file, rows, monkeypatch):
    before = file.read_bytes()

    def fill_up(stream, content):
        stream.write(content[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("benchmarks.result_files._write", fill_up)
    with pytest.raises(BenchmarkError, match="No space left on device"):
        append_rows(file, rows)
    assert file.read_bytes() == before


def test_a_place_that_cannot_be_written_is_found_out_before_anything_is_measured(cache, tmp_path):
    (tmp_path / "a file").touch()
    with pytest.raises(BenchmarkError, match=r"cannot be written: (Not a directory|File exists); name another file"):
        left(cache, tmp_path / "a file" / "results.csv", case.task(case.RIGHT))
    with pytest.raises(BenchmarkError, match="cannot be written: it is a folder"):
        left(cache, tmp_path, case.task(case.RIGHT))


def test_a_rival_that_does_not_install_is_left_out_and_said_once(cache, tmp_path):
    def refuse(implementation):
        if implementation == case.WRONG.implementation:
            raise BenchmarkError(f"{implementation}: does not install: no such index")
        return Path(sys.executable)

    said = []
    tasks = [case.task(case.RIGHT, case.WRONG), case.task(case.RIGHT, case.WRONG, batch_size=2), case.task(case.WRONG)]
    kept = plan(tasks, tmp_path / "none.csv", case.settings(cache, python_for=refuse), said.append)
    assert kept == [case.task(case.RIGHT), case.task(case.RIGHT, batch_size=2)]
    assert said == ["skipped: keras-hub: does not install: no such index"]


def test_nothing_but_rivals_that_are_missing_is_no_success(cache, tmp_path):
    def refuse(implementation):
        raise BenchmarkError(f"{implementation}: does not install: no such index")

    with pytest.raises(BenchmarkError, match="nothing could be measured"):
        plan([case.task(case.WRONG)], tmp_path / "none.csv", case.settings(cache, python_for=refuse), str)


def test_a_cache_that_cannot_be_written_is_one_line_for_each_task(tmp_path):
    (tmp_path / "cache").touch()
    heard = case.Heard()
    assert list(measure_all([case.task(case.RIGHT)], case.settings(tmp_path / "cache"), heard)) == []
    (line,) = heard.lines
    assert line.startswith(f"failed: {case.comparison()}: [Errno 20] Not a directory: ")
    assert line.endswith("; make room and run the same command again")


def test_what_was_measured_of_a_rival_that_is_gone_stays_and_stops_nothing(cache, file):
    def refuse(implementation):
        raise BenchmarkError(f"{implementation}: does not install: no such index")

    assert plan([case.task(case.RIGHT)], file, case.settings(cache, python_for=refuse), lambda line: None) == []


def test_a_task_without_a_reference_is_said_and_the_next_goes_on(cache, monkeypatch):
    monkeypatch.setattr("benchmarks.references.sys.executable", "/bin/false")
    tasks = [dataclasses.replace(case.task(case.RIGHT), comparison=case.comparison(workload="vit_small_patch16_224"))]
    heard = case.Heard()
    rows = list(measure_all([*tasks, case.task(case.RIGHT)], case.settings(cache), heard))
    assert [row.model for row in rows] == [case.MODEL]
    assert heard.lines == ["failed: vit_small_patch16_224: its reference could not be computed: exit status 1"]
