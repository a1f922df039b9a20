"""A comparison: every subject in a process of its own, timed in turns, and what becomes of those that fail."""

import os

import psutil
import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.turns import Task, measure, steps_of
from catalog.ratios import parse_rounds
from implementations.errors import UnknownNameError
from tests.benchmarks import case


def results_of(cache, *subjects, batch_size=4, heard=None, **changes):
    return list(measure(case.task(*subjects, batch_size=batch_size), case.settings(cache, **changes), heard))


def test_a_row_holds_what_was_run_and_how_long_it_took(cache):
    (row,) = results_of(cache, case.RIGHT)
    assert (row.status, row.model, row.infer_img_size, row.infer_batch_size) == ("ok", case.MODEL, 32, 4)
    assert (row.implementation, row.runtime, row.precision, row.threads) == ("backbone-survey", "tf-graph", "fp32", 1)
    assert row.infer_samples_per_sec * row.infer_step_time == pytest.approx(4 * 1000)
    assert row.p10_ms <= row.infer_step_time <= row.p90_ms
    assert len(parse_rounds(row.rounds_ms)) == 3 and row.steps >= 3 * 2
    assert row.cold_start_s > 0 and row.compile_s >= 0 and row.peak_memory_mb > 10
    assert row.parity_error <= row.parity_tolerance == pytest.approx(4e-6, rel=1e-2)
    assert (row.infer_gmacs, row.param_count, row.layout, row.note) == (0.25, 5.5, "nhwc", "as it should be")
    assert row.libraries.startswith("numpy ") and row.switches == "oneDNN on"
    assert (row.kind, row.mode) == ("cpu", "infer") and row.device and row.os and row.memory_gb > 0


def test_runs_of_a_comparison_share_its_key_and_take_as_many_turns(cache):
    first, second = results_of(cache, case.RIGHT, case.ALSO_RIGHT)
    assert first.comparison == second.comparison and first.comparison.startswith(f"{case.MODEL}-32-b4-fp32-1t-cpu-")
    assert len(parse_rounds(first.rounds_ms)) == len(parse_rounds(second.rounds_ms))


def test_a_subject_is_prepared_in_a_process_before_its_own(cache):
    (row,) = results_of(cache, case.ALSO_RIGHT)
    assert row.note == "prepared: yes"


def test_what_is_wrong_is_never_timed(cache):
    heard = case.Heard()
    wrong, right = results_of(cache, case.WRONG, case.RIGHT, heard=heard)
    assert wrong.status == "failed" and "differs from the float64 reference" in wrong.note
    assert wrong.parity_error > wrong.parity_tolerance
    assert wrong.infer_samples_per_sec is None and not wrong.rounds_ms and not wrong.comparison
    assert right.status == "ok"
    assert heard.lines == [f"keras-hub:tf-graph {case.MODEL} at 32 batch 4 fp32: failed: {wrong.note[7:]}"]


@pytest.mark.parametrize(("subject", "batch_size"), [(case.SHORT_OF_MEMORY, 3), (case.KILLED, 2)])
def test_memory_that_runs_out_lowers_the_batch_of_that_run_alone(cache, subject, batch_size):
    heard = case.Heard()
    lowered, right = results_of(cache, subject, case.RIGHT, heard=heard)
    assert (lowered.status, lowered.infer_batch_size, right.infer_batch_size) == ("ok", batch_size, 4)
    assert lowered.note == "batch lowered from 4, memory ran out"
    assert lowered.comparison != right.comparison
    assert any("out of memory, trying a batch of" in line for line in heard.lines)


def test_a_hung_run_is_killed_with_its_children_and_the_others_go_on(cache):
    hung, right = results_of(cache, case.HANGING, case.RIGHT, limit_s=3.0)
    assert hung.status == "failed" and hung.note == "hung: no answer within 3 s; killed"
    assert right.status == "ok"
    numbers = next(cache.rglob("processes")).read_text().split()
    assert len(numbers) == 2 and not any(_runs(int(number)) for number in numbers)


def test_a_run_that_dies_while_timed_loses_only_itself(cache):
    died, right = results_of(cache, case.CRASHING, case.RIGHT)
    assert died.status == "failed"
    assert died.note == "failure: died, exit status 3: a library says its last words"
    assert right.status == "ok" and len(parse_rounds(right.rounds_ms)) == 3


def test_who_cannot_take_part_is_said_and_gives_no_row(cache):
    heard = case.Heard()
    assert results_of(cache, case.UNABLE, case.NOT_INSTALLED, heard=heard) == []
    unable, missing = heard.lines
    assert unable.endswith("skipped: keras:tf-graph: has no such model")
    assert missing.endswith("skipped: tensorflow:tf-graph: a_package_that_is_not_there is not installed")


def test_a_rival_that_does_not_install_is_said_and_gives_no_row(cache):
    def refuse(implementation):
        raise BenchmarkError(f"{implementation}: does not install: no such index")

    heard = case.Heard()
    assert results_of(cache, case.WRONG, heard=heard, python_for=refuse) == []
    assert heard.lines[0].endswith("skipped: keras-hub: does not install: no such index")


def test_progress_reaches_its_end_whatever_happens(cache):
    task = case.task(case.RIGHT, case.WRONG, case.CRASHING, case.UNABLE, case.SHORT_OF_MEMORY)
    settings, heard = case.settings(cache), case.Heard()
    list(measure(task, settings, heard))
    assert heard.steps == steps_of(task, settings)


def test_where_memory_holds_few_the_rest_is_timed_in_turns_of_its_own_beside_the_anchors(cache, monkeypatch):
    monkeypatch.setattr("benchmarks.turns.GROWTH", 1e9)  # no machine has room for a second one
    monkeypatch.setattr("benchmarks.turns.ANCHORS", (case.RIGHT,))
    task, settings, heard = case.task(case.RIGHT, case.ALSO_RIGHT), case.settings(cache), case.Heard()
    rows = list(measure(task, settings, heard))
    assert [row.implementation for row in rows] == ["backbone-survey", "backbone-survey", "timm"]
    assert rows[1].comparison == rows[2].comparison
    assert heard.steps == steps_of(task, settings)


def test_an_unknown_model_is_refused_before_anything_starts(cache):
    with pytest.raises(UnknownNameError, match="no model is named 'vit_teeny'"):
        next(measure(Task(case.comparison(workload="vit_teeny"), (case.RIGHT,)), case.settings(cache)))


def test_workers_keep_to_their_cores_and_leave_no_files(cache, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    results_of(cache, case.RIGHT)
    assert not list(tmp_path.glob("bench-*"))


def _runs(number):
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_this_process_keeps_all_its_cores(cache):
    before = os.sched_getaffinity(0)
    results_of(cache, case.RIGHT)
    assert os.sched_getaffinity(0) == before
