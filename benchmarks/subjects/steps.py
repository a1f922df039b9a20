"""The step that is timed: a function of arrays, compiled by a runtime, called once, waited for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.comparison import Comparison, Run
from benchmarks.errors import BenchmarkError
from benchmarks.machine import versions
from benchmarks.pinning import CALLING_THREAD
from benchmarks.subject import Executable

KERAS_BACKENDS = {"tf-graph": "tensorflow", "tf-xla": "tensorflow", "jax": "jax", "torch": "torch"}
FLOATS = {"fp32": "float32", "bf16": "bfloat16"}
KERAS_2_POLICIES = {"fp32": "float32", "bf16": "mixed_bfloat16"}


def need_runtime(run: Run, *runtimes: str) -> None:
    """Refuse a runtime that a subject does not have.

    Raises:
        BenchmarkError: the run asks for one that is not among `runtimes`.
    """
    if run.subject.runtime not in runtimes:
        raise BenchmarkError(f"{run.subject}: this implementation is timed under {', '.join(runtimes)} only")


def use_keras(run: Run) -> Any:
    """Keras 3 on the back end of the run's runtime, with the run's precision as its policy.

    The policy is set for the whole process: layers that rivals make inside their own take it from there.
    """
    os.environ["KERAS_BACKEND"] = KERAS_BACKENDS[run.subject.runtime]
    import keras

    if keras.backend.backend() != KERAS_BACKENDS[run.subject.runtime]:
        raise BenchmarkError(f"{run.subject}: Keras was loaded before with back end {keras.backend.backend()}")
    keras.config.set_dtype_policy(FLOATS[run.comparison.precision])
    return keras


def use_keras_2(run: Run) -> Any:
    """Keras 2 (tf-keras), under its own name and as `tf.keras`, with the run's precision as its policy."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tf_keras

    tf_keras.mixed_precision.set_global_policy(KERAS_2_POLICIES[run.comparison.precision])
    return tf_keras


def keras_executable(
    run: Run, call: Callable, inputs: Sequence[np.ndarray], layer: Any, params: int | None, packages: Sequence[str]
) -> Executable:
    """A Keras layer or model, and how to call it, under one of KERAS_BACKENDS.

    Args:
        run: whose runtime and precision hold.
        call: `call(*tensors) -> tensor`; it reads no state but `layer`'s.
        inputs: float arrays.
        layer: owns the variables that `call` reads; None when it reads none.
        params: number of parameters, None for a function without any.
        packages: whose versions to record, beside the runtime's.
    """
    runtime = run.subject.runtime
    if runtime == "jax":
        step, to_numpy = _jax_step(call, inputs, layer, run.comparison)
        packages = (*packages, "jax", "keras")
    elif runtime == "torch":
        step, to_numpy = torch_step(call, inputs, run.comparison)
        packages = (*packages, "torch", "keras")
    else:
        step, to_numpy = tensorflow_step(call, inputs, run)
        packages = (*packages, "tensorflow")
    layout = "nhwc" if run.comparison.layer is None else ""
    params_m = params / 1e6 if params is not None else None
    return Executable(step, to_numpy, params_m, layout, versions(*packages), switches(runtime))


def tensorflow_step(
    call: Callable, inputs: Sequence[np.ndarray], run: Run, compiled: bool = False
) -> tuple[Callable[[], Any], Callable[[Any], np.ndarray]]:
    """The step of a function of TensorFlow tensors, traced once for the shapes of `inputs` if it is not `compiled`."""
    import tensorflow as tf

    comparison = run.comparison
    with tf.device(_tensorflow_device(comparison)):
        tensors = [tf.cast(tf.constant(array), FLOATS[comparison.precision]) for array in inputs]
        function = call if compiled else tf.function(call, jit_compile=run.subject.runtime == "tf-xla", autograph=False)
    waits = comparison.device != "cpu"  # a function on the CPU returns when its result is there

    def step() -> Any:
        output = function(*tensors)
        if waits:
            tf.test.experimental.sync_devices()
        return output

    return step, lambda output: output.numpy().astype("float32")


def _tensorflow_device(comparison: Comparison) -> str:
    import tensorflow as tf

    if comparison.device == "gpu" and not tf.config.list_physical_devices("GPU"):
        raise BenchmarkError("TensorFlow sees no GPU; leave --device gpu out, or install a TensorFlow that has it")
    return "/GPU:0" if comparison.device == "gpu" else "/CPU:0"


def _jax_step(
    call: Callable, inputs: Sequence[np.ndarray], layer: Any, comparison: Comparison
) -> tuple[Callable[[], Any], Callable[[Any], np.ndarray]]:
    """The variables are arguments: closed over, they would be constants that XLA folds for minutes."""
    import jax
    import keras

    variables = layer.variables if layer is not None else []

    def stateless(values: list, *tensors: Any) -> Any:
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return call(*tensors)

    try:
        device = jax.devices(comparison.device)[0]
    except RuntimeError as error:
        raise BenchmarkError("JAX sees no GPU; leave --device gpu out, or install a JAX that has it") from error
    dtype = FLOATS[comparison.precision]
    tensors = [jax.device_put(jax.numpy.asarray(array, dtype), device) for array in inputs]
    values = [jax.device_put(variable.value, device) for variable in variables]
    function = jax.jit(stateless)
    return lambda: function(values, *tensors).block_until_ready(), lambda output: np.asarray(output, "float32")


def torch_step(
    call: Callable, inputs: Sequence[np.ndarray], comparison: Comparison
) -> tuple[Callable[[], Any], Callable[[Any], np.ndarray]]:
    """The step of a function of torch tensors, eager or already wrapped by torch.compile."""
    import torch

    if comparison.device == "gpu" and not torch.cuda.is_available():
        raise BenchmarkError("torch sees no GPU; leave --device gpu out, or install a torch that has it")
    device, dtype = ("cuda" if comparison.device == "gpu" else "cpu"), getattr(torch, FLOATS[comparison.precision])
    tensors = [torch.from_numpy(array).to(device=device, dtype=dtype) for array in inputs]

    def step() -> Any:
        with torch.inference_mode():
            output = call(*tensors)
        if device == "cuda":
            torch.cuda.synchronize()
        return output

    return step, lambda output: output.detach().float().cpu().numpy()


def switches(runtime: str) -> dict[str, str]:
    """Settings of a runtime that matter to speed."""
    if runtime.startswith("tf-"):
        one_dnn = os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1") != "0"
        xla = "on" if runtime == "tf-xla" else "off"
        return {"oneDNN": "on" if one_dnn else "off", "calling thread": CALLING_THREAD, "XLA": xla}
    return {}
