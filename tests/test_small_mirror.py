"""The small mirror is a piece of the real one, and the whole pipeline runs on it where the real one is not at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import catalog
from tests.audit import audit
from tests.conftest import SMALL_MIRROR
from tests.fixtures.cut_mirror import cut

TIMM = "raw.githubusercontent.com/huggingface/pytorch-image-models"


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def headers(mirror: Path, pattern: str) -> set[str]:
    """The different first lines of timm's files."""
    return {path.read_text().splitlines()[0] for path in (mirror / TIMM).glob(pattern)}


@pytest.mark.mirror
def test_it_is_cut_out_of_the_real_one(upstream: Path, tmp_path: Path) -> None:
    cut(upstream, tmp_path)
    assert tree(tmp_path) == tree(SMALL_MIRROR)
    assert sum(map(len, tree(SMALL_MIRROR).values())) < 1_000_000


@pytest.mark.mirror
@pytest.mark.parametrize("pattern", ["aa4b5850*/results/benchmark-*.csv", "*/results/results-imagenet.csv"])
def test_it_has_every_layout_of_a_header(upstream: Path, pattern: str) -> None:
    assert headers(SMALL_MIRROR, pattern) == headers(upstream, pattern)


def test_the_whole_pipeline_runs_on_it(tmp_path: Path, backbones: Callable[..., object]) -> None:
    from generator.build import build

    data, public = tmp_path / "data", tmp_path / "public"
    assert backbones("refresh", "--mirror", SMALL_MIRROR, "--data", data).status == 0
    assert backbones("check", "--data", data).status == 0
    assert "Unchanged upstream" in backbones("refresh", "--mirror", SMALL_MIRROR, "--data", data).out
    built = build(catalog.load(data), public, work=tmp_path / "work", charts=False)
    assert built.pages > len(catalog.load(data).models)
    assert audit(public / "data", SMALL_MIRROR, public / "api" / "v1").findings == []
