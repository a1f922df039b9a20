"""`backbones site`: build the site from the tables."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def run(
    data: Annotated[Path | None, typer.Option(help="Folder of tables; default: the committed ones.")] = None,
    output: Annotated[Path, typer.Option(help="Folder that the site is written to.")] = Path("public"),
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary of the build as JSON.")] = False,
    zensical: Annotated[bool, typer.Option("--zensical", help="Build with Zensical instead of MkDocs.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Build even when nothing changed.")] = False,
) -> None:
    """Build the site from the tables into a folder that any web server can serve.

    The old site stays until the new one is complete. When tables, pages and code are those of the site that is
    already there, nothing is built.
    """
    from generator.build import build

    import catalog

    summary = build(
        catalog.load(data),
        output.resolve(),
        engine="zensical" if zensical else "mkdocs",
        force=force,
        report=lambda line: print(line, file=sys.stderr, flush=True),
    )
    if as_json:
        print(json.dumps({**asdict(summary), "public": str(output)}, indent=2))
    elif summary.changed:
        total = sum(summary.seconds.values())
        print(f"{output}: {summary.pages:,} pages, {summary.files:,} files, {summary.megabytes:,} MB in {total:.0f} s")
