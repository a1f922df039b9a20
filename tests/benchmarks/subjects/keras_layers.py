"""Does not have the workload."""

from benchmarks.specification import BenchmarkError


def load(run, reference):
    raise BenchmarkError(f"{run.subject}: has no such model")
