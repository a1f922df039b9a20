"""The hand-kept reference files: keys, foreign keys, patterns, and what they make of the upstream files."""

from __future__ import annotations

import csv
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import yaml

from catalog.identity import Identity
from catalog.reference import REFERENCE

TIMM_HEAD = "aa4b5850c1543fa488abf260f18390eda46cf85d"
SURVEY_HEAD = "37490023235651e835c007b4a54208ef1efa12dd"
RAW = Path(__file__).parents[2].parent / "shared" / "upstream" / "raw.githubusercontent.com"
TIMM = RAW / "huggingface" / "pytorch-image-models"
SURVEY = RAW / "CUQS" / "Transformer_Backbone" / SURVEY_HEAD

mirror = [
    pytest.mark.mirror,
    pytest.mark.skipif(not RAW.is_dir(), reason="the mirror of the upstream files is not here (../shared/upstream)"),
]

KINDS = {"cnn", "vit", "hybrid", "mlp", "other"}
BUCKETS = {
    "ImageNet-1K only",
    "ImageNet-21K/22K",
    "ImageNet-12K",
    "web image-text",
    "web-scale weak/self-supervised",
    "JFT-300M",
    "merged 30M/38M",
    "JFT-3B",
    "other private data",
}
ROLES = {"architecture", "recipe", "pretraining", "dataset"}
COLUMNS = {
    "cuda_versions": "token version",
    "devices": "token device name kind",
    "families": "family name kind synonyms timm_modules note",
    "family_rules": "order pattern family",
    "methods": "order pattern method distilled",
    "paper_links": "paper target_type target role",
    "model_notes": "model note evidence",
    "papers": "paper arxiv_id title authors year venue url code_url source",
    "survey_methods": "method family",
    "survey_models": "line method model size train_set params_m gmacs acc name distilled timm_model timm_size match "
    "note",
    "survey_papers": "entry method paper",
    "teachers": "order pattern teacher teacher_sets source",
    "timm_aliases": "name model evidence",
    "timm_past_names": "name until model evidence",
    "torch_versions": "token version",
    "train_sets": "order scope pattern pretrain_sets bucket note",
}
KEYS = {
    "cuda_versions": ("token",),
    "devices": ("token",),
    "families": ("family",),
    "model_notes": ("model",),
    "paper_links": ("paper", "target_type", "target", "role"),
    "papers": ("paper",),
    "survey_methods": ("method",),
    "survey_papers": ("entry",),
    "timm_aliases": ("name",),
    "timm_past_names": ("name", "until"),
    "torch_versions": ("token",),
}
ORDERED = {
    "family_rules": "order",
    "methods": "order",
    "survey_models": "line",
    "teachers": "order",
    "train_sets": "order",
}


@cache
def read(name: str) -> list[dict[str, str]]:
    return read_csv(REFERENCE / f"{name}.csv")


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def column(name: str, field: str) -> set[str]:
    return {row[field] for row in read(name)}


def corrections() -> list[dict[str, object]]:
    return yaml.safe_load((REFERENCE / "corrections.yml").read_text(encoding="utf-8"))


def results() -> list[dict[str, str]]:
    return read_csv(TIMM / TIMM_HEAD / "results" / "results-imagenet.csv")


def survey_rows() -> list[dict[str, str]]:
    return read_csv(SURVEY / "backbone_performance.csv")


def family_of(architecture: str) -> str | None:
    return next((row["family"] for row in read("family_rules") if re.match(row["pattern"], architecture)), None)


def bucket_of(scope: str, text: str) -> str | None:
    rules = (row for row in read("train_sets") if row["scope"] == scope)
    return next((row["bucket"] for row in rules if re.search(row["pattern"], text)), None)


def is_distilled(model: str) -> bool:
    return next((row["distilled"] == "true" for row in read("methods") if re.search(row["pattern"], model)), False)


def number(text: str) -> float:
    return float(text.replace(",", ""))


