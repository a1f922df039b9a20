"""The conditions of a run are its environment: what differs in speed has another key, what does not has the same."""

from __future__ import annotations

import dataclasses

import pytest

from catalog.local_environments import RUNTIMES, LocalEnvironments, device_name
from catalog.schema import TABLES
from tests.catalog.local_rows import run

EMPTY = TABLES["environments"].empty()
ALL = "jax 0.10.0; keras 3.15.1; onnxruntime 1.31.1; openvino 2026.4.1; tensorflow 2.21.0; torch 2.13.0+cpu"


@pytest.mark.parametrize(
    ("values", "key", "label"),
    [
        ({"runtime": "tf-graph"}, "amd-epyc-2t-fp32-nhwc-tf2.21.0", "fp32, NHWC, TensorFlow 2.21.0"),
        ({"runtime": "tf-xla"}, "amd-epyc-2t-fp32-nhwc-tf2.21.0-xla", "fp32, NHWC, TensorFlow 2.21.0, XLA"),
        ({"runtime": "jax", "precision": "bf16"}, "amd-epyc-2t-bf16-nhwc-jax0.10.0", "bf16, NHWC, JAX 0.10.0"),
        ({"runtime": "torch", "layout": "nchw"}, "amd-epyc-2t-fp32-nchw-pt2.13.0", "fp32, NCHW, PyTorch 2.13.0"),
        (
            {"runtime": "torch-compile", "layout": "nchw"},
            "amd-epyc-2t-fp32-nchw-pt2.13.0-compiled",
            "fp32, NCHW, PyTorch 2.13.0, torch.compile",
        ),
        ({"runtime": "openvino"}, "amd-epyc-2t-fp32-nhwc-ov2026.4.1", "fp32, NHWC, OpenVINO 2026.4.1"),
        ({"runtime": "onnxruntime"}, "amd-epyc-2t-fp32-nhwc-ort1.31.1", "fp32, NHWC, ONNX Runtime 1.31.1"),
        ({"layout": ""}, "amd-epyc-2t-fp32-tf2.21.0", "fp32, TensorFlow 2.21.0"),
    ],
)
def test_key_and_label_name_the_conditions(values: dict, key: str, label: str) -> None:
    environments = LocalEnvironments(EMPTY)
    assert environments.key(run(libraries=ALL, **values)) == key
    assert environments.rows()["label"].tolist() == [f"AMD EPYC, 2 threads ({label})"]


def test_an_accelerator_is_labelled_without_the_threads_of_its_host() -> None:
    environments = LocalEnvironments(EMPTY)
    environments.key(run(device="NVIDIA H200", kind="gpu", libraries=f"{ALL}; cuda 12.8", threads=1))
    row = environments.rows().iloc[0]
    assert row["environment"] == "nvidia-h200-1t-fp32-nhwc-tf2.21.0-cu12.8"
    assert row["label"] == "NVIDIA H200 (fp32, NHWC, TensorFlow 2.21.0, CUDA 12.8)"


def test_every_runtime_of_the_harness_is_known() -> None:
    from implementations.benchmark.specification import RUNTIMES as OFFERED

    assert set(RUNTIMES) == set(OFFERED)


def test_ours_is_the_name_that_the_harness_writes() -> None:
    from catalog.speed_tables import OURS, SHOWN
    from implementations.benchmark import specification

    assert (OURS, SHOWN) == (specification.OURS, (specification.OURS, specification.TIMM))


@pytest.mark.parametrize(
    "other",
    [
        {"processor_flags": "avx2"},
        {"switches": "oneDNN off"},
        {"device": "AMD EPYC ", "processor_flags": "avx2 amx_bf16"},
    ],
)
def test_machines_or_settings_that_share_a_name_are_told_apart_by_a_number(other: dict) -> None:
    environments = LocalEnvironments(EMPTY)
    first, second, again = (environments.key(run(**values)) for values in ({}, other, {}))
    assert (first, second) == ("amd-epyc-2t-fp32-nhwc-tf2.21.0", "amd-epyc-2t-fp32-nhwc-tf2.21.0-2")
    assert again == first
    assert environments.rows()["label"].is_unique


def test_the_key_of_rows_that_are_kept_stays_theirs() -> None:
    first = LocalEnvironments(EMPTY)
    first.key(run())
    kept = first.rows()
    later = LocalEnvironments(kept)
    assert later.key(run(processor_flags="other")) == "amd-epyc-2t-fp32-nhwc-tf2.21.0-2"
    assert later.key(run()) == "amd-epyc-2t-fp32-nhwc-tf2.21.0"
    assert len(later.rows()) == 2


def test_what_may_differ_between_runs_is_the_newest_runs_and_libraries_are_those_of_all() -> None:
    old = run(os="Debian 12", memory_gb=25.3, measured_at="2026-11-20T13:00:00Z")
    new = run(os="Debian 13", memory_gb=24.0, measured_at="2027-01-01T13:00:00Z")
    new = dataclasses.replace(new, libraries="keras-hub 0.32.0; tensorflow 2.21.0")
    for order in ([old, new], [new, old]):
        environments = LocalEnvironments(EMPTY)
        assert len({environments.key(each) for each in order}) == 1
        row = environments.rows().iloc[0]
        assert (row["os"], row["memory_gb"]) == ("Debian 13", 24.0)
        assert row["libraries"] == "keras 3.15.1; keras-hub 0.32.0; tensorflow 2.21.0; timm 1.0.31; torch 2.13.0"


@pytest.mark.parametrize(
    ("found", "plain"),
    [
        ("Intel(R) Core(TM) i7-12700H CPU @ 2.60GHz", "Intel Core i7-12700H"),
        ("AMD EPYC 9655 96-Core Processor", "AMD EPYC 9655"),
        ("AMD EPYC", "AMD EPYC"),
        ("Apple M4", "Apple M4"),
    ],
)
def test_a_processor_is_called_by_its_plain_name(found: str, plain: str) -> None:
    assert device_name(found) == plain
