"""Giving timm's tensors to another implementation: layouts, and nothing left out on either side."""

import keras
import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from benchmarks.errors import BenchmarkError
from benchmarks.timm_tensors import TimmTensors, vit_sizes


@pytest.fixture
def tensors_of(tmp_path):
    def write(state):
        arrays = {name: np.ascontiguousarray(array, dtype="float32") for name, array in state.items()}
        save_file(arrays, tmp_path / "weights.safetensors")
        return TimmTensors(tmp_path / "weights.safetensors")

    return write


@pytest.fixture
def state_of(tensors_of):
    """The tensors of a torch module under a name."""

    def write(name, module):
        return tensors_of({f"{name}.{key}": tensor.numpy() for key, tensor in module.state_dict().items()})

    return write


def test_a_linear_layer_becomes_a_dense_one(state_of):
    linear, dense = torch.nn.Linear(3, 5), keras.layers.Dense(5)
    dense.build((None, 3))
    tensors = state_of("fc", linear)
    inputs = np.random.default_rng(0).standard_normal((2, 3)).astype("float32")

    tensors.dense("fc", dense)
    tensors.finish(dense.weights)

    expected = linear(torch.from_numpy(inputs)).detach().numpy()
    np.testing.assert_allclose(keras.ops.convert_to_numpy(dense(inputs)), expected, atol=1e-6)


def test_a_convolution_keeps_its_function(state_of):
    torch_layer, layer = torch.nn.Conv2d(3, 5, (2, 4)), keras.layers.Conv2D(5, (2, 4))
    layer.build((None, 6, 7, 3))
    tensors = state_of("proj", torch_layer)
    images = np.random.default_rng(0).standard_normal((2, 6, 7, 3)).astype("float32")

    tensors.convolution("proj", layer)
    tensors.finish(layer.weights)

    expected = torch_layer(torch.from_numpy(images.transpose(0, 3, 1, 2))).detach().numpy().transpose(0, 2, 3, 1)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(images)), expected, atol=1e-5)


def test_a_tensor_without_a_place_is_an_error(tensors_of):
    tensors = tensors_of({"known": np.ones(2), "left.over": np.ones(2)})
    variable = keras.Variable(np.zeros(2))
    tensors.give("known", variable)

    with pytest.raises(BenchmarkError, match=r"1 tensors of timm have no place in the rival, such as left\.over"):
        tensors.finish([variable])


def test_a_variable_without_a_tensor_is_an_error(tensors_of):
    tensors = tensors_of({"known": np.ones(2)})
    filled, empty = keras.Variable(np.zeros(2)), keras.Variable(np.zeros(2), name="forgotten")
    tensors.give("known", filled)

    with pytest.raises(BenchmarkError, match="1 variables of the rival got no tensor, such as forgotten"):
        tensors.finish([filled, empty])


def test_a_tensor_of_another_shape_is_an_error(tensors_of):
    tensors = tensors_of({"bias": np.ones(3)})

    with pytest.raises(BenchmarkError, match=r"tensor bias: shape \(3,\) does not fit the rival's \(2,\)"):
        tensors.give("bias", keras.Variable(np.zeros(2)))


def test_an_architecture_that_the_rival_has_not_is_an_error(tensors_of):
    tensors = tensors_of({"patch_embed.proj.weight": np.ones((64, 3, 16, 16))})

    with pytest.raises(BenchmarkError, match="no tensor cls_token: the rival does not have this architecture"):
        vit_sizes(tensors)


def test_blocks_are_counted_by_number_not_by_name(tensors_of):
    tensors = tensors_of({f"blocks.{number}.bias": np.ones(1) for number in range(11)} | {"blocks_of.99": np.ones(1)})

    assert tensors.depth() == 11
    assert tensors.depth("layers.0.blocks") == 0
