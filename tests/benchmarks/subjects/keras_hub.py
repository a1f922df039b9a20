"""Computes something else."""

from tests.benchmarks.case import loaded


def load(run, reference):
    return loaded(reference, offset=1.1)
