"""References of workloads, each made once, in a process of its own, so that no timed process imports torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.comparison import Comparison
from benchmarks.errors import BenchmarkError
from benchmarks.subject import AGAIN, WEIGHTS, ReferenceFiles
from catalog.vocabulary import OURS
from implementations import registry

SAMPLES = 8  # that the reference computes of a model; a larger batch repeats them
RECIPE = 3  # of the files; another recipe makes them anew
# A processor's vectors decide of how many partial sums torch makes a product, and so how far it rounds. The reference
# computes its fp32 output twice, also with the shortest vectors, so that its own error, by which others are judged, is
# not smaller the wider a machine's vectors are.
SHORT_VECTORS = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"}
COSTS = "costs.json"
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class WorkloadCosts:
    """GMACs of one sample and parameters in millions; None where the workload has none.

    `our_gmacs` are those of our Keras model, which computes no token that its head does not read.
    """

    gmacs: float | None
    params_m: float | None
    our_gmacs: float | None = None

    def gmacs_of(self, implementation: str) -> float | None:
        """GMACs of what this implementation runs."""
        return self.our_gmacs if implementation == OURS and self.our_gmacs else self.gmacs


def reference_for(comparison: Comparison, cache: Path) -> ReferenceFiles:
    """The reference of a comparison, made if the cache folder does not have it yet.

    Raises:
        UnknownNameError: no such model.
        BenchmarkError: torch or timm is missing, or the reference could not be computed.
    """
    folder = folder_of(comparison, cache)
    if not folder.exists():
        _make_in_process(comparison, folder)
    return ReferenceFiles(folder, comparison.batch_size if comparison.layer is None else None)


def folder_of(comparison: Comparison, cache: Path) -> Path:
    """Where a reference is kept: a model's for all batches, a layer's for each; anew for another timm."""
    if comparison.layer is None:
        registry.split_name(comparison.workload)
        name = f"{comparison.workload}-{comparison.img_size}"
    else:
        name = f"{comparison.workload}-b{comparison.batch_size}"
    return cache / "references" / f"{name}-{RECIPE}-timm{_timm_version()}"


def costs_of(reference: ReferenceFiles) -> WorkloadCosts:
    """GMACs and parameters of the workload, as counted when its reference was made."""
    return WorkloadCosts(**json.loads((reference.folder / COSTS).read_text()))


def write_reference(comparison: Comparison, folder: Path) -> None:
    """Compute and write everything that `ReferenceFiles` reads but `AGAIN`; needs torch and timm."""
    layer = comparison.layer
    if layer is None:
        costs = _write_model(comparison, folder)
    elif layer.kind == "image-processing":
        from benchmarks.subjects.photographs import make_reference

        make_reference(comparison, folder)
        costs = WorkloadCosts(None, None)
    else:
        from benchmarks.layer_references import layer_gmacs, write_layer_reference

        write_layer_reference(comparison, folder)
        costs = WorkloadCosts(layer_gmacs(layer), None)
    (folder / COSTS).write_text(json.dumps(asdict(costs)))


def write_again(comparison: Comparison, folder: Path) -> None:
    """Compute the fp32 output once more and write it as `AGAIN`: of what rounds at all, a model or a layer."""
    layer = comparison.layer
    if layer is None:
        output = _model_outputs(*_model_and_images(comparison), ("single",))["single"]
    elif layer.kind == "image-processing":
        return
    else:
        from benchmarks.layer_references import layer_outputs

        output = layer_outputs(comparison, ("single",))["single"]
    np.save(folder / AGAIN, output)


def _timm_version() -> str:
    try:
        return version("timm")
    except PackageNotFoundError as error:
        raise BenchmarkError(
            "timm is not installed, and what is timed is compared with it first; pip install -e '.[parity]'"
        ) from error


def _make_in_process(comparison: Comparison, folder: Path) -> None:
    """The folder appears under its name only when it is whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as scratch:
        made = Path(scratch) / "reference"
        made.mkdir()
        _run(comparison, made, "all", {})
        _run(comparison, made, "again", SHORT_VECTORS)
        try:
            made.rename(folder)
        except OSError:  # another process was first
            if not folder.exists():
                raise


def _run(comparison: Comparison, folder: Path, what: str, switches: dict[str, str]) -> None:
    """Write into the folder from a process of its own, under those switches."""
    module = "benchmarks.references"
    command = [sys.executable, "-m", module, json.dumps(asdict(comparison)), str(folder), what]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"}
    process = subprocess.run(command, env=environment | switches, capture_output=True, text=True, check=False)
    if process.returncode:
        last = (process.stderr.strip().splitlines() or [f"exit status {process.returncode}"])[-1]
        raise BenchmarkError(f"{comparison.workload}: its reference could not be computed: {last}")


def _write_model(comparison: Comparison, folder: Path) -> WorkloadCosts:
    from safetensors.torch import save_file

    from implementations.costs import count_costs
    from implementations.parity.reference import reference_of

    model, images = _model_and_images(comparison)
    our_name = reference_of(comparison.workload).our_name
    save_file({our_name(name): tensor.contiguous() for name, tensor in model.state_dict().items()}, folder / WEIGHTS)
    np.savez(folder / "inputs.npz", images=images)
    np.savez(folder / "outputs.npz", **_model_outputs(model, images, ("single", "half", "double")))
    size = comparison.img_size or 0
    costs, ours = (count_costs(comparison.workload, every_token=every, img_size=size) for every in (True, False))
    return WorkloadCosts(round(costs.gmacs, 6), round(costs.params_m, 6), round(ours.gmacs, 6))


def _model_and_images(comparison: Comparison) -> tuple[Any, np.ndarray]:
    """The same in every process: values and images are drawn from fixed seeds."""
    from implementations.parity.checks import random_images
    from implementations.parity.reference import create_reference

    size = comparison.img_size or 0
    return create_reference(comparison.workload, img_size=size), random_images((SAMPLES, size, size, 3))


def _model_outputs(model: Any, images: np.ndarray, precisions: tuple[str, ...]) -> dict[str, Any]:
    """Outputs by precision (arrays); the model is left in the last one, so that `double` comes last."""
    import torch

    inputs = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
    outputs = {}
    with torch.inference_mode():
        for precision in precisions:
            if precision == "double":
                outputs[precision] = model.double()(inputs.double())
            else:
                with torch.autocast("cpu", torch.bfloat16, enabled=precision == "half"):
                    outputs[precision] = model(inputs).float()
    return {precision: output.numpy() for precision, output in outputs.items()}


def main(arguments: list[str]) -> None:
    """Write one reference: the comparison as JSON, the folder, and "all" or "again"."""
    values: dict[str, Any] = json.loads(arguments[0])
    write = {"all": write_reference, "again": write_again}[arguments[2]]
    write(Comparison(**values), Path(arguments[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