def selects(correction: dict[str, object], row: dict[str, str]) -> bool:
    match = correction["match"]
    assert isinstance(match, dict)
    return all(same(row[name], value) for name, value in match.items())


def same(written: str, declared: object) -> bool:
    return float(written) == declared if isinstance(declared, int | float) else written == declared


# The files as files


@pytest.mark.parametrize("name", COLUMNS)
def test_a_file_is_utf8_with_plain_line_ends_and_the_agreed_columns(name: str) -> None:
    text = (REFERENCE / f"{name}.csv").read_bytes().decode("utf-8")
    assert "\r" not in text
    assert text.endswith("\n")
    rows = read(name)
    assert rows
    assert list(rows[0]) == COLUMNS[name].split()
    assert not [row for row in rows if None in row or None in row.values()]
    assert not [value for row in rows for value in row.values() if value != value.strip()]


@pytest.mark.parametrize("name", KEYS)
def test_keys_are_unique_and_sorted(name: str) -> None:
    keys = [tuple(row[field] for field in KEYS[name]) for row in read(name)]
    assert len(set(keys)) == len(keys)
    assert keys == sorted(keys)


@pytest.mark.parametrize("name", ORDERED)
def test_ordered_files_count_upwards(name: str) -> None:
    order = [int(row[ORDERED[name]]) for row in read(name)]
    assert order == sorted(set(order))


@pytest.mark.parametrize("name", ["family_rules", "methods", "teachers", "train_sets"])
def test_patterns_compile_and_differ(name: str) -> None:
    patterns = [(row.get("scope", ""), row["pattern"]) for row in read(name)]
    assert len(set(patterns)) == len(patterns)
    for _, pattern in patterns:
        # A capturing group would make pandas warn.
        assert re.compile(pattern).groups == 0


# Families


def test_families_have_readable_keys_and_a_known_kind() -> None:
    for row in read("families"):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row["family"]), row
        assert row["name"]
        assert row["kind"] in KINDS


def test_a_name_or_synonym_belongs_to_one_family() -> None:
    owners: dict[str, str] = {}
    for row in read("families"):
        names = [row["family"], row["name"], *filter(None, row["synonyms"].split(";"))]
        for name in {name.lower() for name in names}:
            assert owners.setdefault(name, row["family"]) == row["family"], name


def test_every_rule_names_a_family_and_every_timm_family_has_a_rule() -> None:
    families = column("families", "family")
    ruled = column("family_rules", "family")
    assert ruled <= families
    survey = column("survey_methods", "family")
    assert families - ruled <= survey


def test_sharpness_aware_minimization_and_segment_anything_stay_apart() -> None:
    families = {row["family"]: row for row in read("families")}
    assert "SAM" in families["sharpness-aware-minimization"]["synonyms"].split(";")
    assert "SAM" not in families["segment-anything"]["synonyms"].split(";")
    assert family_of("samvit_base_patch16") == "segment-anything"
    papers = {row["target"]: row["paper"] for row in read("paper_links") if row["target_type"] == "family"}
    assert papers["sharpness-aware-minimization"] == "arxiv-2010.01412"
    assert papers["segment-anything"] == "arxiv-2304.02643"


