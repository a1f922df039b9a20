"""A refresh never loses or halves anything: what goes away, an older schema, a full disk, an interruption."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import catalog
from catalog import store
from catalog.identity import Identity
from catalog.problems import CatalogError

HEAD = "raw.githubusercontent.com/huggingface/pytorch-image-models/aa4b5850c1543fa488abf260f18390eda46cf85d/results"
GONE = "timm/benchmark-infer-amp-nchw-pt113-cu117-rtx3090"

Run = Callable[..., object]


@pytest.fixture
def known(tmp_path: Path, small_tables: Path) -> Path:
    """Tables of a good refresh, free to be changed."""
    return Path(shutil.copytree(small_tables, tmp_path / "data"))


def digest(data: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(data.iterdir())}


def remove_from_listing(mirror: Path, name: str) -> None:
    listing = next((mirror / "api.github.com/repos/huggingface/pytorch-image-models/contents").glob("*"))
    files = json.loads(listing.read_text())
    assert any(item["name"] == name for item in files)
    listing.write_text(json.dumps([item for item in files if item["name"] != name]))


def test_a_file_that_upstream_no_longer_lists_keeps_its_rows_until_it_is_let_go(
    known: Path, small_mirror: Path, backbones: Run
) -> None:
    before = catalog.load(known).measurements
    remove_from_listing(small_mirror, f"{GONE.removeprefix('timm/')}.csv")

    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    assert outcome.status == 1
    lines = [line for line in outcome.err.splitlines() if line.startswith("error:")]
    assert len(lines) == 1 and f"{GONE}: its file is gone" in lines[0] and f"--accept {GONE}" in lines[0]
    c = catalog.load(known)
    assert len(c.measurements) == len(before)
    assert c.sources.set_index("source")["state"][GONE] == "stale"
    assert backbones("check", "--data", known).status == 0

    assert backbones("refresh", "--mirror", small_mirror, "--data", known, "--accept", GONE).status == 0
    c = catalog.load(known)
    assert GONE not in set(c.sources["source"]) and GONE not in set(c.measurements["source"])
    assert backbones("check", "--data", known).status == 0
    assert "Unchanged upstream" in backbones("refresh", "--mirror", small_mirror, "--data", known).out


def test_tables_of_an_older_schema_are_brought_forward(known: Path, small_mirror: Path, backbones: Run) -> None:
    good = digest(known)
    lines = [line.split(",") for line in (known / "environments.csv").read_text().splitlines()]
    column = lines[0].index("cuda_version")
    text = "\n".join(",".join(cells[:column] + cells[column + 1 :]) for cells in lines) + "\n"
    (known / "environments.csv").write_text(text)
    assert backbones("check", "--data", known).status == 1
    assert backbones("refresh", "--mirror", small_mirror, "--data", known).status == 0
    assert digest(known) == good


def test_a_table_that_cannot_be_read_is_one_line_that_says_what_to_do(
    known: Path, small_mirror: Path, backbones: Run
) -> None:
    (known / "models.csv").write_text("<<<<<<< HEAD\n")
    before = digest(known)
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert "models.csv" in outcome.err and "delete it and run backbones refresh" in outcome.err
    assert digest(known) == before


def test_the_history_is_read_anew_when_its_table_is_lost(known: Path, small_mirror: Path, backbones: Run) -> None:
    good = digest(known)
    (known / "history.csv").unlink()
    assert backbones("refresh", "--mirror", small_mirror, "--data", known).status == 0
    after = digest(known)
    assert {name: after[name] for name in ("history.csv", "models.csv")} == {
        name: good[name] for name in ("history.csv", "models.csv")
    }


def test_the_history_is_rebuilt_after_an_alias_was_corrected(
    known: Path, small_mirror: Path, backbones: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = digest(known)
    with monkeypatch.context() as patch:
        patch.setattr(Identity, "past_name", lambda self, name, day: "every_name.means_this")
        backbones("refresh", "--mirror", small_mirror, "--data", known, "--rebuild-history")
    wrong = catalog.load(known)
    assert set(wrong.history["model"]) == {"every_name.means_this"}
    assert "same-weights" in set(wrong.quarantine["rule"])

    assert backbones("refresh", "--mirror", small_mirror, "--data", known).status == 0
    assert digest(known)["history.csv"] != good["history.csv"]
    assert backbones("refresh", "--mirror", small_mirror, "--data", known, "--rebuild-history").status == 0
    after = digest(known)
    assert {name: after[name] for name in after if name != "refreshes.csv"} == {
        name: good[name] for name in good if name != "refreshes.csv"
    }


def test_a_history_of_which_a_revision_cannot_be_had_is_not_rebuilt(
    known: Path, small_mirror: Path, backbones: Run
) -> None:
    good = digest(known)
    revisions = catalog.load(known).sources.query("scraper == 'timm-history'")
    url = str(revisions["url"].iloc[-1])
    (small_mirror / url.removeprefix("https://")).unlink()
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known, "--rebuild-history")
    assert outcome.status == 1
    assert digest(known)["history.csv"] == good["history.csv"]


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_nothing_leaves_the_old_tables(
    known: Path, small_mirror: Path, backbones: Run, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    before = digest(known)
    (small_mirror / HEAD / "results-sketch.csv").write_bytes(b"")

    def full(path: Path, content: bytes) -> None:
        raise OSError(error, "no way")

    monkeypatch.setattr(store, "_write_synced", full)
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    monkeypatch.undo()
    lines = [line for line in outcome.err.splitlines() if not line.startswith("reading ")]
    assert outcome.status == 1 and len(lines) == 1
    assert f"{known}: cannot be written: no way" in lines[0]
    catalog.load(known)
    assert digest(known) == before


def test_an_interruption_leaves_the_old_tables_and_no_traceback(
    known: Path, small_mirror: Path, backbones: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(known)

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("catalog.pipeline.merge", interrupted)
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    assert outcome.status != 0 and "Traceback" not in outcome.err
    assert digest(known) == before


def test_a_file_in_place_of_the_directory_is_one_line(tmp_path: Path, small_mirror: Path, backbones: Run) -> None:
    (tmp_path / "file").write_text("mine")
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", tmp_path / "file")
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert "expected a directory of tables, found a file" in outcome.err
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("epoch", ["tomorrow", "1e9", "99999999999999999"])
def test_a_wrong_source_date_is_one_line(epoch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from backbones.refresh import _today

    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    with pytest.raises(CatalogError, match="expected seconds since 1970"):
        _today()


def test_the_first_refresh_takes_what_there_is_when_an_upstream_is_away(
    tmp_path: Path, small_mirror: Path, backbones: Run
) -> None:
    (small_mirror / "api.github.com/repos/huggingface/pytorch-image-models/commits/main").unlink()
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", tmp_path / "data")
    assert outcome.status == 1
    assert [line for line in outcome.err.splitlines() if not line.startswith(("reading ", "error: timm: "))] == []
    c = catalog.load(tmp_path / "data")
    assert set(c.models["origin"]) == {"survey"} and len(c.survey_rows)
    assert backbones("check", "--data", tmp_path / "data").status == 0


def test_when_every_model_gains_its_tag_at_once_all_are_renames(
    known: Path, small_mirror: Path, backbones: Run, tmp_path: Path
) -> None:
    before = Path(shutil.copytree(known, tmp_path / "before"))
    models = catalog.load(known).models
    timm = models[models["origin"] == "timm"]
    names = {model: model.partition(".")[0] for model in timm["model"]}
    single = {model: name for model, name in names.items() if list(names.values()).count(name) == 1}
    for table in ("models", "scores"):
        lines = (before / f"{table}.csv").read_text().splitlines()
        renamed = [
            ",".join([single.get(line.split(",")[0], line.split(",")[0]), *line.split(",")[1:]]) for line in lines
        ]
        (before / f"{table}.csv").write_text("\n".join(renamed) + "\n")
    outcome = backbones("diff", before, known, "--json")
    told = json.loads(outcome.out)
    evaluations = catalog.load(known).evaluations
    on_imagenet = set(evaluations.loc[evaluations["dataset"] == "imagenet", "model"])
    assert {item["model"] for item in told["renamed"]} == set(single) & on_imagenet
    assert told["added"] == told["removed"] == []
