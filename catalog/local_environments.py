"""Owns how the conditions of a run measured here become an environment: its key, its label and what is known of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from catalog.results_file import Result
from catalog.schema import TABLES

HERE = "here"
Identity = tuple[object, ...]
# Two runs belong to one environment when these agree.
CONDITIONS = (
    "device",
    "kind",
    "precision",
    "layout",
    "framework_version",
    "cuda_version",
    "runtime",
    "threads",
    "processor_flags",
    "switches",
)


@dataclass(frozen=True)
class Runtime:
    """How a framework runs a model: which package's version names it, its short form in keys, and its mode."""

    framework: str
    packages: tuple[str, ...]
    short: str
    mode: str = ""  # in keys
    label: str = ""
    compiled: bool = False


_TORCH = ("PyTorch", ("torch",), "pt")
_TENSORFLOW = ("TensorFlow", ("tensorflow", "tensorflow-cpu", "tensorflow-intel", "tensorflow-macos"), "tf")
RUNTIMES = {
    "tf-graph": Runtime(*_TENSORFLOW),
    "tf-xla": Runtime(*_TENSORFLOW, "xla", "XLA", compiled=True),
    "jax": Runtime("JAX", ("jax",), "jax", compiled=True),
    "torch": Runtime(*_TORCH),
    "torch-compile": Runtime(*_TORCH, "compiled", "torch.compile", compiled=True),
    "torch-regional": Runtime(*_TORCH, "regional", "regional compilation", compiled=True),
    "torch-regional-cached": Runtime(*_TORCH, "regional-cached", "regional compilation, saved", compiled=True),
    "onnxruntime": Runtime("ONNX Runtime", ("onnxruntime", "onnxruntime-gpu"), "ort"),
    "openvino": Runtime("OpenVINO", ("openvino",), "ov"),
    "pillow": Runtime("Pillow", ("pillow",), "pillow"),
}


class UnknownConditions(Exception):
    """A run whose environment cannot be told; `rule` is the name of the rule, the text what was found and expected."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(detail)
        self.rule = rule


class LocalEnvironments:
    """The environments of the runs that it is shown, each under a key that is its own.

    Machines that call themselves alike (a virtual machine says "AMD EPYC" and no more), or one machine under other
    switches, are told apart by a number at the end of the key, in the order in which they are shown. `kept` are rows
    of `environments` whose keys are taken.
    """

    def __init__(self, kept: pd.DataFrame) -> None:
        self._kept = kept
        self._keys: dict[Identity, str] = {
            tuple(None if pd.isna(row[name]) else row[name] for name in CONDITIONS): str(row["environment"])
            for row in kept.to_dict("records")
        }
        self._labels: dict[str, str] = dict(zip(kept["environment"], kept["label"], strict=True))
        self._rows: dict[str, dict[str, object]] = {}
        self._newest: dict[str, str] = {}
        self._libraries: dict[str, set[str]] = {}

    def key(self, run: Result) -> str:
        """The environment's key. Raises UnknownConditions."""
        row = _row(run)
        identity = tuple(row[name] for name in CONDITIONS)
        if identity not in self._keys:
            key, label = self._new(row)
            if fault := TABLES["environments"].fault(row | {"environment": key, "label": label}):
                raise UnknownConditions("conditions", fault)
            self._keys[identity], self._labels[key] = key, label
        key = self._keys[identity]
        self._libraries.setdefault(key, set()).update(_split(run.libraries))
        if run.measured_at >= self._newest.get(key, ""):
            self._newest[key] = run.measured_at
            self._rows[key] = row
        return key

    def rows(self) -> pd.DataFrame:
        """The table of the environments shown, then those kept; what may differ between runs is the newest run's."""
        rows = [
            row
            | {
                "environment": key,
                "label": self._labels[key],
                "libraries": "; ".join(sorted(self._libraries[key])) or None,
            }
            for key, row in self._rows.items()
        ]
        table = TABLES["environments"]
        parts = [frame for frame in (table.typed(pd.DataFrame(rows)), self._kept) if len(frame)]
        return pd.concat(parts, ignore_index=True).drop_duplicates("environment") if parts else table.empty()

    def _new(self, row: dict[str, object]) -> tuple[str, str]:
        """A free key and a label that says what sets it apart."""
        base, label = _key(row), _label(row)
        taken = set(self._keys.values())
        if base not in taken:
            return base, label
        number = next(number for number in range(2, len(taken) + 3) if f"{base}-{number}" not in taken)
        switches = f": {row['switches']}" if row["switches"] else ""
        return f"{base}-{number}", f"{label[:-1]}, no. {number}{switches})"


def runtime_version(run: Result) -> str:
    """The version of the package that the run's runtime is named by. Raises UnknownConditions."""
    if run.runtime not in RUNTIMES:
        raise UnknownConditions("unknown-runtime", f"runtime is {run.runtime!r}, expected one of {', '.join(RUNTIMES)}")
    versions = _versions(run.libraries)
    packages = RUNTIMES[run.runtime].packages
    for package in packages:
        if package in versions:
            return versions[package]
    raise UnknownConditions(
        "no-version", f"libraries are {run.libraries[:200]!r}, expected the version of {packages[0]} among them"
    )


def device_name(name: str) -> str:
    """A processor's name without marks and clock: `Intel(R) Core(TM) i7-12700H CPU @ 2.60GHz` is an Intel Core."""
    plain = re.sub(r"\((R|TM|r|tm)\)|®|™|\bCPU\b|@.*$|\b\d+-Core\b|\bProcessor\b", " ", name)
    return " ".join(plain.split())


def _row(run: Result) -> dict[str, object]:
    version = runtime_version(run)
    runtime = RUNTIMES[run.runtime]
    return {
        "device": device_name(run.device),
        "kind": run.kind,
        "precision": run.precision,
        "layout": run.layout or None,
        "framework": runtime.framework,
        "framework_version": version,
        "cuda_version": _versions(run.libraries).get("cuda"),
        "compiled": runtime.compiled,
        "origin": HERE,
        "runtime": run.runtime,
        "threads": run.threads,
        "memory_gb": run.memory_gb,
        "os": run.os or None,
        "processor_flags": run.processor_flags or None,
        "switches": run.switches or None,
    }


def _key(row: dict[str, object]) -> str:
    runtime = RUNTIMES[str(row["runtime"])]
    parts = [row["device"], f"{row['threads']}t", row["precision"], row["layout"]]
    parts += [f"{runtime.short}{row['framework_version']}"]
    parts += [f"cu{row['cuda_version']}"] if row["cuda_version"] else []
    text = "-".join(str(part) for part in [*parts, runtime.mode] if part)
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def _label(row: dict[str, object]) -> str:
    runtime = RUNTIMES[str(row["runtime"])]
    details = [row["precision"], str(row["layout"] or "").upper(), f"{row['framework']} {row['framework_version']}"]
    details += [f"CUDA {row['cuda_version']}"] if row["cuda_version"] else []
    threads = f"{row['threads']} thread{'s' if row['threads'] != 1 else ''}"
    device = row["device"] if row["kind"] == "gpu" else f"{row['device']}, {threads}"
    return f"{device} ({', '.join(str(part) for part in [*details, runtime.label] if part)})"


def _versions(libraries: str) -> dict[str, str]:
    """Package -> version, local parts (`+cpu`) left out."""
    pairs = (part.rpartition(" ") for part in _split(libraries))
    return {name.lower().replace("_", "-"): version.partition("+")[0] for name, _, version in pairs}


def _split(libraries: str) -> Iterable[str]:
    return [part.strip() for part in libraries.split(";") if part.strip()]