@pytest.mark.parametrize(
    ("architecture", "family"),
    [
        ("dla60_res2next", "res2net"),
        ("resnetv2_50x1_bit", "bit"),
        ("resnetv2_50", "resnetv2"),
        ("resnext50_32x4d", "resnext"),
        ("seresnext50_32x4d", "senet"),
        ("eca_resnet33ts", "resnet"),
        ("ecaresnet50d", "eca-resnet"),
        ("tf_efficientnetv2_s", "efficientnetv2"),
        ("tf_efficientnet_b7", "efficientnet"),
        ("tf_efficientnet_em", "efficientnet-edgetpu"),
        ("efficientvit_m5", "efficientvit-msra"),
        ("efficientvit_l2", "efficientvit-mit"),
        ("swinv2_cr_small_ns_224", "swinv2-cr"),
        ("swin_s3_tiny_224", "swin-s3"),
        ("convnextv2_atto", "convnext-v2"),
        ("vit_base_patch16_224", "vit"),
        ("vit_base_patch16_rope_mixed_224", "rope-vit"),
        ("vit_base_r50_s16_384", "vit-hybrid"),
        ("vit_relpos_base_patch16_224", "vit-relpos"),
        ("vit_so400m_patch14_siglip_378", "sovit"),
        ("vit_so150m2_patch16_reg1_gap_448", "vit-sbb"),
        ("vit_medium_patch16_reg4_gap_256", "vit-sbb"),
        ("vit_mediumd_patch16_reg4_gap_256", "vit-sbb"),
        ("vit_base_patch16_rope_reg1_gap_256", "vit-sbb"),
        ("vit_wee_patch16_reg1_gap_256", "vit-sbb"),
        ("vit_medium_patch16_gap_240", "vit"),
        ("vit_medium_patch16_clip_224", "vit"),
        ("vit_large_patch14_reg4_dinov2", "dinov2"),
        ("beit3_base_patch16_224", "beit-3"),
        ("eva02_large_patch14_448", "eva-02"),
        ("test_vit", "timm-test"),
        ("convnext_a_name_of_next_year", "convnext"),
        ("swinv2_a_name_of_next_year", "swinv2"),
        ("a_name_that_nobody_knows", None),
    ],
)
def test_an_architecture_is_placed(architecture: str, family: str | None) -> None:
    assert family_of(architecture) == family


# Training data and methods


def test_train_set_rules_use_the_agreed_buckets() -> None:
    for row in read("train_sets"):
        assert row["scope"] in {"tag", "architecture", "survey"}
        assert row["bucket"] in BUCKETS
        assert (row["pretrain_sets"] == "") == (row["bucket"] == "ImageNet-1K only"), row


@pytest.mark.parametrize(
    ("tag", "bucket"),
    [
        ("in1k", "ImageNet-1K only"),
        ("fb_in22k_ft_in1k_384", "ImageNet-21K/22K"),
        ("augreg_in21k_ft_in1k", "ImageNet-21K/22K"),
        ("sw_in12k_ft_in1k", "ImageNet-12K"),
        ("laion2b_ft_in12k_in1k", "web image-text"),
        ("openai_ft_in1k", "web image-text"),
        ("webli_ft_in1k", "web image-text"),
        ("clip_ft_in1k", "web image-text"),
        ("indomain_in22k_ft_in1k", "web image-text"),
        ("fb_swsl_ig1b_ft_in1k", "web-scale weak/self-supervised"),
        ("bd_ssld_6m_in1k_384", "web-scale weak/self-supervised"),
        ("ns_jft_in1k_475", "JFT-300M"),
        ("mim_m38m_ft_in22k_in1k", "merged 30M/38M"),
        ("m30m_ft_in22k_in1k", "merged 30M/38M"),
        ("ssld_stage1_in22k_in1k", "ImageNet-21K/22K"),
        ("ssld_stage2_ft_in1k", "ImageNet-21K/22K"),
        ("ssld_in1k", "ImageNet-21K/22K"),
        ("paddle_in1k", "ImageNet-1K only"),
        ("dino", None),
    ],
)
def test_a_tag_declares_its_bucket(tag: str, bucket: str | None) -> None:
    assert bucket_of("tag", tag) == bucket


