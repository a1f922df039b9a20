"""Owns timm's models as subjects: eager, compiled as a whole or by regions, and exported."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.specification import BenchmarkError, Comparison, Run
from benchmarks.subject import Loaded, Reference
from benchmarks.subjects import runtimes

COMPILED = ("torch-compile", "torch-regional", "torch-regional-cached")
EXPORTS = ("openvino", "onnxruntime")
TRIALS = 3  # steps by which the faster of two ways to run in bf16 is chosen


def load(run: Run, reference: Reference) -> Loaded:
    """See `subject.load`."""
    layer = run.comparison.layer
    if layer is not None and layer.kind == "image-processing":
        from benchmarks.subjects import photographs

        return photographs.load(run, reference)
    if layer is not None:
        from benchmarks.subjects import layers

        return layers.load_timm(run, reference)
    runtimes.need_runtime(run, "torch", *COMPILED, *EXPORTS)
    model = create(run.comparison, reference)
    if run.subject.runtime in EXPORTS:
        return _load_export(model, run, reference)
    return _load_torch(model, run, reference)


def prepare(run: Run, reference: Reference) -> None:
    """See `subject.prepare`: saved artifacts for the run that starts from them."""
    if run.subject.runtime == "torch-regional-cached":
        from benchmarks import compilation

        compilation.prepare(run, reference)


def create(fixed: Comparison, reference: Reference) -> Any:
    """timm's model as its users run it (fused attention), with the reference's weights, in eval mode."""
    from runtimes.torchvision_ops import define_missing_operators

    define_missing_operators()
    import timm
    import torch
    from safetensors.torch import load_file

    torch.set_num_threads(fixed.threads)
    model = timm.create_model(fixed.workload, img_size=fixed.img_size)
    model.load_state_dict(load_file(reference.weights))
    return model.eval()


def _load_torch(model: Any, run: Run, reference: Reference) -> Loaded:
    import torch

    fixed = run.comparison
    if fixed.device == "gpu" and not torch.cuda.is_available():
        raise BenchmarkError("torch sees no GPU; leave --device gpu out, or install a torch that has it")
    device = "cuda" if fixed.device == "gpu" else "cpu"
    params_m = _params_m(model)
    images = torch.from_numpy(np.ascontiguousarray(reference.inputs()["images"].transpose(0, 3, 1, 2))).to(device)
    model = model.to(device)
    switches, autocast, note = runtimes.switches(run.subject.runtime), False, ""
    if fixed.precision == "bf16":
        model, images, autocast = _in_bf16(model, images)
        note = f"bf16 by {'autocast' if autocast else 'weights'}, the faster of the two"
    if run.subject.runtime in COMPILED:
        from benchmarks import compilation

        model = compilation.compiled(model, run.subject.runtime, reference.folder)
        switches = switches | compilation.switches()
    return Loaded(
        step=_step(model, images, autocast),
        to_numpy=lambda output: output.float().cpu().numpy(),
        params_m=params_m,
        layout="nchw",
        versions=runtimes.versions("timm", "torch"),
        switches=switches,
        note=note,
    )


def _step(model: Any, images: Any, autocast: bool) -> Any:
    import torch

    def step() -> Any:
        with torch.inference_mode(), torch.autocast(images.device.type, torch.bfloat16, enabled=autocast):
            output = model(images)
        if images.is_cuda:
            torch.cuda.synchronize()
        return output

    return step


def _in_bf16(model: Any, images: Any) -> tuple[Any, Any, bool]:
    """The faster of weights in bf16 and autocast, tried eagerly: (model, images, whether autocast)."""
    import copy

    import torch

    from benchmarks.stopwatch import timed

    lowered, cast = copy.deepcopy(model).to(torch.bfloat16), images.to(torch.bfloat16)
    steps = {False: _step(lowered, cast, False), True: _step(model, images, True)}
    for step in steps.values():
        step()
    times = {way: min(timed(step) for _ in range(TRIALS)) for way, step in steps.items()}
    return (model, images, True) if times[True] < times[False] else (lowered, cast, False)


def _load_export(model: Any, run: Run, reference: Reference) -> Loaded:
    from benchmarks import exports

    export = exports.openvino_from_timm if run.subject.runtime == "openvino" else exports.onnxruntime_from_timm
    compiled = export(model, reference.inputs()["images"], run.comparison, reference.folder)
    switches = dict(compiled.switches)
    chosen = switches.pop("attention", "")  # which of two exports was faster is this model's, not the runtime's
    return Loaded(
        step=compiled.step,
        to_numpy=compiled.to_numpy,
        params_m=_params_m(model),
        layout=compiled.layout,
        versions=runtimes.versions("timm", "torch") | compiled.versions,
        switches=switches,
        compile_s=compiled.compile_s,
        note=f"attention {chosen}, the faster of two exports" if chosen else "",
    )


def _params_m(model: Any) -> float:
    return round(sum(parameter.numel() for parameter in model.parameters()) / 1e6, 6)
