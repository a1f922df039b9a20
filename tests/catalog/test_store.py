"""Tables on disk are the old ones or the new ones, whenever the process is killed."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import catalog
from catalog.problems import CatalogError
from catalog.schema import TABLES
from catalog.store import (
    DECIDED,
    LOCK,
    PENDING,
    read_table,
    snapshot,
    table_bytes,
    unfinished,
    write_files,
    write_tables,
    writing,
)
from tests.catalog.lock_holder import held_elsewhere
from tests.conftest import SMALL_MIRROR

ROOT = Path(__file__).parent.parent.parent
OLD = {"models.csv": b"old models", "papers.csv": b"old papers", "backbone_performance.csv": b"the same"}
NEW = {"models.csv": b"new models", "papers.csv": b"new papers, longer", "backbone_performance.csv": b"the same"}

# Counts file-system steps of write_files and dies at the one asked for, as a power cut would.
KILLED_AT = textwrap.dedent(
    """
    import json, os, signal, sys
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
    store.write_files({name: text.encode() for name, text in json.loads(sys.argv[3]).items()}, Path(sys.argv[1]))
    """
)
# Writes the one state and the other, over and over.
WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from catalog import store
    while True:
        for content in (b"one", b"two"):
            store.write_files({f"{name}.csv": content for name in store.TABLES}, Path(sys.argv[1]))
        print("written", flush=True)
    """
)


def read(folder: Path) -> dict[str, bytes]:
    """What a reader sees, and the flat table, which no reader reads."""
    seen = {f"{name}.csv": content for name, content in snapshot(folder).items()}
    return seen | {"backbone_performance.csv": (folder / "backbone_performance.csv").read_bytes()}


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_kill_at_any_step_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    outcomes = set()
    for step in range(60):
        folder = tmp_path / str(step)
        write_files(OLD, folder)
        change = json.dumps({name: text.decode() for name, text in NEW.items()})
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        finished = subprocess.run(
            [sys.executable, "-c", KILLED_AT, str(folder), str(step), change], env=environment, check=False
        )
        left = tree(folder)
        seen = read(folder)
        assert seen in (OLD, NEW)
        assert tree(folder) == left  # the reader touched nothing
        outcomes.add((seen == NEW, unfinished(folder)))
        with writing(folder):
            assert {name: (folder / name).read_bytes() for name in OLD} == seen
        assert not (folder / PENDING).exists() and not unfinished(folder)
        if finished.returncode == 0:
            break
        assert finished.returncode == -signal.SIGKILL
    else:
        pytest.fail("the write never finished")
    assert {new for new, _ in outcomes} == {True, False}
    assert (True, True) in outcomes  # a change that was decided and not finished was met


def test_files_that_do_not_differ_are_not_touched(tmp_path: Path) -> None:
    write_files(OLD, tmp_path)
    before = (tmp_path / "models.csv").stat().st_mtime_ns
    write_files(OLD, tmp_path)
    assert (tmp_path / "models.csv").stat().st_mtime_ns == before


def test_loading_leaves_alone_what_another_process_is_writing(tmp_path: Path, small_tables: Path) -> None:
    data = Path(shutil.copytree(small_tables, tmp_path / "data"))
    (data / PENDING).mkdir()
    (data / PENDING / "models.csv").write_bytes(b"half of it")
    before = tree(data)
    assert len(catalog.load(data).models)
    assert tree(data) == before


