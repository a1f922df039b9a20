"""Runs out of memory above three images."""

from tests.benchmarks.case import loaded


def load(run, reference):
    if run.comparison.batch_size > 3:
        raise MemoryError("cannot hold that many images")
    return loaded(reference)
