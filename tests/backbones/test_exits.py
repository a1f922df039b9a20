"""However a command ends: one line that says why, and never a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.store import parse_table

ROOT = Path(__file__).parents[2]
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
NO_MEMORY = "backbones top: not enough memory; close other programs or allow this one more (ulimit -v)\n"


def command(*arguments: object, under: tuple[str, ...] = (), **keywords: Any) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, started by another command where one is given."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'site'}"}
    words = [*under, sys.executable, "-m", "backbones", *map(str, arguments)]
    return subprocess.run(words, env=environment, text=True, check=False, **keywords)


@needs_full
@pytest.mark.parametrize("arguments", [("--help",), ("top",), ("top", "--json")])
def test_output_that_finds_no_room_is_one_line(small_tables: Path, arguments: tuple[str, ...]) -> None:
    data = ("--data", small_tables) if arguments[0] == "top" else ()
    with FULL.open("w") as full:
        ended = command(*arguments, *data, stdout=full, stderr=subprocess.PIPE)
    assert ended.returncode == 1
    assert ended.stderr == (
        f"backbones {arguments[0]}: the output cannot be written: No space left on device; "
        "make room or write elsewhere\n"
    )


@needs_full
def test_where_no_word_finds_room_the_status_still_tells(small_tables: Path) -> None:
    with FULL.open("w") as full:
        assert command("top", "--data", small_tables, stdout=full, stderr=full).returncode == 1


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit, which limits the memory, is not installed")
def test_hardly_any_memory_is_one_line(small_tables: Path) -> None:
    # Not preexec_fn: it forks this process, whose threads (JAX's, in another test) may not survive that.
    ended = command("top", "--data", small_tables, capture_output=True, under=("prlimit", "--as=60000000"))
    assert (ended.returncode, ended.stderr) == (1, NO_MEMORY)


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        ImportError("x.so: failed to map segment from shared object"),
        caused(ImportError("Unable to import required dependency numpy"), ImportError("y.so: failed to map segment")),
        caused(RuntimeError("of pandas"), MemoryError()),
        RuntimeError("can't start new thread"),
        OSError(12, "Cannot allocate memory"),
    ],
    ids=repr,
)
def test_too_little_memory_is_one_line_wherever_it_is_met(
    backbones: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("catalog.load", fail)
    monkeypatch.setattr("os._exit", sys.exit)
    outcome = backbones("top")
    assert (outcome.status, outcome.out, outcome.err) == (1, "", NO_MEMORY)


def test_a_file_that_cannot_be_used_is_one_line(backbones: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "/somewhere/file")

    monkeypatch.setattr("catalog.load", fail)
    outcome = backbones("top")
    assert outcome.status == 1
    assert outcome.err == "backbones top: /somewhere/file: Permission denied; make it usable or name another\n"


@pytest.mark.parametrize("error", [RuntimeError("a bug"), ImportError("a bug")])
def test_a_bug_keeps_its_traceback(
    backbones: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("catalog.load", fail)
    with pytest.raises(type(error), match="a bug"):
        backbones("top")


def test_a_table_for_which_memory_does_not_suffice_is_not_called_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    import pandas as pd

    def fail(*_: object, **__: object) -> None:
        raise pd.errors.ParserError("Error tokenizing data. C error: out of memory")

    monkeypatch.setattr(pd, "read_csv", fail)
    with pytest.raises(MemoryError):
        parse_table("models", b"model\n")