@pytest.mark.parametrize(
    ("model", "distilled"),
    [
        ("deit_base_distilled_patch16_224.fb_in1k", True),
        ("hrnet_w48_ssld.paddle_in1k", True),
        ("levit_128.fb_dist_in1k", True),
        ("resmlp_12_224.fb_distilled_in1k", True),
        ("edgenext_base.usi_in1k", True),
        ("nextvit_base.bd_ssld_6m_in1k", True),
        ("flexivit_base.1200ep_in1k", True),
        ("flexivit_small.300ep_in1k", True),
        ("flexivit_base.1000ep_in21k", False),
        ("ghostnetv3_100.in1k", True),
        ("ecaresnet50d_pruned.miil_in1k", True),
        ("efficientnet_es_pruned.in1k", False),
        ("volo_d1_224.sail_in1k", False),
        ("tf_efficientnet_b0.ns_jft_in1k", False),
        ("resnetv2_152x2_bit.goog_teacher_in21k_ft_in1k", False),
        ("resnet50.a1_in1k", False),
    ],
)
def test_distillation_is_seen_in_the_tag_or_in_the_architecture(model: str, distilled: bool) -> None:
    assert is_distilled(model) is distilled


@pytest.mark.parametrize(
    ("model", "bucket"),
    [
        ("hgnetv2_b6.ssld_stage2_ft_in1k", "ImageNet-21K/22K"),
        ("hgnet_tiny.ssld_in1k", "ImageNet-21K/22K"),
        ("hgnet_tiny.paddle_in1k", "ImageNet-1K only"),
        ("hrnet_w48_ssld.paddle_in1k", "ImageNet-21K/22K"),
        ("beit3_base_patch16_224.in22k_ft_in1k", "web image-text"),
        ("beit3_large_patch16_224.indomain_in22k_ft_in1k", "web image-text"),
        ("beitv2_base_patch16_224.in1k_ft_in22k_in1k", "ImageNet-21K/22K"),
    ],
)
def test_what_the_weights_saw_goes_by_tag_and_architecture(model: str, bucket: str) -> None:
    assert Identity().training(model).bucket == bucket


@pytest.mark.parametrize(
    "name", ["beit3_base_patch16_224.in22k_ft_in1k", "beit3_large_patch16_224.indomain_in22k_ft_in1k"]
)
def test_every_beit3_saw_the_image_text_pairs(name: str) -> None:
    sets = set(Identity().training(name).pretrain_sets.split(";"))
    assert {"ImageNet-22K", "LAION-400M", "LAION-2B", "COYO-700M", "CC-15M"} <= sets
    assert ({"COCO", "Visual Genome"} <= sets) == ("indomain" in name)


@pytest.mark.parametrize(
    ("model", "saw"),
    [
        ("beitv2_large_patch16_224.in1k_ft_in1k", "WIT-400M"),
        ("beit_base_patch16_224.in22k_ft_in22k_in1k", "DALL-E image-text pairs"),
        ("beit-b", "DALL-E image-text pairs"),
        ("edgenext_base.usi_in1k", "ImageNet-21K-P"),
        ("ghostnetv3_100.in1k", "ImageNet-22K;WIT-400M"),
        ("resnetv2_50x1_bit.goog_distilled_in1k", "ImageNet-21K"),
        ("tiny_vit_21m_224.dist_in22k_ft_in1k", "WIT-400M;ImageNet-22K"),
        ("flexivit_base.1200ep_in1k", ""),
        ("deit_base_distilled_patch16_224.fb_in1k", ""),
        ("cait_m48_448.fb_dist_in1k", ""),
        ("volo_d5_512.sail_in1k", ""),
    ],
)
def test_what_a_teacher_saw_is_declared(model: str, saw: str) -> None:
    teacher = Identity().teacher(model)
    assert teacher.name
    assert teacher.sets == saw


@pytest.mark.parametrize(
    "model", ["resnet50.a1_in1k", "tiny_vit_5m_224.in1k", "deit3_base_patch16_224.fb_in1k", "cait-s-36"]
)
def test_weights_without_a_teacher_have_none(model: str) -> None:
    assert Identity().teacher(model).name == ""


def test_every_teacher_has_a_name_and_a_source() -> None:
    for row in read("teachers"):
        assert row["teacher"] and row["source"]
        assert not re.search(r";\s|;$", row["teacher_sets"])


