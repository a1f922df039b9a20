"""One preprocessing, described by its numbers and applied in TensorFlow: decode, resize, crop, rescale, normalise.

Oracles: timm's evaluation transform on PIL images, and `ViTImageProcessorPil` of transformers. The other back end of
transformers, `ViTImageProcessor` on torchvision, resizes with weights of fewer bits: on the images of the tests up to
1.3 % of its values differ from Pillow's, by 1/255 and rarely 2/255. Orientation tags (EXIF) are ignored, as by all.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from implementations.image_processing import pillow
from implementations.image_processing.geometry import Crop, Resize, crop_offset, resized_size
from implementations.image_processing.resample import SUPPORT, resample
from implementations.registry import pretrained_config

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
PILLOW_NAMES = {1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}


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
        if self.interpolation not in SUPPORT:
            expected = ", ".join(sorted(SUPPORT))
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
    def for_model(cls, name: str, img_size: int | tuple[int, int] | None = None) -> ImageProcessor:
        """Build the preprocessing of `variant.tag`, or of the variant's default tag, as timm records it.

        Raises UnknownNameError, with the nearest names, if there is no such variant or tag.
        """
        return cls.from_timm(vars(pretrained_config(name)), img_size)

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
            interpolation=PILLOW_NAMES.get(resample_with, str(resample_with)),
            crop="hugging_face",
            rescale_factor=config.get("rescale_factor", 1 / 255) if config.get("do_rescale", True) else 1.0,
            mean=tuple(config.get("image_mean") or (0.5, 0.5, 0.5)) if normalise else (0.0, 0.0, 0.0),
            std=tuple(config.get("image_std") or (0.5, 0.5, 0.5)) if normalise else (1.0, 1.0, 1.0),
        )

    def __call__(self, images: Any) -> tf.Tensor:
        """Process one image or a batch.

        Accepts JPEG, PNG, BMP or GIF bytes (a scalar or a vector of strings, or `bytes`), uint8 pixels (H, W, C) or
        (B, H, W, C), and outside a graph Pillow images and lists of these with sizes of their own. Returns float32
        (height, width, C), with a leading B for batches. Raises ValueError for an empty or corrupt image and a wrong
        rank or channel count, TypeError for pixels that are not uint8.
        """
        if isinstance(images, list | tuple):
            if not images:
                raise ValueError("image: empty list: expected at least one image")
            return tf.stack([self(image) for image in images])
        in_memory = isinstance(images, Image.Image) or (
            isinstance(images, np.ndarray) and images.dtype.kind not in "SUO"
        )
        if in_memory and tf.executing_eagerly():
            return tf.convert_to_tensor(self.process(images))
        tensor = tf.convert_to_tensor(images)
        if tensor.dtype == tf.string:
            return self._from_bytes(tensor)
        self._check(tensor)
        if not tf.executing_eagerly():
            return self._from_pixels(tensor)
        return _compiled(self, tensor.shape.rank)(tensor)

    def process(self, images: Image.Image | np.ndarray) -> np.ndarray:
        """As a call, for a Pillow image or an array of uint8 pixels in memory, from and to numpy.

        Runs on Pillow itself where the installed one gives the bytes that `pillow` asks for.
        """
        if isinstance(images, Image.Image):
            if pillow.can_process(self, images.height, images.width):
                return pillow.process(self, images)
            images = np.asarray(images.convert(pillow.MODES.get(len(self.mean), images.mode)))
            images = images if images.ndim == 3 else images[..., None]
        self._check(images)
        if pillow.can_process(self, *images.shape[-3:-1]):
            if images.ndim == 3:
                return pillow.process(self, images)
            return np.stack([pillow.process(self, image) for image in images])
        return _compiled(self, images.ndim)(tf.convert_to_tensor(images)).numpy()

    def decode(self, data: tf.Tensor) -> tf.Tensor:
        """Decode the bytes of one image to uint8 (H, W, C), exactly as Pillow's `convert("RGB")` for 8-bit images.

        Except a CMYK JPEG, of which TensorFlow truncates what Pillow rounds: open it with Pillow and pass the image.
        """
        channels = len(self.mean)
        if channels not in (1, 3):
            raise ValueError(f"image: cannot decode bytes to {channels} channels: expected 1 or 3, or pass pixels")
        jpeg = tf.image.is_jpeg(data)
        pixels = tf.cond(
            jpeg,
            lambda: tf.image.decode_jpeg(data, channels=channels, dct_method="INTEGER_ACCURATE"),
            lambda: tf.image.decode_image(data, channels=channels, expand_animations=False),
        )
        return tf.ensure_shape(pixels, [None, None, channels])

    def _from_bytes(self, data: tf.Tensor) -> tf.Tensor:
        def process(item: tf.Tensor) -> tf.Tensor:
            return self._from_pixels(self.decode(item))

        if not tf.executing_eagerly():
            if data.shape.rank == 0:
                return process(data)
            shape = tf.TensorSpec([*self.output_size, len(self.mean)], tf.float32)
            return tf.map_fn(process, data, fn_output_signature=shape)
        if data.shape.rank > 1:
            raise ValueError(
                f"image: strings of shape {tuple(data.shape)}: expected a scalar or a vector of image bytes"
            )
        if data.shape.rank == 1:
            return tf.stack([self._from_bytes(item) for item in data])
        try:
            pixels = self.decode(data)
        except tf.errors.InvalidArgumentError as error:
            start = bytes(data.numpy()[:4]).hex(" ")
            raise ValueError(
                f"image: {len(data.numpy())} bytes that start with [{start}] cannot be decoded: "
                "expected a whole JPEG, PNG, BMP or GIF file"
            ) from error
        return self(pixels)

    def _check(self, pixels: tf.Tensor | np.ndarray) -> None:
        """Raise on what the static shape and the dtype already tell."""
        if pixels.dtype.name != "uint8":
            raise TypeError(f"image: dtype {pixels.dtype.name}: expected uint8 pixels (0..255) before any rescaling")
        shape, channels = tf.TensorShape(pixels.shape), len(self.mean)
        if shape.rank not in (3, 4):
            raise ValueError(f"image: shape {shape}: expected (H, W, {channels}) or (B, H, W, {channels})")
        if shape[-1] is not None and shape[-1] != channels:
            raise ValueError(
                f"image: {shape[-1]} channels in shape {shape}: expected {channels}; convert it, e.g. to RGB, first"
            )
        if 0 in shape[-3:-1]:
            raise ValueError(f"image: shape {shape} holds no pixel: expected height and width of at least 1")

    def _from_pixels(self, pixels: tf.Tensor) -> tf.Tensor:
        """Process uint8 (H, W, C) or (B, H, W, C) in graph operations."""
        single = pixels.shape.rank == 3
        images = pixels[None] if single else pixels  # B, H, W, C
        images = tf.ensure_shape(images, [None, None, None, len(self.mean)])
        height, width = tf.shape(images)[1], tf.shape(images)[2]
        message = "image: height or width is 0: expected at least 1 pixel"
        with tf.control_dependencies([tf.debugging.assert_positive(tf.minimum(height, width), message)]):
            resized = resized_size(height, width, self.resize_to, self.resize)
        resized = tuple(tf.maximum(edge, 1) for edge in resized)
        offset = tuple(crop_offset(*pair, self.crop) for pair in zip(resized, self.output_size, strict=True))
        images = resample(images, resized, offset, self.output_size, self.interpolation, self.pillow)  # B, h, w, C
        if self._may_pad():
            images = tf.where(_inside(resized, offset, self.output_size), images, tf.constant(self.fill, tf.uint8))
        output = self._normalise(images)
        return output[0] if single else output

    def _may_pad(self) -> bool:
        """Tell whether any image can be smaller than the window after resizing."""
        if self.resize == "fit":
            return True
        return any(edge < size for edge, size in zip(self.resize_to, self.output_size, strict=True))

    def _normalise(self, images: tf.Tensor) -> tf.Tensor:
        """Rescale and normalise uint8 (B, h, w, C) to float32 in the reference's order, to the last bit."""
        width, channels = self.output_size[1], len(self.mean)
        rows = tf.reshape(images, [-1, width * channels])  # long rows: a broadcast over 3 channels is slow
        # A one that the graph's optimiser cannot see through: it would turn divisions by constants into products.
        one = tf.cast(tf.reduce_all(rows[:1, :1] <= 255), tf.float32)
        if self.rescale_factor is None:
            scaled = tf.cast(rows, tf.float32) / (255.0 * one)
        else:
            scaled = tf.cast(tf.cast(rows, tf.float64) * self.rescale_factor, tf.float32)
        mean, std = tf.constant(self.mean * width, tf.float32), tf.constant(self.std * width, tf.float32)
        return tf.reshape((scaled - mean) / (std * one), [-1, *self.output_size, channels])


def _inside(resized: Sequence[tf.Tensor], offset: Sequence[tf.Tensor], size: Sequence[int]) -> tf.Tensor:
    """Return a bool mask (height, width, 1) of the window's pixels that lie in the resized image."""
    rows = offset[0] + tf.range(size[0])
    columns = offset[1] + tf.range(size[1])
    rows = (rows >= 0) & (rows < resized[0])
    columns = (columns >= 0) & (columns < resized[1])
    return (rows[:, None] & columns[None, :])[..., None]


@functools.lru_cache(maxsize=32)
def _compiled(processor: ImageProcessor, rank: int) -> tf.types.experimental.GenericFunction:
    """Return the traced function of a processor for images (rank 3) or batches (rank 4) of any size."""
    signature = [tf.TensorSpec([None] * (rank - 1) + [len(processor.mean)], tf.uint8)]
    return tf.function(processor._from_pixels, input_signature=signature, autograph=False)
