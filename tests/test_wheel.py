"""The wheel as somebody else installs it: one import root, the tables inside, and nothing of the checkout around it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from hatch_build import under_one_root

ROOT = Path(__file__).parent.parent
MODEL = "vit_tiny_patch16_224"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder, ROOT]
    subprocess.run([sys.executable, "-m", "pip", *map(str, build)], check=True, timeout=300)
    return next(folder.glob("backbone_survey-*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel, and the packages it depends on as they are installed here.

    A line of a .pth file adds a folder without reading the .pth files in it, so that the checkout stays out.
    """
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    executable = home / "bin" / "python"
    install = ["--python", executable, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run([sys.executable, "-m", "pip", *map(str, install)], check=True, timeout=300)
    (own,) = home.glob("lib/python*/site-packages")
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return executable


def run(python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A run outside the checkout, with nothing of it in the environment."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(python), *arguments], cwd=folder, env=own, capture_output=True, text=True, check=False, timeout=300
    )


def test_the_wheel_has_one_import_root(python: Path, tmp_path: Path) -> None:
    names = "('benchmarks', 'catalog', 'implementations', 'runtimes', 'scrapers', 'generator')"
    probe = f"import importlib.util as u; print([n for n in {names} if u.find_spec(n)]); import backbones.catalog as c"
    done = run(python, tmp_path, "-c", f"{probe}; print(c.__file__); print(len(c.load().models))")
    none, place, models = done.stdout.splitlines()
    assert none == "[]" and Path(place).is_relative_to(python.parents[1]) and int(models) > 1000, done.stderr


def test_the_command_answers_from_the_tables_in_the_wheel(python: Path, tmp_path: Path) -> None:
    done = run(python, tmp_path, "-m", "backbones", "top", "--max-gmacs", "5", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) == 10
    assert json.loads(run(python, tmp_path, "-m", "backbones", "show", "swin", "--json").stdout)["models"]


def test_a_model_is_made_from_the_wheel(python: Path, tmp_path: Path) -> None:
    code = f"from backbones.implementations import create_model; print(create_model('{MODEL}').count_params())"
    done = run(python, tmp_path, "-c", code)
    assert done.stdout.splitlines()[-1:] == ["5717416"], done.stderr  # as timm counts them


@pytest.mark.parametrize("verb", ["refresh", "parity", "bench", "evaluate", "charts", "site"])
def test_what_needs_a_checkout_says_so_in_one_line(verb: str, python: Path, tmp_path: Path) -> None:
    done = run(python, tmp_path, "-m", "backbones", verb)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert f"backbones {verb}: needs a checkout of the repository" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_imports_are_written_for_the_one_root() -> None:
    source = "import catalog\nfrom catalog.schema import (\n    TABLES,\n)\nimport catalogue\nfrom . import catalog\n"
    assert under_one_root(source, "x.py") == (
        "import backbones.catalog as catalog\nfrom backbones.catalog.schema import (\n    TABLES,\n)\n"
        "import catalogue\nfrom . import catalog\n"
    )
    with pytest.raises(ValueError, match=r"x.py:1: expected `from catalog.schema import"):
        under_one_root("import catalog.schema\n", "x.py")