def test_methods_say_true_or_false() -> None:
    assert column("methods", "distilled") == {"true", "false"}


# Papers


def test_papers_have_well_formed_ids_years_and_lasting_addresses() -> None:
    for row in read("papers"):
        assert row["title"]
        assert row["source"]
        assert row["url"].startswith("https://")
        assert "paperswithcode" not in row["url"] + row["code_url"]
        assert row["code_url"] == "" or re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", row["code_url"])
        assert row["authors"] == "" or not re.search(r";\S|;\s*;|\bothers\b|et al", row["authors"])
        if row["arxiv_id"]:
            assert re.fullmatch(r"\d{4}\.\d{4,5}", row["arxiv_id"])
            assert row["paper"] == f"arxiv-{row['arxiv_id']}"
            assert row["url"] == f"https://arxiv.org/abs/{row['arxiv_id']}"
            assert row["year"] == f"20{row['arxiv_id'][:2]}"
        else:
            assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row["paper"])


def test_the_bibliography_is_complete_and_every_author_is_known() -> None:
    papers = read("papers")
    assert len(papers) >= 164
    assert [row["paper"] for row in papers if row["authors"] == ""] == []
    ids = [row["arxiv_id"] for row in papers if row["arxiv_id"]]
    assert len(set(ids)) == len(ids)
    assert "1409.0575" in ids


@pytest.mark.parametrize(
    ("arxiv_id", "first_author", "venue"),
    [
        ("2304.14108", "Samir Yitzhak Gadre", "NeurIPS 2023 Datasets and Benchmarks"),
        ("2204.14007", "Berkin Akin", "CVPR Workshops 2022"),
        ("2604.12012", "Bingyi Cao", "CVPR 2026"),
        ("2609.00111", "Xin Zhou", ""),
        ("2104.14294", "Mathilde Caron", "ICCV 2021"),
        ("2106.05237", "Lucas Beyer", "CVPR 2022"),
        ("2203.09795", "Hugo Touvron", "ECCV 2022"),
    ],
)
def test_a_paper_has_its_authors_and_the_venue_where_it_appeared(arxiv_id: str, first_author: str, venue: str) -> None:
    paper = next(row for row in read("papers") if row["arxiv_id"] == arxiv_id)
    assert (paper["authors"].split("; ")[0], paper["venue"]) == (first_author, venue)


def test_paper_links_resolve() -> None:
    papers, families = column("papers", "paper"), column("families", "family")
    for row in read("paper_links"):
        assert row["paper"] in papers
        assert row["role"] in ROLES
        assert row["target_type"] in {"family", "architecture", "tag"}
        if row["target_type"] == "family":
            assert row["target"] in families
        else:
            assert re.compile(row["target"]).groups == 0
        if row["target_type"] == "architecture":
            # Applied with re.match, so it must say where it begins.
            assert row["target"].startswith("^")


def test_a_family_has_one_architecture_paper() -> None:
    links = [row for row in read("paper_links") if (row["target_type"], row["role"]) == ("family", "architecture")]
    several = {family for family, count in Counter(row["target"] for row in links).items() if count > 1}
    # VoVNet: the first version, then the second, which timm's networks are.
    assert several == {"vovnet"}


def test_mobilenetv5_is_not_told_as_an_idea_of_the_paper_of_mobilenetv4() -> None:
    links = [row for row in read("paper_links") if row["target"] in {"mobilenetv4", "mobilenetv5"}]
    assert [(row["paper"], row["target"]) for row in links] == [("arxiv-2404.10518", "mobilenetv4")]


def test_every_family_of_the_survey_has_a_paper() -> None:
    linked = {row["target"] for row in read("paper_links") if row["target_type"] == "family"}
    assert column("survey_methods", "family") <= linked


# The original survey


def test_the_43_methods_of_the_survey_map_to_families() -> None:
    methods = read("survey_methods")
    assert len(methods) == 43
    synonyms = {
        name.lower(): row["family"]
        for row in read("families")
        for name in [row["name"], row["family"], *row["synonyms"].split(";")]
    }
    for row in methods:
        assert synonyms[row["method"].lower()] == row["family"]


