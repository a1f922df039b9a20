"""Files of weights: what is read, and how each thing that can be wrong with one is said."""

import io
import os
import struct

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import implementations
from implementations.checkpoint import read_state_dict
from implementations.errors import WeightsError
from implementations.weights import state_dict

SMALL = {"depth": 1, "img_size": 32}


@pytest.fixture(scope="module")
def model():
    return implementations.create_model("test_vit", **SMALL)


def load_fails(model, source, reason):
    before = state_dict(model)
    with pytest.raises(WeightsError) as caught:
        implementations.load_weights(model, source)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    for name, array in state_dict(model).items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("kind", ["safetensors", "pth"])
def test_any_precision_is_read(model, tmp_path, dtype, kind):
    tensors = {name: torch.from_numpy(array).to(dtype) for name, array in state_dict(model).items()}
    path = tmp_path / f"model.{kind}"
    save_file(tensors, path) if kind == "safetensors" else torch.save(tensors, path)
    fresh = implementations.create_model("test_vit", weights=path, **SMALL)
    for name, array in state_dict(fresh).items():
        np.testing.assert_array_equal(array, tensors[name].float().numpy(), err_msg=name)


@pytest.mark.parametrize("wrap", ["state_dict", "model", "model_ema", "state_dict_ema"])
def test_training_checkpoints_are_unwrapped(model, tmp_path, wrap):
    tensors = {f"module.{name}": torch.from_numpy(array) for name, array in state_dict(model).items()}
    torch.save({wrap: tensors, "epoch": 3}, tmp_path / "checkpoint.pth.tar")
    read = read_state_dict(tmp_path / "checkpoint.pth.tar")
    assert set(read) == set(state_dict(model))


def test_missing_files_and_unknown_kinds_are_named(model, tmp_path):
    load_fails(model, tmp_path / "none.safetensors", "none.safetensors: no such file")
    (tmp_path / "weights.h5").write_bytes(b"x")
    load_fails(model, tmp_path / "weights.h5", "unknown kind of file; expected .safetensors, .bin, .pth")
    load_fails(model, 7, "weights of type int: expected a path, a state dict or a torch module")
    load_fails(model, {}, "no tensors in it")


@pytest.mark.parametrize("cut", [0, 4, 100, 1000, -1])
def test_a_truncated_safetensors_file_is_refused(model, tmp_path, cut):
    save_file(
        {name: torch.from_numpy(array) for name, array in state_dict(model).items()}, tmp_path / "whole.safetensors"
    )
    path = tmp_path / "cut.safetensors"
    path.write_bytes((tmp_path / "whole.safetensors").read_bytes()[:cut])
    load_fails(model, path, "cut.safetensors: truncated, or not a safetensors file")


@pytest.mark.parametrize(
    "content", [b"", b"<html></html>", b"\0" * 64, struct.pack("<Q", 2**60) + b"{}", os.urandom(500)], ids=range(5)
)
def test_what_is_no_safetensors_file_is_refused(model, tmp_path, content):
    path = tmp_path / "other.safetensors"
    path.write_bytes(content)
    load_fails(model, path, "not a safetensors file")


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"PK\x03\x04 cut", b"\x80\x02."], ids=range(4))
def test_what_is_no_pickle_of_tensors_is_refused(model, tmp_path, content):
    path = tmp_path / "other.pth"
    path.write_bytes(content)
    load_fails(model, path, "not a PyTorch state dict")


class Malicious:
    def __reduce__(self):
        return os.system, ("echo this must not run > /dev/null",)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_damaged_pickle_is_refused_wherever_the_damage_is(model, tmp_path, zipped):
    whole = io.BytesIO()
    torch.save({"a.weight": torch.ones(2, 3)}, whole, _use_new_zipfile_serialization=zipped)
    path = tmp_path / "damaged.pth"
    for place in range(0, len(whole.getvalue()), 7):
        damaged = bytearray(whole.getvalue())
        damaged[place] ^= 0x2A
        path.write_bytes(damaged)
        with pytest.raises(WeightsError):
            implementations.load_weights(model, path)


def test_a_pickle_that_would_run_code_is_refused(model, tmp_path):
    torch.save({"x": Malicious()}, tmp_path / "evil.pth")
    load_fails(model, tmp_path / "evil.pth", "not a PyTorch state dict")


def test_weights_of_another_architecture_are_called_so(model):
    other = state_dict(implementations.create_model("deit_tiny_patch16_224", depth=2, img_size=32))
    load_fails(model, other, "these look like weights of another architecture")
    load_fails(model, {"conv1.weight": np.zeros((64, 3, 7, 7), "float32")}, "another architecture")


def test_infinite_and_nan_weights_are_named(model):
    good = state_dict(model)
    for value in (np.nan, np.inf):
        bad = {**good, "blocks.0.norm1.bias": np.full_like(good["blocks.0.norm1.bias"], value)}
        load_fails(model, bad, "blocks.0.norm1.bias holds NaN or infinity")


FLOATS = "expected float16, bfloat16, float32 or float64"


@pytest.mark.parametrize("kind", ["safetensors", "pth", "dict"])
@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e8m0fnu, torch.complex64])
def test_numbers_that_are_no_plain_floats_are_named(model, tmp_path, kind, dtype):
    tensors = {name: torch.from_numpy(array) for name, array in state_dict(model).items()}
    tensors["cls_token"] = tensors["cls_token"].to(dtype)
    source = tmp_path / f"odd.{kind}" if kind != "dict" else tensors
    if kind != "dict":
        save_file(tensors, source) if kind == "safetensors" else torch.save(tensors, source)
    load_fails(model, source, FLOATS)
    load_fails(model, source, "cls_token is of type")


