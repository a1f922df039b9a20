"""Owns how a worker process is held to a number of threads: settings of the libraries, and the cores it may use."""

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


def thread_settings(threads: int, device: str) -> dict[str, str]:
    """Environment variables of a worker: as many threads in every library, one operation at a time in TensorFlow."""
    settings = dict.fromkeys(THREADS, str(threads)) | {"TF_NUM_INTEROP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
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
