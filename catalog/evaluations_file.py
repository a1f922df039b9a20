"""The files that hold accuracies measured here: one CSV row per evaluation of one set of weights."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

FORMAT = 1  # of the files; a file of another format is refused
DIRECTORY = Path(__file__).parent / "results" / "evaluations"

# Images of the whole data set: an accuracy on fewer is not the data set's. ImageNet ReaL is absent: its images have
# several labels each, and no folder can hold them.
IMAGES = {
    "imagenet": 50_000,
    "imagenetv2": 10_000,
    "imagenet-sketch": 50_889,
    "imagenet-a": 7_500,
    "imagenet-r": 30_000,
    "imagenet-a-clean": 10_000,
    "imagenet-r-clean": 10_000,
}


@dataclass(frozen=True)
class EvaluationResult:
    """One evaluation as measured. The fields, in order, are the columns of the file.

    A row with a blank `note` may enter the catalog: pretrained weights of a known tag, and every image of the data set
    read. Any other row says in `note` why it may not.
    """

    model: str  # variant.tag
    dataset: str  # a key of catalog.schema.DATASETS
    img_size: int  # side of the image that the model sees, in pixels
    crop_pct: float  # side of the centre crop, as a fraction of the resized side
    interpolation: str  # of the resize
    top1: float  # %
    top1_low: float  # %, end of the 95 % confidence interval
    top1_high: float  # %
    top5: float  # %
    top5_low: float  # %
    top5_high: float  # %
    images: int  # that were read and counted
    unreadable: int  # that were not
    implementation: str  # whose code ran: backbone-survey, timm
    libraries: str  # "keras 3.15.1; tensorflow 2.21.0"
    weights_sha256: str  # of the file of weights
    images_per_s: float | None  # decoding included; blank where it was not one run on one machine
    device: str  # name of the processor or the accelerator
    measured_at: str  # UTC, ISO 8601
    note: str  # why the row may not enter the catalog
    format: int = FORMAT


COLUMNS = [field.name for field in fields(EvaluationResult)]


def default_path(dataset: str) -> Path:
    """Where evaluations on a data set are kept."""
    return DIRECTORY / f"{dataset}.csv"
