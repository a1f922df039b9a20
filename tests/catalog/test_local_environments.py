"""The conditions of a run are its environment: what differs in speed has another key, what does not has the same."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import load
from catalog.identity import address
from catalog.local_environments import (
    CONDITIONS,
    device_name,
    environment_of,
    environments_table,
    own_name,
)
from catalog.local_rules import LOOSEST
from catalog.reference import REFERENCE
from catalog.results_file import Result
from tests.catalog.local_rows import run

Values = dict[str, object]
ALL = "jax 0.10.0; keras 3.15.1; onnxruntime 1.31.1; openvino 2026.4.1; tensorflow 2.21.0; torch 2.13.0+cpu"


def table(*runs: Result) -> pd.DataFrame:
    return environments_table(map(environment_of, runs)).set_index("environment", drop=False)


def key(**values: object) -> str:
    return str(environment_of(run(**values))["environment"])


@pytest.mark.parametrize(
    ("values", "words", "label"),
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
def test_key_and_label_name_the_conditions_and_a_digest_the_others(values: dict, words: str, label: str) -> None:
    environments = table(run(libraries=ALL, **values))
    assert [re.sub("-[0-9a-f]{8}$", "", found) for found in environments.index] == [words]
    assert environments["label"].tolist() == [f"AMD EPYC, 2 threads ({label}, {environments.index[0][-8:]})"]


def test_an_accelerator_is_labelled_without_the_threads_of_its_host() -> None:
    (row,) = table(run(device="NVIDIA H200", kind="gpu", libraries=f"{ALL}; cuda 12.8", threads=1)).to_dict("records")
    assert row["environment"].startswith("nvidia-h200-1t-fp32-nhwc-tf2.21.0-cu12.8-")
    assert row["label"] == f"NVIDIA H200 (fp32, NHWC, TensorFlow 2.21.0, CUDA 12.8, {row['environment'][-8:]})"


def test_the_loosest_parity_that_counts_is_the_harness_own() -> None:
    from benchmarks.proof import LIMITS

    assert max(LIMITS.values()) == LOOSEST


OTHERS: list[Values] = [
    {"processor_flags": "avx2"},
    {"switches": "oneDNN off"},
    {"memory_gb": 12.5},
    {"device": "AMD-EPYC"},
    {"device": "AMD EPYC ", "processor_flags": "avx2 amx_bf16"},
]


@pytest.mark.parametrize("other", OTHERS)
def test_machines_or_settings_that_share_a_name_have_keys_and_labels_of_their_own(other: dict) -> None:
    environments = table(run(), run(**other), run())
    assert list(environments.index) == [key(), key(**other)]
    assert environments["label"].is_unique


@given(st.permutations([{}, *OTHERS]))
def test_keys_and_rows_do_not_depend_on_the_order_in_which_runs_are_read(order: list[Values]) -> None:
    found, expected = (table(*(run(**values) for values in all_runs)) for all_runs in (order, [{}, *OTHERS]))
    pd.testing.assert_frame_equal(found.sort_index(), expected.sort_index())


def test_a_key_depends_on_nothing_but_its_own_conditions() -> None:
    assert key() == "amd-epyc-2t-fp32-nhwc-tf2.21.0-47215568"


def test_names_that_were_published_without_a_digest_are_kept_for_what_they_stood_for_and_nothing_else() -> None:
    published = set(pd.read_csv(REFERENCE / "local_names.csv")["name"]) - {"amd-epyc-2t"}  # which is a machine
    here = load().environments.query("environment in @published").set_index("environment")
    assert set(here.index) == published
    for name, row in here[list(CONDITIONS)].astype(object).where(here.notna(), None).iterrows():
        assert own_name(str(name), [*row]) == name
        assert own_name(str(name), [*row[:-1], "other switches"]) != name


def test_an_environment_tells_the_systems_and_libraries_of_all_its_runs() -> None:
    old = run(os="Debian 12", measured_at="2026-11-20T13:00:00Z")
    new = run(os="Debian 13", measured_at="2027-01-01T13:00:00Z", libraries="keras-hub 0.32.0; tensorflow 2.21.0")
    for order in ([old, new], [new, old]):
        (row,) = table(*order).to_dict("records")
        assert row["os"] == "Debian 12; Debian 13"
        assert row["libraries"] == "keras 3.15.1; keras-hub 0.32.0; tensorflow 2.21.0; timm 1.0.31; torch 2.13.0"


def test_rows_that_are_kept_stay_what_they_are() -> None:
    kept = table(run(os="Debian 12"), run(switches="oneDNN off"))
    again = environments_table(kept.astype(object).where(kept.notna(), None).to_dict("records"))
    pd.testing.assert_frame_equal(again.set_index("environment", drop=False), kept)


@pytest.mark.parametrize("device", ["../../../etc/passwd", "..", "CON", "a/b\\c", "x" * 60, "=1+1", "Ω"])
def test_a_key_can_be_part_of_any_address_whatever_a_device_calls_itself(device: str) -> None:
    found = key(device=device)
    assert address(found) == found


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
