"""`backbones charts`: draws every chart in every format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_OUTPUT = Path("site/build/charts")


def run(
    output: Annotated[Path, typer.Option(help="Folder to write the charts into.")] = DEFAULT_OUTPUT,
    data: Annotated[Path | None, typer.Option(help="Folder of the tables; the committed ones by default.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Draw this chart only; may be given again.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="List what was written as JSON.")] = False,
) -> None:
    """Draw every chart as SVG, PDF, PNG, CSV, pgfplots source and plotly JSON."""
    import json
    from dataclasses import asdict

    from generator.charts import UnknownChartError, draw_all

    import catalog

    skipped: list[catalog.CatalogError] = []
    try:
        drawn = draw_all(catalog.load(data), output, only or None, on_skip=skipped.append)
    except UnknownChartError as error:
        raise typer.BadParameter(str(error), param_hint="--only") from error
    if as_json:
        listed = [
            {**asdict(chart.metadata), "files": {kind: str(path) for kind, path in chart.files.items()}}
            for chart in drawn
        ]
        typer.echo(json.dumps(listed, indent=1, ensure_ascii=False))
    else:
        typer.echo(f"{len(drawn)} charts, {sum(len(chart.files) for chart in drawn)} files in {output}")
    for reason in skipped:
        typer.echo(f"backbones: {reason}", err=True)
    if skipped:
        raise typer.Exit(1)
