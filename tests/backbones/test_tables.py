"""Results measured here enter the tables with a refresh or at the end of a benchmark, and neither harms the other's."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import catalog
from backbones.tables import merge_results
from catalog import store
from catalog.diff import diff
from catalog.problems import CatalogError

RESULTS = Path(__file__).parents[1] / "fixtures" / "results"
SWEEP = "local/amd-epyc-2026-11-20"
OURS_IN_TENSORFLOW = "amd-epyc-2t-fp32-nhwc-tf2.21.0-ffe41857"
TIMM_FILES = "raw.githubusercontent.com/huggingface/pytorch-image-models/*/results"

Run = Callable[..., object]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder of results, free to be changed."""
    return Path(shutil.copytree(RESULTS, tmp_path / "results"))


@pytest.fixture
def upstream_only(tmp_path: Path, small_tables: Path) -> Path:
    """Tables without anything measured here, free to be changed."""
    return Path(shutil.copytree(small_tables, tmp_path / "data"))


def files(data: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(data.iterdir())}


def differing(data: Path, before: dict[str, bytes]) -> set[str]:
    now = files(data)
    return {name for name in {*now, *before} if now.get(name) != before.get(name)}


def test_a_benchmark_adds_its_rows_without_a_refresh_and_again_changes_nothing(
    upstream_only: Path, results: Path
) -> None:
    before = files(upstream_only)
    added = merge_results(upstream_only, results)
    assert (added.measurements, added.layer_measurements, added.evaluations) == (68, 12, 1) and not added.errors
    assert str(added).startswith("measured here: 68 speeds of models, 12 of layers, 1 accuracies; ")
    changed = ("environments", "layer_measurements", "measurements", "quarantine", "runs", "scores", "sources")
    assert differing(upstream_only, before) == {f"{name}.csv" for name in changed}
    after = files(upstream_only)
    assert merge_results(upstream_only, results).problems == added.problems
    assert files(upstream_only) == after


def test_a_refresh_and_a_benchmark_give_the_same_tables(
    upstream_only: Path, results: Path, small_mirror: Path, backbones: Run, tmp_path: Path
) -> None:
    merge_results(upstream_only, results)
    fresh = tmp_path / "fresh"
    assert backbones("refresh", "--mirror", small_mirror, "--data", fresh, "--results", results).status == 0
    assert differing(fresh, files(upstream_only)) == {"refreshes.csv"}  # which counts what the first refresh held


def test_a_refresh_of_what_did_not_change_changes_nothing(
    upstream_only: Path, results: Path, small_mirror: Path, backbones: Run
) -> None:
    merge_results(upstream_only, results)
    before = files(upstream_only)
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", upstream_only, "--results", results)
    assert (outcome.status, differing(upstream_only, before)) == (0, set())
    assert "Unchanged upstream" in outcome.out and "Nothing changed." in outcome.out


def test_when_upstream_fails_local_rows_are_neither_stale_nor_lost(
    upstream_only: Path, results: Path, small_mirror: Path, backbones: Run
) -> None:
    merge_results(upstream_only, results)
    before = catalog.load(upstream_only)
    for path in small_mirror.glob(f"{TIMM_FILES}/results-sketch.csv"):
        path.write_text("<html>")
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", upstream_only, "--results", results)
    assert outcome.status == 1
    c = catalog.load(upstream_only)
    assert set(c.sources.loc[c.sources["state"] == "stale", "source"]) == {"timm/results-sketch"}
    assert len(c.measurements) == len(before.measurements) and c.layer_measurements.equals(before.layer_measurements)


def test_a_results_file_that_is_gone_keeps_its_rows_until_it_is_let_go(
    upstream_only: Path, results: Path, small_mirror: Path, backbones: Run
) -> None:
    merge_results(upstream_only, results)
    (results / "amd-epyc-2026-11-20.csv").unlink()
    arguments = ("refresh", "--mirror", small_mirror, "--data", upstream_only, "--results", results)
    outcome = backbones(*arguments)
    assert outcome.status == 1
    lines = [line for line in outcome.err.splitlines() if line.startswith("error:")]
    assert len(lines) == 1 and f"{SWEEP}: its file is gone" in lines[0] and f"--accept {SWEEP}" in lines[0]
    assert SWEEP in set(catalog.load(upstream_only).measurements["source"])
    assert backbones(*arguments, "--accept", SWEEP).status == 0
    c = catalog.load(upstream_only)
    assert SWEEP not in set(c.sources["source"]) and c.layer_measurements.empty
    assert (c.environments["origin"] == "timm").all()


def test_the_difference_names_the_environments_that_came(
    upstream_only: Path, small_tables: Path, results: Path
) -> None:
    merge_results(upstream_only, results)
    difference = diff(catalog.load(small_tables).frames, catalog.load(upstream_only).frames)
    assert (
        any(OURS_IN_TENSORFLOW in key for key in difference.environments_added) and not difference.environments_removed
    )
    assert difference.rows["layer_measurements"] == (0, 12)
    assert not (difference.added or difference.removed or difference.changed or difference.renamed)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_takes_nothing_leaves_the_old_tables(
    upstream_only: Path, results: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    before = files(upstream_only)

    def full(path: Path, content: bytes) -> None:
        raise OSError(error, "no way")

    with monkeypatch.context() as patch:
        patch.setattr(store, "_write_synced", full)
        with pytest.raises(CatalogError, match="cannot be written: no way"):
            merge_results(upstream_only, results)
    catalog.load(upstream_only)
    assert files(upstream_only) == before


def test_the_terminal_chooses_a_local_environment_like_any_other(
    upstream_only: Path, results: Path, backbones: Run
) -> None:
    merge_results(upstream_only, results)
    outcome = backbones("top", "--environment", OURS_IN_TENSORFLOW, "--min-speed", 1, "--data", upstream_only)
    assert outcome.status == 0
    last = outcome.out.splitlines()[-1]
    assert last == "Images/s: AMD EPYC, 2 threads (fp32, NHWC, TensorFlow 2.21.0, ffe41857); code: backbone-survey"
    rows = json.loads(
        backbones("top", "--environment", OURS_IN_TENSORFLOW, "--min-speed", 1, "--data", upstream_only, "--json").out
    )
    assert {row["architecture"] for row in rows} == {"vit_base_patch16_224", "swin_tiny_patch4_window7_224"}
    assert {row["speed_implementation"] for row in rows} == {"backbone-survey"}


def test_a_model_shows_what_was_measured_here_with_file_and_line(
    upstream_only: Path, results: Path, backbones: Run
) -> None:
    merge_results(upstream_only, results)
    outcome = backbones("show", "vit_base_patch16_224.augreg_in21k_ft_in1k", "--data", upstream_only)
    assert outcome.status == 0
    head = next(line for line in outcome.out.splitlines() if line.split()[:1] == ["environment"])
    here = [line.split() for line in outcome.out.splitlines() if line.split()[:1] == [OURS_IN_TENSORFLOW]]
    ours = [cells for cells in here if "backbone-survey" in cells]
    assert "parity error" in head
    assert len(ours) == 2 and all(cells[-1].startswith(f"{SWEEP}:") for cells in ours)