def test_the_42_papers_of_the_survey_resolve() -> None:
    entries = read("survey_papers")
    papers = column("papers", "paper")
    methods = column("survey_methods", "method")
    assert len(entries) == 42
    for row in entries:
        assert row["paper"] in papers
        assert row["method"] in methods
    assert methods - {row["method"] for row in entries} == {"DeiT", "ResNet"}


def test_survey_rows_are_matched_or_say_none() -> None:
    rows = read("survey_models")
    methods = column("survey_methods", "method")
    assert [int(row["line"]) for row in rows] == list(range(2, 245))
    for row in rows:
        assert row["method"] in methods
        assert row["match"] in {"exact", "variant", "none"}
        assert row["distilled"] in {"true", "false"}
        assert (row["timm_model"] == "") == (row["timm_size"] == "") == (row["match"] == "none")
    exact = [(row["timm_model"], row["timm_size"]) for row in rows if row["match"] == "exact"]
    assert len(set(exact)) == len(exact) == 74


def test_the_same_weights_are_in_the_same_family() -> None:
    families = {row["method"]: row["family"] for row in read("survey_methods")}
    for row in read("survey_models"):
        if row["match"] == "exact":
            assert family_of(row["timm_model"].split(".")[0]) == families[row["method"]]


def test_corrections_are_complete() -> None:
    entries = corrections()
    columns = {"Method", "Model", "TrainSet", "Size", "Params(M)", "FLOPs(B)", "Acc"}
    assert len({entry["id"] for entry in entries}) == len(entries)
    for entry in entries:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", str(entry["id"]))
        assert entry["source"] == "survey/backbone_performance.csv"
        assert isinstance(entry["match"], dict)
        assert {*entry["match"], entry["column"]} <= columns
        assert entry["expected"] != -1
        assert entry["corrected"] != entry["expected"]
        assert entry["reason"]
        assert entry["evidence"]
        assert entry["verified"]
        assert entry["status"] in {"verified", "suspected"}
        assert (entry["corrected"] is None) == (entry["status"] == "suspected")


# Names and environments


def test_aliases_lead_to_tagged_names() -> None:
    rows = read("timm_aliases")
    assert {row["evidence"] for row in rows} == {"deprecated", "same-accuracy", "same-file", "same-commit"}
    for row in rows:
        assert re.fullmatch(r"\w+\.\w+", row["model"])
        assert family_of(row["name"]) == family_of(row["model"].split(".")[0]), row


def test_a_past_name_stands_for_tagged_weights_or_for_weights_that_are_gone() -> None:
    for row in read("timm_past_names"):
        assert "." not in row["name"] and re.fullmatch(r"20\d\d-\d\d-\d\d", row["until"])
        if row["evidence"] == "weights-gone":
            assert row["model"] == row["name"]
        else:
            assert row["evidence"] in {"same-file", "same-commit", "same-accuracy"}
            assert re.fullmatch(r"\w+\.\w+", row["model"])


def test_the_past_of_tnt_s_belongs_to_the_weights_that_bore_the_name() -> None:
    # timm gave the name to other weights in 2025: 23.77 M parameters, where it was 23.76 M before and in tnt_s_legacy.
    aliases = {row["name"]: row["model"] for row in read("timm_aliases")}
    assert aliases["tnt_s_patch16_224"] == "tnt_s_legacy_patch16_224.in1k"


def test_the_instagram_resnexts_keep_their_width() -> None:
    # timm's own table sends all of them to the 32x8d network.
    aliases = {row["name"]: row["model"] for row in read("timm_aliases")}
    assert aliases["ig_resnext101_32x16d"] == "resnext101_32x16d.fb_wsl_ig1b_ft_in1k"
    assert aliases["ig_resnext101_32x32d"] == "resnext101_32x32d.fb_wsl_ig1b_ft_in1k"
    assert "ig_resnext101_32x48d" not in aliases


