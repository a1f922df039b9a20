"""`backbones diff`: what changed between two states of the tables."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated

import typer

import catalog
from backbones.arguments import AsJson
from catalog.diff import Frames, diff
from catalog.problems import CatalogError, one_line
from catalog.store import DEFAULT_DATA


def run(
    before: Annotated[
        str, typer.Argument(help="A directory of tables, or a git revision of this repository.")
    ] = "HEAD",
    after: Annotated[Path, typer.Argument(help="A directory of tables.")] = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Show models added, removed and renamed, and results changed by more than 0.05 points, as Markdown.

    Without arguments: what the tables hold now against the last commit.
    """
    new = _state(after)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(before) if Path(before).is_dir() else _from_git(before, Path(scratch))
        difference = diff(_state(folder), new)
    typer.echo(json.dumps(difference.to_dict(), indent=1) if as_json else difference.to_markdown(), nl=as_json)


def _state(folder: Path) -> Frames:
    """The tables of a folder, which an older version may have written."""
    return catalog.load(folder, older_schema=True).frames


def _from_git(revision: str, scratch: Path) -> Path:
    """The committed tables of a revision, unpacked into a folder. Raises CatalogError when git does not know it."""
    root = DEFAULT_DATA.parent.parent
    inside = DEFAULT_DATA.relative_to(root)
    archive = scratch / "tables.tar"
    command = ["git", "-C", str(root), "archive", f"--output={archive}", revision, str(inside)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise CatalogError("git is not installed; name two directories of tables instead") from error
    except subprocess.CalledProcessError as error:
        raise CatalogError(
            f"{revision}: neither a directory of tables nor a git revision that has them: {one_line(error.stderr)}"
        ) from error
    import tarfile

    with tarfile.open(archive) as tar:
        tar.extractall(scratch, filter="data")
    return scratch / inside
