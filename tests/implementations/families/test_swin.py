"""Swin and its S3 search: windows of every kind, sizes that do not divide, bias tables that change size, folding."""

import re

import keras
import numpy as np
import pytest
import torch

import implementations
from implementations.errors import BackboneError, WeightsError
from implementations.layers.relative_position import resize_bias_table
from implementations.layers.window import Windows
from implementations.parity import checks, reference
from implementations.weights import state_dict
from tests.implementations.backbone_case import CLASSES, BackboneCase

# Parity: every width as published, two blocks per stage. Everything else: three narrow stages, which trace fast.
CUT = {"img_size": 64, "depths": (2, 2, 2, 2), "drop_path_rate": 0.0}
SMALL = {"img_size": 64, "embed_dim": 24, "depths": (1, 2, 2), "num_heads": (1, 2, 4), "drop_path_rate": 0.0}
DROPS = {"drop_path_rate": 0.9, "drop_rate": 0.3, "proj_drop_rate": 0.3, "attn_drop_rate": 0.3}


def numpy_of(tensor) -> np.ndarray:
    return keras.ops.convert_to_numpy(tensor)


def timms_logits(model, images: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return model(torch.from_numpy(images.transpose(0, 3, 1, 2))).numpy()


def assert_same_function(ours, theirs, images: np.ndarray) -> None:
    """Equal logits to float32's precision, on weights that the caller shared."""
    expected = timms_logits(theirs, images)
    np.testing.assert_allclose(numpy_of(ours(images)), expected, atol=2e-5 * np.abs(expected).max())


class SwinCase(BackboneCase):
    """What Swin and SwinV2 do alike, beyond what every backbone does."""

    def both(self, **arguments):
        """timm's small variant with random values, and ours with the same."""
        arguments = {**self.small, "num_classes": CLASSES, **arguments}
        theirs = reference.create_reference(self.variant, **arguments)
        model = implementations.create_model(self.variant, **arguments)
        implementations.load_weights(model, theirs)
        return theirs, model

    @pytest.mark.parametrize(
        "arguments",
        [
            {"img_size": (72, 128)},
            {"img_size": (64, 80), "window_size": (3, 5)},
            {"window_size": (4, (2, 3), 4), "always_partition": True},
            {"img_size": (96, 64), "window_ratio": (4, 4, 8)},
            {"patch_size": 2, "img_size": 32},
        ],
    )
    def test_set_input_size_is_timms(self, arguments):
        theirs, model = self.both()
        original = state_dict(model)
        # From one to another, as windows scale from the ones first chosen.
        for change in (arguments, {"img_size": 128}):
            theirs.set_input_size(**change)
            model = model.set_input_size(**change)
            windows = [stage.blocks[-1].window_size for stage in theirs.layers]
            assert [stage.blocks[-1].windows.size for stage in model.layers_] == windows
            assert_same_function(model, theirs, self.images(model))
        assert model.config.img_size == (128, 128)
        assert original.keys() == state_dict(model).keys()

    def test_dynamic_image_size_is_timms(self):
        theirs, model = self.both(dynamic_img_size=True)
        for size in ((64, 64), (100, 76), (36, 140)):
            assert_same_function(model, theirs, checks.random_images((2, *size, 3)))
        with pytest.raises(BackboneError, match="multiples of the patch of 4 pixels"):
            model(np.zeros((1, 66, 64, 3), "float32"))

    def test_other_image_sizes_load_pretrained_weights_as_timm(self):
        import timm

        original = reference.create_reference(self.variant, **self.small)
        overlay = {"state_dict": original.state_dict(), "url": None, "hf_hub_id": None, "custom_load": False}
        for size in (96, (128, 80)):
            arguments = {**self.small, "img_size": size, "window_size": 6}
            theirs = timm.create_model(self.variant, pretrained=True, pretrained_cfg_overlay=overlay, **arguments)
            model = implementations.create_model(self.variant, weights=original.state_dict(), **arguments)
            for name, tensor in theirs.state_dict().items():
                np.testing.assert_allclose(state_dict(model)[name], tensor.numpy(), atol=2e-6, err_msg=name)

    def test_microsofts_names_are_understood(self):
        model = self.create()
        tensors = state_dict(model)
        theirs = {
            re.sub(r"layers\.(\d)\.downsample", lambda found: f"layers.{int(found[1]) - 1}.downsample", name).replace(
                "head.fc.", "head."
            ): array
            for name, array in tensors.items()
        }
        theirs["layers.0.blocks.1.attn_mask"] = np.zeros((4, 49, 49), "float32")
        theirs["layers.0.blocks.0.attn.relative_position_index"] = np.zeros((49, 49), "int64")
        fresh = implementations.create_model(self.variant, **{**self.small, "num_classes": CLASSES})
        implementations.load_weights(fresh, {"model": theirs})
        for name, array in state_dict(fresh).items():
            np.testing.assert_array_equal(array, tensors[name], err_msg=name)

    def test_folding_changes_nothing_and_can_be_undone(self):
        model = self.create()
        images = self.images(model)
        exact = numpy_of(model(images))
        assert model.fold() is model
        assert model.folded.keys() == model.attention_layers().keys()
        np.testing.assert_allclose(numpy_of(model(images)), exact, atol=1e-6 * np.abs(exact).max())
        random = np.random.default_rng(2)
        model.folded = {path: 5 * random.normal(size=bias.shape) for path, bias in model.folded.items()}
        assert np.abs(numpy_of(model(images)) - exact).max() > 1e-3 * np.abs(exact).max()  # the folded value is used
        np.testing.assert_allclose(numpy_of(model(images, training=True)), exact, atol=1e-5 * np.abs(exact).max())
        np.testing.assert_array_equal(numpy_of(model.unfold()(images)), exact)

    def test_every_pool_is_timms(self):
        for pool in ("max", "avgmax", "catavgmax"):
            theirs, model = self.both(global_pool=pool)
            assert_same_function(model, theirs, self.images(model))
        unpooled = self.create(num_classes=0, global_pool="")
        assert unpooled(self.images(unpooled)).shape == (2, 4, 4, unpooled.all_features()[-1].num_chs)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"window_size": (7, 7, 7, 7)}, "window_size"),
            ({"window_size": 0}, "window_size"),
            ({"num_heads": (3, 6)}, "num_heads"),
            ({"num_heads": (5, 6, 12)}, "cannot be split into 5 heads"),
            ({"global_pool": "median"}, "global_pool 'median'"),
            ({"global_pool": ""}, "num_classes=0"),
        ],
    )
    def test_wrong_arguments_are_one_clear_line(self, arguments, message):
        with pytest.raises(BackboneError, match=message) as caught:
            self.create(**arguments)
        assert "\n" not in str(caught.value)

    def test_set_input_size_refuses_what_fits_no_stage(self):
        model = self.create()
        for wish in ({"window_ratio": 0}, {"window_ratio": (8, 8)}, {"window_size": (4, 4, 4, 4)}, {"img_size": 0}):
            with pytest.raises(BackboneError, match=next(iter(wish))):
                model.set_input_size(**wish)


