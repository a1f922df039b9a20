"""The Vision Transformer: parity of each kind of block, token, norm, pool and head, and everything a backbone does."""

import numpy as np
import pytest

import implementations
from implementations.errors import BackboneError
from implementations.parity import checks, reference
from tests.implementations.backbone_case import BackboneCase

SHALLOW = {"depth": 2, "img_size": (96, 64)}


class TestVisionTransformer(BackboneCase):
    variant = "test_vit2"
    small = {"img_size": (64, 96), "depth": 4}
    drops = {
        "drop_path_rate": 0.9,
        "drop_rate": 0.3,
        "pos_drop_rate": 0.3,
        "proj_drop_rate": 0.3,
        "attn_drop_rate": 0.3,
    }
    parity_cases = [
        ("vit_tiny_patch16_224", {}),
        ("vit_tiny_patch16_224", {"img_size": (160, 96), "batch": 3, "num_classes": 13}),
        ("vit_tiny_patch16_224", {"img_size": (100, 70), "in_chans": 5, "depth": 3}),
        ("vit_small_patch8_224", {**SHALLOW}),
        ("vit_base_patch16_224_miil", {**SHALLOW}),  # no qkv bias
        ("vit_medium_patch16_gap_256", {**SHALLOW}),  # layer scale, average pool
        ("vit_medium_patch32_clip_224", {**SHALLOW}),  # norm before the blocks, other epsilon
        ("vit_base_patch32_clip_quickgelu_224", {**SHALLOW}),
        ("vit_base_patch16_rpn_224", {**SHALLOW}),  # residual-post-norm blocks
        ("vit_small_patch16_18x2_224", {**SHALLOW}),  # parallel things
        ("vit_base_patch16_xp_224", {**SHALLOW}),  # parallel scaling, q and k norms
        ("vit_dwee_patch16_reg1_gap_256", {**SHALLOW}),  # differential attention
        ("vit_dpwee_patch16_reg1_gap_256", {**SHALLOW}),
        ("vit_small_patch14_reg4_dinov2", {"depth": 2, "img_size": (98, 70)}),  # registers
        ("vit_base_patch16_siglip_224", {**SHALLOW}),  # attention pool
        ("vit_base_patch16_siglip_gap_224", {**SHALLOW}),
        ("aimv2_large_patch14_224", {"depth": 1, "img_size": (98, 70)}),  # SwiGLU, RMS norms
        ("vit_giant_patch14_dinov2", {"depth": 1, "img_size": (98, 70)}),  # packed SwiGLU
        ("beit3_base_patch16_224", {**SHALLOW}),  # scale norms
        ("vit_base_patch16_radio_v3", {**SHALLOW}),  # no last norm
        ("test_vit", {}),
        ("test_vit3", {}),
        ("test_vit4", {}),
        ("vit_tiny_patch16_224", {**SHALLOW, "global_pool": "avgmax", "num_classes": 0}),
        ("vit_tiny_patch16_224", {**SHALLOW, "global_pool": "max", "qk_norm": True}),
    ]
    tensor_names = ["vit_tiny_patch16_224", "aimv2_3b_patch14_448", "vit_gigantic_patch14_clip_quickgelu_224"]
    bad_sizes = [8, 0, (64, 64, 64), 64.5]


def test_dynamic_sizes_resize_positions_in_the_model_as_timm():
    theirs = reference.create_reference("test_vit")
    model = implementations.create_model("test_vit", weights=theirs)
    images = checks.random_images((2, 96, 208, 3))
    expected = reference.reference_outputs(theirs, images)["logits"]
    np.testing.assert_allclose(model(images).numpy(), expected, atol=1e-5 * np.abs(expected).max())
    with pytest.raises(BackboneError, match="multiples of the patch of 16"):
        model(images[:, :90])


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ({"global_pool": "tokens"}, "global_pool 'tokens'"),
        ({"class_token": False}, "needs a class token"),
        ({"num_heads": 7}, "192 channels cannot be split into 7 heads"),
        ({"act_layer": "gelu_tanhh"}, "act_layer 'gelu_tanhh'"),
        ({"block_fn": "Blok"}, "block_fn 'Blok'"),
        ({"nonsense": 1}, "takes no argument 'nonsense'"),
        ({"in_chans": 0}, "in_chans 0"),
    ],
)
def test_what_cannot_be_built_is_one_clear_line(argument, reason):
    with pytest.raises(BackboneError, match=reason) as caught:
        implementations.create_model("vit_tiny_patch16_224", **argument)
    assert "\n" not in str(caught.value)
