"""Subjects: modules that load workloads, each with `load(run, reference) -> Executable`; see `benchmarks.subject`."""
