"""The survey's rows as models: timm's name for the same weights, else a key of their own that nothing collapses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import pytest

from catalog.identity import Identity
from catalog.records import SurveyRow
from catalog.survey import SurveyModel, UnplacedRow, identify, known_rows, with_older
from tests.catalog.rows import survey_row

KNOWN = {known.written.line: known.written for known in known_rows().rows}
SMALL_CONVNEXT_L, LARGE_CONVNEXT_L = 233, 234  # read alike: the second is the model at 384 told as 224
UNSLICED_SRET, SLICED_SRET = 91, 92  # read alike: two networks under one name


def models(rows: Sequence[SurveyRow]) -> list[SurveyModel]:
    return identify(rows, rows, Identity())


def one(row: SurveyRow) -> SurveyModel:
    return models([row])[0]


def names(rows: Sequence[SurveyRow]) -> list[str]:
    return [item.model for item in models(rows)]


def test_the_same_weights_take_timms_name() -> None:
    item = one(KNOWN[2])
    assert item.match == "exact"
    assert (item.model, item.architecture) == ("vit_base_patch16_384.orig_in21k_ft_in1k", "vit_base_patch16_384")


def test_a_variant_is_named_but_keeps_a_key_of_its_own() -> None:
    item = one(KNOWN[3])
    assert item.match == "variant" and item.timm_model.startswith("vit_large_patch16_384.")
    assert item.model == "vit-l-16-22k"


def test_what_timm_does_not_have_matches_nothing() -> None:
    item = one(KNOWN[85])
    assert (item.match, item.model, item.family) == ("none", "cswin-t", "cswin")


def test_what_nobody_heard_of_is_a_model_of_its_own_in_no_known_family() -> None:
    item = one(survey_row("Brand-New(22k)", method="Brand", train_set="ImageNet-1K+ImageNet-22K"))
    assert (item.model, item.architecture, item.family) == ("brand-new-22k", "brand-new", "unclassified")


def test_weights_of_other_training_data_do_not_collapse() -> None:
    rows = [survey_row("Brand-New", 2), survey_row("Brand-New", 3, train_set="ImageNet-1K+ImageNet-22K")]
    assert names(rows) == ["brand-new", "brand-new-22k"]
    assert len({item.architecture for item in models(rows)}) == 1


def test_the_train_set_in_brackets_is_not_part_of_the_name() -> None:
    item = one(KNOWN[83])
    assert (item.title, item.name) == ("CSWin-B(22k)", "CSWin-B")


def test_rows_are_matched_as_upstream_wrote_them() -> None:
    corrected = replace(KNOWN[2], size=224, train_set="ImageNet-1K")
    item = identify([corrected], [KNOWN[2]], Identity())[0]
    assert item.match == "exact" and item.row.size == 224


def test_two_networks_of_one_name_bear_the_names_that_tell_them_apart() -> None:
    unsliced, sliced = one(KNOWN[UNSLICED_SRET]), one(KNOWN[SLICED_SRET])
    assert (unsliced.model, unsliced.title) == ("sret-t-without-slices", "SReT-T without slices")
    assert (sliced.model, sliced.title) == ("sret-t", "SReT-T")
    assert unsliced.distilled and sliced.distilled


# Who a row is never depends on what else was read


def test_every_row_alone_is_who_it_is_among_all() -> None:
    rows = list(KNOWN.values())
    assert names(rows) == [one(row).model for row in rows]


@pytest.mark.parametrize("line", [SMALL_CONVNEXT_L, LARGE_CONVNEXT_L, UNSLICED_SRET, SLICED_SRET])
def test_without_the_row_that_reads_like_it_a_row_stays_who_it_is(line: int) -> None:
    rows = list(KNOWN.values())
    among_all = dict(zip(KNOWN, names(rows), strict=True))
    pair = {SMALL_CONVNEXT_L, LARGE_CONVNEXT_L} if line in {SMALL_CONVNEXT_L, LARGE_CONVNEXT_L} else {91, 92}
    left = [row for row in rows if row.line not in pair - {line}]
    assert dict(zip([row.line for row in left], names(left), strict=True))[line] == among_all[line]


def test_two_rows_that_read_alike_may_change_places() -> None:
    pair = [KNOWN[SMALL_CONVNEXT_L], KNOWN[LARGE_CONVNEXT_L]]
    moved = [replace(pair[1], line=pair[0].line), replace(pair[0], line=pair[1].line)]
    assert names(pair) == ["convnext_large.fb_in1k", "convnext-l"]
    assert names(moved) == ["convnext-l", "convnext_large.fb_in1k"]


def test_a_row_inserted_above_moves_nobody() -> None:
    rows = list(KNOWN.values())
    moved = [survey_row("Brand-New", 2), *(replace(row, line=row.line + 1) for row in rows)]
    assert names(moved) == ["brand-new", *names(rows)]


# What upstream changes


@pytest.mark.parametrize("field", ["size", "params_m", "gmacs", "acc", "model", "method", "train_set"])
def test_a_row_with_one_cell_of_another_is_itself_or_nobody(field: str) -> None:
    values = {getattr(row, field) for row in KNOWN.values() if row.method in {"Swin", "SReT", "ConvNeXt", "BEiT"}}
    for row in KNOWN.values():
        if row.method not in {"Swin", "SReT", "ConvNeXt", "BEiT"}:
            continue
        for value in values:
            try:
                found = known_rows().find(replace(row, **{field: value}))  # type: ignore[arg-type]
            except UnplacedRow:
                continue
            assert found is not None and found.written == row


def test_a_size_that_upstream_corrects_leaves_the_row_who_it_was() -> None:
    assert one(replace(KNOWN[194], size=448)).model == "volo_d5_448.sail_in1k"
    assert one(replace(KNOWN[LARGE_CONVNEXT_L], size=384)).model == "convnext-l"


def test_a_row_that_upstream_writes_as_we_corrected_it_is_known() -> None:
    known = next(known for known in known_rows().rows if known.written.line == 120)
    assert known.corrected.size != known.written.size and known.corrected.model != known.written.model
    assert one(known.corrected).model == "dm_nfnet_f0.dm_in1k"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (replace(KNOWN[SMALL_CONVNEXT_L], gmacs=35.0, acc=84.4), "named like line 233 and 234"),
        (replace(KNOWN[UNSLICED_SRET], acc=77.6), "SReT-T at 224 is one cell away from line 91 and 92"),
        (replace(KNOWN[18], size=320, acc=83.9), "Swin-B at 320 is named like line 18 and 19"),
        (replace(KNOWN[76], acc=84.6), "one cell away from line 76 and 77"),
    ],
)
def test_a_row_of_doubtful_identity_takes_nobodys(row: SurveyRow, message: str) -> None:
    with pytest.raises(UnplacedRow, match=message):
        models([row])


def test_known_rows_differ_in_more_than_one_cell() -> None:
    for known, other in combinations(known_rows().rows, 2):
        assert len(known.changed(other.written)) > 1, (known.written.line, other.written.line)


def test_known_rows_have_a_model_and_size_of_their_own() -> None:
    rows = [known.corrected for known in known_rows().rows]
    items = identify(rows, list(KNOWN.values()), Identity())
    assert len({(item.model, item.row.size) for item in items}) == len(items)
    assert len({(item.model, item.written.size) for item in items}) == len(items)


# What the corrections make of the survey


def corrected(*lines: int) -> list[SurveyModel]:
    known = [known for known in known_rows().rows if known.written.line in lines]
    return identify([item.corrected for item in known], [item.written for item in known], Identity())


def test_sharpness_aware_minimization_of_the_largest_network_saw_jft() -> None:
    (item,) = corrected(133)
    assert (item.model, item.title) == ("sam-efficientnet-l2-jft-300m", "SAM-EfficientNet-L2(300M)")
    assert item.train_set == "JFT-300M"


def test_beit_of_the_survey_saw_imagenet_1k_alone() -> None:
    items = corrected(76, 77, 78, 79)
    assert [(item.model, item.row.size, item.row.acc) for item in items] == [
        ("beit-b", 224, 83.2),
        ("beit-b", 384, 84.6),
        ("beit-l", 224, 85.2),
        ("beit-l", 384, 86.3),
    ]
    assert {item.train_set for item in items} == {"ImageNet-1K only"}


def test_results_stand_at_the_size_of_their_evaluation() -> None:
    sizes = {item.written.line: item.row.size for item in corrected(12, 107, 128, 132, *range(152, 162))}
    fixefficientnet = dict(zip(range(152, 161), (320, 384, 420, 472, 472, 576, 680, 632, 600), strict=True))
    assert sizes == {12: 512, 107: 480, 128: 600, 132: 600, 161: 800} | fixefficientnet


def test_noisy_student_at_800_is_not_the_network_tuned_for_475() -> None:
    assert [item.model for item in corrected(161)] == ["tf_efficientnet_l2.ns_jft_in1k"]


def test_what_training_cost_is_not_the_cost_of_an_image() -> None:
    assert {item.row.gmacs for item in corrected(*range(7, 12))} == {-1}


def test_rows_of_one_network_agree_on_what_it_is() -> None:
    items = corrected(*KNOWN)
    networks = {(item.architecture, item.row.size): item.row for item in items}
    for item in items:
        first = networks[item.architecture, item.row.size]
        if min(first.gmacs, item.row.gmacs) > 0:
            assert item.row.gmacs == pytest.approx(first.gmacs, rel=0.01), item.model
        if min(first.params_m, item.row.params_m) > 0:
            assert item.row.params_m == pytest.approx(first.params_m, rel=0.01), item.model
    (resnet,) = corrected(130)
    assert resnet.row.params_m == 44.55


# Rows of a file that failed or lost some


def test_older_rows_stand_in_for_those_that_were_not_read() -> None:
    read = [replace(KNOWN[SMALL_CONVNEXT_L], acc=84.4)]
    rows = with_older(read, [KNOWN[LARGE_CONVNEXT_L], KNOWN[SMALL_CONVNEXT_L]], Identity())
    assert [(row.line, row.acc) for row in rows] == [(233, 84.4), (234, 85.5)]


def test_an_older_row_that_the_reference_places_no_more_is_let_go() -> None:
    assert with_older([], [replace(KNOWN[UNSLICED_SRET], acc=77.6)], Identity()) == []
