"""Owns a rival's Keras model as a subject: built by the rival's own code, filled with timm's tensors, ready to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.specification import BenchmarkError, Comparison, Run
from benchmarks.subject import Loaded, Reference
from benchmarks.subjects.runtimes import keras_loaded
from benchmarks.subjects.timm_tensors import TimmTensors

Build = Callable[[TimmTensors, Comparison], Any]  # gives every tensor to a variable of the model that it makes


def build_for(run: Run, builds: Mapping[str, Build]) -> Build:
    """The builder for the family that the workload's name begins with.

    Raises:
        BenchmarkError: none of `builds` makes it.
    """
    workload = run.comparison.workload
    family = workload.partition("_")[0]
    if family not in builds:
        raise BenchmarkError(f"{run.subject}: {workload} is not raced; of this implementation {', '.join(builds)} are")
    return builds[family]


def load_filled(
    run: Run,
    reference: Reference,
    build: Build,
    packages: Sequence[str],
    finish: Callable[[Any], None] = lambda model: None,
) -> Loaded:
    """The rival's model with the reference's weights, none left out; `finish` is what its users do before inference."""
    tensors = TimmTensors(reference.weights)
    model = build(tensors, run.comparison)
    params = model.count_params()
    tensors.finish(model.weights)
    finish(model)
    images = reference.inputs()["images"]
    return keras_loaded(run, lambda batch: model(batch, training=False), [images], model, params, packages)
