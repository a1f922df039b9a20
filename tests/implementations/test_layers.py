"""The shared layers on their own: in a user's functional model, saved and loaded, and what each promises."""

import keras
import numpy as np
import pytest

import implementations
from implementations.errors import BackboneError
from implementations.layers.activations import get_activation
from implementations.layers.attention import Attention
from implementations.layers.diff_attention import DiffAttention
from implementations.layers.initial import initial_values_left_out
from implementations.layers.linear import Conv2d, Linear
from implementations.layers.mlp import Mlp, SwiGLU, SwiGLUPacked
from implementations.layers.norm import LayerNorm, RmsNorm, create_norm
from implementations.layers.patch_embed import PatchEmbed
from implementations.layers.pooling import AttentionPoolLatent, token_mean
from implementations.layers.residual import DropPath, LayerScale, drop_path_rates
from runtimes.torchvision_ops import define_missing_operators

TOKENS = {
    "linear": lambda: Linear(12, 7),
    "layer norm": lambda: LayerNorm(12, epsilon=1e-5),
    "rms norm": lambda: RmsNorm(12, epsilon=1e-5),
    "layer scale": lambda: LayerScale(12, 0.3),
    "drop path": lambda: DropPath(0.3),
    "mlp": lambda: Mlp(12, 20, act_layer="quick_gelu", norm_layer="LayerNorm"),
    "swiglu": lambda: SwiGLU(12, 20, act_layer="silu"),
    "packed swiglu": lambda: SwiGLUPacked(12, 20, act_layer="silu"),
    "attention": lambda: Attention(12, 3, qkv_bias=True, qk_norm=True, norm_layer="RmsNorm"),
    "differential attention": lambda: DiffAttention(12, 3, depth=2),
    "attention pool": lambda: AttentionPoolLatent(12, 3),
}
IMAGES = {
    "convolution": lambda: Conv2d(3, 6, 3, stride=2, padding=1, groups=3),
    "patches": lambda: PatchEmbed((8, 12), 4, 3, 6, norm_layer="LayerNorm"),
}


@pytest.mark.parametrize("kind", [*TOKENS, *IMAGES])
def test_works_in_a_functional_model_and_survives_saving(kind, tmp_path):
    shape = (5, 12) if kind in TOKENS else (8, 12, 3)
    inputs = keras.Input(shape)
    model = keras.Model(inputs, (TOKENS | IMAGES)[kind]()(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    images = np.random.default_rng(0).standard_normal((2, *shape)).astype("float32")
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))


def torchs(module, images, *tensors):
    import torch

    with torch.no_grad():
        for parameter, array in zip(module.parameters(), tensors, strict=True):
            parameter.copy_(torch.from_numpy(array))
        return module(torch.from_numpy(images)).numpy()


def draw(*shapes):
    random = np.random.default_rng(0)
    return [random.standard_normal(shape).astype("float32") for shape in shapes]


@pytest.mark.parametrize(
    "options", [{}, {"stride": 2, "padding": 1}, {"groups": 3, "padding": 2}, {"stride": (2, 3)}], ids=str
)
def test_convolution_equals_torchs(options):
    import torch

    layer = Conv2d(6, 9, 3, **options)
    module = torch.nn.Conv2d(6, 9, 3, **options)
    weight, bias, images = draw(module.weight.shape, (9,), (2, 6, 11, 10))
    layer.kernel.assign(weight.transpose(2, 3, 1, 0))
    layer.bias.assign(bias)
    expected = torchs(module, images, weight, bias).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(layer(images.transpose(0, 2, 3, 1)).numpy(), expected, atol=2e-5)


@pytest.mark.parametrize("tokens", [1, 7, 196, 1024])
def test_token_mean_loses_no_more_digits_than_torchs(tokens):
    import torch

    (values,) = draw((2, tokens, 300))
    values += 3
    exact = values.astype("float64").mean(1)
    theirs = np.abs(torch.from_numpy(values).mean(1).numpy() - exact).max()
    ours = np.abs(keras.ops.convert_to_numpy(token_mean(keras.ops.convert_to_tensor(values))) - exact).max()
    assert ours <= 4 * max(theirs, np.finfo("float32").eps)


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh", "quick_gelu", "silu", "relu"])
def test_activations_equal_timms(name):
    define_missing_operators()
    import torch
    from timm.layers import get_act_layer

    values = np.linspace(-8, 8, 4001, dtype="float32")
    expected = get_act_layer(name)()(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(keras.ops.convert_to_numpy(get_activation(name)(values)), expected, atol=1e-6)


def test_drop_path_drops_whole_samples_and_keeps_the_mean():
    layer = DropPath(0.25, seed=1)
    dropped = keras.ops.convert_to_numpy(layer(np.ones((4000, 3, 2), "float32"), training=True))
    samples = dropped.reshape(4000, -1)
    assert set(np.unique(samples)) == {np.float32(0), np.float32(1 / 0.75)}
    assert (samples.min(1) == samples.max(1)).all()
    assert np.isclose(samples.mean(), 1.0, atol=0.03)


@pytest.mark.parametrize(("rate", "depth"), [(0.0, 3), (0.1, 1), (0.3, 7)])
def test_drop_path_rates_equal_timms(rate, depth):
    define_missing_operators()
    from timm.layers import calculate_drop_path_rates

    np.testing.assert_allclose(drop_path_rates(rate, depth), calculate_drop_path_rates(rate, depth), atol=1e-7)


def test_initial_values_are_timms_and_can_be_left_out():
    model = implementations.create_model("test_vit", img_size=32)
    kernel = np.array(model.blocks[0].mlp.fc1.kernel)
    assert np.isclose(kernel.std(), 0.02 * 0.88, rtol=0.05)  # cut at two standard deviations
    assert np.abs(np.array(model.patch_embed.proj.kernel)).max() <= (16 * 16 * 3) ** -0.5
    with initial_values_left_out():
        empty = implementations.create_model("test_vit", img_size=32)
    assert not np.array(empty.blocks[0].mlp.fc1.kernel).any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: create_norm("BatchNorm", 3, 1e-5), "norm_layer 'BatchNorm': expected one of LayerNorm, RmsNorm"),
        (lambda: get_activation("mish"), "act_layer 'mish': expected one of gelu"),
        (lambda: PatchEmbed((8, 3), 4, 3, 6), "img_size 8x3 holds no patch of 4 pixels"),
    ],
)
def test_what_does_not_exist_is_named(make, message):
    with pytest.raises(BackboneError, match=message):
        make()
