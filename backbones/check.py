"""`backbones check`: every problem of the tables, with file and line."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer

import catalog
from backbones.arguments import AsJson, Data
from catalog.checks import check
from catalog.problems import Problem
from catalog.store import DEFAULT_DATA, unfinished


def run(
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Check every rule on the tables and print each finding with the file and line it is about.

    Exit status 1 when there is an error; warnings are things to know.
    """
    c = catalog.load(data)
    problems = check(c.frames)
    if unfinished(data):
        message = "some files still are older ones: a writer ended early, or is at it; run backbones refresh"
        problems.insert(0, Problem("error", str(data), None, "unfinished", message))
    if as_json:
        typer.echo(json.dumps([asdict(problem) for problem in problems], indent=1))
    else:
        for problem in problems:
            typer.echo(str(problem))
    errors = sum(problem.severity == "error" for problem in problems)
    if not as_json:
        read, good, set_aside = (int(c.sources[f"rows_{name}"].sum()) for name in ("read", "accepted", "quarantined"))
        typer.echo(f"{errors} errors, {len(problems) - errors} warnings")
        typer.echo(f"{read} rows read = {good} accepted + {set_aside} quarantined")
    if errors:
        typer.echo(f"backbones: {errors} errors in {data}; the lines above say where", err=True)
        raise typer.Exit(1)
