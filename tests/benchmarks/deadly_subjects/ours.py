"""Is right."""

from tests.benchmarks.case import loaded


def load(run, reference):
    return loaded(reference)
