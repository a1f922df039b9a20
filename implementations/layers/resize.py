"""Resizing by weight matrices: of positions and patch kernels as torch resizes them, and of maps to be drawn.

One matrix per axis holds every output sample's weights, so a resize is two matrix products in any back end.
"""

from functools import lru_cache

import numpy as np
from keras import ops

from implementations.errors import BackboneError

_RADIUS = {"bilinear": 1.0, "bicubic": 2.0}


@lru_cache(maxsize=256)
def resize_matrix(
    in_size: int, out_size: int, kernel: str = "bicubic", antialias: bool = True, align_corners: bool = False
) -> np.ndarray:
    """Weights (out_size, in_size), float64, that resample one axis as torch's `F.interpolate` does.

    Args:
        in_size: samples in.
        out_size: samples out.
        kernel: "bilinear" or "bicubic".
        antialias: widen the kernel by the scale when shrinking, and drop the weight of samples outside, as Pillow does
            too. Without it the border sample gets their weight, and the bicubic parameter is -0.75 instead of -0.5.
        align_corners: map first and last samples onto each other.
    """
    if in_size < 1 or out_size < 1:
        raise BackboneError(f"cannot resize {in_size} samples to {out_size}: both must be at least 1")
    if kernel not in _RADIUS:
        raise BackboneError(f"kernel {kernel!r}: expected {' or '.join(_RADIUS)}")
    if align_corners:
        scale = (in_size - 1) / (out_size - 1) if out_size > 1 else 0.0
        centers = np.arange(out_size) * scale + 0.5
    else:
        scale = in_size / out_size
        centers = (np.arange(out_size) + 0.5) * scale
    stretch = max(scale, 1.0) if antialias else 1.0
    radius = _RADIUS[kernel] * stretch
    margin = 0 if antialias else int(np.ceil(radius)) + 1
    positions = np.arange(-margin, in_size + margin)
    weights = _kernel(kernel, (positions[None] + 0.5 - centers[:, None]) / stretch, -0.5 if antialias else -0.75)
    if antialias:  # Pillow and torch round each window's borders to whole samples
        first = np.maximum(np.floor(centers - radius + 0.5), 0)[:, None]
        last = np.minimum(np.floor(centers + radius + 0.5), in_size)[:, None]
        weights = np.where((positions >= first) & (positions < last), weights, 0.0)
    else:
        weights = weights @ np.eye(in_size)[np.clip(positions, 0, in_size - 1)]
    weights = weights / weights.sum(axis=1, keepdims=True)
    weights.flags.writeable = False
    return weights


def resize_grid(grid: np.ndarray, size: tuple[int, int], **options) -> np.ndarray:
    """Resize a numpy array (H, W, ...) to (size[0], size[1], ...) in float64; `options` as `resize_matrix`."""
    rows = resize_matrix(grid.shape[0], size[0], **options)
    columns = resize_matrix(grid.shape[1], size[1], **options)
    return np.einsum("ih,jw,hw...->ij...", rows, columns, grid.astype(np.float64), optimize=True)


def resize_tensor(x, size: tuple[int, int], **options):
    """Resize a tensor (..., H, W, C) of known H and W to (..., *size, C) in a model; `options` as `resize_matrix`."""
    height, width = x.shape[-3:-1]
    rows = ops.cast(resize_matrix(height, size[0], **options), x.dtype)
    columns = ops.cast(resize_matrix(width, size[1], **options), x.dtype)
    return ops.einsum("ih,jw,...hwc->...ijc", rows, columns, x)


def _kernel(name: str, x: np.ndarray, a: float) -> np.ndarray:
    x = np.abs(x)
    if name == "bilinear":
        return np.maximum(1 - x, 0)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))
