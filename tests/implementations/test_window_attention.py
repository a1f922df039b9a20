"""Window attention and patch merging, layer by layer against timm's, and in a model of anyone's own."""

import keras
import numpy as np
import pytest
import torch

import implementations
from implementations.families.swin import inference
from implementations.families.swin.blocks import PatchMerging, WindowAttention
from implementations.families.swin.inference import divides, rearrange
from implementations.families.swinv2.attention import CosineWindowAttention
from implementations.layers.classifier_head import ClassifierHead
from implementations.layers.window import Windows
from implementations.parity.compare import compare_one
from implementations.parity.reference import randomize
from runtimes.torchvision_ops import define_missing_operators


def timm_modules():
    define_missing_operators()
    from timm.models import swin_transformer, swin_transformer_v2

    return swin_transformer, swin_transformer_v2


def share_weights(layer, module: torch.nn.Module) -> None:
    """Random values in timm's module, the same in ours, by the rule that models use."""
    from implementations.weights import slots

    randomize(module, 0)
    state = {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}
    for slot in slots(layer):
        slot.variable.assign(slot.to_keras(state.pop(slot.name)))
    assert not [name for name in state if name.rsplit(".")[-1] not in ("relative_position_index", "k_bias")]


def assert_equal(ours, module: torch.nn.Module, x: np.ndarray, *arguments: np.ndarray) -> None:
    with torch.no_grad():
        tensors = [torch.from_numpy(each) for each in (x, *arguments)]
        single = module(*tensors).numpy()
        double = module.double()(*[tensor.double() for tensor in tensors]).numpy()
    comparison = compare_one("output", keras.ops.convert_to_numpy(ours), single, double)
    assert comparison.passes, str(comparison)


@pytest.mark.parametrize("window", [(7, 7), (3, 5), (1, 4)])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("options", [{}, {"qkv_bias": False}, {"head_dim": 24}])
def test_window_attention_is_timms(window, masked, options):
    module = timm_modules()[0].WindowAttention(32, num_heads=4, window_size=window, **options).eval()
    layer = WindowAttention(32, window, 4, **options)
    share_weights(layer, module)
    area = window[0] * window[1]
    x = np.random.default_rng(0).normal(size=(6, area, 32)).astype(np.float32)
    mask = (np.random.default_rng(1).integers(0, 2, (3, area, area)) * -100.0).astype(np.float32)
    arguments = (mask,) if masked else ()
    assert_equal(layer(x, *arguments)[0], module, x, *arguments)


@pytest.mark.parametrize("window", [(8, 8), (3, 5), (1, 4)])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("pretrained", [(0, 0), (12, 12)])
def test_cosine_window_attention_is_timms(window, masked, pretrained):
    module = timm_modules()[1].WindowAttention(32, window, 4, pretrained_window_size=pretrained).eval()
    layer = CosineWindowAttention(32, window, 4, pretrained_window=pretrained)
    share_weights(layer, module)
    area = window[0] * window[1]
    x = np.random.default_rng(0).normal(size=(6, area, 32)).astype(np.float32)
    mask = (np.random.default_rng(1).integers(0, 2, (3, area, area)) * -100.0).astype(np.float32)
    arguments = (mask,) if masked else ()
    assert_equal(layer(x, *arguments)[0], module, x, *arguments)


WINDOWS = [None, Windows((4, 4), (0, 0)), Windows((4, 4), (2, 2)), Windows((2, 4), (1, 0))]


@pytest.mark.parametrize("present", WINDOWS)
@pytest.mark.parametrize("wanted", WINDOWS)
def test_tokens_are_rearranged_as_windows_merge_and_partition(present, wanted):
    tokens = np.random.default_rng(0).normal(size=(3, 8 * 12, 5)).astype(np.float32)
    expected = tokens
    if present is not None:
        expected = np.asarray(present.merge(expected.reshape(-1, present.area, 5), (8, 12)))
    if wanted is not None:
        expected = np.asarray(wanted.partition(expected.reshape(3, 8, 12, 5)))
    found = rearrange(tokens, (8, 12), present, wanted)
    np.testing.assert_array_equal(found, expected.reshape(3, 8 * 12, 5))
    np.testing.assert_array_equal(rearrange(found, (8, 12), wanted, present), tokens)


def test_windows_that_need_padding_do_not_divide_a_map():
    assert divides(Windows((4, 4), (0, 0)), (8, 12)) and not divides(Windows((4, 4), (0, 0)), (8, 10))


@pytest.mark.parametrize("layer", [WindowAttention(32, (3, 5), 4), CosineWindowAttention(32, (3, 5), 4)])
@pytest.mark.parametrize("mask", [None, -100.0 * np.tri(45, dtype="float32").reshape(3, 15, 45)[..., :15]])
def test_attention_of_rows_is_that_of_windows(layer, mask):
    x = np.random.default_rng(0).normal(size=(6, 15, 32)).astype(np.float32)
    expected = keras.ops.convert_to_numpy(layer(x, mask)[0])
    rows = inference._attention(layer, keras.ops.convert_to_tensor(x.reshape(-1, 32)), mask, None)
    np.testing.assert_allclose(rows, expected.reshape(-1, 32), atol=1e-5 * np.abs(expected).max())


def test_zero_vectors_have_no_direction_and_finite_gradients():
    import tensorflow as tf

    layer = CosineWindowAttention(8, (2, 2), 2)
    x = tf.zeros((1, 4, 8))
    with tf.GradientTape() as tape:
        tape.watch(x)
        output, attention = layer(x)
    assert np.isfinite(tape.gradient(output, x).numpy()).all()
    np.testing.assert_allclose(attention.numpy().sum(axis=-1), 1.0, atol=1e-6)


@pytest.mark.parametrize("norm_last", [False, True])
@pytest.mark.parametrize("size", [(8, 6), (7, 5), (1, 1)])
def test_patch_merging_is_timms(norm_last, size):
    module = timm_modules()[norm_last].PatchMerging(6, 10).eval()
    layer = PatchMerging(6, 10, norm_last)
    share_weights(layer, module)
    # Enough numbers for the largest of the reference's own errors to be a stable measure.
    x = np.random.default_rng(0).normal(size=(64, *size, 6)).astype(np.float32)
    assert_equal(layer(x), module, x)


def test_layers_work_in_a_model_of_ones_own(tmp_path):
    windows = Windows.fitted((8, 8), (4, 4), shifted=True, always_partition=False)
    inputs = keras.Input((8, 8, 12))
    tokens = keras.layers.Lambda(windows.partition, output_shape=(16, 12))(inputs)
    plain, _ = WindowAttention(12, (4, 4), 3)(tokens)
    cosine, _ = CosineWindowAttention(12, (4, 4), 3, pretrained_window=(6, 6))(plain)
    maps = keras.layers.Reshape((4, 4, 12))(cosine)
    model = keras.Model(inputs, ClassifierHead(20, 5, "avgmax")(PatchMerging(12, 20, norm_last=True)(maps)))
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 12)).astype(np.float32)
    head = keras.Model(model.layers[1].output, model.output)
    head.save(tmp_path / "head.keras")
    tokens = windows.partition(x)
    loaded = keras.saving.load_model(tmp_path / "head.keras")
    np.testing.assert_array_equal(loaded.predict(tokens, verbose=0), head.predict(tokens, verbose=0))


def test_variants_are_all_there():
    assert len(implementations.list_models("swin_*")) == 9
    assert len(implementations.list_models("swinv2_*")) == 12
