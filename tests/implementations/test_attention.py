"""Scaled dot-product attention against torch's and Keras's; self-attention against timm's, Keras's, Model Garden's."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from implementations.attention_weights import load_attention_weights, separate_attention_weights
from implementations.errors import BackboneError, WeightsError
from implementations.layers.attention import Attention, scaled_dot_product_attention
from implementations.weights import state_dict
from runtimes.torchvision_ops import define_missing_operators

define_missing_operators()
from timm.layers import Attention as TimmAttention  # noqa: E402
from timm.layers import LayerNorm as TimmLayerNorm  # noqa: E402
from timm.layers import RmsNorm as TimmRmsNorm  # noqa: E402

SHAPES = [
    ((2, 3, 5, 8), (2, 3, 7, 8), (2, 3, 7, 6)),
    ((1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1)),
    ((4, 17, 9), (4, 3, 9), (4, 3, 9)),
]


def draw(*shapes, seed=0):
    random = np.random.default_rng(seed)
    return [random.standard_normal(shape) for shape in shapes]


def torchs(query, key, value, mask=None, **options):
    tensors = [torch.tensor(array, requires_grad=True) for array in (query, key, value)]
    mask = None if mask is None else torch.from_numpy(mask)
    output = torch.nn.functional.scaled_dot_product_attention(*tensors, attn_mask=mask, **options)
    (output * weighting(output.shape)).sum().backward()
    return output.detach().numpy(), [tensor.grad.numpy() for tensor in tensors]


def ours(query, key, value, mask=None, **options):
    tensors = [tf.constant(array) for array in (query, key, value)]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        output = scaled_dot_product_attention(*tensors, attn_mask=mask, **options)
        loss = tf.reduce_sum(output * weighting(output.shape).numpy())
    return output.numpy(), [gradient.numpy() for gradient in tape.gradient(loss, tensors)]


def weighting(shape):
    return torch.arange(1.0, 1.0 + int(np.prod(shape)), dtype=torch.float64).reshape(tuple(shape)).sin()


def masks(query, key):
    length, size = query.shape[-2], key.shape[-2]
    random = np.random.default_rng(1)
    keep = random.random((length, size)) < 0.6
    keep[:, 0] = True
    yield None
    yield keep
    yield random.standard_normal((length, size))
    yield np.where(random.random((*query.shape[:-1], size)) < 0.3, -np.inf, 0.5) * np.r_[0.0, np.ones(size - 1)].clip(
        1e-300
    )


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("which", range(4), ids=["none", "boolean", "additive", "minus infinity"])
@pytest.mark.parametrize("scale", [None, 0.3])
def test_equals_torch_with_its_gradients(shapes, which, scale):
    query, key, value = draw(*shapes)
    mask = list(masks(query, key))[which]
    expected, expected_gradients = torchs(query, key, value, mask, scale=scale)
    found, gradients = ours(query, key, value, mask, scale=scale)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    for gradient, expected_gradient in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(gradient, expected_gradient, atol=1e-12)


@pytest.mark.parametrize("lengths", [(5, 5), (5, 8), (8, 5)])
def test_causal_equals_torch(lengths):
    query, key, value = draw((2, 3, lengths[0], 4), (2, 3, lengths[1], 4), (2, 3, lengths[1], 4))
    expected, expected_gradients = torchs(query, key, value, is_causal=True)
    found, gradients = ours(query, key, value, is_causal=True)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(gradients[1], expected_gradients[1], atol=1e-12)


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_grouped_queries_equal_torch(groups):
    query, key, value = draw((2, 6, 5, 4), (2, 6 // groups, 7, 4), (2, 6 // groups, 7, 3))
    expected, expected_gradients = torchs(query, key, value, enable_gqa=True)
    found, gradients = ours(query, key, value, enable_gqa=True)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    for gradient, expected_gradient in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(gradient, expected_gradient, atol=1e-12)


@settings(max_examples=25)
@given(
    batch=st.integers(1, 3),
    heads=st.integers(1, 4),
    length=st.integers(1, 9),
    size=st.integers(1, 9),
    channels=st.integers(1, 7),
    seed=st.integers(0, 99),
)
def test_any_shape_and_mask_equals_torch(batch, heads, length, size, channels, seed):
    query, key, value = draw(
        (batch, heads, length, channels), (batch, heads, size, channels), (batch, heads, size, 2), seed=seed
    )
    mask = np.random.default_rng(seed).random((batch, 1, length, size)) < 0.5  # rows without any key included
    expected, _ = torchs(query, key, value, mask)
    found, gradients = ours(query, key, value, mask)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("kind", ["boolean", "additive"])
def test_a_fully_masked_row_is_zeros_without_gradient(kind):
    query, key, value = draw((1, 2, 3, 4), (1, 2, 5, 4), (1, 2, 5, 4))
    keep = np.ones((3, 5), bool)
    keep[1] = False
    mask = keep if kind == "boolean" else np.where(keep, 0.0, -np.inf)
    found, gradients = ours(query, key, value, mask)
    expected, _ = torchs(query, key, value, keep)
    _, weights = scaled_dot_product_attention(query, key, value, attn_mask=mask, return_weights=True)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert not found[:, :, 1].any()
    assert not weights.numpy()[:, :, 1].any()
    assert not gradients[0][:, :, 1].any()
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("which", range(3), ids=["none", "boolean", "additive"])
def test_equals_keras_where_both_apply(which):
    query, key, value = (array.astype("float32") for array in draw((2, 3, 5, 8), (2, 3, 7, 8), (2, 3, 7, 8)))
    mask = list(masks(query, key))[which]
    boolean, additive = (mask if which == 1 else None), (mask.astype("float32")[None, None] if which == 2 else None)
    keras_layout = [np.swapaxes(array, 1, 2) for array in (query, key, value)]
    expected = keras.ops.dot_product_attention(
        *keras_layout, bias=additive, mask=None if boolean is None else boolean[None, None], scale=0.3
    )
    found = scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=0.3)
    np.testing.assert_allclose(np.swapaxes(found.numpy(), 1, 2), expected.numpy(), atol=2e-6)


def test_the_map_makes_the_output():
    query, key, value = draw((2, 3, 5, 8), (2, 3, 7, 8), (2, 3, 7, 6))
    output, weights = scaled_dot_product_attention(query, key, value, return_weights=True)
    assert weights.shape == (2, 3, 5, 7)
    np.testing.assert_allclose(weights.numpy().sum(-1), 1.0, atol=1e-12)
    np.testing.assert_allclose(weights.numpy() @ value, output.numpy(), atol=1e-12)


def test_dropout_drops_the_asked_share_and_keeps_the_mean():
    query, key = np.zeros((1, 4, 50, 8), "float32"), np.zeros((1, 4, 40, 8), "float32")
    value = np.broadcast_to(np.eye(40, dtype="float32"), (1, 4, 40, 40))
    dropped = scaled_dot_product_attention(query, key, value, dropout_p=0.3, seed=3).numpy()
    assert np.isclose((dropped == 0).mean(), 0.3, atol=0.02)
    assert np.isclose(dropped.sum(-1).mean(), 1.0, atol=0.02)
    again = scaled_dot_product_attention(query, key, value, dropout_p=0.3, seed=3).numpy()
    np.testing.assert_array_equal(dropped, again)


def test_half_precision_takes_its_softmax_in_float32():
    query, key, value = draw((1, 2, 64, 16), (1, 2, 64, 16), (1, 2, 64, 16))
    tensors = [tf.cast(array, "bfloat16") for array in (query, key, value)]
    output, weights = scaled_dot_product_attention(*tensors, return_weights=True)
    assert output.dtype == weights.dtype == tf.bfloat16
    exact = scaled_dot_product_attention(*[tf.cast(tensor, "float64") for tensor in tensors]).numpy()
    np.testing.assert_allclose(tf.cast(output, "float64").numpy(), exact, atol=0.03)


def test_what_does_not_fit_together_is_refused():
    query, key, value = draw((1, 6, 5, 4), (1, 4, 5, 4), (1, 4, 5, 4))
    with pytest.raises(BackboneError, match="not both"):
        scaled_dot_product_attention(query, query, query, attn_mask=np.ones((5, 5), bool), is_causal=True)
    with pytest.raises(BackboneError, match="6 query heads cannot share 4 key"):
        scaled_dot_product_attention(query, key, value, enable_gqa=True)
    with pytest.raises(BackboneError, match="10 channels cannot be split into 4 heads"):
        Attention(10, 4)


LAYERS = {
    "plain": ({}, {}),
    "biased": ({"qkv_bias": True}, {"qkv_bias": True}),
    "no output bias": ({"proj_bias": False}, {"proj_bias": False}),
    "layer norms": (
        {"qk_norm": True, "scale_norm": True},
        {"qk_norm": True, "scale_norm": True, "norm_layer": TimmLayerNorm},
    ),
    "rms norms": ({"qk_norm": True, "norm_layer": "RmsNorm"}, {"qk_norm": True, "norm_layer": TimmRmsNorm}),
}


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("mask", ["none", "boolean", "causal"])
def test_self_attention_equals_timms(kind, mask):
    arguments, timms = LAYERS[kind]
    theirs = TimmAttention(24, 3, **timms).eval()
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, 0.3, 0.4, generator=torch.Generator().manual_seed(0))
    layer = Attention(24, 3, **arguments)
    load_attention_weights(layer, theirs)
    (images,) = (array.astype("float32") for array in draw((2, 11, 24)))
    keep = np.tri(11, dtype=bool) if mask == "boolean" else None
    with torch.no_grad():
        torch_mask = None if keep is None else torch.from_numpy(keep)
        expected = theirs(torch.from_numpy(images), attn_mask=torch_mask, is_causal=mask == "causal").numpy()
    found, weights = layer(images, attn_mask=keep, is_causal=mask == "causal", return_attention=True)
    np.testing.assert_allclose(found.numpy(), expected, atol=2e-6 * np.abs(expected).max())
    assert weights.shape == (2, 3, 11, 11)
    np.testing.assert_allclose(layer(images, attn_mask=keep, is_causal=mask == "causal").numpy(), found.numpy())


@pytest.mark.parametrize("use_bias", [True, False])
def test_weights_come_from_and_go_to_keras(use_bias):
    (images,) = (array.astype("float32") for array in draw((2, 11, 24)))
    theirs = keras.layers.MultiHeadAttention(3, 8, use_bias=use_bias)
    expected_before = theirs(images, images)
    theirs.set_weights(
        [array.astype("float32") for array in draw(*[weight.shape for weight in theirs.weights], seed=2)]
    )
    layer = Attention(24, 3, qkv_bias=use_bias, proj_bias=use_bias)
    load_attention_weights(layer, theirs)
    expected = theirs(images, images).numpy()
    assert np.abs(expected - expected_before.numpy()).max() > 1
    np.testing.assert_allclose(layer(images).numpy(), expected, atol=5e-6 * np.abs(expected).max())
    fresh = keras.layers.MultiHeadAttention(3, 8, use_bias=use_bias)
    fresh(images, images)
    fresh.set_weights(list(separate_attention_weights(layer).values()))
    np.testing.assert_allclose(fresh(images, images).numpy(), expected, atol=5e-6 * np.abs(expected).max())


def test_weights_come_from_model_garden_and_go_back():
    layer = Attention(24, 3, qkv_bias=True)
    shapes = {"query/kernel": (24, 3, 8), "query/bias": (3, 8), "key/kernel": (24, 3, 8), "key/bias": (3, 8)}
    shapes |= {"value/kernel": (24, 3, 8), "value/bias": (3, 8)}
    shapes |= {"attention_output/kernel": (3, 8, 24), "attention_output/bias": (24,)}
    garden = dict(zip(shapes, (array.astype("float32") for array in draw(*shapes.values())), strict=True))
    load_attention_weights(layer, {f"encoder/layer_0/self_attention/{name}:0": array for name, array in garden.items()})
    (tokens,) = (array.astype("float32") for array in draw((2, 5, 24), seed=4))
    parts = [
        np.einsum("bnc,chd->bhnd", tokens, garden[f"{part}/kernel"]) + garden[f"{part}/bias"][None, :, None]
        for part in ("query", "key", "value")
    ]
    logits = np.einsum("bhnd,bhmd->bhnm", parts[0], parts[1]) / np.sqrt(8)
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    attended = np.einsum("bhnm,bhmd->bnhd", weights / weights.sum(-1, keepdims=True), parts[2])
    expected = np.einsum("bnhd,hdc->bnc", attended, garden["attention_output/kernel"]) + garden["attention_output/bias"]
    np.testing.assert_allclose(layer(tokens).numpy(), expected, atol=1e-5 * np.abs(expected).max())
    for name, array in separate_attention_weights(layer).items():
        np.testing.assert_array_equal(array, garden[name])


def test_weights_that_do_not_fit_change_nothing():
    layer = Attention(24, 3)
    before = state_dict(layer)
    with pytest.raises(WeightsError, match="value/kernel, attention_output/kernel is missing"):
        load_attention_weights(layer, {"query/kernel": np.ones((24, 3, 8)), "key/kernel": np.ones((24, 3, 8))})
    with pytest.raises(WeightsError, match=r"qkv.weight has shape \(72, 12\), expected \(72, 24\)"):
        load_attention_weights(layer, {**before, "qkv.weight": before["qkv.weight"][:, :12]})
    with pytest.raises(WeightsError, match="no place in Keras's layout"):
        separate_attention_weights(Attention(24, 3, qk_norm=True))
    for name, array in state_dict(layer).items():
        np.testing.assert_array_equal(array, before[name])
