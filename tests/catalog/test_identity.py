"""Who a name is: its parts, its address, its family, its training."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.identity import UNKNOWN_FAMILY, Identity, address, slug, split_name
from catalog.problems import CatalogError


@given(st.text(), st.text())
def test_a_name_splits_at_its_first_dot(architecture: str, tag: str) -> None:
    head, rest = split_name(f"{architecture}.{tag}")
    assert "." not in head and f"{head}.{rest}" == f"{architecture}.{tag}"


def test_an_undotted_name_has_no_tag() -> None:
    assert split_name("resnet50") == ("resnet50", "")
    assert split_name("resnet50.tv_in1k") == ("resnet50", "tv_in1k")


@given(st.text())
def test_whatever_the_name_its_slug_is_safe_in_an_address(name: str) -> None:
    key = slug(name)
    assert re.fullmatch(r"([a-z0-9]([a-z0-9._-]*[a-z0-9])?)?", key)
    assert slug(key) == key


def test_slugs_keep_what_tells_models_apart() -> None:
    assert slug("Swin-T(22k)") == "swin-t-22k"
    assert slug("../../etc/passwd") == "etc-passwd"
    assert slug("<script>alert('x')</script>") == "script-alert-x-script"


# What Windows, macOS or a web server cannot hold, or cannot tell from another.
DIFFICULT = (
    *("con", "CON", "nul", "Aux.fb_in1k", "com1", "lpt9.x", "prn.", "com1-x", "console"),
    *("resnet50", "ResNet50", "RESNET50", "resnet50.", "resnet50 ", " resnet50", "resnet50/"),
    *("", ".", "..", "../..", "a\\b", "a:b", "a*?", "-a", ".a", "b\0c", "Ä", "ä", "日本"),
    *("a" * 121, "a" * 122, "A" * 5000),
)


def test_no_two_names_share_an_address_where_capital_letters_count_for_nothing() -> None:
    assert len({address(name).casefold() for name in DIFFICULT}) == len(DIFFICULT)


@given(st.one_of(st.sampled_from(DIFFICULT), st.text(st.characters())))
def test_an_address_is_one_part_of_a_path_on_every_system(name: str) -> None:
    found = address(name)
    assert re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,120}", found) and not found.endswith((".", " "))
    assert not re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)", found.split(".")[0])
    assert address(found) == found


@given(st.text(), st.text())
def test_different_names_have_different_addresses(one: str, other: str) -> None:
    assert (address(one) == address(other)) == (one == other)


def test_a_name_of_timm_is_its_own_address() -> None:
    assert address("convnext_tiny.fb_in22k_ft_in1k_384") == "convnext_tiny.fb_in22k_ft_in1k_384"


@pytest.mark.parametrize(
    ("architecture", "family"),
    [
        ("resnet50", "resnet"),
        ("swin_tiny_patch4_window7_224", "swin"),
        ("vit_base_patch16_224", "vit"),
        ("convnext_tiny", "convnext"),
        ("wholly_new_net", UNKNOWN_FAMILY),
    ],
)
def test_families(architecture: str, family: str) -> None:
    assert Identity().family(architecture) == family


@pytest.mark.parametrize(
    ("model", "sets", "bucket"),
    [
        ("resnet50.a1_in1k", "", "ImageNet-1K only"),
        ("swin_tiny_patch4_window7_224.ms_in22k_ft_in1k", "ImageNet-22K", "ImageNet-21K/22K"),
        ("tf_efficientnet_l2.ns_jft_in1k", "JFT-300M", "JFT-300M"),
        ("vit_large_patch14_clip_224.openai_ft_in12k_in1k", "WIT-400M;ImageNet-12K", "web image-text"),
        ("resnet50", "", "ImageNet-1K only"),
        ("deit_base_distilled_patch16_224.fb_in1k", "", "ImageNet-1K only"),
        ("edgenext_base.usi_in1k", "", "ImageNet-1K, teacher saw more"),
        ("beitv2_base_patch16_224.in1k_ft_in1k", "", "ImageNet-1K, teacher saw more"),
        ("tiny_vit_21m_224.dist_in22k_ft_in1k", "ImageNet-22K", "ImageNet-21K/22K"),
    ],
)
def test_declared_training_data(model: str, sets: str, bucket: str) -> None:
    training = Identity().training(model)
    assert (training.pretrain_sets, training.bucket) == (sets, bucket)


@pytest.mark.parametrize(
    ("model", "distilled"),
    [
        ("deit_base_distilled_patch16_224.fb_in1k", True),
        ("levit_128.fb_dist_in1k", True),
        ("tf_efficientnet_b0.ns_jft_in1k", False),
        ("resnet50.tv_in1k", False),
    ],
)
def test_distilled_is_an_axis_of_its_own(model: str, distilled: bool) -> None:
    assert Identity().method(model).distilled is distilled


def test_the_surveys_train_sets() -> None:
    identity = Identity()
    assert identity.survey_training("ImageNet-1K").bucket == "ImageNet-1K only"
    assert identity.survey_training("ImageNet-1K+JFT-300M").bucket == "JFT-300M"
    unheard_of = identity.survey_training("ImageNet-1K+Secret-9B")
    assert (unheard_of.pretrain_sets, unheard_of.bucket) == ("Secret-9B", "other private data")


def test_of_the_patterns_the_first_that_matches_wins(tmp_path: Path) -> None:
    (tmp_path / "family_rules.csv").write_text("pattern,family\nnet_x,special\nnet,general\n")
    (tmp_path / "methods.csv").write_text("order,pattern,method,distilled\n1,a,first,true\n2,a,second,false\n")
    identity = Identity(tmp_path)
    assert (identity.family("net_x_1"), identity.family("net_y")) == ("special", "general")
    assert (identity.method("a").name, identity.method("a").distilled) == ("first", True)


def test_a_missing_reference_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"catalog/reference/family_rules\.csv is missing"):
        Identity(tmp_path).family("x")


def test_a_deprecated_name_has_a_present_one() -> None:
    identity = Identity()
    former, now = next(iter(identity.aliases.items()))
    assert identity.present_name(former) == now
    assert identity.present_name("resnet50.tv_in1k") == "resnet50.tv_in1k"


def test_a_name_stood_for_other_weights_in_the_past(tmp_path: Path) -> None:
    (tmp_path / "timm_aliases.csv").write_text("name,model,evidence\nnet,net.c_in1k,same-file\n")
    rows = "net,2021-06-30,net.b_in1k,same-file\nnet,2020-02-01,net,weights-gone\n"
    (tmp_path / "timm_past_names.csv").write_text(f"name,until,model,evidence\n{rows}")
    identity = Identity(tmp_path)
    days = ("2020-02-01", "2020-02-02", "2021-06-30", "2021-07-01")
    assert [identity.past_name("net", day) for day in days] == ["net", "net.b_in1k", "net.b_in1k", "net.c_in1k"]
    assert identity.past_name("other.x", "2020-01-01") == "other.x"


def test_senet154_was_the_legacy_network_and_the_lost_seresnext26t_another_than_todays() -> None:
    identity = Identity()
    assert identity.past_name("senet154", "2020-06-09") == "legacy_senet154.in1k"
    assert identity.past_name("gluon_senet154", "2020-06-09") == "senet154.gluon_in1k"
    assert identity.past_name("seresnext26t_32x4d", "2021-01-03") == "seresnext26t_32x4d"
    assert identity.past_name("seresnext26tn_32x4d", "2021-01-03") == "seresnext26t_32x4d.bt_in1k"
    assert identity.past_name("seresnext26t_32x4d", "2021-03-01") == "seresnext26t_32x4d.bt_in1k"