def test_two_spellings_of_a_device_are_one_device() -> None:
    devices = {row["token"]: row for row in read("devices")}
    assert devices["4090"]["device"] == devices["rtx4090"]["device"]
    assert column("devices", "kind") == {"gpu", "cpu"}
    names: dict[str, str] = {}
    for row in devices.values():
        assert names.setdefault(row["device"], row["name"]) == row["name"]


def test_version_digits_are_read_by_table() -> None:
    torch = {row["token"]: row["version"] for row in read("torch_versions")}
    assert (torch["113"], torch["210"], torch["291"]) == ("1.13", "2.1.0", "2.9.1")
    cuda = {row["token"]: row["version"] for row in read("cuda_versions")}
    assert (cuda["cu117"], cuda["cu130"]) == ("11.7", "13.0")


# What the files make of the upstream files of the mirror


class TestMirror:
    pytestmark = mirror

    def test_every_architecture_has_a_family(self) -> None:
        folder = TIMM / TIMM_HEAD / "results"
        architectures = {row["model"].split(".")[0] for row in results()}
        assert len(architectures) == 900
        assert len({family_of(name) for name in architectures}) == 132
        for path in sorted(folder.glob("benchmark-*.csv")):
            architectures |= {row["model"].split(".")[0] for row in read_csv(path)}
        assert not [name for name in sorted(architectures) if family_of(name) is None]

    def test_every_old_name_has_a_family(self) -> None:
        names = {
            row["model"].split(".")[0] for path in TIMM.glob("*/results/results-imagenet.csv") for row in read_csv(path)
        }
        assert not [name for name in sorted(names) if family_of(name) is None]

    def test_rows_per_bucket(self) -> None:
        identity = Identity()
        counts = Counter(identity.training(row["model"]).bucket for row in results())
        assert counts == {
            "ImageNet-1K only": 1210,
            "ImageNet-1K, teacher saw more": 8,
            "ImageNet-21K/22K": 188,
            "ImageNet-12K": 64,
            "web image-text": 41,
            "web-scale weak/self-supervised": 31,
            "JFT-300M": 10,
            "merged 30M/38M": 4,
        }

    def test_every_tag_declares_a_bucket_but_the_self_supervised_one(self) -> None:
        tags = {row["model"].split(".", 1)[1] for row in results()}
        assert len(tags) == 178
        assert {tag for tag in tags if bucket_of("tag", tag) is None} <= {"fb_dino"}

    def test_the_teacher_of_all_that_is_distilled_on_imagenet_1k_is_known(self) -> None:
        identity = Identity()
        models = {row["model"] for row in results() if identity.training(row["model"]).bucket == "ImageNet-1K only"}
        unknown = [model for model in models if is_distilled(model) and not identity.teacher(model).name]
        assert unknown == []

    def test_no_teacher_pattern_is_dead(self) -> None:
        models = {row["model"] for row in results()}
        dead = [row["pattern"] for row in read("teachers") if not any(re.search(row["pattern"], m) for m in models)]
        assert dead == ["^sret-(?:s|t|tl)(?:-|$)"]  # of the survey's rows

    def test_searched_better_baselines_are_one_family(self) -> None:
        models = {row["model"] for row in results() if re.search(r"\.sbb2?_", row["model"])}
        assert len(models) > 20
        assert {family_of(model.split(".")[0]) for model in models} == {"vit-sbb", "hiera"}

    def test_distilled_rows(self) -> None:
        models = Counter(row["model"] for row in results())
        distilled = {model: rows for model, rows in models.items() if is_distilled(model)}
        assert sum(distilled.values()) == 162
        named_in_tag = [model for model in distilled if re.search(r"\.(?:\w+_)?(?:dist|distilled|ssld)_", model)]
        assert sum(distilled[model] for model in named_in_tag) == 129

    def test_rows_with_an_architecture_paper(self) -> None:
        links = [row for row in read("paper_links") if row["role"] == "architecture"]
        families = {row["target"] for row in links if row["target_type"] == "family"}
        patterns = [row["target"] for row in links if row["target_type"] == "architecture"]
        architectures = Counter(row["model"].split(".")[0] for row in results())
        reached = sum(
            rows
            for name, rows in architectures.items()
            if family_of(name) in families or any(re.match(pattern, name) for pattern in patterns)
        )
        assert reached == 1494

    def test_no_paper_pattern_of_the_recipes_is_dead(self) -> None:
        tags = {row["model"].split(".", 1)[1] for row in results()}
        dead = [
            row["target"]
            for row in read("paper_links")
            if row["target_type"] == "tag" and not any(re.search(row["target"], tag) for tag in tags)
        ]
        # These belong to weights without an ImageNet-1K head.
        assert len(dead) <= 15

    def test_the_survey_map_follows_the_table(self) -> None:
        names = ["method", "model", "size", "train_set", "params_m", "gmacs", "acc"]
        columns = ["Method", "Model", "Size", "TrainSet", "Params(M)", "FLOPs(B)", "Acc"]
        mapped = [[row[name] for name in names] for row in read("survey_models")]
        assert mapped == [[row[column] for column in columns] for row in survey_rows()]
        assert {row["Method"] for row in survey_rows()} == column("survey_methods", "method")

    def test_the_same_weights_have_the_same_size_and_accuracy(self) -> None:
        measured = {(row["model"], row["img_size"]): row for row in results()}
        for row, written in zip(read("survey_models"), survey_rows(), strict=True):
            if row["match"] == "none":
                continue
            timm = measured[row["timm_model"], row["timm_size"]]
            if row["match"] == "exact":
                params = number(timm["param_count"])
                # The survey mostly writes whole millions.
                assert abs(number(written["Params(M)"]) - params) <= max(0.02 * params, 1.0), row
                assert abs(number(written["Acc"]) - number(timm["top1"])) <= 0.6, row

    def test_the_reading_list_is_the_one_known(self) -> None:
        lines = (SURVEY / "readme.md").read_text(encoding="utf-8").split("## Paper")[1].splitlines()
        entries = {line[2:].strip() for line in lines if line.startswith("- ")} - {""}
        assert entries == column("survey_papers", "entry")

    def test_train_sets_of_the_survey_have_a_bucket(self) -> None:
        buckets = {name: bucket_of("survey", name) for name in {row["TrainSet"] for row in survey_rows()}}
        assert None not in buckets.values()
        assert buckets["ImageNet-1K+JFT-3B"] == "JFT-3B"
        assert buckets["ImageNet-1K+FLD-900M"] == "other private data"

    def test_corrections_find_what_they_expect(self) -> None:
        rows = survey_rows()
        for entry in corrections():
            found = [row for row in rows if selects(entry, row)]
            assert len(found) == entry["rows"], entry["id"]
            assert all(same(row[str(entry["column"])], entry["expected"]) for row in found), entry["id"]

    def test_aliases_of_same_accuracy_are_present_models(self) -> None:
        models = {row["model"] for row in results()}
        for row in read("timm_aliases"):
            if row["evidence"] == "same-accuracy":
                assert row["model"] in models

    def test_every_benchmark_file_name_is_understood(self) -> None:
        devices, torch, cuda = (
            column("devices", "token"),
            column("torch_versions", "token"),
            column("cuda_versions", "token"),
        )
        name = re.compile(r"benchmark-\w+-\w+-\w+-pt(\d+)-(cu\d+|cpu)-(\w+?)(-dynamo)?\.csv")
        for path in TIMM.glob("*/results/benchmark-*.csv"):
            found = name.fullmatch(path.name)
            assert found is not None, path.name
            assert found[1] in torch
            assert found[2] in cuda | {"cpu"}
            assert found[3] in devices
