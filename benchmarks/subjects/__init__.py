"""Loads workloads: one module per implementation, each with `load(run, reference) -> Loaded`."""
