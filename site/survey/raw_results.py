"""Finds the files of benchmark results that rows of the catalog came from, so that the site can hand them out whole."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from survey.project import ROOT
from survey.provenance import OWN_FILE

if TYPE_CHECKING:
    from catalog import Catalog

FOLDER = "results"


def raw_file(catalog: Catalog, source: Any) -> Path | None:
    """The file of a source (a row of `sources`), if it is one of this repository and still the one that was read.

    It is looked for in `results` beside the tables, then where its path in the repository says.
    """
    if source is None or not OWN_FILE.fullmatch(str(source.url)):
        return None
    places = (catalog.data.parent / FOLDER / _within(source), ROOT / source.url)
    return next((path for path in places if _holds(path, source.sha256)), None)


def raw_address(catalog: Catalog, source: Any) -> str:
    """Where the site hands out that file, relative to its first page; blank when it does not."""
    return f"data/{FOLDER}/{_within(source)}" if raw_file(catalog, source) else ""


def _within(source: Any) -> str:
    """The file's path in the folder of results."""
    return str(source.url).partition(f"{FOLDER}/")[2] or Path(source.url).name


def _holds(path: Path, digest: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest
