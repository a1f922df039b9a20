"""What holds between the figures of a row, and between the rows of a file: exchanged headers break it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import median

from catalog.records import Accuracy, Benchmark, PastAccuracy, Record, SecondOpinion, SurveyRow

ROUNDING = 0.0015  # points by which an accuracy and its error, rounded to three digits, may miss 100
RATE_TIMES_STEP = {"gpu": 0.01, "cpu": 0.07}  # share by which rate x step may miss the batch
TRAINING_RATE_TIMES_STEP = 0.07
MOST = 0.5  # share of rows from which on it is the file, and no longer a row, that is odd
FEW = 8  # rows that say too little about a file

Broken = tuple[str, str]  # rule, and what was found and expected


def of_accuracy(
    top1: float, top1_error: float | None, top5: float | None, top5_error: float | None
) -> Iterator[Broken]:
    """An accuracy and its error give 100; the right class among five is no rarer than alone."""
    for name, value, error in (("top1", top1, top1_error), ("top5", top5, top5_error)):
        if value is not None and error is not None and abs(value + error - 100) > ROUNDING:
            found = f"{name} {value:g} and {name}_err {error:g} add to {value + error:g}"
            yield "error-complement", f"{found}, expected 100"
    if top5 is not None and top5 < top1:
        yield "top5-below-top1", f"top5 {top5:g} is below top1 {top1:g}"


def of_speed(images_per_s: float, step_ms: float, batch: int, device: str, mode: str) -> Iterator[Broken]:
    """Images per second times seconds per step is the batch; `device` is gpu or cpu, `mode` infer or train."""
    images = images_per_s * step_ms / 1000
    if abs(images / batch - 1) > allowed_deviation(device, mode):
        yield "rate-times-step", f"{images_per_s:g} images/s x {step_ms:g} ms is {images:.1f} images, the batch {batch}"


def allowed_deviation(device: str, mode: str) -> float:
    """The share by which rate x step may miss the batch."""
    return RATE_TIMES_STEP[device] if mode == "infer" else TRAINING_RATE_TIMES_STEP


def of_compute(gmacs: float | None, params_m: float, column: str) -> Iterator[Broken]:
    """Each parameter is used at least once; `column` is what the file calls the GMACs, rounded to two decimals."""
    if gmacs is not None and (gmacs + 0.005) * 1000 < params_m:
        found = f"{column} is {gmacs:g} for {params_m:g} M parameters"
        yield "gmacs-below-params", f"{found}, expected each to be used at least once"


def of_file(records: Sequence[Record]) -> Iterator[str]:
    """What does not hold for most rows of a file, though it does in every file of its kind."""
    accuracies = [row for row in records if isinstance(row, Accuracy | PastAccuracy)]
    speeds = [row for row in records if isinstance(row, Benchmark)]
    sized = [row for row in records if isinstance(row, Benchmark | SecondOpinion | SurveyRow)]
    if _falls(accuracies, lambda row: row.top1, lambda row: row.top5):
        yield "top5 falls where top1 rises, as if columns were exchanged"
    if _falls(speeds, lambda row: row.params_m * row.img_size**2, lambda row: row.step_ms / row.batch_size):
        yield "models with more parameters and pixels are faster, as if rate and step time were exchanged"
    if _mostly_below(sized, lambda row: row.params_m, lambda row: row.gmacs):
        yield "most models have more GMACs than million parameters, as if columns were exchanged"
    if _mostly_below(speeds, lambda row: row.mactivations, lambda row: row.gmacs):
        yield "most models have more GMACs than million activations, as if columns were exchanged"


Figure = Callable[..., float | None]


def _falls(rows: Sequence[Record], first: Figure, second: Figure) -> bool:
    """Whether the rows that are high in `first` are low in `second`, by the medians of the halves."""
    pairs = sorted(_pairs(rows, first, second))
    half = len(pairs) // 2
    return len(pairs) >= FEW and median(b for _, b in pairs[half:]) < median(b for _, b in pairs[:half])


def _mostly_below(rows: Sequence[Record], first: Figure, second: Figure) -> bool:
    """Whether `first` is below `second` in most rows."""
    pairs = _pairs(rows, first, second)
    return len(pairs) >= FEW and sum(a < b for a, b in pairs) > MOST * len(pairs)


def _pairs(rows: Sequence[Record], first: Figure, second: Figure) -> list[tuple[float, float]]:
    """The two figures of the rows that have both; -1 is the survey's unknown."""
    both = [(first(row), second(row)) for row in rows]
    return [(a, b) for a, b in both if a is not None and b is not None and a >= 0 and b >= 0]
