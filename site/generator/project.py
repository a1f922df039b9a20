"""Where the project lives: its addresses, read from mkdocs.yml and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from catalog.problems import CatalogError

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "mkdocs.yml"
DOCS = ROOT / "site" / "docs"
OVERRIDES = ROOT / "site" / "overrides"
NODE_MODULES = ROOT / "node_modules"
WORK = ROOT / "site" / "build"


@dataclass(frozen=True)
class Project:
    """Name, authors and addresses as mkdocs.yml states them; addresses end in a slash where they are folders."""

    name: str
    description: str
    author: str
    site_url: str
    repo_url: str

    def report_url(self, subject: str, body: str) -> str:
        """An address that opens a new issue with title and text filled in."""
        return f"{self.repo_url}/issues/new?" + urlencode({"title": subject, "body": body})


@lru_cache(maxsize=1)
def settings() -> dict[str, Any]:
    """The whole of mkdocs.yml. Raises CatalogError when it is missing."""
    try:
        loaded: dict[str, Any] = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CatalogError("mkdocs.yml is missing: build the site from a checkout of the repository") from error
    return loaded


def project() -> Project:
    """The project that this checkout belongs to."""
    config = settings()
    return Project(
        config["site_name"],
        config["site_description"],
        config["site_author"],
        config["site_url"],
        config["repo_url"],
    )
