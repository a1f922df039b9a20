"""Exported models as they are timed: ours and timm's under OpenVINO and ONNX Runtime, input and output bound."""

from __future__ import annotations

import json
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.comparison import Comparison
from benchmarks.errors import BenchmarkError
from benchmarks.subject import Executable

OPENVINO_PRECISION = {"fp32": "f32", "bf16": "bf16"}
TRIALS = 5  # steps by which the faster of two exports of timm's is chosen


def openvino_from_ours(model: Any, images: np.ndarray, fixed: Comparison, cache: Path | None = None) -> Executable:
    """Our Keras model through its own OpenVINO export; `compile_s` counts exporting, compiling and the first call.

    Args:
        model: a backbone in float32; the runtime lowers the precision itself.
        images: (B, H, W, C) float32.
        fixed: batch, precision and threads.
        cache: not used: an export of ours follows the code, which changes.

    Raises:
        BenchmarkError: a device or a precision that OpenVINO does not have here.
    """
    _need_openvino(fixed)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "model.xml"
        _folded(model).export(str(path), format="openvino", verbose=False)
        graph = _read(path)
    graph.reshape([len(images), *images.shape[1:]])
    return _run_openvino(graph, images, fixed, start, "nhwc")


def openvino_from_timm(module: Any, images: np.ndarray, fixed: Comparison, cache: Path | None = None) -> Executable:
    """timm's model through `openvino.convert_model`, with attention fused or spelled out, whichever is faster here.

    Arguments and errors as `openvino_from_ours`; `module` is in eval mode, `cache` keeps the converted files.
    """
    _need_openvino(fixed)
    images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))  # B, C, H, W
    runs = {}
    with _folder(cache) as folder:
        for attention, fused in (("fused", True), ("spelled out", False)):
            path = folder / f"timm-openvino-b{len(images)}-{'fused' if fused else 'plain'}.xml"
            _convert_once(path, partial(_convert_timm, module, images, path, fused))
            spent = json.loads(path.with_suffix(".json").read_text())
            start = time.perf_counter() - spent
            runs[attention] = _run_openvino(_read(path), images, fixed, start, "nchw")
    chosen = _fastest({attention: run.step for attention, run in runs.items()})
    return replace(runs[chosen], note=f"attention {chosen}, the faster of two exports")


def onnxruntime_from_ours(model: Any, images: np.ndarray, fixed: Comparison, cache: Path | None = None) -> Executable:
    """Our Keras model through its own ONNX export; arguments and errors as `openvino_from_ours`."""
    _need_onnxruntime(fixed)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "model.onnx"
        _folded(model).export(str(path), format="onnx", verbose=False)
        return _run_onnx(path, images, fixed, start, "nhwc")


def onnxruntime_from_timm(module: Any, images: np.ndarray, fixed: Comparison, cache: Path | None = None) -> Executable:
    """timm's model through `torch.onnx.export`; arguments and errors as `openvino_from_timm`."""
    _need_onnxruntime(fixed)
    images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))  # B, C, H, W
    with _folder(cache) as folder:
        path = folder / f"timm-onnxruntime-b{len(images)}.onnx"
        _convert_once(path, lambda: _export_timm(module, images, path))
        start = time.perf_counter() - json.loads(path.with_suffix(".json").read_text())
        return _run_onnx(path, images, fixed, start, "nchw")


def _need_openvino(fixed: Comparison) -> None:
    import openvino

    if fixed.device != "cpu":
        raise BenchmarkError(f"openvino runs on the processor here, not on {fixed.device}")
    able = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if fixed.precision == "bf16" and "BF16" not in able:
        raise BenchmarkError("openvino has no bf16 on this processor (it needs avx512_bf16 or amx_bf16)")


def _need_onnxruntime(fixed: Comparison) -> None:
    if fixed.device != "cpu":
        raise BenchmarkError(f"onnxruntime runs on the processor here, not on {fixed.device}")
    if fixed.precision != "fp32":
        raise BenchmarkError("onnxruntime has no bf16 kernels for the processor; run it in fp32")


def _folded(model: Any) -> Any:
    return model.fold() if hasattr(model, "fold") else model


