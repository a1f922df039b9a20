"""A benchmark file's name says the conditions; what no table explains is guessed and reported."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.environments import BenchmarkFile, read_file_name
from scrapers.tabular import UnreadableFile

REAL = [
    "infer-amp-nchw-pt113-cu117-rtx3090",
    "infer-amp-nchw-pt210-cu121-rtx3090",
    "infer-amp-nchw-pt240-cu124-rtx3090",
    "infer-amp-nchw-pt240-cu124-rtx4090",
    "infer-amp-nchw-pt240-cu124-rtx4090-dynamo",
    "infer-amp-nchw-pt291-cu128-4090",
    "infer-amp-nchw-pt291-cu128-4090-dynamo",
    "infer-amp-nchw-pt291-cu130-5090",
    "infer-amp-nchw-pt291-cu130-5090-dynamo",
    "infer-amp-nchw-pt291-cu130-pro6000maxq",
    "infer-amp-nchw-pt291-cu130-pro6000maxq-dynamo",
    "infer-amp-nhwc-pt113-cu117-rtx3090",
    "infer-amp-nhwc-pt210-cu121-rtx3090",
    "infer-amp-nhwc-pt240-cu124-rtx3090",
    "infer-amp-nhwc-pt240-cu124-rtx4090",
    "infer-amp_bf16-nchw-pt291-cu130-pro6000maxq-dynamo",
    "infer-bf16-nchw-pt291-cu130-pro6000maxq-dynamo",
    "infer-fp32-nchw-pt221-cpu-i9_10940x-dynamo",
    "infer-fp32-nchw-pt240-cpu-i7_12700h-dynamo",
    "infer-fp32-nchw-pt240-cpu-i9_10940x-dynamo",
    "train-amp-nchw-pt112-cu113-rtx3090",
    "train-amp-nhwc-pt112-cu113-rtx3090",
]


def read(conditions: str) -> BenchmarkFile:
    return read_file_name(f"benchmark-{conditions}.csv")


@pytest.mark.parametrize("conditions", REAL)
def test_every_name_of_today_is_understood_without_a_guess(conditions: str) -> None:
    benchmark = read(conditions)
    assert benchmark.unknown == ()
    assert benchmark.mode == conditions.partition("-")[0]
    assert benchmark.environment.compiled is conditions.endswith("-dynamo")
    assert benchmark.environment.kind == ("cpu" if "-cpu-" in conditions else "gpu")


def test_the_names_of_today_are_22_different_conditions() -> None:
    assert len(REAL) == 22
    # The same card has two spellings, but not with the same version.
    assert len({(read(name).mode, read(name).environment.key) for name in REAL}) == 22


def test_precision_and_device_may_hold_an_underscore() -> None:
    bf16 = read("infer-amp_bf16-nchw-pt291-cu130-pro6000maxq").environment
    assert bf16.precision == "amp_bf16" and "amp-bf16" in bf16.key
    cpu = read("infer-fp32-nchw-pt221-cpu-i9_10940x-dynamo").environment
    assert (cpu.device, cpu.cuda_version, cpu.framework_version) == ("Intel Core i9-10940X", "", "2.2.1")


def test_one_device_under_two_spellings_is_one_device() -> None:
    assert read("infer-amp-nchw-pt291-cu128-4090").environment.device == "NVIDIA GeForce RTX 4090"
    assert read("infer-amp-nchw-pt240-cu124-rtx4090").environment.device == "NVIDIA GeForce RTX 4090"


@pytest.mark.parametrize(
    ("digits", "version"),
    [("114", "1.14"), ("19", "1.9"), ("301", "3.0.1"), ("2110", "2.11.0"), ("20", "2.0"), ("3", "3")],
)
def test_an_unknown_version_is_guessed_and_reported(digits: str, version: str) -> None:
    benchmark = read(f"infer-amp-nchw-pt{digits}-cu128-4090")
    assert benchmark.environment.framework_version == version
    assert benchmark.unknown == (f"{digits} is not in catalog/reference/torch_versions.csv",)


@pytest.mark.parametrize(("token", "version"), [("cu140", "14.0"), ("cu92", "9.2"), ("cu9", "9")])
def test_an_unknown_cuda_version_is_guessed_and_reported(token: str, version: str) -> None:
    benchmark = read(f"infer-amp-nchw-pt291-{token}-4090")
    assert benchmark.environment.cuda_version == version
    assert benchmark.unknown == (f"{token} is not in catalog/reference/cuda_versions.csv",)


def test_an_unknown_device_keeps_its_name_and_is_reported() -> None:
    gpu, cpu = read("infer-fp8-nhwc-pt291-cu130-H300_NVL"), read("infer-fp32-nchw-pt291-cpu-epyc9")
    assert gpu.environment.device == "H300_NVL" and gpu.environment.key.startswith("h300-nvl-fp8-nhwc-")
    assert (gpu.environment.kind, cpu.environment.kind) == ("gpu", "cpu")
    assert gpu.unknown == ("H300_NVL is not in catalog/reference/devices.csv",)


@given(
    st.from_regex(
        r"(infer|train)-[a-z0-9_]{1,9}-(nchw|nhwc)-pt[1-9][0-9]{0,3}-(cu[0-9]{1,4}|cpu)-[A-Za-z0-9_]{1,12}(-dynamo)?",
        fullmatch=True,
    )
)
def test_any_name_of_that_form_gives_a_key_that_is_safe_in_an_address(conditions: str) -> None:
    environment = read(conditions).environment
    assert re.fullmatch(r"[a-z0-9.-]+", environment.key)
    assert ".." not in environment.key
    assert environment.label.startswith(environment.device)


@pytest.mark.parametrize(
    "name",
    [
        "speed-of-light.csv",
        "benchmark-infer-amp-nchw-pt291-cu128-4090.csv.bak",
        "benchmark-dream-amp-nchw-pt291-cu128-4090.csv",
        "benchmark-infer-amp-nchw-pt291-rocm-mi300.csv",
        "benchmark-infer-amp-nchw-pt291-cu128-<script>.csv",
        "benchmark-infer-amp-nchw-pt291-cu128-../x.csv",
    ],
)
def test_a_name_of_another_form_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnreadableFile, match="the file name was not understood, expected benchmark-MODE-"):
        read_file_name(name)
