"""Owns what a sweep compares: the default models, layers and subjects, the important comparisons first."""

from __future__ import annotations

from collections.abc import Sequence

from implementations import registry
from implementations.benchmark.specification import (
    OURS,
    TIMM,
    Comparison,
    Precision,
    Subject,
    parse_layer,
)
from implementations.benchmark.turns import Task

MODELS = (
    "vit_base_patch16_224",
    "swin_tiny_patch4_window7_224",
    "vit_small_patch16_224",
    "swinv2_tiny_window8_256",
)
LAYERS = ("self-attention-768x12x197", "self-attention-384x6x197", "sdpa-64x12x197")
PEAK = "matrix-product-2048"
PHOTOGRAPH = "image-processing-640x480"
REGIONAL = ("vit_base_patch16_224", "vit_large_patch16_224", "swin_tiny_patch4_window7_224")
FLOOR = "trivial-function-1"
BATCH_SIZES = (8, 1)

MODEL_SUBJECTS = (
    Subject(OURS, "tf-graph"),
    Subject(OURS, "tf-xla"),
    Subject(OURS, "openvino"),
    Subject(TIMM, "openvino"),
    Subject(TIMM, "torch"),
    Subject("keras-hub", "tf-graph"),
    Subject("keras-hub", "tf-xla"),
    Subject("keras-cv-attention-models", "tf-graph"),
    Subject("keras-cv-attention-models", "tf-xla"),
    Subject("vit-keras", "tf-graph"),
    Subject("vit-keras", "tf-xla"),
    Subject("tf-models-official", "tf-graph"),
    Subject(OURS, "onnxruntime"),
    Subject(TIMM, "onnxruntime"),
    Subject(TIMM, "torch-compile"),
    Subject(OURS, "jax"),
    Subject(OURS, "torch"),
)
REGIONAL_SUBJECTS = (
    Subject(TIMM, "torch"),
    Subject(TIMM, "torch-compile"),
    Subject(TIMM, "torch-regional"),
    Subject(TIMM, "torch-regional-cached"),
)
LAYER_SUBJECTS = {
    "self-attention": (
        Subject(OURS, "tf-graph"),
        Subject(OURS, "tf-xla"),
        Subject(TIMM, "torch"),
        Subject(TIMM, "torch-compile"),
        Subject("keras", "tf-graph"),
        Subject("keras", "tf-xla"),
    ),
    "sdpa": (
        Subject(OURS, "tf-graph"),
        Subject(OURS, "tf-xla"),
        Subject("torch", "torch"),
        Subject("tensorflow", "tf-graph"),
        Subject("tensorflow", "tf-xla"),
    ),
    "matrix-product": (
        Subject("tensorflow", "tf-graph"),
        Subject("tensorflow", "tf-xla"),
        Subject("torch", "torch"),
    ),
    "image-processing": (Subject(OURS, "tf-graph"), Subject(OURS, "pillow"), Subject(TIMM, "pillow")),
    "trivial-function": (Subject(TIMM, "torch-compile"),),
}


def img_size_of(workload: str, img_size: int | None = None) -> int | None:
    """The side of the image of a model: as asked for, or its own; None for a layer.

    Raises:
        UnknownNameError: no such model.
    """
    if parse_layer(workload) is not None:
        return None
    own = registry.pretrained_config(workload).input_size[1]
    return img_size or own


def subjects_of(workload: str) -> tuple[Subject, ...]:
    """Everyone who may be able to run a workload; who cannot says so when asked to."""
    layer = parse_layer(workload)
    return LAYER_SUBJECTS[layer.kind] if layer else MODEL_SUBJECTS


def tasks_for(
    workloads: Sequence[str],
    batch_sizes: Sequence[int],
    precisions: Sequence[Precision],
    threads: int,
    device: str,
    img_size: int | None = None,
    subjects: Sequence[Subject] = (),
) -> list[Task]:
    """A comparison of each workload, batch size and precision; the subjects given, or all that the workload has.

    Raises:
        UnknownNameError: no such model.
        BenchmarkError: the subjects given have nothing to do with any of the workloads.
    """
    tasks = []
    for precision in precisions:
        for batch_size in batch_sizes:
            for workload in workloads:
                taking_part = tuple(subjects) or subjects_of(workload)
                size = img_size_of(workload, img_size)
                tasks.append(Task(Comparison(workload, size, batch_size, precision, threads, device), taking_part))
    return tasks
