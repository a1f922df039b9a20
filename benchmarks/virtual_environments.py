"""The environments of rivals that are not installed beside ours: each made once, on demand.

A rival that works with the packages that are running gets a light environment layered over them: only what it lacks is
installed, without dependencies, so that it meets the very TensorFlow and Keras that ours runs on. One that asks for
other versions gets an environment of its own, resolved by pip.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.rival import Rival
from benchmarks.rivals import rivals

CACHE = Path(__file__).parents[1] / ".cache" / "rivals"
INSTALL_LIMIT_S = 1800.0  # a full environment fetches a gigabyte


def python_for(implementation: str, cache: Path = CACHE) -> Path:
    """The interpreter that can import an implementation; the running one for what lives in its environment.

    The environment of a rival is made when there is none for its requirements as they now are, or when the one in
    `cache` is broken; that takes from seconds (layered) to minutes.

    Raises:
        BenchmarkError: the environment cannot be made; the message says why, and what to do.
    """
    rival = rivals().get(implementation)
    if rival is None:
        return Path(sys.executable)
    home = _home(rival, cache)
    python = _python(home)
    if not _imports(python, rival.module):
        try:
            _make(rival, home)
        except OSError as error:
            raise BenchmarkError(
                f"{implementation}: no environment could be made in {cache}: {error}; make room there and run again"
            ) from error
    return python


def is_ready(implementation: str, cache: Path = CACHE) -> bool:
    """Whether `python_for` would answer at once, without installing anything."""
    rival = rivals().get(implementation)
    if rival is None:
        return True
    return _imports(_python(_home(rival, cache)), rival.module)


def _home(rival: Rival, cache: Path) -> Path:
    """Where its environment lies; elsewhere for other requirements, another Python, or other packages underneath."""
    underneath = str(_site_packages(Path(sys.prefix))) if rival.layered else ""
    conditions = "\n".join((*rival.requirements, sys.version, underneath))
    return cache / f"{rival.name}-{hashlib.sha256(conditions.encode()).hexdigest()[:12]}"


def _make(rival: Rival, home: Path) -> None:
    """Make the environment in a folder beside `home` and move it there, so that a half-made one is never taken."""
    home.parent.mkdir(parents=True, exist_ok=True)
    for old in home.parent.glob(f"{rival.name}-{'?' * 12}"):
        shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=f"{rival.name}.") as folder:
        new = Path(folder) / "environment"
        venv.create(new, with_pip=False, symlinks=os.name != "nt")
        _install(rival, new)
        if rival.layered:
            _layer(new)
        if not _imports(_python(new), rival.module):
            raise BenchmarkError(f"{rival.name}: installed, but has no module {rival.module}; correct {rival.file}")
        try:
            new.rename(home)
        except OSError:  # another process was faster
            if not _imports(_python(home), rival.module):
                raise


def _install(rival: Rival, home: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(_python(home)), "install", "--quiet", "--no-input"]
    command = [*pip, *(["--no-deps"] if rival.layered else []), *rival.requirements]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise _failure(rival, f"pip was not done after {INSTALL_LIMIT_S:.0f} s") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"pip ended with {done.returncode}"]
        errors = [line for line in lines if line.startswith("ERROR")]
        raise _failure(rival, (errors or lines)[-1].removeprefix("ERROR:").strip())


def _failure(rival: Rival, why: str) -> BenchmarkError:
    return BenchmarkError(
        f"{rival.name}: does not install: {why}; "
        f"is the package index reachable? else correct the requirements in {rival.file} and run again"
    )


def _layer(home: Path) -> None:
    """Let an environment see the packages of the running one after its own."""
    lines = [f"import site; site.addsitedir({path!r})" for path in _running_site_packages()]
    (_site_packages(home) / "running_environment.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _running_site_packages() -> list[str]:
    return sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})


def _site_packages(home: Path) -> Path:
    return Path(sysconfig.get_path("purelib", "venv", vars={"base": str(home), "platbase": str(home)}))


def _python(home: Path) -> Path:
    scripts = sysconfig.get_path("scripts", "venv", vars={"base": str(home), "platbase": str(home)})
    return Path(scripts) / ("python.exe" if os.name == "nt" else "python")


def _imports(python: Path, module: str) -> bool:
    """Whether an interpreter runs and finds a module; the module is not loaded, which may take seconds."""
    if not python.exists():
        return False
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([python, "-I", "-c", code], capture_output=True, check=False).returncode == 0
