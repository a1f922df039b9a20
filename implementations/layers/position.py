"""Learned absolute positions and patch kernels, resized as timm's functions resample_* do."""

import math

import numpy as np
from keras import ops

from implementations.layers.resize import resize_grid, resize_matrix, resize_tensor


def resample_positions(
    positions: np.ndarray,
    size: tuple[int, int],
    old_size: tuple[int, int] | None = None,
    num_prefix_tokens: int = 1,
    interpolation: str = "bicubic",
    antialias: bool = True,
    align_corners: bool = False,
) -> np.ndarray:
    """Positions (1, prefix + old_h * old_w, C) resized to (1, prefix + h * w, C); prefix tokens stay as they are."""
    prefix, grid = positions[:, :num_prefix_tokens], positions[0, num_prefix_tokens:]
    side = math.isqrt(grid.shape[0])
    old_size = old_size or (side, side)
    if tuple(old_size) == tuple(size):
        return positions
    old_grid = grid.reshape(*old_size, -1)
    resized = resize_grid(old_grid, size, kernel=interpolation, antialias=antialias, align_corners=align_corners)
    return np.concatenate([prefix, resized.reshape(1, -1, grid.shape[-1]).astype(positions.dtype)], axis=1)


def resample_position_tensor(positions, size: tuple[int, int], old_size: tuple[int, int], num_prefix_tokens: int):
    """The same within a model, for inputs of another size than the model's (`dynamic_img_size`)."""
    if tuple(size) == tuple(old_size):
        return positions
    channels = positions.shape[-1]
    grid = ops.reshape(positions[:, num_prefix_tokens:], (1, *old_size, channels))
    grid = ops.reshape(resize_tensor(grid, size), (1, size[0] * size[1], channels))
    return ops.concatenate([positions[:, :num_prefix_tokens], grid], axis=1) if num_prefix_tokens else grid


def resample_patch_kernel(
    kernel: np.ndarray, size: tuple[int, int], interpolation: str = "bicubic", antialias: bool = True
) -> np.ndarray:
    """Patch kernel (out, in, h, w) resized so that resized patches give nearly the same tokens.

    Source: FlexiViT, https://arxiv.org/abs/2212.08013.
    """
    old = kernel.shape[-2:]
    if tuple(old) == tuple(size):
        return kernel
    rows, columns = (resize_matrix(*sizes, interpolation, antialias) for sizes in zip(old, size, strict=True))
    matrix = np.kron(rows, columns)  # new, old
    cutoff = max(matrix.shape) * np.finfo("float32").eps  # timm's, which inverts in float32
    resized = kernel.reshape(*kernel.shape[:2], -1).astype("float64") @ np.linalg.pinv(matrix, cutoff)
    return resized.reshape(*kernel.shape[:2], *size).astype(kernel.dtype)
