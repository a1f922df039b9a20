"""Is right."""

from tests.implementations.benchmark.case import loaded


def load(run, reference):
    return loaded(reference)
