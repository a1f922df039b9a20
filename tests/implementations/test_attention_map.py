"""Attention rollout against slow and obvious matrices, and its picture."""

import io

import numpy as np
import pytest
from PIL import Image

import implementations
from implementations.attention_map import draw_attention
from implementations.errors import BackboneError
from implementations.layers.window import Windows
from implementations.parity.checks import random_images
from implementations.rollout import attention_rollout

VIT = ("test_vit", {"img_size": (64, 96)})
SWIN = (
    "swin_tiny_patch4_window7_224",
    {"img_size": (40, 56), "embed_dim": 24, "depths": (2, 2), "num_heads": (1, 2), "window_size": 4},
)


def averaged(weights) -> np.ndarray:
    return np.asarray(weights, "float64").mean(axis=1)


def token_oracle(model, images) -> np.ndarray:
    """The paper's product of matrices, over all tokens."""
    rollout = 1.0
    for weights in model.attention_maps(images).values():
        matrix = averaged(weights)
        rollout = (
            (0.5 * np.eye(matrix.shape[-1]) + 0.5 * matrix) @ rollout
            if np.ndim(rollout)
            else (0.5 * np.eye(matrix.shape[-1]) + 0.5 * matrix)
        )
    share = rollout[:, 0, model.num_prefix_tokens :]
    return share / share.sum(axis=1, keepdims=True)


def window_oracle(model, images) -> np.ndarray:
    """The same for Swin, with every block's attention spread into a matrix over the whole map, token by token."""
    maps = model.attention_maps(images)
    height, width = (side // 4 for side in model.config.img_size)
    rollout = np.eye(height * width)[None].repeat(len(images), axis=0)
    for index, stage in enumerate(model.layers_):
        if index:
            merged_height, merged_width = -(-height // 2), -(-width // 2)
            merging = np.zeros((merged_height * merged_width, height * width))
            for row in range(height):
                for column in range(width):
                    merging[(row // 2) * merged_width + column // 2, row * width + column] = 0.25
            rollout, height, width = merging @ rollout, merged_height, merged_width
        for number, block in enumerate(stage.blocks):
            weights = averaged(maps[f"layers.{index}.blocks.{number}.attn"])
            owner = np.arange(1, height * width + 1, dtype="float32").reshape(1, height, width, 1)
            owner = np.asarray(block.windows.partition(owner)).astype(int)[..., 0] - 1  # windows, area; -1 is padding
            matrix = np.zeros((len(images), height * width, height * width))
            for image, attention in enumerate(weights.reshape(len(images), *owner.shape, owner.shape[-1])):
                for tokens, window in zip(owner, attention, strict=True):
                    real = tokens >= 0
                    matrix[image][np.ix_(tokens[real], tokens[real])] = window[np.ix_(real, real)]
            rollout = (0.5 * np.eye(height * width) + 0.5 * matrix) @ rollout
    share = rollout.mean(axis=1)
    return share / share.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("variant", "oracle"), [(VIT, token_oracle), (SWIN, window_oracle)])
def test_rollout_is_the_product_of_matrices(variant, oracle):
    name, arguments = variant
    model = implementations.create_model(name, **arguments)
    random = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(random.normal(size=weight.shape) * 0.3)
    images = random_images((2, *model.config.img_size, 3))
    share = attention_rollout(model, images)
    assert share.shape == (2, *model.patch_embed.grid_size)
    expected = oracle(model, images).reshape(share.shape)
    np.testing.assert_allclose(share, expected, atol=1e-5 * expected.max())
    assert share.max() > 1.2 * share.min()  # not the uniform answer


def test_windows_are_counted_as_they_are_cut():
    windows = Windows((4, 3), (0, 0))
    assert windows.count((10, 9)) == len(windows.partition(np.zeros((1, 10, 9, 2), "float32"))) == 9


@pytest.mark.parametrize("kind", ["path", "bytes", "pixels", "picture"])
def test_one_call_draws_the_picture(kind, tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (90, 70, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    (tmp_path / "in.png").write_bytes(buffer.getvalue())
    image = {
        "path": tmp_path / "in.png",
        "bytes": buffer.getvalue(),
        "pixels": pixels,
        "picture": Image.fromarray(pixels),
    }[kind]
    name, arguments = VIT
    model = implementations.create_model(name, **arguments)
    picture = draw_attention(model, image, tmp_path / "out.png")
    assert picture.size == (2 * 96, 64)
    written = np.asarray(Image.open(tmp_path / "out.png"))
    assert np.abs(written[:, :96].astype(int) - written[:, 96:]).mean() > 10


def test_what_has_no_rollout_says_so():
    name, arguments = VIT
    model = implementations.create_model(name, features_only=True, **arguments)
    with pytest.raises(BackboneError, match="without features_only"):
        attention_rollout(model, random_images((1, 64, 96, 3)))
