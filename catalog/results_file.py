"""The file that holds local benchmark results: one CSV row per run, timm's column names first."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from catalog.result_rows import Reading, read_rows

DIRECTORY = Path(__file__).parent / "results"
LOCAL = "local"  # the scraper of such files, and how the names of their sources begin
FORMAT = 1  # of the file; a file of another format is refused
DISTURBED = "disturbed:"  # how the note of a run starts that others disturbed; its speed does not enter the catalog


@dataclass(frozen=True)
class Result:
    """One run as measured. The fields, in order, are the columns of the file; the first seven are named as timm's.

    Runs that were timed in turns share `comparison`; `rounds_ms` holds the median step of each turn, so that the n-th
    numbers of two runs of a comparison were measured next to each other. A run that gave no speed has `status` other
    than "ok", says why in `note`, and leaves the measured columns blank.
    """

    model: str  # architecture, or a layer such as self-attention-768x12x197
    infer_img_size: int | None  # side of the image in pixels; None for a layer
    infer_samples_per_sec: float | None  # batch / median step
    infer_step_time: float | None  # ms, median
    infer_batch_size: int
    param_count: float | None  # M
    infer_gmacs: float | None  # of one sample as this implementation runs it, counted with attention unfused
    mode: str  # infer
    implementation: str  # whose code ran: backbone-survey, timm, keras-hub, ...
    runtime: str  # tf-graph, tf-xla, torch, torch-compile, openvino, ...
    precision: str  # fp32, bf16
    layout: str  # nhwc or nchw of the images; blank for a layer
    threads: int
    p10_ms: float | None
    p90_ms: float | None
    steps: int | None  # steps timed
    rounds_ms: str  # medians of the turns, separated by spaces
    cold_start_s: float | None  # from the start of the process to the first output
    compile_s: float | None  # trace, compile and first call, less one warm step
    peak_memory_mb: float | None  # of the process (CPU) or the device (GPU)
    parity_error: float | None  # largest difference to the float64 reference, of the output's scale
    parity_tolerance: float | None  # largest that was allowed
    status: str  # ok; failed
    note: str  # why it failed, or what was changed (a lower batch)
    comparison: str  # key of the runs that were timed in turns
    measured_at: str  # UTC, ISO 8601
    device: str  # name of the processor or the accelerator
    kind: str  # cpu or gpu
    cores: int  # that the process could use
    memory_gb: float
    os: str
    processor_flags: str  # those that matter to speed: avx2 avx512f amx_bf16 ...
    libraries: str  # "keras 3.15.1; tensorflow 2.21.0"
    switches: str  # "oneDNN on; inter_op 1"
    format: int = FORMAT


COLUMNS = [field.name for field in fields(Result)]


def read_results(path: Path) -> Reading[Result]:
    """The results of a file, see read_rows. Raises CatalogError for one that is none, or of another format."""
    return read_rows(path, Result, FORMAT)
