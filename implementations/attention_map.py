"""The picture of a backbone's attention rollout over the image that it saw, in one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from implementations.backbone import Backbone
from implementations.image_processing import ImageProcessor
from implementations.layers.resize import resize_grid
from implementations.rollout import attention_rollout

# Seven colours of matplotlib's "inferno", from no attention to the most.
COLOURS = np.array(
    [(0, 0, 4), (51, 10, 95), (120, 28, 109), (190, 55, 82), (237, 105, 37), (251, 180, 26), (252, 255, 164)], float
)


def draw_attention(
    model: Backbone, image: Any, path: str | Path | None = None, processor: Any = None, opacity: float = 0.6
) -> Image.Image:
    """Draw an image beside its attention rollout, and write it to `path` if there is one.

    Args:
        model: a backbone with attention and three channels.
        image: a path, the bytes of a JPEG or PNG, uint8 (H, W, 3), or a PIL image.
        path: where to write; the ending chooses the format.
        processor: an `ImageProcessor` of the model's size; by default that of the weights it was created for.
        opacity: of the colours over the image, from 0 to 1.

    Returns:
        An RGB picture of twice the model's width: what the model saw, and the same under the rollout.

    Raises:
        BackboneError: as `attention_rollout`; ValueError or TypeError: the image cannot be read.
    """
    processor = processor or ImageProcessor.for_model(model)
    if isinstance(image, str | Path):
        image = Path(image).read_bytes()
    elif isinstance(image, Image.Image):
        image = np.asarray(image.convert("RGB"))
    seen = processor(image)  # H, W, 3
    share = attention_rollout(model, seen[None])[0]
    heat = resize_grid(share / share.max(), processor.output_size, kernel="bilinear")  # H, W
    plain = np.clip((seen * processor.std + processor.mean) * 255, 0, 255)
    under = plain + opacity * (_coloured(heat) - plain)
    picture = Image.fromarray(np.rint(np.concatenate([plain, under], axis=1)).astype(np.uint8))
    if path is not None:
        picture.save(path)
    return picture


def _coloured(heat: np.ndarray) -> np.ndarray:
    """Values in 0..1 (H, W) -> colours (H, W, 3) in 0..255."""
    stops = np.linspace(0, 1, len(COLOURS))
    return np.stack([np.interp(heat, stops, channel) for channel in COLOURS.T], axis=-1)
