"""Loads timm's image processing and timm's model for an evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.evaluation.image_file import decoded
from benchmarks.evaluation.predictor import Predictor
from benchmarks.evaluation.specification import Evaluation
from benchmarks.machine import versions
from catalog.problems import one_line
from implementations.errors import WeightsError
from runtimes.torchvision_ops import define_missing_operators


def load(evaluation: Evaluation, weights: Path) -> Predictor:
    """See `predictor.load`."""
    define_missing_operators()
    from timm.data import create_transform, resolve_data_config

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = _create(evaluation, weights).to(device)
    data_config = resolve_data_config({"img_size": evaluation.img_size}, model=model)
    transform = create_transform(**data_config)
    resized = data_config["input_size"][-1] / data_config["crop_pct"]

    def prepare(data: bytes) -> np.ndarray:
        return transform(decoded(data, resized)).numpy()  # C, height, width

    def predict(batch: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(batch).to(device)).float().cpu().numpy()

    return Predictor(
        prepare=prepare,
        predict=predict,
        img_size=data_config["input_size"][-1],
        crop_pct=data_config["crop_pct"],
        interpolation=data_config["interpolation"],
        versions=versions("timm", "torch", "torchvision", "pillow"),
    )


def _create(evaluation: Evaluation, weights: Path) -> torch.nn.Module:
    """timm's model; the file takes the way that pretrained weights take, so that positions are resized as there."""
    import timm

    arguments: dict[str, Any] = {"img_size": evaluation.img_size} if evaluation.img_size else {}
    overlay = {"file": str(weights), "custom_load": False, "num_classes": evaluation.classes}
    try:
        return timm.create_model(
            evaluation.config.name,
            pretrained=True,
            pretrained_cfg_overlay=overlay,
            num_classes=evaluation.classes,
            **arguments,
        ).eval()
    except (RuntimeError, KeyError, OSError, ValueError) as error:
        reason = one_line(str(error))
        raise WeightsError(
            f"weights {weights}: timm cannot load them into {evaluation.config.name}: {reason}"
        ) from error
