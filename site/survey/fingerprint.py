"""One digest of everything that the site depends on, so that a rebuild with nothing changed ends at once."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from survey.project import CONFIG, DOCS, OVERRIDES, ROOT

PACKAGES = ("adjusttext", "jinja2", "markdown", "matplotlib", "mkdocs", "mkdocs-material", "pandas", "plotly", "pyarrow", "zensical")
CODE = ("site/survey", "catalog")
SINGLE_FILES = ("package-lock.json",)
IGNORED = ("__pycache__", ".pending")


def fingerprint(data: Path, engine: str) -> str:
    """The digest over tables, pages, code, settings and versions."""
    digest = hashlib.sha256(f"{engine} {sys.version_info[:3]}".encode())
    for package in PACKAGES:
        digest.update(f"{package} {_version(package)}\n".encode())
    folders = [DOCS, OVERRIDES, *(ROOT / folder for folder in CODE)]
    for path in sorted({*_files(folders), *data.glob("*.csv"), CONFIG, *(ROOT / name for name in SINGLE_FILES)}):
        if path.is_file():
            name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else Path(path.name)
            digest.update(f"{name} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(folders: Iterable[Path]) -> list[Path]:
    found = (path for folder in folders for path in folder.rglob("*"))
    return [path for path in found if path.is_file() and not any(part in IGNORED for part in path.parts)]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
