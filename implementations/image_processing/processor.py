"""One preprocessing, described by its numbers: decode, resize, crop, rescale, normalise.

Oracles: timm's evaluation transform on PIL images, and `ViTImageProcessorPil` of transformers. The other back end of
transformers, `ViTImageProcessor` on torchvision, resizes with weights of fewer bits: on the images of the tests up to
1.3 % of its values differ from Pillow's, by 1/255 and rarely 2/255. Orientation tags (EXIF) are ignored, as by all.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from implementations.errors import BackboneError
from implementations.image_processing import pillow
from implementations.image_processing.window import Crop, Resize
from implementations.registry import pretrained_config

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
INTERPOLATIONS = {1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}  # by Pillow's number


@dataclass(frozen=True)
class ImageProcessor:
    """Turn images into model input of shape (..., height, width, channels) float32.

    `output_size` and `resize_to` are (height, width) in pixels. `mean` and `std` are per channel, in units of 0..1.
    `rescale_factor` None divides by 255 in float32 as torchvision does; a number multiplies in float64 as Hugging Face
    does. `fill` is the byte per channel where the crop exceeds the image. `pillow` is the major version of Pillow to
    follow: from 13 on it resizes tall images in another order, which moves some bytes by 1.
    """

    output_size: tuple[int, int] = (224, 224)
    resize_to: tuple[int, int] = (256, 256)
    resize: Resize = "shortest"
    interpolation: str = "bicubic"
    crop: Crop = "torchvision"
    fill: tuple[int, ...] = (0, 0, 0)
    rescale_factor: float | None = None
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    pillow: int = 13

    def __post_init__(self) -> None:
        for name in ("output_size", "resize_to", "fill", "mean", "std"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.interpolation not in INTERPOLATIONS.values():
            expected = ", ".join(sorted(INTERPOLATIONS.values()))
            raise ValueError(
                f"image processing: unknown interpolation {self.interpolation!r}: expected one of {expected}"
            )
        if min(*self.output_size, *self.resize_to) < 1:
            raise ValueError(f"image processing: sizes {self.output_size}, {self.resize_to} must be at least 1 pixel")
        if not len(self.mean) == len(self.std) == len(self.fill):
            counts = f"{len(self.mean)} means, {len(self.std)} standard deviations, {len(self.fill)} fill values"
            raise ValueError(f"image processing: {counts}: expected one of each per channel")

    @classmethod
    def from_timm(cls, config: Mapping[str, Any], img_size: int | tuple[int, int] | None = None) -> ImageProcessor:
        """Build timm's evaluation transform from a model's pretrained config or from `resolve_data_config`'s answer.

        Reads `input_size`, `interpolation`, `mean`, `std`, `crop_pct` and `crop_mode` with timm's defaults; `img_size`
        replaces the size of the config. Source: timm `data/transforms_factory.py::transforms_imagenet_eval`.
        """
        input_size = tuple(config.get("input_size") or (3, 224, 224))
        size = (img_size, img_size) if isinstance(img_size, int) else tuple(img_size or input_size[-2:])
        scaled = tuple(math.floor(edge / (config.get("crop_pct") or 0.875)) for edge in size)
        mode = config.get("crop_mode") or "center"
        resizes: dict[str, Resize] = {
            "squash": "exact",
            "border": "fit",
            "center": "shortest" if scaled[0] == scaled[1] else "cover",
        }
        if mode not in resizes:
            raise ValueError(
                f"image processing: unknown crop_mode {mode!r}: expected one of {', '.join(sorted(resizes))}"
            )
        mean = tuple(config.get("mean") or IMAGENET_MEAN)
        fill = tuple(round(255 * value) for value in mean) if mode == "border" else (0,) * len(mean)
        return cls(
            output_size=size,
            resize_to=scaled,
            resize=resizes[mode],
            interpolation=config.get("interpolation") or "bicubic",
            fill=fill,
            mean=mean,
            std=tuple(config.get("std") or IMAGENET_STD),
        )

    @classmethod
    def for_model(cls, model: Any, img_size: int | tuple[int, int] | None = None) -> ImageProcessor:
        """The preprocessing that a model's weights expect, at the model's image size unless another is given.

        Args:
            model: what `create_model` returned, which knows the tag that it was created under; or a name, `variant.tag`
                or a variant for its default tag.
            img_size: pixels, or (height, width).

        Raises:
            UnknownNameError: no such variant or tag.
            BackboneError: a model that was not created by name, or that takes other channels than its weights do.
        """
        if isinstance(model, str):
            return cls.from_timm(vars(pretrained_config(model)), img_size)
        weights = getattr(model, "pretrained_cfg", None)
        if weights is None:
            name = getattr(model, "name", type(model).__name__)
            raise BackboneError(f"image processing: {name} knows no weights; give a model of create_model, or a name")
        if model.config.in_chans != len(weights.mean):
            known = f"{weights.name} tells means of {len(weights.mean)}"
            raise BackboneError(f"image processing: {model.name} takes {model.config.in_chans} channels, and {known}")
        return cls.from_timm(vars(weights), img_size or model.config.img_size)

    @classmethod
    def from_hugging_face(cls, config: Mapping[str, Any]) -> ImageProcessor:
        """Build `ViTImageProcessor` from the fields of its `preprocessor_config.json`; absent ones keep its defaults.

        Raises ValueError where the output size would depend on the image (no fixed size and no centre crop).
        """
        size = config.get("size") or {"height": 224, "width": 224}
        size = {"height": size, "width": size} if isinstance(size, int) else dict(size)
        crop_size = config.get("crop_size") if config.get("do_center_crop") else None
        crop_size = {"height": crop_size, "width": crop_size} if isinstance(crop_size, int) else crop_size
        if not config.get("do_resize", True) or not (
            {"height", "width"} <= set(size) or set(size) == {"shortest_edge"}
        ):
            raise ValueError(
                f"image processing: size {size}: expected do_resize with height and width, or shortest_edge"
            )
        shortest = size.get("shortest_edge")
        if shortest and not crop_size:
            raise ValueError("image processing: shortest_edge without do_center_crop gives every image its own size")
        resize_to = (shortest, shortest) if shortest else (size["height"], size["width"])
        resample_with = config.get("resample", 2)
        normalise = config.get("do_normalize", True)
        return cls(
            output_size=(crop_size["height"], crop_size["width"]) if crop_size else resize_to,
            resize_to=resize_to,
            resize="shortest" if shortest else "exact",
            interpolation=INTERPOLATIONS.get(resample_with, str(resample_with)),
            crop="hugging_face",
            rescale_factor=config.get("rescale_factor", 1 / 255) if config.get("do_rescale", True) else 1.0,
            mean=tuple(config.get("image_mean") or (0.5, 0.5, 0.5)) if normalise else (0.0, 0.0, 0.0),
            std=tuple(config.get("image_std") or (0.5, 0.5, 0.5)) if normalise else (1.0, 1.0, 1.0),
        )

    def __call__(self, images: Any) -> Any:
        """Process one image or a batch.

        What lies in memory goes through Pillow and needs no TensorFlow: the bytes of an image file, uint8 pixels
        (H, W, C) or (B, H, W, C), Pillow images, and lists of these with sizes of their own. TensorFlow's tensors go
        through its operations, in `tf.data` and in exported models too: bytes, () or (B,), or uint8 pixels.

        Returns:
            float32 (height, width, C), with a leading B for a batch: a numpy array, or a tensor for a tensor.

        Raises:
            ValueError: an empty or corrupt image, a wrong rank or number of channels.
            TypeError: pixels that are not uint8.
        """
        if _is_tensor(images):
            from implementations.image_processing import graph

            return graph.process(self, images)
        if isinstance(images, np.ndarray) and images.dtype.kind in "SO":  # of image files
            images = images.tolist()
        if not isinstance(images, list | tuple):
            return pillow.process(self, images)
        if not images:
            raise ValueError("image: empty list: expected at least one image")
        processed = [self(image) for image in images]
        if not _is_tensor(processed[0]):
            return np.stack(processed)
        import tensorflow as tf

        return tf.stack(processed)

    def check(self, shape: tuple[int | None, ...], dtype: str) -> None:
        """Raise on pixels of a wrong dtype or shape, as far as they are known."""
        channels = len(self.mean)
        if dtype != "uint8":
            raise TypeError(f"image: dtype {dtype}: expected uint8 pixels (0..255) before any rescaling")
        if len(shape) not in (3, 4):
            raise ValueError(f"image: shape {shape}: expected (H, W, {channels}) or (B, H, W, {channels})")
        if shape[-1] not in (None, channels):
            raise ValueError(
                f"image: {shape[-1]} channels in shape {shape}: expected {channels}; convert it, e.g. to RGB, first"
            )
        if 0 in shape[-3:-1]:
            raise ValueError(f"image: shape {shape} holds no pixel: expected height and width of at least 1")


def _is_tensor(value: Any) -> bool:
    """Whether this is TensorFlow's; nothing is where it was not imported."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and bool(tensorflow.is_tensor(value))
