"""Is right."""

from tests.benchmarks.case import executable


def load(run, reference):
    return executable(reference)
