"""What is recorded about the machine: processor or accelerator, cores, memory, operating system, installed packages."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.pinning import usable_cores

FLAGS = (
    "avx2",
    "fma",
    "avx_vnni",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_tile",
    "amx_bf16",
    "amx_int8",
    "asimd",
    "bf16",
    "i8mm",
    "sve",
    "sve2",
)
CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Machine:
    """The machine that a run was made on; `device` names the processor, or the accelerator of a gpu run."""

    device: str
    kind: str
    cores: int
    memory_gb: float
    os: str
    processor_flags: str


def this_machine(device_name: str | None = None) -> Machine:
    """This machine as its runs record it; `device_name` is the accelerator's, None for the processor."""
    import psutil

    return Machine(
        device=device_name or processor_name(),
        kind="gpu" if device_name else "cpu",
        cores=len(usable_cores()),
        memory_gb=round(psutil.virtual_memory().total / 1e9, 1),
        os=_system(),
        processor_flags=" ".join(flag for flag in FLAGS if flag in _processor().get("flags", "").split()),
    )


def processor_name() -> str:
    """As the processor calls itself; virtual machines may give a family only."""
    return _processor().get("model name") or platform.processor() or platform.machine()


def accelerator_name() -> str | None:
    """Name of the card that the loaded framework computes on; None when none of them has one."""
    if "torch" in sys.modules:
        import torch

        if torch.cuda.is_available():
            return str(torch.cuda.get_device_name())
    if "jax" in sys.modules:
        import jax

        if jax.default_backend() != "cpu":
            return str(jax.local_devices()[0].device_kind)
    if "tensorflow" in sys.modules:
        import tensorflow as tf

        cards = tf.config.list_physical_devices("GPU")
        if cards:
            return str(tf.config.experimental.get_device_details(cards[0]).get("device_name", cards[0].name))
    return None


def versions(*packages: str) -> dict[str, str]:
    """Versions of the packages that are installed, by name; a wheel for the CPU goes by its plain name."""
    found = {}
    for package in dict.fromkeys(packages):
        for name in (package, f"{package}-cpu"):
            try:
                found[package] = version(name)
                break
            except PackageNotFoundError:
                continue
    return found


def versions_in(python: Path, packages: list[str]) -> dict[str, str]:
    """The same for another interpreter; empty where it cannot say."""
    if python == Path(sys.executable):
        return versions(*packages)
    program = "import sys, json; from benchmarks.machine import versions;"
    program += "print(json.dumps(versions(*sys.argv[1:])))"
    folder = Path(__file__).parents[1]
    command = [str(python), "-c", program, *packages]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return dict(json.loads(answer.stdout)) if answer.returncode == 0 else {}


def joined(pairs: dict[str, str]) -> str:
    """ "keras 3.15.1; tensorflow 2.21.0": how versions and switches are written into a row."""
    return "; ".join(f"{name} {value}" for name, value in sorted(pairs.items()))


def split(text: str) -> dict[str, str]:
    """What `joined` wrote."""
    return dict(part.split(" ", 1) for part in text.split("; ") if " " in part)


def _system() -> str:
    if sys.platform == "linux":
        try:
            name = platform.freedesktop_os_release()["PRETTY_NAME"]
        except OSError:
            name = "Linux"
        return f"{name}, Linux {platform.release()}"
    return f"{platform.system()} {platform.release()}"


def _processor() -> dict[str, str]:
    """The first processor's entries; ARM says `Features` for flags."""
    if not CPU_INFO.exists():
        return {}
    lines = CPU_INFO.read_text().partition("\n\n")[0].splitlines()
    entries = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return entries | ({"flags": entries["Features"]} if "Features" in entries else {})