def _read(path: Path) -> Any:
    import openvino

    return openvino.Core().read_model(path)


def _run_openvino(graph: Any, images: np.ndarray, fixed: Comparison, start: float, layout: str) -> Executable:
    """Compile for latency on the comparison's threads, and bind the batch without copying it."""
    import openvino

    settings = {
        "INFERENCE_PRECISION_HINT": OPENVINO_PRECISION[fixed.precision],
        "INFERENCE_NUM_THREADS": fixed.threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = openvino.Core().compile_model(graph, "CPU", settings).create_infer_request()
    images = np.ascontiguousarray(images, "float32")
    bound = openvino.Tensor(images, shared_memory=True)
    request.set_input_tensor(bound)

    def step(images: np.ndarray = images) -> np.ndarray:  # who keeps the step keeps the memory that is bound
        request.infer()
        return request.get_output_tensor(0).data

    return Executable(
        step=step,
        to_numpy=np.array,
        params_m=None,  # whose model it was knows
        layout=layout,
        compile_s=_first_call(step, start),
        versions={"openvino": version("openvino")},
        switches={"streams": "1", "hint": "latency"},
    )


def _run_onnx(path: Path, images: np.ndarray, fixed: Comparison, start: float, layout: str) -> Executable:
    """Open the model on the comparison's threads with every optimisation, and bind the batch and the output."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = fixed.threads, 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    images = np.ascontiguousarray(images, "float32")
    binding.bind_cpu_input(session.get_inputs()[0].name, images)
    binding.bind_output(session.get_outputs()[0].name, "cpu")

    def step(images: np.ndarray = images) -> np.ndarray:  # who keeps the step keeps the memory that is bound
        session.run_with_iobinding(binding)
        return binding.get_outputs()[0].numpy()

    return Executable(
        step=step,
        to_numpy=np.array,
        params_m=None,  # whose model it was knows
        layout=layout,
        compile_s=_first_call(step, start),
        versions={"onnxruntime": version("onnxruntime")},
        switches={"inter_op": "1", "optimisation": "all"},
    )


def _first_call(step: Callable[[], Any], start: float) -> float:
    """Seconds from `start` to the end of the first call, less a warm step."""
    step()
    spent = time.perf_counter() - start
    again = time.perf_counter()
    step()
    return max(spent - (time.perf_counter() - again), 0.0)


def _convert_once(path: Path, convert: Callable[[], None]) -> None:
    """Convert to `path` unless it is there; the seconds that it took lie next to it."""
    note = path.with_suffix(".json")
    if note.exists():
        return
    start = time.perf_counter()
    with _quiet():
        convert()
    note.write_text(json.dumps(round(time.perf_counter() - start, 3)))


def _convert_timm(module: Any, images: np.ndarray, path: Path, fused: bool) -> None:
    import openvino
    import torch

    with torch.inference_mode(), _attention(module, fused):
        shape = openvino.PartialShape(list(images.shape))
        graph = openvino.convert_model(module, example_input=torch.from_numpy(images), input=[shape])
    openvino.save_model(graph, path, compress_to_fp16=False)


def _export_timm(module: Any, images: np.ndarray, path: Path) -> None:
    import torch

    with torch.inference_mode(), _attention(module, fused=False):
        torch.onnx.export(module, (torch.from_numpy(images),), str(path), dynamo=False, opset_version=17)


@contextmanager
def _attention(module: Any, fused: bool) -> Iterator[None]:
    """Let timm's attention layers call torch's fused function, or spell it out."""
    layers = [layer for layer in module.modules() if hasattr(layer, "fused_attn")]
    before = [layer.fused_attn for layer in layers]
    for layer in layers:
        layer.fused_attn = fused
    try:
        yield
    finally:
        for layer, value in zip(layers, before, strict=True):
            layer.fused_attn = value


def _fastest(steps: dict[str, Callable[[], Any]]) -> str:
    """The name of the step with the shortest time of TRIALS in turns."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(TRIALS):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - start)
    return min(times, key=lambda name: min(times[name]))


@contextmanager
def _folder(cache: Path | None) -> Iterator[Path]:
    if cache is not None:
        yield cache
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the converters' warnings about themselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
