"""Loads our image processing and our model for an evaluation."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

import implementations
from benchmarks.evaluation.image_file import decoded
from benchmarks.evaluation.predictor import Predictor
from benchmarks.evaluation.specification import Evaluation
from benchmarks.machine import versions
from implementations.image_processing import ImageProcessor


def load(evaluation: Evaluation, weights: Path) -> Predictor:
    """See `predictor.load`."""
    config = evaluation.config
    size = evaluation.img_size or config.input_size[-1]
    model = implementations.create_model(config.name, img_size=size, num_classes=evaluation.classes)
    processor = ImageProcessor.for_model(model)
    implementations.load_weights(model, weights)
    resized = size / config.crop_pct

    def prepare(data: bytes) -> np.ndarray:
        return processor(decoded(data, resized))  # height, width, C

    return Predictor(
        prepare=prepare,
        predict=lambda batch: np.asarray(model.predict_on_batch(batch), dtype="float32"),
        img_size=size,
        crop_pct=config.crop_pct,
        interpolation=config.interpolation,
        versions=versions("keras", keras.backend.backend(), "pillow"),
    )
