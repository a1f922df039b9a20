"""One weight matrix must equal every resize that it stands for: torch's."""

import numpy as np
import pytest
import torch
import torch.nn.functional as functional
from keras import ops

from implementations.errors import BackboneError
from implementations.layers.resize import resize_grid, resize_matrix, resize_tensor

SIZES = [(7, 7), (7, 12), (14, 9), (24, 16), (5, 31), (33, 4), (1, 6), (6, 1)]


def interpolate(samples: np.ndarray, size: tuple[int, int], **options) -> np.ndarray:
    """Torch's resize of H, W, C samples in float64."""
    batch = torch.from_numpy(samples).permute(2, 0, 1)[None]  # 1, C, H, W
    return functional.interpolate(batch, size=size, **options)[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize(("old", "new"), SIZES)
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"kernel": "bicubic", "antialias": True}, {"mode": "bicubic", "antialias": True}),
        ({"kernel": "bilinear", "antialias": True}, {"mode": "bilinear", "antialias": True}),
        ({"kernel": "bicubic", "antialias": False}, {"mode": "bicubic"}),
        ({"kernel": "bilinear", "antialias": False}, {"mode": "bilinear"}),
        (
            {"kernel": "bicubic", "antialias": False, "align_corners": True},
            {"mode": "bicubic", "align_corners": True},
        ),
        (
            {"kernel": "bilinear", "antialias": False, "align_corners": True},
            {"mode": "bilinear", "align_corners": True},
        ),
    ],
)
def test_equals_torch(old, new, ours, theirs):
    samples = np.random.default_rng(old * 100 + new).normal(size=(old, new, 3))
    expected = interpolate(samples, (new, old), **theirs)
    np.testing.assert_allclose(resize_grid(samples, (new, old), **ours), expected, atol=1e-12)


@pytest.mark.parametrize("antialias", [True, False])
def test_rows_sum_to_one_and_equal_sizes_change_nothing(antialias):
    assert np.allclose(resize_matrix(13, 29, antialias=antialias).sum(axis=1), 1.0)
    np.testing.assert_allclose(resize_matrix(11, 11, antialias=antialias), np.eye(11), atol=1e-15)


@pytest.mark.parametrize("antialias", [True, False])
def test_tensors_resize_as_arrays_do(antialias):
    grid = np.random.default_rng(7).normal(size=(2, 7, 9, 3)).astype(np.float32)
    options = {"kernel": "bicubic", "antialias": antialias}
    expected = np.stack([resize_grid(each, (11, 4), **options) for each in grid])
    np.testing.assert_allclose(ops.convert_to_numpy(resize_tensor(grid, (11, 4), **options)), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"in_size": 0, "out_size": 4}, "cannot resize 0 samples to 4"),
        ({"in_size": 4, "out_size": 4, "kernel": "cubic"}, "kernel 'cubic'"),
    ],
)
def test_bad_arguments_are_one_clear_line(arguments, message):
    with pytest.raises(BackboneError, match=message) as error:
        resize_matrix(**arguments)
    assert "\n" not in str(error.value)
