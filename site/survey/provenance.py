"""Where a figure can be checked: the address of its line in the upstream file, at the very revision that was read."""

from __future__ import annotations

import re
from typing import Any

from survey.project import project

# A file of this repository, as the sources name it.
OWN_FILE = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]*/)+[A-Za-z0-9][A-Za-z0-9._-]*\.csv")
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
