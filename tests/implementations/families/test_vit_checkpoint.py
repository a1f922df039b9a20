"""Checkpoints of other projects and other sizes become what timm's own filter makes of them."""

import numpy as np
import pytest
import torch

import implementations
from implementations.layers.position import resample_patch_kernel, resample_positions
from runtimes.torchvision_ops import define_missing_operators

define_missing_operators()
import timm  # noqa: E402
from timm.layers import resample_abs_pos_embed, resample_patch_embed  # noqa: E402
from timm.models.vision_transformer import checkpoint_filter_fn  # noqa: E402


def clip(shape_of):
    state = {
        "visual.class_embedding": (64,),
        "visual.positional_embedding": (1 + 16, 64),
        "visual.proj": (64, 9),
        "visual.conv1.weight": (64, 3, 16, 16),
        "visual.ln_pre.weight": (64,),
        "visual.ln_post.bias": (64,),
        "visual.transformer.resblocks.0.ln_1.weight": (64,),
        "visual.transformer.resblocks.0.attn.in_proj_weight": (192, 64),
        "visual.transformer.resblocks.0.attn.out_proj.bias": (64,),
        "visual.transformer.resblocks.1.mlp.c_fc.weight": (256, 64),
        "visual.transformer.resblocks.1.mlp.c_proj.weight": (64, 256),
        "transformer.text": (5,),
    }
    return {name: shape_of(shape) for name, shape in state.items()}


def dinov2(shape_of, prefix=""):
    state = {
        "mask_token": (1, 64),
        "register_tokens": (1, 4, 64),
        "cls_token": (1, 1, 64),
        "pos_embed": (1, 1 + 25, 64),
        "blocks.0.mlp.w12.weight": (32, 64),
        "blocks.0.mlp.w3.bias": (64,),
        "blocks.0.ls1.gamma": (64,),
    }
    return {prefix + name: shape_of(shape) for name, shape in state.items()}


def beit3(shape_of):
    layer = "beit3.encoder.layers.0."
    state = {
        "beit3.text_embed.weight": (3, 3),
        "beit3.vision_embed.mask_token": (1, 1, 64),
        "beit3.vision_embed.cls_token": (1, 1, 64),
        "beit3.vision_embed.proj.weight": (64, 3, 16, 16),
        "beit3.encoder.embed_positions.A.weight": (3 + 16, 64),
        "beit3.encoder.embed_positions.B.weight": (7, 64),
        f"{layer}self_attn.q_proj.A.weight": (64, 64),
        f"{layer}self_attn.k_proj.A.weight": (64, 64),
        f"{layer}self_attn.v_proj.A.weight": (64, 64),
        f"{layer}self_attn.q_proj.B.weight": (64, 64),
        f"{layer}self_attn.out_proj.A.bias": (64,),
        f"{layer}self_attn.inner_attn_ln.A.weight": (64,),
        f"{layer}self_attn_layer_norm.A.weight": (64,),
        f"{layer}ffn.A.fc1.weight": (256, 64),
        f"{layer}ffn.A.ffn_layernorm.weight": (256,),
        f"{layer}final_layer_norm.A.bias": (64,),
        "beit3.encoder.layer_norm.A.bias": (64,),
    }
    return {name: shape_of(shape) for name, shape in state.items()}


def aimv2(shape_of):
    state = {
        "preprocessor.patchifier.proj.weight": (64, 3, 16, 16),
        "preprocessor.patchifier.norm.weight": (64,),
        "preprocessor.pos_embed": (1, 25, 64),
        "trunk.blocks.0.norm_1.weight": (64,),
        "trunk.blocks.0.norm_2.weight": (64,),
        "trunk.blocks.0.mlp.fc1.weight": (32, 64),
        "trunk.blocks.0.mlp.fc3.weight": (32, 64),
        "trunk.blocks.0.mlp.fc2.weight": (64, 32),
        "trunk.post_trunk_norm.weight": (64,),
    }
    return {name: shape_of(shape) for name, shape in state.items()}


def openclip(shape_of):
    state = {
        "visual.trunk.pos_embed": (1, 1 + 25, 64),
        "visual.trunk.blocks.0.norm1.weight": (64,),
        "visual.trunk.patch_embed.proj.weight": (64, 3, 12, 12),
        "visual.head.proj.weight": (1000, 64),
        "text.x": (3,),
    }
    return {name: shape_of(shape) for name, shape in state.items()}


