"""What is installed is what was locked: each package with its version and the hashes of its files."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as name_of

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
LOCKED = {"site": [EXTRAS["site"]], "test": list(EXTRAS.values())}
BUILD = [*PROJECT["build-system"]["requires"], *PROJECT["dependency-groups"]["build"]]


def named(file: Path) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line]


def locked(file: str) -> dict[str, tuple[Requirement, int]]:
    """Requirement and number of hashes by name."""
    text = (FOLDER / f"{file}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            requirement = Requirement(line.split(" --hash")[0])
            assert name_of(requirement.name) not in found
            found[name_of(requirement.name)] = (requirement, len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", line)))
    return found


def needs(requirements: list[str], without: set[str]) -> set[str]:
    """The names of the requirements and of all that they need on this machine, but for those of `without`."""
    found: set[str] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        name = name_of(requirement.name)
        if name in without or (requirement.marker and not requirement.marker.evaluate({"extra": extra})):
            continue
        inner = {"", *requirement.extras} if name not in found else requirement.extras
        found.add(name)
        for each in inner:
            required = map(Requirement, distribution(name).requires or [])
            waiting += [(one, each) for one in required if not each or (one.marker and f'"{each}"' in str(one.marker))]
    return found


@pytest.mark.parametrize("file", LOCKED)
def test_every_package_has_one_version_that_of_the_constraints_and_hashes(file: str) -> None:
    constraints = {name_of(one.name): str(one.specifier) for one in named(ROOT / "constraints.txt")}
    for name, (requirement, hashes) in locked(file).items():
        assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)) and hashes > 0, name
        assert constraints.get(name, str(requirement.specifier)) == str(requirement.specifier), "run `make lock`"


@pytest.mark.parametrize("file", LOCKED)
def test_everything_that_is_needed_here_is_locked(file: str) -> None:
    unhashed = {name_of(one.name) for one in named(FOLDER / "unhashed.txt")}
    declared = [*PROJECT["project"]["dependencies"], *(one for extra in LOCKED[file] for one in extra)]
    missing = needs(declared, unhashed) - locked(file).keys()
    assert missing == set(), "run `make lock`"


@pytest.mark.parametrize("file", LOCKED)
def test_what_builds_the_package_is_locked(file: str) -> None:
    assert {name_of(Requirement(one).name) for one in BUILD} <= locked(file).keys()


def test_only_torch_and_torchvision_come_without_hashes() -> None:
    assert {one.name for one in named(FOLDER / "unhashed.txt")} == {"torch", "torchvision"}
    assert not {"torch", "torchvision"} & locked("test").keys()


def test_no_registry_is_named() -> None:
    for path in [*FOLDER.glob("*.txt"), ROOT / "constraints.txt"]:
        assert not re.search(r"https?:|--(extra-)?index|--find-links|\bfile:", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("target", ["site", "test"])
def test_make_installs_nothing_but_what_is_locked(target: str) -> None:
    command = ["make", "--dry-run", "--always-make", f".venv/{target}.stamp"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    installs = [line.split(" install ")[1] for line in said.splitlines() if "pip install" in line]
    allowed = re.compile(
        r".*--require-hashes --requirement requirements/\w+\.txt"
        r"|.*--no-build-isolation --editable \. --no-deps"
        r"|.*--requirement requirements/unhashed\.txt --constraint constraints\.txt"
    )
    assert len(installs) >= 2 and [line for line in installs if not allowed.fullmatch(line)] == []
