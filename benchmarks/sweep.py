"""What a sweep compares: the default models, layers and subjects, the important comparisons first."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.comparison import Comparison, Precision, Subject, parse_layer
from benchmarks.rivals import rivals
from benchmarks.turns import Task
from catalog.vocabulary import OURS, TIMM
from implementations import registry
from implementations.family import Family

MODELS = (
    "vit_base_patch16_224",
    "swin_tiny_patch4_window7_224",
    "vit_small_patch16_224",
    "swinv2_tiny_window8_256",
)
LAYERS = ("self-attention-768x12x197", "self-attention-384x6x197", "sdpa-64x12x197")
PEAKS = ("matrix-product-2048", "matrix-product-4096")
PHOTOGRAPH = "image-processing-640x480"
REGIONAL = ("vit_large_patch16_224", "vit_base_patch16_224", "swin_tiny_patch4_window7_224")
FLOOR = "trivial-function-1"

# Who the targets are stated against, beside the rivals; then everyone else, beside those whom both groups share.
FIRST = (
    Subject(OURS, "tf-graph"),
    Subject(OURS, "tf-xla"),
    Subject(OURS, "openvino"),
    Subject(TIMM, "openvino"),
    Subject(TIMM, "torch"),
)
LATER = (
    Subject(OURS, "tf-graph"),
    Subject(TIMM, "torch"),
    Subject(TIMM, "torch-compile"),
    Subject(TIMM, "onnxruntime"),
    Subject(OURS, "onnxruntime"),
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
        Subject("keras", "tf-graph"),
        Subject("keras", "tf-xla"),
    ),
    "matrix-product": (
        Subject("tensorflow", "tf-graph"),
        Subject("tensorflow", "tf-xla"),
        Subject("torch", "torch"),
    ),
    "image-processing": (Subject(OURS, "tf-graph"), Subject(OURS, "pillow"), Subject(TIMM, "pillow")),
    "trivial-function": (Subject(TIMM, "torch-compile"),),
}


def whole_sweep(
    batch_sizes: Sequence[int], precisions: Sequence[Precision], threads: int, device: str, img_size: int | None = None
) -> list[Task]:
    """Everything that the pages show, the important comparisons first: a sweep that is stopped early has those.

    What says little in every batch and precision is measured in the first of them only. The machine's peak is measured
    at both ends: no rate is believed that lies above it, and a slow spell must not lower it.
    """
    first_batch, first_precision = batch_sizes[:1], precisions[:1]
    first = (*FIRST, *_rivals(slow=False))
    fixed = (threads, device)
    return [
        *tasks_for(PEAKS, [1], precisions, *fixed),
        *tasks_for([PHOTOGRAPH], [1], first_precision, *fixed),
        *tasks_for(MODELS[:1], batch_sizes, precisions, *fixed, img_size, among=(*first, *_rivals(slow=True))),
        *tasks_for(MODELS[1:], batch_sizes, precisions, *fixed, img_size, among=first),
        *tasks_for([FLOOR], [1], first_precision, *fixed),
        *tasks_for(REGIONAL, [1], first_precision, *fixed, img_size, subjects=REGIONAL_SUBJECTS),
        *tasks_for(LAYERS, first_batch, precisions, *fixed),
        *tasks_for(MODELS, first_batch, first_precision, *fixed, img_size, among=LATER),
        *tasks_for(PEAKS[:1], [1], precisions, *fixed),
    ]


def tasks_for(
    workloads: Sequence[str],
    batch_sizes: Sequence[int],
    precisions: Sequence[Precision],
    threads: int,
    device: str,
    img_size: int | None = None,
    subjects: Sequence[Subject] = (),
    among: Sequence[Subject] = (),
) -> list[Task]:
    """A comparison of each workload, batch size and precision, of the `subjects` given or of all that have it.

    `among` narrows down who is looked at for having a model.

    Raises:
        UnknownNameError: no such model.
    """
    return [
        Task(
            Comparison(workload, _img_size(workload, img_size), batch_size, precision, threads, device),
            tuple(subjects) or _subjects(workload, among),
        )
        for precision in precisions
        for batch_size in batch_sizes
        for workload in workloads
    ]


def _img_size(workload: str, wanted: int | None) -> int | None:
    """The side of a model's image: as wanted, or its own; None for a layer."""
    if parse_layer(workload) is not None:
        return None
    return wanted or registry.pretrained_config(workload).input_size[1]


def _rivals(slow: bool) -> tuple[Subject, ...]:
    """The rivals as a sweep times them; a slow one shows so on the first model, and the others leave it out."""
    chosen = (rival for rival in rivals().values() if rival.slow == slow)
    return tuple(Subject(rival.name, runtime) for rival in chosen for runtime in rival.swept)


def _subjects(workload: str, among: Sequence[Subject]) -> tuple[Subject, ...]:
    """Who of those has a workload; single variants that a rival lacks are found out when it is asked to load them."""
    layer = parse_layer(workload)
    if layer:
        return LAYER_SUBJECTS[layer.kind]
    family = registry.family_of(workload)
    chosen = dict.fromkeys(among or (*FIRST, *_rivals(slow=False), *_rivals(slow=True), *LATER))
    return tuple(subject for subject in chosen if _has(subject.implementation, family))


def _has(implementation: str, family: Family) -> bool:
    """Whether an implementation has variants of a family."""
    if implementation == TIMM:
        return family.in_timm
    rival = rivals().get(implementation)
    return rival is None or family.name in rival.builds
