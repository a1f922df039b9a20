"""Where a figure can be checked: its line in the upstream file as it was read, or in a file of results kept here."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.project import ROOT, project

if TYPE_CHECKING:
    from catalog import Catalog

# A file of this repository, as the sources name it.
OWN_FILE = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]*/)+[A-Za-z0-9][A-Za-z0-9._-]*\.csv")
RESULTS = "results"  # the folder of the files of results
RAW_GITHUB = re.compile(r"https://raw\.githubusercontent\.com/([^/]+)/([^/]+)/([^/]+)/(.+)")


def line_address(source: Any, line: int | None) -> str:
    """The address of a line of a source (a row of `sources`), as people read it; blank when the source is unknown."""
    if source is None:
        return ""
    if OWN_FILE.fullmatch(str(source.url)):  # rows are only ever added to a file of results, so main holds the line
        return f"{project().repo_url}/blob/main/{source.url}" + (f"#L{line}" if line else "")
    if not str(source.url).startswith(("https://", "http://")):
        return ""
    found = RAW_GITHUB.fullmatch(source.url)
    if not found:
        return str(source.url)
    owner, repository, revision, path = found.groups()
    address = f"https://github.com/{owner}/{repository}/blob/{revision}/{path}"
    return f"{address}#L{line}" if line else address


def place(source: Any, line: int | None) -> str:
    """The same for reading: `timm/results-imagenet, line 12`."""
    if source is None:
        return ""
    return f"{source.source}, line {line}" if line else str(source.source)


def raw_file(catalog: Catalog, source: Any) -> Path | None:
    """The file of a source (a row of `sources`), if it is one of this repository and still the one that was read.

    It is looked for in `results` beside the tables, then where its path in the repository says.
    """
    if source is None or not OWN_FILE.fullmatch(str(source.url)):
        return None
    places = (catalog.data.parent / RESULTS / _within(source), ROOT / source.url)
    return next((path for path in places if _holds(path, source.sha256)), None)


def raw_address(catalog: Catalog, source: Any) -> str:
    """Where the site hands out that file, relative to its first page; blank when it does not."""
    return f"data/{RESULTS}/{_within(source)}" if raw_file(catalog, source) else ""


def _within(source: Any) -> str:
    """The file's path in the folder of results."""
    return str(source.url).partition(f"{RESULTS}/")[2] or Path(source.url).name


def _holds(path: Path, digest: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest
