"""Tables on disk are the old ones or the new ones, whenever the process is killed."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.problems import CatalogError
from catalog.schema import TABLES
from catalog.store import PENDING, read_table, recover, table_bytes, write_files

ROOT = Path(__file__).parent.parent.parent
OLD = {"a.csv": b"old a", "b.csv": b"old b", "sub/c.csv": b"old c"}
NEW = {"a.csv": b"new a", "b.csv": b"new b, longer", "sub/c.csv": b"old c"}

# Counts file-system steps of write_files and dies at the one asked for, as a power cut would.
KILLED_AT = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    from catalog import store
    steps = int(sys.argv[2])
    def counted(function):
        def step(*arguments, **keywords):
            global steps
            if steps == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            steps -= 1
            return function(*arguments, **keywords)
        return step
    Path.open, Path.rename, Path.replace, Path.mkdir = map(counted, (Path.open, Path.rename, Path.replace, Path.mkdir))
    os.fsync, os.open = counted(os.fsync), counted(os.open)
    store.shutil.rmtree = counted(store.shutil.rmtree)
    store.write_files({"a.csv": b"new a", "b.csv": b"new b, longer", "sub/c.csv": b"old c"}, Path(sys.argv[1]))
    """
)


def content(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in OLD}


def test_a_kill_at_any_step_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    outcomes = set()
    for step in range(60):
        folder = tmp_path / str(step)
        write_files(OLD, folder)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        finished = subprocess.run(
            [sys.executable, "-c", KILLED_AT, str(folder), str(step)], env=environment, check=False
        )
        recover(folder)
        assert content(folder) in (OLD, NEW)
        assert not (folder / PENDING).exists()
        outcomes.add(content(folder) == NEW)
        if finished.returncode == 0:
            break
        assert finished.returncode == -signal.SIGKILL
    else:
        pytest.fail("the write never finished")
    assert outcomes == {True, False}


def test_files_that_do_not_differ_are_not_touched(tmp_path: Path) -> None:
    write_files(OLD, tmp_path)
    before = (tmp_path / "a.csv").stat().st_mtime_ns
    write_files(OLD, tmp_path)
    assert (tmp_path / "a.csv").stat().st_mtime_ns == before


@pytest.mark.parametrize("name", TABLES)
def test_the_committed_table_is_what_writing_it_gives(name: str) -> None:
    path = ROOT / "catalog" / "data" / f"{name}.csv"
    assert table_bytes(TABLES[name], read_table(name)) == path.read_bytes()


@settings(max_examples=60)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1), unique=True))
def test_text_survives_a_round_trip(names: list[str]) -> None:
    names = [name for name in names if name.strip()]
    table = TABLES["quarantine"]
    rows = [
        {"source": "x", "line": index + 1, "rule": "r", "detail": name, "raw": name} for index, name in enumerate(names)
    ]
    frame = table.typed(pd.DataFrame(rows, columns=pd.Index(table.column_names)))
    back = pd.read_csv(io.BytesIO(table_bytes(table, frame)), dtype="str", keep_default_na=False)
    assert sorted(back["raw"]) == sorted(names)


def test_a_damaged_table_is_one_clear_line(tmp_path: Path, small_tables: Path) -> None:
    data = Path(shutil.copytree(small_tables, tmp_path / "data"))
    (data / "models.csv").write_text("model,architecture\nx\n")
    with pytest.raises(CatalogError, match=r"^models\.csv: not a valid models table: column tag is missing"):
        read_table("models", data)


def test_a_word_in_a_number_column_is_named(tmp_path: Path, small_tables: Path) -> None:
    data = Path(shutil.copytree(small_tables, tmp_path / "data"))
    text = (data / "environments.csv").read_text().replace(",true,", ",perhaps,", 1)
    (data / "environments.csv").write_text(text)
    with pytest.raises(CatalogError, match=r"environments\.csv.*column compiled: expected boolean"):
        read_table("environments", data)
