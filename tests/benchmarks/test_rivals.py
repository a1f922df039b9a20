"""Rivals' environments: made on demand from a requirement file, kept, made anew when they must be; no network."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from benchmarks import rivals
from benchmarks.rivals import Rival, is_ready, python_for
from benchmarks.specification import IMPLEMENTATIONS, BenchmarkError

MODULE = "tiny_rival"


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    """Folders of requirements, wheels and environments, where pip finds nothing but the wheels."""
    for name in ("requirements", "wheels", "cache"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setitem(rivals.RIVALS, "tiny", Rival(MODULE, layered=True))
    monkeypatch.setitem(rivals.RIVALS, "alone", Rival(MODULE, layered=False))
    for number in (1, 2):
        _make_wheel(tmp_path / "wheels", f"{number}.0")
    for name in ("tiny", "alone"):
        (tmp_path / "requirements" / f"{name}.txt").write_text("tiny-rival==1.0\n")
    return tmp_path


def test_a_rival_is_imported_beside_the_packages_that_are_running(workshop):
    python = _python_for("tiny", workshop)

    assert _run(python, f"import {MODULE}; print({MODULE}.VERSION)") == "1.0"
    here = subprocess.run([sys.executable, "-c", "import keras; print(keras.__file__)"], capture_output=True, text=True)
    assert _run(python, "import keras; print(keras.__file__)") == here.stdout.strip()


def test_a_rival_with_an_environment_of_its_own_sees_no_package_of_ours(workshop):
    python = _python_for("alone", workshop)

    assert _run(python, f"import {MODULE}; print({MODULE}.VERSION)") == "1.0"
    assert _run(python, "import importlib.util; print(importlib.util.find_spec('numpy'))") == "None"


def test_what_needs_no_environment_runs_in_this_one():
    assert python_for("timm") == Path(sys.executable)
    assert is_ready("timm")


def test_an_environment_is_made_once(workshop):
    assert not is_ready("tiny", workshop / "requirements", workshop / "cache")
    python = _python_for("tiny", workshop)
    (workshop / "wheels" / "tiny_rival-1.0-py3-none-any.whl").unlink()  # nothing to install it from again

    assert is_ready("tiny", workshop / "requirements", workshop / "cache")
    assert _python_for("tiny", workshop) == python


def test_other_requirements_make_another_environment_and_remove_the_old(workshop):
    old = _python_for("tiny", workshop)
    (workshop / "requirements" / "tiny.txt").write_text("tiny-rival==2.0\n")

    new = _python_for("tiny", workshop)

    assert _run(new, f"import {MODULE}; print({MODULE}.VERSION)") == "2.0"
    assert not old.exists()


def test_a_broken_environment_is_made_anew(workshop):
    python = _python_for("tiny", workshop)
    module = Path(_run(python, f"import {MODULE}; print({MODULE}.__file__)"))
    module.unlink()

    assert _python_for("tiny", workshop) == python
    assert module.exists()


def test_what_does_not_install_is_said_in_one_line_and_leaves_nothing(workshop):
    (workshop / "requirements" / "tiny.txt").write_text("tiny-rival==3.0\n")

    with pytest.raises(BenchmarkError) as caught:
        _python_for("tiny", workshop)

    message = str(caught.value)
    assert message.startswith("tiny: does not install: No matching distribution found for tiny-rival==3.0")
    assert "run again" in message and "\n" not in message
    assert list((workshop / "cache").iterdir()) == []


def test_requirements_without_the_module_are_refused(workshop, monkeypatch):
    monkeypatch.setitem(rivals.RIVALS, "tiny", Rival("another_name", layered=True))

    with pytest.raises(BenchmarkError, match="tiny: installed, but has no module another_name"):
        _python_for("tiny", workshop)


def test_a_missing_requirement_file_is_named(workshop):
    (workshop / "requirements" / "tiny.txt").unlink()

    with pytest.raises(BenchmarkError, match=r"tiny\.txt: the rival's requirements cannot be read"):
        _python_for("tiny", workshop)


def test_an_install_that_hangs_is_given_up(workshop, monkeypatch):
    monkeypatch.setattr(rivals, "INSTALL_LIMIT_S", 0.0)

    with pytest.raises(BenchmarkError, match="tiny: does not install: pip was not done after 0 s"):
        _python_for("tiny", workshop)


def test_an_environment_that_cannot_be_written_is_said_in_one_line(workshop):
    (workshop / "cache").rmdir()
    (workshop / "cache").touch()

    with pytest.raises(BenchmarkError, match=r"tiny: no environment could be made in .*cache: .*; make room there"):
        _python_for("tiny", workshop)


@pytest.mark.parametrize("implementation", rivals.RIVALS)
def test_every_rival_is_known_and_pinned(implementation):
    lines = (rivals.REQUIREMENTS / f"{implementation}.txt").read_text().splitlines()
    packages = [line for line in lines if line and not line.startswith("#")]

    assert implementation in IMPLEMENTATIONS
    assert packages and all("==" in package for package in packages)
    assert any(package.startswith(f"{implementation}==") for package in packages)


def _python_for(implementation, workshop):
    return python_for(implementation, workshop / "requirements", workshop / "cache")


def _run(python, code):
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _make_wheel(folder, version):
    """The smallest wheel that pip installs: one module, and what it is called."""
    information = f"tiny_rival-{version}.dist-info"
    with zipfile.ZipFile(folder / f"tiny_rival-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{MODULE}.py", f"VERSION = {version!r}\n")
        wheel.writestr(f"{information}/METADATA", f"Metadata-Version: 2.1\nName: tiny-rival\nVersion: {version}\n")
        wheel.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{information}/RECORD", "")
