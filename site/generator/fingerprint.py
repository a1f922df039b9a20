"""One digest of everything that the site depends on, so that a rebuild with nothing changed ends at once."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from generator.project import CONFIG, DOCS, OVERRIDES, ROOT, project

if TYPE_CHECKING:
    from catalog import Catalog

PACKAGES = (
    "fonttools",
    "jinja2",
    "markdown",
    "matplotlib",
    "mkdocs",
    "mkdocs-material",
    "numpy",
    "pandas",
    "pillow",
    "plotly",
    "pyarrow",
    "zensical",
)
CODE = ("site/generator", "catalog")
CHART_CODE = ("site/generator/charts", "catalog")
CHART_FILES = tuple(f"site/generator/{name}.py" for name in ("benchmarks", "provenance", "render", "runs"))
SINGLE_FILES = ("package-lock.json",)
IGNORED = ("__pycache__", "catalog/data")  # the tables that count are those of the catalog that is built


def fingerprint(catalog: Catalog, engine: str) -> str:
    """The digest of what the whole site depends on: tables, pages, code, settings and versions."""
    folders = [DOCS, OVERRIDES, *(ROOT / folder for folder in CODE)]
    return _digest(catalog, folders, [CONFIG, *(ROOT / name for name in SINGLE_FILES)], engine)


def charts_fingerprint(catalog: Catalog) -> str:
    """The digest of what the charts depend on: tables, code, versions and the addresses that their citations name."""
    what = f"charts {project()}"
    return _digest(catalog, [ROOT / folder for folder in CHART_CODE], [ROOT / name for name in CHART_FILES], what)


def _digest(catalog: Catalog, folders: list[Path], files: list[Path], what: str) -> str:
    digest = hashlib.sha256(f"{what} {sys.version_info[:3]} {catalog.digest}".encode())
    for package in PACKAGES:
        digest.update(f"{package} {_version(package)}\n".encode())
    for path in sorted({*_files(folders), *files}):
        if path.is_file():
            digest.update(f"{path.relative_to(ROOT)} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(folders: Iterable[Path]) -> list[Path]:
    found = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return [path for path in found if not any(ignored in path.relative_to(ROOT).as_posix() for ignored in IGNORED)]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
