"""Names, tags, and what they resolve to; importing and listing load no framework."""

import subprocess
import sys

import pytest

import implementations
from implementations import registry
from implementations.errors import BackboneError, UnknownNameError
from implementations.parity import tables
from runtimes.torchvision_ops import define_missing_operators

FAMILIES = {"vit": 163, "deit": 16, "swin": 9, "swinv2": 12}


def test_importing_and_listing_load_no_framework():
    code = (
        "import sys, implementations; name = implementations.list_models()[0]; implementations.pretrained_config(name);"
        "loaded = {'keras', 'tensorflow', 'torch', 'timm', 'numpy'} & set(sys.modules); assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_families_are_found_by_their_folders():
    assert list(registry.families()) == sorted(FAMILIES)
    assert {family.name: family for family in registry.families().values()} == registry.families()
    assert registry.family_of("swinv2_tiny_window8_256.ms_in1k").name == "swinv2"


@pytest.mark.parametrize("family", FAMILIES)
def test_every_entry_point_of_timm_is_there(family):
    define_missing_operators()
    import timm

    module = tables.timm_families()[registry.families()[family]]
    assert registry.list_models(family=family) == sorted(timm.list_models(module=module))
    assert len(registry.list_models(family=family)) == FAMILIES[family]


def test_at_least_187_variants_are_named_and_patterns_choose():
    names = implementations.list_models()
    assert len(names) >= 187
    assert names == sorted(set(names))
    assert implementations.list_models("deit3_*_224") == [
        name for name in names if name.startswith("deit3") and "224" in name
    ]
    assert implementations.list_models("resnet*") == []


@pytest.mark.parametrize("family", FAMILIES)
def test_the_committed_tables_are_those_of_the_installed_timm(family):
    family = registry.families()[family]
    module = tables.timm_families()[family]
    for name, arguments in tables.variants_of(module).items():
        told = {key: tuple(value) if isinstance(value, list | tuple) else value for key, value in arguments.items()}
        assert family.variants[name] == {key: value for key, value in told.items() if value is not None}, name
    for row in tables.pretrained_of(module):
        config = registry.pretrained_config(f"{row['variant']}.{row['tag']}" if row["tag"] else row["variant"])
        assert (config.hf_hub_id or "") == (row["hf_hub_id"] or "")
        assert config.input_size == tuple(row["input_size"])
        assert (config.mean, config.std, config.crop_pct) == (tuple(row["mean"]), tuple(row["std"]), row["crop_pct"])
        assert config.default == row["default"]


def test_a_tag_brings_its_own_classes_and_size():
    assert registry.default_arguments("vit_base_patch16_224.augreg_in21k")["num_classes"] == 21843
    assert registry.default_arguments("vit_base_patch16_384")["img_size"] == (384, 384)
    assert registry.default_arguments("beit3_giant_patch14_336")["img_size"] == 336
    assert registry.pretrained_config("timm/vit_base_patch16_224").tag == "augreg2_in21k_ft_in1k"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vit_tiny_patch16_244", "did you mean vit_tiny_patch16_224 or "),
        ("swin_tiny_patch4_window7", "did you mean swin_tiny_patch4_window7_224"),
        ("zzz", "no model is named 'zzz'; implementations.list_models() names them all"),
        ("", "no model is named ''"),
        ("vit_tiny_patch16_224.augreg_in1k", "did you mean augreg_in21k or augreg_in21k_ft_in1k?; it has"),
    ],
)
def test_unknown_names_suggest_the_nearest_on_one_line(name, message):
    with pytest.raises(UnknownNameError) as caught:
        implementations.create_model(name)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_pretrained_and_weights_together_are_refused():
    with pytest.raises(BackboneError, match="not both"):
        implementations.create_model("test_vit", pretrained=True, weights={})
