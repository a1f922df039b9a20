"""Where the output window lies in the resized image: the integer rules of torchvision, timm and Hugging Face."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Resize = Literal["exact", "shortest", "cover", "fit"]
Crop = Literal["torchvision", "hugging_face"]
Pair = tuple[Any, Any]
SWAPS = 13  # the version of Pillow from which tall images are resized in the other order


@dataclass(frozen=True)
class Arithmetic:
    """What the rules need of numbers, so that they hold for Python's and for tensors known only at run time.

    `real` makes a float64, `truncated` and `rounded` (half to even) an integer of one.
    """

    minimum: Callable[[Any, Any], Any]
    maximum: Callable[[Any, Any], Any]
    where: Callable[[Any, Any, Any], Any]
    real: Callable[[Any], Any]
    truncated: Callable[[Any], Any]
    rounded: Callable[[Any], Any]


NUMBERS = Arithmetic(min, max, lambda condition, yes, no: yes if condition else no, float, int, round)


def resized_size(height: Any, width: Any, target: tuple[int, int], resize: Resize, by: Arithmetic = NUMBERS) -> Pair:
    """Return the (height, width) to which an image is resized, at least 1 each.

    - "exact": to `target`, whatever the aspect ratio;
    - "shortest": the shorter edge to `target[0]`, the longer truncated (torchvision `Resize(int)`, Hugging Face);
    - "cover" and "fit": one ratio for both edges so that the image covers `target`, or fits into it (timm
      `ResizeKeepRatio` with `longest` 0 and 1), rounded.
    """
    if resize == "exact":
        return target
    if resize == "shortest":
        short, long = by.minimum(height, width), by.maximum(height, width)
        longer = by.truncated(by.real(target[0] * long) / by.real(short))
        upright = width <= height
        return by.where(upright, longer, target[0]), by.where(upright, target[0], longer)
    ratios = by.real(height) / target[0], by.real(width) / target[1]
    ratio = by.minimum(*ratios) if resize == "cover" else by.maximum(*ratios)
    resized = by.rounded(by.real(height) / ratio), by.rounded(by.real(width) / ratio)
    return by.maximum(resized[0], 1), by.maximum(resized[1], 1)


def crop_offset(resized: Any, size: int, crop: Crop, by: Arithmetic = NUMBERS) -> Any:
    """Return where a centred window of `size` starts on an axis of `resized` pixels; negative where it pads.

    Sources: `center_crop` of torchvision and of transformers (`image_transforms`), timm `center_crop_or_pad`.
    """
    if crop == "hugging_face":
        inside, outside = (resized - size) // 2, -((size - resized + 1) // 2)
    else:
        inside, outside = by.rounded(by.real(resized - size) / 2), -((size - resized) // 2)
    return by.where(resized >= size, inside, outside)


def height_first(size: Pair, resized: Pair, pillow: int) -> Any:
    """Whether this version of Pillow resizes the height before the width.

    From 13 on it does where the height shrinks by more than twice as many pixels as the width (found by probing 13.0.0;
    `test_image_processing` holds it).
    """
    shrunk = size[0] - resized[0]
    return pillow >= SWAPS and (shrunk > 0) & (shrunk > 2 * (size[1] - resized[1]))