def test_readers_see_one_state_while_another_process_writes(tmp_path: Path) -> None:
    write_files({f"{name}.csv": b"one" for name in TABLES}, tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        seen = []
        for _ in range(10):
            writer.stdout.readline()
            seen += [set(snapshot(tmp_path).values()) for _ in range(20)]
        writer.kill()
    assert all(states in ({b"one"}, {b"two"}) for states in seen)


def test_the_tables_of_a_catalog_are_all_of_the_moment_it_was_loaded(tmp_path: Path, small_tables: Path) -> None:
    data = Path(shutil.copytree(small_tables, tmp_path / "data"))
    c = catalog.load(data)
    models = len(c.models)
    write_tables({name: TABLES[name].empty() for name in ("models", "evaluations")}, data)
    assert len(c.evaluations) and len(c.models) == models
    assert catalog.load(data).evaluations.empty
    assert catalog.load(data).digest != c.digest


def test_a_second_writer_is_told_and_changes_nothing(tmp_path: Path) -> None:
    write_files(OLD, tmp_path)
    with (
        held_elsewhere(tmp_path / LOCK),
        pytest.raises(CatalogError, match=r"another process still writes here after 0\.1 s; nothing was changed"),
        writing(tmp_path, wait_s=0.1),
    ):
        pytest.fail("two writers")
    assert read(tmp_path) == OLD


HOSTILE = {
    "a way out": ["../outside.csv"],
    "a way out behind a table": ["models.csv", "../outside.csv"],
    "an absolute path": ["/tmp/outside.csv"],
    "a table's name with a way out": ["models.csv/../../outside.csv"],
    "the flat table elsewhere": ["../backbone_performance.csv"],
    "another file": ["config.ini"],
    "the list itself": ["manifest.json"],
    "no name": [""],
    "numbers": [1, 2],
    "lists": [["models.csv"]],
    "a mapping": {"models.csv": "models.csv"},
    "nothing": None,
    "a word": "models.csv",
}
BROKEN = {
    "cut off": b'["models.csv", "pap',
    "empty": b"",
    "not UTF-8": b'["\xff\xfe"]',
    "deep": b"[" * 200_000,
    "a huge number": b"9" * 5000,
}
LISTS = {name: json.dumps(value).encode() for name, value in HOSTILE.items()} | BROKEN


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_of_files_that_is_not_ours_is_one_line_and_moves_nothing(
    tmp_path: Path, small_tables: Path, backbones: Callable[..., Any], kind: str
) -> None:
    data = Path(shutil.copytree(small_tables, tmp_path / "data"))
    (tmp_path / "outside.csv").write_text("precious")
    pending = data / PENDING
    pending.mkdir()
    for name in ("0", "1", "outside.csv", "models.csv", "config.ini"):
        (pending / name).write_text("hostile")
    (pending / DECIDED).write_bytes(LISTS[kind])
    before = tree(tmp_path)

    outcomes = [backbones("check", "--data", data), backbones("refresh", "--mirror", SMALL_MIRROR, "--data", data)]

    for outcome in outcomes:
        assert outcome.status == 1
        assert outcome.err.count("\n") == 1 and "expected a list of table files" in outcome.err
    assert tree(tmp_path) == before


def test_a_folder_of_changes_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    write_files(OLD, tmp_path / "data")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "models.csv").write_text("precious")
    (tmp_path / "elsewhere" / DECIDED).write_text('["models.csv"]')
    (tmp_path / "data" / PENDING).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CatalogError, match="expected a list of table files"):
        write_files(NEW, tmp_path / "data")
    assert (tmp_path / "elsewhere" / "models.csv").read_text() == "precious"


def test_check_names_a_change_that_was_not_finished(tmp_path: Path, small_tables: Path, backbones: Any) -> None:
    data = Path(shutil.copytree(small_tables, tmp_path / "data"))
    (data / PENDING).mkdir()
    (data / "models.csv").rename(data / PENDING / "models.csv")
    (data / PENDING / DECIDED).write_text('["models.csv"]')
    outcome = backbones("check", "--data", data)
    assert outcome.status == 1 and "some files still are older ones" in outcome.out
    assert "is not in models.csv" not in outcome.out
    assert backbones("refresh", "--mirror", SMALL_MIRROR, "--data", data).status == 0
    assert backbones("check", "--data", data).status == 0


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if not table.view])
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
