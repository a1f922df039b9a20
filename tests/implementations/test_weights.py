"""Files of weights: what is read, and how each thing that can be wrong with one is said."""

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
