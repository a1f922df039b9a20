"""Is right, and prints to standard output as libraries do."""

from tests.benchmarks.case import executable


def load(run, reference):
    print("a library greets its users")
    return executable(reference, note="as it should be")