class TestSwinTransformer(SwinCase):
    variant = "swin_tiny_patch4_window7_224"
    small = SMALL
    drops = DROPS
    parity_cases = [
        ("swin_tiny_patch4_window7_224", CUT),
        ("swin_tiny_patch4_window7_224", {**CUT, "img_size": (116, 92), "batch": 3, "num_classes": 13}),
        ("swin_tiny_patch4_window7_224", {**CUT, "img_size": (72, 61), "always_partition": True, "in_chans": 5}),
        (
            "swin_tiny_patch4_window7_224",
            {**CUT, "img_size": (100, 84), "window_size": ((5, 3), 4, (2, 6), 7), "qkv_bias": False},
        ),
        ("swin_tiny_patch4_window7_224", {**CUT, "head_dim": (16, 24, 32, 8), "mlp_ratio": (1.0, 2.0, 3.0, 4.0)}),
        ("swin_s3_tiny_224", {**CUT, "img_size": (136, 100)}),
        ("swin_base_patch4_window12_384", {**CUT, "img_size": 128}),
    ]
    tensor_names = [
        "swin_tiny_patch4_window7_224",
        "swin_small_patch4_window7_224",
        "swin_base_patch4_window12_384",
        "swin_large_patch4_window12_384",
        "swin_s3_tiny_224",
        "swin_s3_small_224",
        "swin_s3_base_224",
    ]
    bad_sizes = [3, 0, (64, 64, 64)]


@pytest.mark.parametrize(("old", "new"), [((7, 7), (12, 12)), ((12, 12), (7, 7)), ((5, 3), (4, 8)), ((1, 6), (3, 6))])
def test_bias_tables_resize_as_timms(old, new):
    from runtimes.torchvision_ops import define_missing_operators

    define_missing_operators()
    from timm.layers import resize_rel_pos_bias_table

    table = np.random.default_rng(0).normal(size=((2 * old[0] - 1) * (2 * old[1] - 1), 3)).astype(np.float32)
    shape = ((2 * new[0] - 1) * (2 * new[1] - 1), 3)
    expected = resize_rel_pos_bias_table(torch.from_numpy(table), new, shape, old).numpy()
    np.testing.assert_allclose(resize_bias_table(table, new, old), expected, atol=2e-6)


def test_a_table_of_no_square_window_is_refused():
    with pytest.raises(WeightsError, match="45 rows"):
        resize_bias_table(np.zeros((45, 3), np.float32), (4, 4))


@pytest.mark.parametrize("resolution", [(14, 21), (13, 9), (5, 30)])
def test_merge_undoes_partition(resolution):
    windows = Windows.fitted(resolution, (7, 6), shifted=True, always_partition=True)
    x = np.random.default_rng(1).normal(size=(2, *resolution, 3)).astype(np.float32)
    np.testing.assert_array_equal(numpy_of(windows.merge(windows.partition(x), resolution)), x)
