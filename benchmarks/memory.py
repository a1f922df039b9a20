"""Memory as a benchmark sees it: the peak that was reached, and telling that there was not enough."""

from __future__ import annotations

import sys
from pathlib import Path

# Part of what TensorFlow, torch, XLA, oneDNN, ONNX Runtime, OpenVINO and CUDA say when an allocation fails.
WORDS = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "unable to allocate",
    "failed to allocate",
    "bad_alloc",
    "bad allocation",
    "oom when allocating",
)
TYPES = ("MemoryError", "ResourceExhaustedError", "OutOfMemoryError")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error says that memory ran out, in the words of any runtime."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return not names.isdisjoint(TYPES) or any(word in str(error).lower() for word in WORDS)


def smaller_batch(batch_size: int) -> int:
    """The next batch to try, 0 after 1: 64, 48, 32, 24, 16, 12, 8, ... (timm/utils/decay_batch.py)."""
    if batch_size <= 1:
        return 0
    base = 1 << ((batch_size - 1).bit_length() - 1)
    step = max(base // 2, 1)
    return base + (batch_size - base - 1) // step * step


def peak_memory_mb() -> float:
    """Most memory that this process held so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux's getrusage would count what the parent held when it started this process
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024 / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def peak_accelerator_memory_mb() -> float | None:
    """Most memory that tensors took on the card, in MB; None where the framework keeps no count."""
    if "torch" in sys.modules:
        import torch

        if torch.cuda.is_available():
            return torch.cuda.max_memory_allocated() / 1e6
    if "jax" in sys.modules:
        import jax

        peak = (jax.local_devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
        return peak / 1e6 if peak is not None else None
    if "tensorflow" in sys.modules:
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            return tf.config.experimental.get_memory_info("GPU:0")["peak"] / 1e6
    return None
