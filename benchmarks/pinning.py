"""Holding a worker process to a number of threads: settings of the libraries, and the cores it may use."""

from __future__ import annotations

import os

# Each library reads its own when it is first imported, so they are set before the process starts.
THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
)
CALLING_THREAD = "works at batch 1"


def thread_settings(threads: int, device: str, batch_size: int) -> dict[str, str]:
    """Environment variables of a worker: as many threads in every library, one operation at a time in TensorFlow.

    At batch 1 TensorFlow's calling thread takes a share of each oneDNN operation instead of waiting for the pool, which
    pays where operations are short (`CALLING_THREAD` says so in the results).
    """
    settings = dict.fromkeys(THREADS, str(threads)) | {"TF_NUM_INTEROP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    settings["TF_ONEDNN_THREADPOOL_USE_CALLER_THREAD"] = "1" if batch_size == 1 else "0"
    if device == "cpu":
        settings["CUDA_VISIBLE_DEVICES"] = "-1"  # a graphics card that is there takes no part
    return settings


def usable_cores() -> list[int]:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def pin(threads: int) -> None:
    """Hold this process, and all that it starts, to as many of its cores as it has threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, usable_cores()[:threads])
