"""`backbones parity`: prove variants equal to their references and record it in the catalog."""

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from implementations.parity.results import ParityRow


def run(
    names: Annotated[list[str] | None, typer.Argument(help="Variants; patterns such as 'swin_*' work.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every variant, resuming where a run stopped.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
) -> None:
    """Compare the Keras implementations with their references in float64 and write the results into the catalog.

    With names, those variants are verified anew; without, the recorded results are shown. Each result is written as
    soon as it is known, so an interrupted run of --all goes on where it stopped. Exit status 1 when a variant fails.
    """
    from implementations import registry
    from implementations.errors import UnknownNameError
    from implementations.parity.results import read_rows

    try:
        chosen = _chosen(names or [], everything)
    except UnknownNameError as error:
        print(f"backbones parity: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    failures: list[str] = []
    if chosen:
        failures = _verify(chosen, resume=everything)
    wanted = set(chosen) if names else set(registry.list_models())
    rows = [row for row in read_rows() if row.variant in wanted]
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    elif not chosen:
        _show(rows)
    for failure in failures:
        print(f"backbones parity: {failure}", file=sys.stderr)
    raise typer.Exit(1 if failures else 0)


def _chosen(names: list[str], everything: bool) -> list[str]:
    from implementations import registry

    if everything:
        return registry.list_models()
    found: list[str] = []
    for name in names:
        found += registry.list_models(name) or [registry.split_name(name)[0]]
    return list(dict.fromkeys(found))


def _verify(chosen: list[str], resume: bool) -> list[str]:
    """Verify and record; returns one line for each variant that failed."""
    from rich.console import Console
    from rich.progress import track

    from implementations.parity.results import ParityRow, merge_rows, read_rows
    from implementations.parity.runner import verify_all, versions

    verified = {row.variant: row.verified_with for row in read_rows()} if resume else {}
    left = [name for name in chosen if verified.get(name) != versions(name)]
    console = Console(stderr=True)
    failures: list[str] = []
    for result in track(verify_all(left), "parity", total=len(left), console=console):
        if isinstance(result, ParityRow):
            merge_rows([result])
            ratio = result.parity_error / result.reference_error if result.reference_error else 0.0
            console.print(f"{result.variant}: {result.parity_error:.1e} of scale, {ratio:.2f} x the reference's own")
        else:
            failures.append(str(result))
    return failures


def _show(rows: "list[ParityRow]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("variant", "img_size", "params (M)", "GMACs", "error", "tolerance", "verified on")
    for row in rows:
        numbers = (f"{row.params_m:.2f}", f"{row.gmacs:.2f}", f"{row.parity_error:.1e}", f"{row.tolerance:.1e}")
        table.add_row(row.variant, row.img_size, *numbers, row.verified_on)
    Console().print(table)
