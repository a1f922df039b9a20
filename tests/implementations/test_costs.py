"""Parameters and GMACs against timm's own counts and published figures."""

import csv
from math import prod
from pathlib import Path

import keras
import pytest

import implementations
from implementations.costs import count_costs
from implementations.parity import reference
from implementations.parity.results import read_rows

FIGURES = (
    Path(__file__).parents[3]
    / "shared/upstream/raw.githubusercontent.com/huggingface/pytorch-image-models"
    / "aa4b5850c1543fa488abf260f18390eda46cf85d/results/benchmark-infer-amp-nchw-pt291-cu128-4090.csv"
)
ROUNDING = 0.005 + 1e-9  # the figures have two decimals
SAMPLE = (
    "vit_tiny_patch16_224",
    "vit_base_patch16_224",
    "vit_dwee_patch16_reg1_gap_256",
    "vit_base_patch16_siglip_224",
    "vit_base_patch16_rpn_224",
    "deit_tiny_distilled_patch16_224",
    "swin_tiny_patch4_window7_224",
    "swin_s3_tiny_224",
    "swinv2_tiny_window8_256",
)


def published():
    if not FIGURES.exists():
        pytest.skip("no mirror of timm's results here")
    with FIGURES.open(newline="") as file:
        return {row["model"]: row for row in csv.DictReader(file)}


@pytest.mark.mirror
@pytest.mark.parametrize("name", SAMPLE)
def test_costs_equal_timms_published_figures(name):
    figures = published()[name]
    costs = count_costs(name, img_size=int(figures["infer_img_size"]))
    assert abs(costs.gmacs - float(figures["infer_gmacs"])) <= ROUNDING
    assert abs(costs.params_m - float(figures["param_count"])) <= ROUNDING


@pytest.mark.mirror
def test_every_recorded_variant_equals_timms_published_figures():
    figures, compared = published(), 0
    for row in read_rows():
        size = row.img_size.split("x")[0]
        if row.variant in figures and figures[row.variant]["infer_img_size"] == size:
            assert abs(row.gmacs - float(figures[row.variant]["infer_gmacs"])) <= ROUNDING, row.variant
            assert abs(row.params_m - float(figures[row.variant]["param_count"])) <= ROUNDING, row.variant
            compared += 1
    assert compared > 0.8 * len(read_rows())


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "deit_tiny_distilled_patch16_224", "swinv2_tiny_window8_256"])
def test_parameters_equal_timms_count(name):
    theirs = reference.reference_shapes(name)
    assert count_costs(name).parameters == sum(prod(shape) for shape in theirs.values())


def test_macs_grow_with_the_image_as_the_formula_says():
    small, large = (count_costs("vit_tiny_patch16_224", img_size=size, depth=1).macs_by_kind for size in (112, 224))
    assert large["conv"] == 4 * small["conv"] == 14 * 14 * 16 * 16 * 3 * 192
    assert large["attention"] == 2 * 197 * 197 * 192
    assert small["attention"] == 2 * 50 * 50 * 192
    assert large["linear"] == 197 * 12 * 192 * 192 + 192 * 1000


def test_macs_of_a_call_leave_out_what_the_class_token_does_not_need_of_the_last_block():
    called = count_costs("vit_tiny_patch16_224", every_token=False, depth=1).macs_by_kind
    assert called["attention"] == 2 * 197 * 192
    assert called["linear"] == 197 * 3 * 192 * 192 + 9 * 192 * 192 + 192 * 1000


def test_macs_of_a_call_are_all_of_them_where_the_head_reads_every_token():
    name = "swin_tiny_patch4_window7_224"
    assert count_costs(name, every_token=False) == count_costs(name)


def test_counting_leaves_the_callers_keras_alone():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        _, number = [int(keras.layers.Dense(1).name.removeprefix("dense").strip("_") or 0) for _ in range(2)]
        count_costs("test_vit")
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
        assert keras.layers.Dense(1).name == f"dense_{number + 1}"
    finally:
        keras.config.set_dtype_policy(before)


@pytest.mark.mirror
@pytest.mark.sweep
@pytest.mark.parametrize("name", implementations.list_models())
def test_costs_of_every_variant_equal_timms_published_figures(name):
    if name not in published():
        pytest.skip("timm published no figure")
    figures = published()[name]
    costs = count_costs(name, img_size=int(figures["infer_img_size"]))
    assert abs(costs.gmacs - float(figures["infer_gmacs"])) <= ROUNDING
    assert abs(costs.params_m - float(figures["param_count"])) <= ROUNDING
