"""Owns resizing by weight matrices, which images, positions, bias tables and patch kernels all use.

One matrix per axis holds every output sample's weights, so a resize is two matrix products in any back end.
Kernels: "nearest", "bilinear", "bicubic" (Keys' family with parameter `a`), "lanczos" (radius 3).
"""

from functools import lru_cache

import numpy as np
from keras import ops

from implementations.errors import BackboneError

_RADIUS = {"bilinear": 1.0, "bicubic": 2.0, "lanczos": 3.0}


@lru_cache(maxsize=256)
def resize_matrix(
    in_size: int,
    out_size: int,
    kernel: str = "bicubic",
    a: float | None = None,
    antialias: bool = True,
    edge: str = "renormalize",
    align_corners: bool = False,
) -> np.ndarray:
    """Weights (out_size, in_size), float64, that resample one axis.

    Args:
        in_size: samples in.
        out_size: samples out.
        kernel: "nearest", "bilinear", "bicubic" or "lanczos".
        a: Keys' parameter; default -0.5 with antialias (PIL, torch antialias=True), -0.75 without (torch, OpenCV).
        antialias: widen the kernel by the scale when shrinking.
        edge: what becomes of samples outside: "renormalize" drops their weight (PIL, torch antialias=True, TensorFlow),
            "clamp" gives it to the border sample (torch antialias=False).
        align_corners: map first and last samples onto each other (torch's align_corners=True).
    """
    if in_size < 1 or out_size < 1:
        raise BackboneError(f"cannot resize {in_size} samples to {out_size}: both must be at least 1")
    if align_corners:
        scale = (in_size - 1) / (out_size - 1) if out_size > 1 else 0.0
        centers = np.arange(out_size) * scale + 0.5
    else:
        scale = in_size / out_size
        centers = (np.arange(out_size) + 0.5) * scale
    if kernel == "nearest":
        weights = np.zeros((out_size, in_size))
        weights[np.arange(out_size), np.minimum(np.floor(np.arange(out_size) * scale).astype(int), in_size - 1)] = 1.0
        return _frozen(weights)
    if kernel not in _RADIUS:
        raise BackboneError(f"kernel {kernel!r}: expected nearest, {', '.join(_RADIUS)}")
    stretch = max(scale, 1.0) if antialias else 1.0
    radius = _RADIUS[kernel] * stretch
    if edge == "clamp":
        margin = int(np.ceil(radius)) + 1
        positions = np.arange(-margin, in_size + margin)
        wide = _kernel(kernel, (positions[None] + 0.5 - centers[:, None]) / stretch, _keys(a, antialias))
        weights = np.zeros((out_size, in_size))
        np.add.at(weights, (slice(None), np.clip(positions, 0, in_size - 1)), wide)
    else:
        weights = _kernel(kernel, (np.arange(in_size)[None] + 0.5 - centers[:, None]) / stretch, _keys(a, antialias))
        # PIL and torch round each window's borders to whole samples.
        first = np.maximum(np.floor(centers - radius + 0.5), 0)[:, None]
        last = np.minimum(np.floor(centers + radius + 0.5), in_size)[:, None]
        inside = (np.arange(in_size)[None] >= first) & (np.arange(in_size)[None] < last)
        weights = np.where(inside, weights, 0.0)
    return _frozen(weights / weights.sum(axis=1, keepdims=True))


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


def torch_interpolate_options(interpolation: str = "bicubic", antialias: bool = True) -> dict:
    """Options under which `resize_matrix` equals torch's `F.interpolate(mode, antialias)`."""
    return {"kernel": interpolation, "antialias": antialias, "edge": "renormalize" if antialias else "clamp"}


def _keys(a: float | None, antialias: bool) -> float:
    return a if a is not None else (-0.5 if antialias else -0.75)


def _kernel(name: str, x: np.ndarray, a: float) -> np.ndarray:
    x = np.abs(x)
    if name == "bilinear":
        return np.maximum(1 - x, 0)
    if name == "lanczos":
        return np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0.0)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _frozen(weights: np.ndarray) -> np.ndarray:
    weights.flags.writeable = False
    return weights
