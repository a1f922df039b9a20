"""Hand-kept knowledge as small CSV and YAML files: families, train sets, aliases, papers, corrections, devices."""

from __future__ import annotations

from pathlib import Path


def reference_path(name: str) -> Path:
    """The path of a reference file."""
    return Path(__file__).parent / name
