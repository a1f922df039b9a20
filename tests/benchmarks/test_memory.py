"""Telling that memory ran out, in the words of the runtimes, and the batch that is tried next."""

import subprocess
import sys

import pytest

from benchmarks.memory import is_out_of_memory, smaller_batch
from benchmarks.process import ROOT


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's."""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        ResourceExhaustedError("OOM when allocating tensor with shape[8,3]"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] . DefaultCPUAllocator: can't allocate memory: you tried to"),
        RuntimeError("Exception from src/inference/src/cpp/core.cpp:117: std::bad_alloc"),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        RuntimeError("XLA: RESOURCE_EXHAUSTED: Out of memory allocating 123 bytes."),
    ],
)
def test_memory_that_ran_out_is_recognised(error):
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", [RuntimeError("shapes do not match"), ValueError("no memory format NHWC")])
def test_another_failure_is_not(error):
    assert not is_out_of_memory(error)


def test_batches_are_lowered_in_timms_steps():
    batches = [64]
    while batches[-1]:
        batches.append(smaller_batch(batches[-1]))
    assert batches == [64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1, 0]


def test_the_peak_stays_when_memory_is_given_back():
    code = """
from benchmarks.memory import peak_memory_mb
before = peak_memory_mb()
block = bytearray(200_000_000)
block[::4096] = b"x" * len(block[::4096])
del block
print(peak_memory_mb() - before)
"""  # in a process of its own: this one's peak may long be higher
    risen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert float(risen.stdout) >= 100
