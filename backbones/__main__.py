"""Entry point of `backbones`: finds the module of the verb that was asked for and runs it, importing no other."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

VERBS = {
    "refresh": "scrape every upstream, merge, check and export",
    "check": "print every problem of the tables, with file and line",
    "diff": "show what changed between two states of the tables",
    "show": "print everything known about a model or family",
    "top": "list the best backbones within a budget",
    "parity": "prove the implementations equal to their references",
    "evaluate": "measure the accuracy of a model on a folder of images",
    "bench": "time the implementations against their rivals on this machine",
    "charts": "draw every chart",
    "site": "build the site",
}
WRONG_USAGE = 2
SITE = "site"
MODELS = "implementations,export,parity,benchmark"
EXTRAS = {"charts": SITE, "site": SITE, "parity": MODELS, "evaluate": MODELS, "bench": MODELS}  # that a verb needs
OWN = ("backbones", "benchmarks", "catalog", "implementations", "runtimes", "scrapers", "generator")
OF_THE_CHECKOUT = ("refresh", "parity", "bench", "evaluate", "charts", "site")  # what the wheel has not
CHECKOUT = Path(__file__).parents[1] / "pyproject.toml"
REPOSITORY = "https://github.com/backbone-survey/backbone-survey"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command. Exit status 0: good; 1: the data or the run has a problem, named on stderr; 2: wrong usage."""
    verb, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        try:
            _choose(verb, rest)
        finally:
            sys.stdout.flush()  # here a full disk can still be told in words
    except (OSError, MemoryError, ImportError, RuntimeError) as error:
        if _out_of_memory(error):
            _say(f"{verb}: not enough memory; close other programs or allow this one more (ulimit -v)")
            os._exit(1)  # libraries that are half loaded may crash when Python ends in order
        if not isinstance(error, OSError):
            raise
        _say(f"{verb}: {_unusable(error)}")
        sys.exit(1)


def _choose(verb: str, rest: Sequence[str]) -> None:
    if verb in ("-h", "--help"):
        sys.stdout.write(_help())
    elif verb == "--version":
        from importlib.metadata import version

        sys.stdout.write(f"backbones {version('backbone-survey')}\n")
    elif verb not in VERBS:
        from catalog.card import suggestion

        sys.stderr.write(f"backbones: no verb {verb!r}: {suggestion(verb, list(VERBS))} See backbones --help\n")
        sys.exit(WRONG_USAGE)
    elif verb in OF_THE_CHECKOUT and not CHECKOUT.exists():
        sys.stderr.write(f"backbones {verb}: needs a checkout of the repository: git clone {REPOSITORY}\n")
        sys.exit(1)
    else:
        _run(verb, rest)


def _run(verb: str, arguments: Sequence[str]) -> None:
    """The verb's function `run` as a command; its docstring is its help."""
    import typer

    from catalog.problems import CatalogError

    app = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.command()(importlib.import_module(f"backbones.{verb}").run)
    try:
        app(args=arguments, prog_name=f"backbones {verb}")
    except CatalogError as error:
        sys.stderr.write(f"backbones: {error}\n")
        sys.exit(1)
    except ModuleNotFoundError as error:
        if verb not in EXTRAS or str(error.name).partition(".")[0] in OWN:
            raise
        command = f"pip install -c constraints.txt -e '.[{EXTRAS[verb]}]'"
        sys.stderr.write(f"backbones {verb}: {error.name} is not installed; {command}\n")
        sys.exit(1)


def _unusable(error: OSError) -> str:
    if error.filename is None:
        return f"the output cannot be written: {error.strerror or error}; make room or write elsewhere"
    return f"{error.filename}: {error.strerror}; make it usable or name another"


def _out_of_memory(error: BaseException) -> bool:
    """Whether lack of memory is behind an error; where a library cannot be loaded, only the words say so."""
    chain: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and step not in chain:
        chain.append(step)
        step = step.__cause__ or step.__context__
    words = ("failed to map segment", "cannot allocate memory", "can't start new thread")
    return any(isinstance(each, MemoryError) or any(part in str(each).lower() for part in words) for each in chain)


def _say(message: str) -> None:
    """Write a last line where that is possible; what the output did not take is not tried again at the end."""
    with suppress(OSError):
        sys.stderr.write(f"backbones {message}\n")
        sys.stderr.flush()
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _help() -> str:
    verbs = "".join(f"  {verb:10}{meaning}\n" for verb, meaning in VERBS.items())
    return (
        "Vision backbones: published and measured results, with their sources.\n\n"
        f"Usage: backbones VERB [OPTIONS]\n\n{verbs}\n"
        "backbones VERB --help describes a verb.\n"
        "Exit status: 0 good, 1 a problem with the data or the run, 2 wrong usage.\n"
    )


if __name__ == "__main__":
    main()
