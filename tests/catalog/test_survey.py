"""The survey's rows as models: timm's name for the same weights, else a key of their own that nothing collapses."""

from __future__ import annotations

from dataclasses import replace

from catalog.identity import Identity
from catalog.survey import SurveyModel, identify
from tests.catalog.rows import survey_row

VIT = {"method": "ViT", "train_set": "ImageNet-1K+ImageNet-22K", "size": 384}


def one(model: str, **fields: object) -> SurveyModel:
    row = survey_row(model, **fields)
    return identify([row], [row], Identity())[0]


def test_the_same_weights_take_timms_name() -> None:
    item = one("ViT-B/16(22k)", **VIT)
    assert item.match == "exact"
    assert (item.model, item.architecture) == ("vit_base_patch16_384.orig_in21k_ft_in1k", "vit_base_patch16_384")


def test_a_variant_is_named_but_keeps_a_key_of_its_own() -> None:
    item = one("ViT-L/16(22k)", **VIT)
    assert item.match == "variant" and item.timm_model.startswith("vit_large_patch16_384.")
    assert item.model == "vit-l-16-22k"


def test_what_timm_does_not_have_matches_nothing() -> None:
    item = one("CSWin-T")
    assert (item.match, item.model, item.family) == ("none", "cswin-t", "cswin")


def test_a_method_that_nobody_heard_of_is_unclassified() -> None:
    assert one("Brand-New", method="Brand").family == "unclassified"


def test_weights_of_other_training_data_do_not_collapse() -> None:
    fields = {"method": "ConvNeXt", "size": 224}
    rows = [
        survey_row("ConvNeXt-Z", 2, train_set="ImageNet-1K", **fields),
        survey_row("ConvNeXt-Z", 3, train_set="ImageNet-1K+ImageNet-22K", **fields),
    ]
    models = [item.model for item in identify(rows, rows, Identity())]
    assert models == ["convnext-z", "convnext-z-22k"]
    assert len({item.architecture for item in identify(rows, rows, Identity())}) == 1


def test_two_unnamed_variants_of_one_name_are_told_apart_by_their_cost() -> None:
    rows = [
        survey_row("SReT-LT", 2, method="SReT", gmacs=1.4),
        survey_row("SReT-LT", 3, method="SReT", gmacs=1.1),
        survey_row("SReT-LT", 4, method="SReT", gmacs=4.2, size=384),
    ]
    items = identify(rows, rows, Identity())
    assert [item.model for item in items] == ["sret-lt-1.4g", "sret-lt-1.1g", "sret-lt-4.2g"]
    assert len({item.architecture for item in items}) == 3


def test_rows_are_matched_as_upstream_wrote_them() -> None:
    written = survey_row("ViT-B/16(22k)", **VIT)
    corrected = replace(written, size=224, train_set="ImageNet-1K")
    item = identify([corrected], [written], Identity())[0]
    assert item.match == "exact" and item.row.size == 224


def test_the_train_set_in_brackets_is_not_part_of_the_name() -> None:
    assert one("CSWin-B(22k)", train_set="ImageNet-1K+ImageNet-22K").name == "CSWin-B"