def test_an_odd_type_beside_bfloat16_is_named_too(model, tmp_path):
    tensors = {name: torch.from_numpy(array).bfloat16() for name, array in state_dict(model).items()}
    for dtype in (torch.float8_e4m3fn, torch.int16, torch.uint32):
        save_file(tensors | {"cls_token": tensors["cls_token"].to(dtype)}, tmp_path / "odd.safetensors")
        load_fails(model, tmp_path / "odd.safetensors", "cls_token")


def test_a_type_that_packs_two_numbers_into_a_byte_is_named(model, tmp_path):
    header = b'{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}'
    (tmp_path / "packed.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\0")
    load_fails(model, tmp_path / "packed.safetensors", f"a is of type F4, {FLOATS}")


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint16", "bool"])
def test_whole_numbers_and_truths_are_no_weights(model, dtype):
    good = state_dict(model)
    odd = {**good, "blocks.0.norm1.bias": good["blocks.0.norm1.bias"].astype(dtype)}
    load_fails(model, odd, f"blocks.0.norm1.bias is of type {dtype}, {FLOATS}")


def test_counters_that_the_model_does_not_hold_are_named_as_such(model):
    load_fails(model, {**state_dict(model), "steps": np.int64([3])}, "steps (1,) is not part of the model")


@pytest.mark.parametrize(
    "value",
    [np.full(3, "a"), np.array([None]), np.array(["2026-11-20"], "datetime64[D]")],
    ids=["text", "object", "day"],
)
def test_arrays_of_no_numbers_are_named(model, value):
    load_fails(model, {**state_dict(model), "cls_token": value}, "cls_token is of type")


def test_a_tensor_without_its_values_is_named(model):
    dense = {name: torch.from_numpy(array) for name, array in state_dict(model).items()}
    for tensor in (dense["cls_token"].to_sparse(), dense["cls_token"].to("meta")):
        load_fails(model, dense | {"cls_token": tensor}, "cls_token cannot be read as an array")


def test_one_tensor_under_two_names_is_refused(model):
    good = state_dict(model)
    load_fails(model, {**good, "module.cls_token": good["cls_token"] + 1}, "cls_token stands twice")


def test_numbers_beyond_float32_are_named_without_a_warning(model):
    good = state_dict(model)
    load_fails(model, {**good, "cls_token": good["cls_token"].astype("float64") + 1e300}, "cls_token holds NaN or inf")


@pytest.mark.parametrize(
    "path", ["x" * 5000 + ".pth", "y" * 300 + ".safetensors", "a\nb.pth", "a\0b.pth", "\udcff.pth"]
)
def test_paths_that_no_file_can_have_are_one_short_line(model, path):
    load_fails(model, path, "no such file")
    with pytest.raises(WeightsError) as caught:
        implementations.load_weights(model, path)
    assert len(str(caught.value)) < 2100


def test_names_of_tensors_cannot_break_the_line(model):
    load_fails(model, {**state_dict(model), "a\nb\x1b[31m" + "c" * 9999: np.zeros(1)}, "is not part of the model")
    with pytest.raises(WeightsError) as caught:
        implementations.load_weights(model, {"a\x1b" + "c" * 9999: np.zeros(1)})
    assert str(caught.value).isprintable() and len(str(caught.value)) < 2100


def test_many_mismatches_are_counted_not_listed(model):
    load_fails(model, {**state_dict(model), **{f"extra.{index}": np.zeros(1) for index in range(30)}}, "and 22 more")


def test_a_features_only_model_takes_the_whole_checkpoint_and_only_it(model):
    whole = state_dict(implementations.create_model("test_vit", img_size=32))
    features = implementations.create_model("test_vit", img_size=32, features_only=True, out_indices=(0, 2))
    implementations.load_weights(features, whole)
    assert max(int(name.split(".")[1]) for name in state_dict(features) if name.startswith("blocks.")) == 2
    load_fails(
        features, {**whole, "blocks.9.norm1.weight": np.ones(64, "float32")}, "blocks.9.norm1.weight (64,) is not part"
    )


def test_a_classifier_fine_tuned_to_the_same_classes_is_kept(tmp_path):
    tuned = implementations.create_model("test_vit", num_classes=7, in_chans=5, **SMALL)
    again = implementations.create_model("test_vit", num_classes=7, in_chans=5, weights=state_dict(tuned), **SMALL)
    for name, array in state_dict(again).items():
        np.testing.assert_array_equal(array, state_dict(tuned)[name], err_msg=name)


def test_the_pool_that_a_model_has_not_is_left_in_the_file():
    small = {"depth": 1, "img_size": 32, "embed_dim": 48, "num_heads": 3, "num_classes": 0}
    with_pool = state_dict(implementations.create_model("vit_base_patch16_siglip_224", **small))
    without = implementations.create_model("vit_base_patch16_siglip_gap_224", **small)
    implementations.load_weights(without, with_pool)
    assert set(with_pool) - set(state_dict(without)) == {name for name in with_pool if name.startswith("attn_pool.")}
    load_fails(implementations.create_model("vit_base_patch16_siglip_224", **small), state_dict(without), "is missing")
