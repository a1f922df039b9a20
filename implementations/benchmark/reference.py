"""Owns the making of references: once per workload, in a process of its own, so that no timed process imports torch."""

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

from implementations import registry
from implementations.benchmark.specification import OURS, BenchmarkError, Comparison
from implementations.benchmark.subject import Reference

SAMPLES = 8  # that the reference computes of a model; a larger batch repeats them
RECIPE = 2  # of the files; another recipe makes them anew
COSTS = "costs.json"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Costs:
    """GMACs of one sample and parameters in millions; None where the workload has none.

    `our_gmacs` are those of our Keras model, which computes no token that its head does not read.
    """

    gmacs: float | None
    params_m: float | None
    our_gmacs: float | None = None

    def gmacs_of(self, implementation: str) -> float | None:
        """GMACs of what this implementation runs."""
        return self.our_gmacs if implementation == OURS and self.our_gmacs else self.gmacs


def reference_for(comparison: Comparison, cache: Path) -> Reference:
    """The reference of a comparison, made if the cache folder does not have it yet.

    Raises:
        UnknownNameError: no such model.
        BenchmarkError: torch or timm is missing, or the reference could not be computed.
    """
    folder = folder_of(comparison, cache)
    if not folder.exists():
        _make_in_process(comparison, folder)
    return Reference(folder, comparison.batch_size if comparison.layer is None else None)


def folder_of(comparison: Comparison, cache: Path) -> Path:
    """Where a reference is kept: a model's for all batches, a layer's for each; anew for another timm."""
    if comparison.layer is None:
        registry.split_name(comparison.workload)
        name = f"{comparison.workload}-{comparison.img_size}"
    else:
        name = f"{comparison.workload}-b{comparison.batch_size}"
    return cache / "references" / f"{name}-{RECIPE}-timm{_timm_version()}"


def costs_of(reference: Reference) -> Costs:
    """GMACs and parameters of the workload, as counted when its reference was made."""
    return Costs(**json.loads((reference.folder / COSTS).read_text()))


def write_reference(comparison: Comparison, folder: Path) -> None:
    """Compute and write everything that `Reference` reads; needs torch and timm."""
    layer = comparison.layer
    if layer is None:
        costs = _write_model(comparison, folder)
    elif layer.kind == "image-processing":
        from implementations.benchmark.subjects.photographs import make_reference

        make_reference(comparison, folder)
        costs = Costs(None, None)
    else:
        from implementations.benchmark.layer_reference import layer_gmacs, write_layer_reference

        write_layer_reference(comparison, folder)
        costs = Costs(layer_gmacs(layer), None)
    (folder / COSTS).write_text(json.dumps(asdict(costs)))


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
        command = [
            sys.executable,
            "-m",
            "implementations.benchmark.reference",
            json.dumps(asdict(comparison)),
            str(made),
        ]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"}
        process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if process.returncode:
            last = (process.stderr.strip().splitlines() or [f"exit status {process.returncode}"])[-1]
            raise BenchmarkError(f"{comparison.workload}: its reference could not be computed: {last}")
        try:
            made.rename(folder)
        except OSError:  # another process was first
            if not folder.exists():
                raise


def _write_model(comparison: Comparison, folder: Path) -> Costs:
    import torch
    from safetensors.torch import save_file

    from implementations.costs import count_costs
    from implementations.parity.checks import random_images
    from implementations.parity.reference import create_reference, reference_of

    size = comparison.img_size or 0
    model = create_reference(comparison.workload, img_size=size)
    images = random_images((SAMPLES, size, size, 3))
    our_name = reference_of(comparison.workload).our_name
    state = {our_name(name): tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(state, folder / "weights.safetensors")
    np.savez(folder / "inputs.npz", images=images)
    inputs = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
    with torch.inference_mode():
        outputs = {"single": model(inputs)}
        with torch.autocast("cpu", torch.bfloat16):
            outputs["half"] = model(inputs).float()
        outputs["double"] = model.double()(inputs.double())
    np.savez(folder / "outputs.npz", **{name: output.numpy() for name, output in outputs.items()})
    costs, ours = (count_costs(comparison.workload, every_token=every, img_size=size) for every in (True, False))
    return Costs(round(costs.gmacs, 6), round(costs.params_m, 6), round(ours.gmacs, 6))


def main(arguments: list[str]) -> None:
    """Write one reference: the comparison as JSON, then the folder."""
    values: dict[str, Any] = json.loads(arguments[0])
    write_reference(Comparison(**values), Path(arguments[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
