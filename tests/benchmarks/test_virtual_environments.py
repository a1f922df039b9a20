"""Rivals' environments: made on demand from what they require, kept, made anew when they must be; no network."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from benchmarks import virtual_environments
from benchmarks.errors import BenchmarkError
from benchmarks.rival import Rival
from benchmarks.virtual_environments import is_ready, python_for

MODULE = "tiny_rival"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A folder for environments, where pip finds nothing but made wheels, and two rivals that need one of them."""
    for name in ("wheels", "cache"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    for number in (1, 2):
        make_wheel(tmp_path / "wheels", f"{number}.0")
    meet(monkeypatch, rival("tiny"), rival("alone", layered=False))
    return tmp_path / "cache"


def rival(name, requirement="tiny-rival==1.0", module=MODULE, layered=True):
    """A rival that is only installed."""
    package = f"benchmarks.rivals.{name}"
    return Rival(package, module, (requirement,), layered, keras=3, runtimes=(), swept=(), builds={})


def meet(monkeypatch, *rivals):
    """Have those rivals and no other."""
    monkeypatch.setattr(virtual_environments, "rivals", lambda: {rival.name: rival for rival in rivals})


def test_a_rival_is_imported_beside_the_packages_that_are_running(cache):
    python = python_for("tiny", cache)

    assert _run(python, f"import {MODULE}; print({MODULE}.VERSION)") == "1.0"
    here = subprocess.run([sys.executable, "-c", "import keras; print(keras.__file__)"], capture_output=True, text=True)
    assert _run(python, "import keras; print(keras.__file__)") == here.stdout.strip()


def test_a_rival_with_an_environment_of_its_own_sees_no_package_of_ours(cache):
    python = python_for("alone", cache)

    assert _run(python, f"import {MODULE}; print({MODULE}.VERSION)") == "1.0"
    assert _run(python, "import importlib.util; print(importlib.util.find_spec('numpy'))") == "None"


def test_what_needs_no_environment_runs_in_this_one():
    assert python_for("timm") == Path(sys.executable)
    assert is_ready("timm")


def test_an_environment_is_made_once(cache):
    assert not is_ready("tiny", cache)
    python = python_for("tiny", cache)
    (cache.parent / "wheels" / "tiny_rival-1.0-py3-none-any.whl").unlink()  # nothing to install it from again

    assert is_ready("tiny", cache)
    assert python_for("tiny", cache) == python


def test_other_requirements_make_another_environment_and_remove_the_old(cache, monkeypatch):
    old = python_for("tiny", cache)
    meet(monkeypatch, rival("tiny", "tiny-rival==2.0"))

    new = python_for("tiny", cache)

    assert _run(new, f"import {MODULE}; print({MODULE}.VERSION)") == "2.0"
    assert not old.exists()


def test_a_broken_environment_is_made_anew(cache):
    python = python_for("tiny", cache)
    module = Path(_run(python, f"import {MODULE}; print({MODULE}.__file__)"))
    module.unlink()

    assert python_for("tiny", cache) == python
    assert module.exists()


def test_what_does_not_install_is_said_in_one_line_and_leaves_nothing(cache, monkeypatch):
    meet(monkeypatch, rival("tiny", "tiny-rival==3.0"))

    with pytest.raises(BenchmarkError) as caught:
        python_for("tiny", cache)

    message = str(caught.value)
    assert message.startswith("tiny: does not install: No matching distribution found for tiny-rival==3.0")
    assert message.endswith("else correct the requirements in benchmarks/rivals/tiny.py and run again")
    assert "\n" not in message
    assert list(cache.iterdir()) == []


def test_requirements_without_the_module_are_refused(cache, monkeypatch):
    meet(monkeypatch, rival("tiny", module="another_name"))

    with pytest.raises(BenchmarkError, match="tiny: installed, but has no module another_name"):
        python_for("tiny", cache)


def test_an_install_that_hangs_is_given_up(cache, monkeypatch):
    monkeypatch.setattr(virtual_environments, "INSTALL_LIMIT_S", 0.0)

    with pytest.raises(BenchmarkError, match="tiny: does not install: pip was not done after 0 s"):
        python_for("tiny", cache)


def test_an_environment_that_cannot_be_written_is_said_in_one_line(cache):
    cache.rmdir()
    cache.touch()

    with pytest.raises(BenchmarkError, match=r"tiny: no environment could be made in .*cache: .*; make room there"):
        python_for("tiny", cache)


def _run(python, code):
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def make_wheel(folder, version):
    """The smallest wheel that pip installs: one module, and what it is called."""
    information = f"tiny_rival-{version}.dist-info"
    with zipfile.ZipFile(folder / f"tiny_rival-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{MODULE}.py", f"VERSION = {version!r}\n")
        wheel.writestr(f"{information}/METADATA", f"Metadata-Version: 2.1\nName: tiny-rival\nVersion: {version}\n")
        wheel.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{information}/RECORD", "")
