"""What a row says of a run that failed, and of the machine."""

import pytest

from benchmarks.comparison import Run
from benchmarks.machine import FLAGS, joined, split, this_machine
from benchmarks.process import RunError
from benchmarks.references import WorkloadCosts
from benchmarks.run_rows import failed_row
from tests.benchmarks import case


@pytest.mark.parametrize(
    ("said", "noted"),
    [
        ("cannot import name 'a' from 'b' (/home/me/b/__init__.py)", "cannot import name 'a' from 'b' (__init__.py)"),
        ("see https://example.org/a/b and 3/4 of it", "see https://example.org/a/b and 3/4 of it"),
        ("error at /tmp/bench-x/model.xml:3", "error at model.xml:3"),
    ],
)
def test_a_note_keeps_no_folder_of_this_machine(said, noted):
    row = failed_row(Run(case.RIGHT, case.comparison()), WorkloadCosts(1.0, 2.0), RunError("failure", said))
    assert row.note == f"failure: {noted}"


def test_a_failed_row_is_blank_where_nothing_was_measured():
    error = RunError("proof", "wrong", {"parity_error": 0.5, "parity_tolerance": 0.1})
    row = failed_row(Run(case.RIGHT, case.comparison()), WorkloadCosts(1.0, 2.0), error)
    assert (row.status, row.parity_error, row.parity_tolerance) == ("failed", 0.5, 0.1)
    assert (row.infer_step_time, row.rounds_ms, row.comparison) == (None, "", "")


def test_the_machine_is_described():
    machine = this_machine()
    assert machine.device and machine.kind == "cpu" and machine.cores >= 1 and machine.memory_gb > 0.5
    assert set(machine.processor_flags.split()) <= set(FLAGS) and machine.os
    assert this_machine("H200").device == "H200" and this_machine("H200").kind == "gpu"


def test_versions_and_switches_are_written_so_that_they_can_be_read():
    pairs = {"tensorflow": "2.21.0", "keras": "3.15.1"}
    assert joined(pairs) == "keras 3.15.1; tensorflow 2.21.0"
    assert split(joined(pairs)) == pairs and split("") == {}
