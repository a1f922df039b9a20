"""Loads our image processing and our model for an evaluation."""

from __future__ import annotations

import io
from pathlib import Path

import keras
import numpy as np
from PIL import Image, UnidentifiedImageError

import implementations
from implementations.benchmark.environment import installed_versions
from implementations.evaluation.predictor import Predictor, UnreadableImageError
from implementations.evaluation.specification import Evaluation
from implementations.image_processing import ImageProcessor


def load(evaluation: Evaluation, weights: Path) -> Predictor:
    """See `predictor.load`."""
    config = evaluation.config
    size = evaluation.img_size or config.input_size[-1]
    processor = ImageProcessor.for_model(config.name, size)
    model = implementations.create_model(config.name, img_size=size, num_classes=evaluation.classes)
    implementations.load_weights(model, weights)

    def prepare(data: bytes) -> np.ndarray:
        try:
            return processor(_pixels_of_cmyk(data) if _is_cmyk(data) else data).numpy()  # height, width, C
        except (ValueError, OSError) as error:
            raise UnreadableImageError(str(error).removeprefix("image: ")) from error

    # The image processing is TensorFlow's under every back end.
    packages = dict.fromkeys(("keras", keras.backend.backend(), "tensorflow"))
    return Predictor(
        prepare=prepare,
        predict=lambda batch: np.asarray(model.predict_on_batch(batch), dtype="float32"),
        img_size=size,
        crop_pct=config.crop_pct,
        interpolation=config.interpolation,
        versions=installed_versions(list(packages)),
    )


def _is_cmyk(data: bytes) -> bool:
    """Whether the header is that of an image in printing colours, of which ImageNet has some."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.mode == "CMYK"
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return False


def _pixels_of_cmyk(data: bytes) -> np.ndarray:
    """uint8 (H, W, 3) as Pillow converts it; where Pillow rounds TensorFlow truncates, half of the values."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))
