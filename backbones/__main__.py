"""Entry point of `backbones`: finds the module of the verb that was asked for and runs it, importing no other."""

from __future__ import annotations

import importlib
import sys

import click

VERBS = {
    "refresh": "scrape every upstream, merge, check and export",
    "check": "print every problem of the tables, with file and line",
    "diff": "show what changed between two sets of tables",
    "show": "print everything known about a model, architecture or family",
    "top": "list the best backbones within a budget",
    "parity": "prove the implementations equal to their references",
    "bench": "measure the implementations beside their rivals",
    "evaluate": "measure accuracy on an ImageNet-style folder",
    "charts": "draw every chart",
    "site": "build the site",
}


class Verbs(click.Group):
    """Imports a verb's module only when that verb runs: `backbones top` must not pay for TensorFlow."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order of the table above."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's function `run` as a command; its docstring is its help."""
        if cmd_name not in VERBS:
            return None
        import typer

        run = importlib.import_module(f"backbones.{cmd_name}").run
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command(name=cmd_name)(run)
        return typer.main.get_command(app)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs, written without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="backbone-survey")
def backbones() -> None:
    """Vision backbones: published and measured results, with their sources."""


def main() -> None:
    """Run the command; a problem with the data is one line on standard error and exit status 1."""
    from catalog.problems import CatalogError

    try:
        backbones(prog_name="backbones")
    except CatalogError as error:
        click.echo(f"backbones: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
