"""timm's models as subjects: eager, compiled as a whole or by regions, and exported."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.comparison import Comparison, Run
from benchmarks.errors import BenchmarkError
from benchmarks.machine import versions
from benchmarks.subject import Executable, ReferenceFiles
from benchmarks.subjects import steps

COMPILED = ("torch-compile", "torch-regional", "torch-regional-cached")
EXPORTS = ("openvino", "onnxruntime")
TRIALS = 3  # steps by which the faster of two ways to run in bf16 is chosen


def load(run: Run, reference: ReferenceFiles) -> Executable:
    """See `subject.load`."""
    layer = run.comparison.layer
    if layer is not None and layer.kind == "image-processing":
        from benchmarks.subjects import photographs

        return photographs.load(run, reference)
    if layer is not None:
        from benchmarks.subjects import layers

        return layers.load(run, reference)
    steps.need_runtime(run, "torch", *COMPILED, *EXPORTS)
    model = create(run.comparison, reference)
    if run.subject.runtime in EXPORTS:
        return _load_export(model, run, reference)
    return _load_torch(model, run, reference)


def prepare(run: Run, reference: ReferenceFiles) -> None:
    """See `subject.prepare`: saved artifacts for the run that starts from them."""
    if run.subject.runtime != "torch-regional-cached":
        return
    import torch

    from benchmarks.compilation import save_artifacts

    fixed = run.comparison
    if fixed.precision != "fp32":  # in bf16 it is chosen when it is timed whether weights are bf16 or cast
        raise BenchmarkError(f"{run.subject}: saved artifacts are timed in fp32 only")
    device = "cuda" if fixed.device == "gpu" else "cpu"
    images = torch.from_numpy(np.ascontiguousarray(reference.inputs()["images"].transpose(0, 3, 1, 2)))
    save_artifacts(create(fixed, reference).to(device), images.to(device), reference.folder)


def create(fixed: Comparison, reference: ReferenceFiles) -> Any:
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


def _load_torch(model: Any, run: Run, reference: ReferenceFiles) -> Executable:
    import torch

    fixed = run.comparison
    if fixed.device == "gpu" and not torch.cuda.is_available():
        raise BenchmarkError("torch sees no GPU; leave --device gpu out, or install a torch that has it")
    device = "cuda" if fixed.device == "gpu" else "cpu"
    params_m = _params_m(model)
    images = torch.from_numpy(np.ascontiguousarray(reference.inputs()["images"].transpose(0, 3, 1, 2))).to(device)
    model = model.to(device)
    switches, autocast, note = steps.switches(run.subject.runtime), False, ""
    if fixed.precision == "bf16":
        model, images, autocast = _in_bf16(model, images)
        note = f"bf16 by {'autocast' if autocast else 'weights'}, the faster of the two"
    if run.subject.runtime in COMPILED:
        from benchmarks import compilation

        model = compilation.compiled(model, run.subject.runtime, reference.folder)
        switches = switches | compilation.switches()
    return Executable(
        step=_step(model, images, autocast),
        to_numpy=lambda output: output.float().cpu().numpy(),
        params_m=params_m,
        layout="nchw",
        versions=versions("timm", "torch"),
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


def _load_export(model: Any, run: Run, reference: ReferenceFiles) -> Executable:
    from benchmarks import exports

    export = exports.openvino_from_timm if run.subject.runtime == "openvino" else exports.onnxruntime_from_timm
    exported = export(model, reference.inputs()["images"], run.comparison, reference.folder)
    return replace(exported, params_m=_params_m(model), versions=versions("timm", "torch") | exported.versions)


def _params_m(model: Any) -> float:
    return round(sum(parameter.numel() for parameter in model.parameters()) / 1e6, 6)
