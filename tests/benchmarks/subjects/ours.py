"""Is right, and prints to standard output as libraries do."""

from tests.benchmarks.case import loaded


def load(run, reference):
    print("a library greets its users")
    return loaded(reference, note="as it should be")
