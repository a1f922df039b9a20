"""What a sweep compares, and in which order."""

import pytest

from benchmarks.comparison import Layer, Subject, parse_layer
from benchmarks.errors import BenchmarkError
from benchmarks.rivals import rivals
from benchmarks.sweep import FIRST, LATER, MODELS, REGIONAL, tasks_for, whole_sweep
from catalog.vocabulary import OURS, TIMM
from implementations.errors import UnknownNameError

SWEEP = whole_sweep([8, 1], ["fp32", "bf16"], 2, "cpu")


def among(model, *runtimes):
    return [
        task.comparison
        for task in SWEEP
        if task.comparison.workload == model and {subject.runtime for subject in task.subjects} >= set(runtimes)
    ]


@pytest.mark.parametrize("model", MODELS)
def test_every_model_is_compared_in_both_batches_and_precisions(model):
    compared = {(fixed.batch_size, fixed.precision) for fixed in among(model, "tf-graph", "tf-xla", "openvino")}
    assert compared == {(8, "fp32"), (8, "bf16"), (1, "fp32"), (1, "bf16")}


@pytest.mark.parametrize("model", REGIONAL)
def test_regional_compilation_is_compared_with_eager_whole_and_cached(model):
    (fixed,) = among(model, "torch", "torch-compile", "torch-regional", "torch-regional-cached")
    assert (fixed.batch_size, fixed.precision) == (1, "fp32")


def test_the_machines_peak_and_the_toolchains_floor_are_measured():
    kinds = [task.comparison.layer.kind for task in SWEEP if task.comparison.layer]
    assert {"matrix-product", "trivial-function", "self-attention", "sdpa", "image-processing"} == set(kinds)
    assert kinds[0] == kinds[-1] == "matrix-product"  # a slow spell at one end must not lower the peak


def test_who_targets_are_stated_against_comes_before_everyone_else():
    first, later = (
        [number for number, task in enumerate(SWEEP) if set(group) <= set(task.subjects)] for group in (FIRST, LATER)
    )
    assert max(first) < max(later) and len(first) == 4 * len(MODELS)


def test_a_rival_meets_only_what_it_has():
    (swin,) = tasks_for(["swin_tiny_patch4_window7_224"], [1], ["fp32"], 2, "cpu")
    implementations = {subject.implementation for subject in swin.subjects}
    assert implementations == {OURS, TIMM, "keras-hub"}
    assert len(set(swin.subjects)) == len(swin.subjects)


def test_a_slow_rival_is_timed_on_the_first_model_only():
    slow = {rival.name for rival in rivals().values() if rival.slow}
    models = {task.comparison.workload for task in SWEEP for subject in task.subjects if subject.implementation in slow}
    assert slow and models == {MODELS[0]}


def test_subjects_that_are_named_are_taken_as_they_are():
    chosen = [Subject("vit-keras", "tf-graph")]
    (task,) = tasks_for(["swin_tiny_patch4_window7_224"], [1], ["fp32"], 2, "cpu", subjects=chosen)
    assert list(task.subjects) == chosen


def test_a_model_is_measured_at_its_own_size_unless_another_is_named():
    tasks = tasks_for(["swinv2_tiny_window8_256", "sdpa-64x12x197"], [1], ["fp32"], 2, "cpu")
    assert [task.comparison.img_size for task in tasks] == [256, None]
    (task,) = tasks_for(["swinv2_tiny_window8_256"], [1], ["fp32"], 2, "cpu", img_size=512)
    assert task.comparison.img_size == 512


def test_an_unknown_model_is_refused():
    with pytest.raises(UnknownNameError, match="no model is named 'resnet50'"):
        tasks_for(["resnet50"], [1], ["fp32"], 2, "cpu")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timm", "subject 'timm': expected IMPLEMENTATION:RUNTIME, for example backbone-survey:tf-graph"),
        ("tim:torch", "implementation 'tim' is unknown, expected one of backbone-survey, timm, "),
        ("timm:pytorch", "runtime 'pytorch' is unknown, expected one of tf-graph, "),
    ],
)
def test_an_unknown_subject_is_refused_in_one_line(text, said):
    with pytest.raises(BenchmarkError) as error:
        Subject.parse(text)
    assert str(error.value).startswith(said) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["self-attention-768", "sdpa-0x1x2", "matrix-product", "attention-1x2x3", "resnet-50"])
def test_what_is_no_layer_is_none(name):
    assert parse_layer(name) is None


def test_a_layer_is_named_by_its_kind_and_sizes():
    assert parse_layer("self-attention-768x12x197") == Layer("self-attention", (768, 12, 197))
