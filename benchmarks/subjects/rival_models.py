"""A rival's Keras model: built by the rival's own code, filled with timm's tensors, ready to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.comparison import Run
from benchmarks.errors import BenchmarkError
from benchmarks.rivals import rivals
from benchmarks.subject import Executable, ReferenceFiles
from benchmarks.subjects.steps import keras_executable, need_runtime, use_keras, use_keras_2
from benchmarks.timm_tensors import TimmTensors

if TYPE_CHECKING:
    from benchmarks.rival import Build, Rival


def load(run: Run, reference: ReferenceFiles) -> Executable:
    """The rival's model with the reference's weights, none left out.

    Raises:
        BenchmarkError: a family that the rival is not raced in, another runtime, or a variant that it does not have.
    """
    rival = rivals()[run.subject.implementation]
    need_runtime(run, *rival.runtimes)
    build = _build_for(run, rival)
    use = use_keras if rival.keras == 3 else use_keras_2
    use(run)
    tensors = TimmTensors(reference.weights)
    model = build(tensors, run.comparison)
    params = model.count_params()
    tensors.finish(model.weights)
    rival.finish(model)
    images = reference.inputs()["images"]
    return keras_executable(run, lambda batch: model(batch, training=False), [images], model, params, rival.packages)


def _build_for(run: Run, rival: Rival) -> Build:
    """The builder for the family that the workload's name begins with; workers do without the registry."""
    workload = run.comparison.workload
    family = workload.partition("_")[0]
    if family not in rival.builds:
        raced = ", ".join(rival.builds)
        raise BenchmarkError(f"{run.subject}: {workload} is not raced; of this implementation {raced} are")
    return rival.builds[family]
