"""Image processing as a workload: a photograph to a model's input, ours and timm's transform on Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.comparison import Comparison, Run
from benchmarks.errors import BenchmarkError
from benchmarks.machine import versions
from benchmarks.subject import Executable, ReferenceFiles
from benchmarks.subjects import steps
from catalog.vocabulary import OURS, TIMM

# The preprocessing of most ImageNet weights at 224 pixels; the bar is the bytes, so any weights' would do.
SETTINGS = {"input_size": (3, 224, 224), "crop_pct": 0.9, "interpolation": "bicubic", "crop_mode": "center"}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TOLERANCE = 1e-6  # of the output's scale: the same bytes, normalised in float32


def photograph(width: int, height: int) -> np.ndarray:
    """Noise with the 1/f spectrum of natural photographs: (height, width, 3) uint8, the same for the same size."""
    generator = np.random.default_rng([height, width])
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]) + 1 / (height + width)
    planes = []
    for _ in range(3):
        waves = np.fft.irfft2(np.fft.rfft2(generator.normal(size=(height, width))) / frequency, (height, width))
        planes.append(np.clip(128 + 50 * (waves - waves.mean()) / waves.std(), 0, 255).astype("uint8"))
    return np.stack(planes, axis=-1)


def make_reference(fixed: Comparison, folder: Path) -> None:
    """Write the photographs (B, height, width, 3) and what timm's transform makes of them, (B, 224, 224, 3)."""
    width, height = _sizes(fixed)
    pixels = np.stack([photograph(width, height)] * fixed.batch_size)
    transform = _timm_transform()
    from PIL import Image

    output = np.stack([transform(Image.fromarray(image)).permute(1, 2, 0).numpy() for image in pixels])
    np.savez(folder / "inputs.npz", pixels=pixels)
    np.savez(folder / "outputs.npz", double=output, single=output, half=output, tolerance=np.float64(TOLERANCE))


def load(run: Run, reference: ReferenceFiles) -> Executable:
    """See `subject.load`: from Pillow images or uint8 pixels in memory to normalised float32."""
    if run.comparison.precision != "fp32":
        raise BenchmarkError("image processing makes float32; run it in fp32")
    pixels = reference.inputs()["pixels"]
    if run.subject.implementation == TIMM:
        steps.need_runtime(run, "pillow")
        return _load_timm(pixels, run.comparison.threads)
    if run.subject.implementation != OURS:
        raise BenchmarkError(f"{run.subject.implementation} has no image processing here")
    steps.need_runtime(run, "tf-graph", "pillow")
    if run.subject.runtime == "pillow":
        return _load_pillow(pixels)
    return _load_graph(pixels, run)


def _load_timm(pixels: np.ndarray, threads: int) -> Executable:
    import torch
    from PIL import Image

    torch.set_num_threads(threads)
    transform, images = _timm_transform(), [Image.fromarray(image) for image in pixels]

    def step() -> list[Any]:
        return [transform(image) for image in images]

    def to_numpy(outputs: list[Any]) -> np.ndarray:
        return np.stack([output.permute(1, 2, 0).numpy() for output in outputs])

    return _executable(step, to_numpy, "nchw", versions("timm", "torch", "torchvision", "pillow"), {})


def _load_pillow(pixels: np.ndarray) -> Executable:
    from PIL import Image

    processor, images = _processor(), [Image.fromarray(image) for image in pixels]

    def step() -> list[Any]:
        return [processor(image) for image in images]

    return _executable(step, np.stack, "nhwc", versions("pillow", "numpy"), {})


def _load_graph(pixels: np.ndarray, run: Run) -> Executable:
    steps.use_keras(run)
    import tensorflow as tf

    function = tf.function(_processor(), input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8)])
    images = tf.constant(pixels)

    def to_numpy(output: Any) -> np.ndarray:
        return output.numpy()

    switches = steps.switches(run.subject.runtime)
    return _executable(lambda: function(images), to_numpy, "nhwc", versions("tensorflow"), switches)


def _executable(
    step: Any, to_numpy: Any, layout: str, packages: dict[str, str], switches: dict[str, str]
) -> Executable:
    return Executable(step, to_numpy, None, layout, packages, switches)


def _processor() -> Any:
    from implementations.image_processing import ImageProcessor

    return ImageProcessor.from_timm(SETTINGS | {"mean": MEAN, "std": STD})


def _timm_transform() -> Any:
    from runtimes.torchvision_ops import define_missing_operators

    define_missing_operators()
    from timm.data import create_transform

    return create_transform(**SETTINGS, mean=MEAN, std=STD, is_training=False)


def _sizes(fixed: Comparison) -> tuple[int, int]:
    layer = fixed.layer
    if layer is None:
        raise BenchmarkError(f"{fixed.workload}: expected image-processing-WIDTHxHEIGHT")
    return layer.sizes[0], layer.sizes[1]
