"""Real frameworks in real processes on a tiny model: ours and timm, raced on the same weights and images."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.comparison import Comparison, Subject
from benchmarks.errors import BenchmarkError
from benchmarks.references import costs_of, folder_of, reference_for
from benchmarks.turns import Settings, Task, measure
from catalog.vocabulary import OURS, TIMM
from tests.benchmarks import case

FIXED = Comparison("vit_tiny_patch16_224", 32, 2, "fp32", threads=1)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def reference(cache):
    return reference_for(FIXED, cache)


def results_of(cache, fixed, *runtimes):
    subjects = tuple(Subject.parse(text) for text in runtimes)
    return list(measure(Task(fixed, subjects), Settings(cache, rounds=2, min_time_s=0.0)))


def test_the_reference_has_weights_inputs_and_outputs_in_three_precisions(reference):
    outputs = reference.outputs()
    assert {name: array.dtype.name for name, array in outputs.items()} == {
        "single": "float32",
        "half": "float32",
        "double": "float64",
        "single again": "float32",
    }
    errors = {name: np.abs(array - outputs["double"]).max() for name, array in outputs.items()}
    assert 0 < errors["single"] < 1e-3 * errors["half"] and 0 < errors["single again"] < 1e-3 * errors["half"]
    assert reference.weights.is_file()
    assert reference.inputs()["images"].shape == (2, 32, 32, 3) and len(outputs["double"]) == 8


def test_the_reference_counts_what_the_workload_costs(reference):
    assert costs_of(reference).params_m == pytest.approx(5.68, abs=0.1)
    assert costs_of(reference).gmacs == pytest.approx(0.0276, abs=0.001)


def test_a_reference_is_made_once_for_all_batches(reference, cache, monkeypatch):
    monkeypatch.setattr("benchmarks.references.subprocess", None)  # nothing can be started
    other = reference_for(Comparison("vit_tiny_patch16_224", 32, 20, "bf16", threads=2), cache)
    assert other.folder == reference.folder and len(other.inputs()["images"]) == 20


def test_a_reference_that_cannot_be_computed_is_one_line_and_leaves_nothing(cache):
    fixed = Comparison("swin_tiny_patch4_window7_224", -5, 1, "fp32", threads=1)
    with pytest.raises(BenchmarkError, match="swin_tiny_patch4_window7_224: its reference could not be computed: "):
        reference_for(fixed, cache)
    assert not folder_of(fixed, cache).exists() and not list((cache / "references").glob(".new-*"))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_ours_and_timm_are_proven_right_and_timed(reference, cache, precision):
    fixed = Comparison("vit_tiny_patch16_224", 32, 2, precision, threads=1)
    rows = results_of(cache, fixed, f"{OURS}:tf-graph", f"{TIMM}:torch")
    assert [row.status for row in rows] == ["ok", "ok"], [row.note for row in rows]
    ours, timm = rows
    assert 0 < ours.parity_error <= ours.parity_tolerance == timm.parity_tolerance
    assert ours.param_count == pytest.approx(timm.param_count)
    assert ours.infer_gmacs < timm.infer_gmacs  # ours leaves out the tokens that its head does not read
    assert (ours.layout, timm.layout) == ("nhwc", "nchw")
    assert "tensorflow 2" in ours.libraries and "timm 1" in timm.libraries
    assert "oneDNN on" in ours.switches and "XLA off" in ours.switches
    assert ours.cold_start_s > ours.compile_s > 0


def test_there_is_no_graphics_card_to_be_measured(reference, cache):
    import psutil

    if Path("/proc/driver/nvidia").exists():
        pytest.skip("this machine has a graphics card")
    heard, before = case.Heard(), set(psutil.Process().children())
    fixed = Comparison("vit_tiny_patch16_224", 32, 2, "fp32", threads=1, device="gpu")
    task = Task(fixed, (Subject(OURS, "tf-graph"), Subject(TIMM, "torch")))
    assert list(measure(task, Settings(cache), heard)) == []
    assert all("sees no GPU; leave --device gpu out" in line for line in heard.lines) and len(heard.lines) == 2
    assert set(psutil.Process().children()) <= before
