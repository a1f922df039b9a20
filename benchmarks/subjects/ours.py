"""Our Keras models as subjects: TensorFlow (graph, XLA), JAX and torch back ends, and their exports."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.comparison import Comparison, Run
from benchmarks.machine import versions
from benchmarks.subject import Executable, ReferenceFiles
from benchmarks.subjects import steps

EXPORTS = ("openvino", "onnxruntime")


def load(run: Run, reference: ReferenceFiles) -> Executable:
    """See `subject.load`."""
    layer = run.comparison.layer
    if layer is not None and layer.kind == "image-processing":
        from benchmarks.subjects import photographs

        return photographs.load(run, reference)
    if layer is not None:
        from benchmarks.subjects import layers

        return layers.load(run, reference)
    steps.need_runtime(run, *steps.KERAS_BACKENDS, *EXPORTS)
    if run.subject.runtime in EXPORTS:
        return _load_export(run, reference)
    steps.use_keras(run)
    model = _model(run.comparison, reference, steps.FLOATS[run.comparison.precision])
    if steps.KERAS_BACKENDS[run.subject.runtime] == "tensorflow":
        return _load_tensorflow(model, run, reference)
    images = reference.inputs()["images"]

    def call(batch: Any) -> Any:
        return model(batch, training=False)

    return steps.keras_executable(run, call, [images], model, _parameters(model), ["keras"])


def _load_tensorflow(model: Any, run: Run, reference: ReferenceFiles) -> Executable:
    """As `inference_function` runs it; tracing counts as compiling."""
    from implementations.inference import inference_function

    start = time.perf_counter()
    function = inference_function(model, run.comparison.batch_size, jit_compile=run.subject.runtime == "tf-xla")
    compile_s = time.perf_counter() - start
    step, to_numpy = steps.tensorflow_step(function, [reference.inputs()["images"]], run, compiled=True)
    return Executable(
        step=step,
        to_numpy=to_numpy,
        params_m=_parameters(model) / 1e6,
        layout="nhwc",
        versions=versions("keras", "tensorflow"),
        switches=steps.switches(run.subject.runtime),
        compile_s=compile_s,
    )


def _model(fixed: Comparison, reference: ReferenceFiles, policy: str) -> Any:
    import implementations
    from implementations.layers.initial import initial_values_left_out

    with initial_values_left_out():
        model = implementations.create_model(fixed.workload, img_size=fixed.img_size, dtype=policy)
    implementations.load_weights(model, reference.weights)
    return model


def _load_export(run: Run, reference: ReferenceFiles) -> Executable:
    """Exported in fp32 also for bf16: the runtime lowers the precision itself."""
    from benchmarks import exports

    model = _model(run.comparison, reference, "float32")
    export = exports.openvino_from_ours if run.subject.runtime == "openvino" else exports.onnxruntime_from_ours
    exported = export(model, reference.inputs()["images"], run.comparison, reference.folder)
    return replace(
        exported, params_m=_parameters(model) / 1e6, versions=versions("keras", "tensorflow") | exported.versions
    )


def _parameters(model: Any) -> int:
    from implementations.weights import tensor_shapes

    return sum(int(np.prod(shape)) for shape in tensor_shapes(model).values())