def radio(shape_of):
    prefix = "radio_model.model."
    state = {
        f"{prefix}patch_generator.embedder.weight": (64, 3 * 16 * 16),
        f"{prefix}patch_generator.pos_embed": (1, 12 * 12, 64),
        f"{prefix}patch_generator.cls_token.token": (8, 64),
        f"{prefix}blocks.0.ls1.grandma": (64,),
        "radio_model.input_conditioner.norm_mean": (3, 1, 1),
    }
    return {name: shape_of(shape) for name, shape in state.items()}


LAYOUTS = {
    "OpenAI CLIP": ("vit_base_patch16_clip_224", clip, {"num_classes": 9}),
    "DINOv2 with registers": ("vit_small_patch14_reg4_dinov2", dinov2, {"patch_size": 16}),
    "TIPSv2": ("vit_base_patch14_reg1_tipsv2", lambda d: dinov2(d, "vision_encoder."), {"patch_size": 16}),
    "BEiT-3": ("beit3_base_patch16_224", beit3, {}),
    "AIMv2": ("aimv2_large_patch14_224", aimv2, {"patch_size": 16}),
    "OpenCLIP trunk": ("vit_base_patch16_224", openclip, {}),
    "RADIO": ("vit_base_patch16_radio_v3", radio, {}),
    "RADIO v4": ("vit_huge_patch16_radio_v4", radio, {}),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [(64, 64), (64, 96)], ids=str)
def test_other_layouts_become_what_timm_makes_of_them(layout, size):
    name, make, arguments = LAYOUTS[layout]
    arguments = {"embed_dim": 64, "depth": 2, "num_heads": 4, "img_size": size, "num_classes": 1000} | arguments
    random = np.random.default_rng(0)
    state = make(lambda shape: random.standard_normal(shape).astype("float32"))
    theirs = timm.create_model(name, **arguments)
    corners = "v3" in name
    options = {"interpolation": "bilinear", "antialias": False, "align_corners": corners} if "radio" in name else {}
    expected = checkpoint_filter_fn({key: torch.from_numpy(array) for key, array in state.items()}, theirs, **options)
    found = implementations.create_model(name, **arguments).convert_state_dict(state)
    assert set(found) == set(expected)
    for key, tensor in expected.items():
        assert found[key].shape == tuple(tensor.shape), key
        np.testing.assert_allclose(found[key], tensor.numpy(), atol=1e-5 * tensor.abs().max(), err_msg=key)


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("sizes", [((14, 14), (7, 9)), ((5, 8), (16, 3)), ((24, 24), (16, 16))], ids=str)
def test_positions_are_resized_as_timm(sizes, interpolation, antialias):
    old, new = sizes
    positions = np.random.default_rng(0).standard_normal((1, 2 + old[0] * old[1], 6)).astype("float32")
    how = {"num_prefix_tokens": 2, "interpolation": interpolation, "antialias": antialias}
    expected = resample_abs_pos_embed(torch.from_numpy(positions), new, old, **how).numpy()
    np.testing.assert_allclose(resample_positions(positions, new, old, **how), expected, atol=3e-6)


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("size", [(8, 8), (20, 12), (32, 32)], ids=str)
def test_patch_kernels_are_resized_as_timm(size, interpolation, antialias):
    kernel = np.random.default_rng(0).standard_normal((4, 3, 16, 16)).astype("float32")
    how = {"interpolation": interpolation, "antialias": antialias}
    expected = resample_patch_embed(torch.from_numpy(kernel), size, **how).numpy()
    np.testing.assert_allclose(resample_patch_kernel(kernel, size, **how), expected, atol=1e-5 * np.abs(expected).max())


def test_a_model_of_another_size_loads_and_equals_timms():
    theirs = timm.create_model("deit_tiny_patch16_224", depth=2)
    other = timm.create_model("deit_tiny_patch16_224", depth=2, img_size=(160, 96)).eval()
    other.load_state_dict(checkpoint_filter_fn(theirs.state_dict(), other))
    model = implementations.create_model("deit_tiny_patch16_224", depth=2, img_size=(160, 96), weights=theirs)
    images = np.random.default_rng(0).standard_normal((2, 160, 96, 3)).astype("float32")
    with torch.no_grad():
        expected = other(torch.from_numpy(images.transpose(0, 3, 1, 2))).numpy()
    np.testing.assert_allclose(model(images).numpy(), expected, atol=1e-5 * np.abs(expected).max())
