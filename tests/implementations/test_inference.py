"""The function made for inference is the model: the same outputs, with the model's weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import implementations
from implementations.errors import BackboneError
from implementations.inference import inference_function
from implementations.layers.norm import LayerNorm
from implementations.parity.checks import random_images

SMALL = {
    "vit_tiny_patch16_224": {"img_size": 64, "depth": 2},
    "deit_tiny_distilled_patch16_224": {"img_size": 64, "depth": 2},
    "swin_tiny_patch4_window7_224": {"img_size": 64, "depths": (2, 2), "num_heads": (3, 6)},
    "swinv2_tiny_window8_256": {"img_size": 64, "depths": (2, 2), "num_heads": (3, 6)},
}


def create(name, **arguments):
    model = implementations.create_model(name, num_classes=5, **SMALL[name], **arguments)
    random = np.random.default_rng(0)
    for weight in model.trainable_weights:
        noise = random.standard_normal(weight.shape)
        fan_in = int(np.prod(weight.shape[:-1])) if len(weight.shape) in (2, 4) else 1
        weight.assign((1.0 + 0.2 * noise) if "gamma" in weight.path else noise * 0.5 / np.sqrt(fan_in))
    return model


def as_float(tensor):
    return tf.cast(tensor, "float32").numpy()


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("name", SMALL)
def test_gives_what_the_model_gives(name, jit_compile):
    model = create(name)
    images = random_images((2, 64, 64, 3))
    expected = as_float(model(images))
    found = as_float(inference_function(model, 2, jit_compile)(images))
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "bfloat16"])
def test_in_bfloat16_is_as_near_to_float32_as_the_mixed_model(name, policy):
    model = create(name)
    images = random_images((2, 64, 64, 3))
    exact = as_float(model(images))
    allowed = 3 * np.abs(as_float(create(name, dtype="mixed_bfloat16")(images)) - exact).max()
    found = inference_function(create(name, dtype=policy), 2)(images)
    assert found.dtype == tf.bfloat16
    assert np.abs(as_float(found) - exact).max() < allowed


def test_takes_any_number_of_images():
    model = create("swin_tiny_patch4_window7_224")
    function = inference_function(model, None)
    for batch in (1, 3):
        images = random_images((batch, 64, 64, 3))
        expected = as_float(model(images))
        np.testing.assert_allclose(as_float(function(images)), expected, atol=1e-5 * np.abs(expected).max())


def test_leaves_the_model_able_to_train_its_position_biases():
    model = create("swinv2_tiny_window8_256")
    inference_function(model, 1)
    assert not model.folded


def test_leaves_a_folded_model_folded():
    model = create("swin_tiny_patch4_window7_224").fold()
    inference_function(model, 1)
    assert model.folded


def test_later_weights_reach_it():
    model = create("vit_tiny_patch16_224")
    images = random_images((1, 64, 64, 3))
    function = inference_function(model, 1)
    function(images)
    for weight in model.trainable_weights:
        weight.assign(keras.ops.zeros_like(weight))
    assert not as_float(function(images)).any()


@pytest.mark.parametrize("epsilon", [1e-6, 1e-5])
def test_layer_norm_keeps_its_epsilon(epsilon):
    """TensorFlow's own fusion of layer normalisation uses 0.001 instead, which shows where the variance is small."""
    inputs = keras.Input((7, 16))
    model = keras.Model(inputs, LayerNorm(16, epsilon=epsilon)(inputs))
    x = 1e-3 * np.random.default_rng(0).standard_normal((2, 7, 16))
    expected = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + epsilon)
    found = as_float(inference_function(model, 2)(tf.constant(x, "float32")))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_runs_any_keras_model_and_keeps_the_structure_of_its_output():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, {"twice": keras.layers.Dense(3)(inputs), "once": [inputs]})
    x = np.ones((2, 4), "float32")
    found = inference_function(model, 2)(x)
    np.testing.assert_allclose(found["twice"], model(x)["twice"], rtol=1e-6)
    np.testing.assert_array_equal(found["once"][0], x)


def test_several_inputs_are_refused_in_one_line():
    first, second = keras.Input((4,)), keras.Input((4,))
    model = keras.Model([first, second], first + second)
    with pytest.raises(BackboneError, match="expected one input") as caught:
        inference_function(model, 1)
    assert "\n" not in str(caught.value)
