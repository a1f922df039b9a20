"""timm's registry: the committed snapshot reads cleanly and is what the installed timm says."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from catalog.records import Registration
from scrapers.snapshots import Origin, read_snapshot, snapshot_path, write_snapshot
from scrapers.tabular import UnreadableFile
from scrapers.timm_registry import TimmRegistry
from tests.scrapers.answers import FIXTURES, ROOT, Answers, needs_torch, skip_unless_same_version, source_file

SNAPSHOT = (FIXTURES / "timm_registry" / "timm_registry.csv").read_text()


def test_reads_a_snapshot() -> None:
    parsed = TimmRegistry().parse(source_file(SNAPSHOT, "timm-registry/weights"))

    assert not parsed.problems
    gcvit, resnet, sapiens = parsed.records
    assert resnet == Registration(
        source="timm-registry/weights",
        line=3,
        model="resnet50.a1_in1k",
        module="resnet",
        licence="apache-2.0",
        hub_id="timm/resnet50.a1_in1k",
        train_img_size=224,
        test_img_size=288,
        num_classes=1000,
        paper_ids=("2110.00476",),
    )
    assert isinstance(gcvit, Registration)
    assert isinstance(sapiens, Registration)
    assert gcvit.hub_id == ""
    assert (sapiens.train_img_size, sapiens.paper_ids) == (None, ("2604.21681", "2010.11929"))


@pytest.mark.parametrize(
    ("found", "bad"),
    [
        ("resnet50.a1_in1k,resnet", "<script>,resnet"),
        ("timm/resnet50.a1_in1k", "timm/../../resnet50"),
        ("224,288", "224,-288"),
        ("1000,2110.00476", "1000,see the readme"),
    ],
)
def test_row_that_breaks_a_rule_is_set_aside(found: str, bad: str) -> None:
    parsed = TimmRegistry().parse(source_file(SNAPSHOT.replace(found, bad)))

    assert [rejected.line for rejected in parsed.rejected] == [3]
    assert parsed.rows_read == 3


def test_of_two_rows_that_differ_neither_is_used() -> None:
    parsed = TimmRegistry().parse(source_file(SNAPSHOT.replace("resnet50.a1_in1k,resnet", "gcvit_base.in1k,resnet")))

    assert [(rejected.line, rejected.rule) for rejected in parsed.rejected] == [(2, "duplicate"), (3, "duplicate")]


def test_missing_column_is_named() -> None:
    with pytest.raises(UnreadableFile, match="column licence is missing"):
        TimmRegistry().parse(source_file(SNAPSHOT.replace("licence", "license")))


def test_committed_snapshot_is_clean_and_says_its_version() -> None:
    client = Answers()

    (file,) = TimmRegistry().fetch(client).files
    parsed = TimmRegistry().parse(file)

    assert file.revision == "timm 1.0.31"
    assert "/tree/v1.0.31/" in file.url
    assert len(parsed.records) == 1826
    assert not parsed.problems
    assert client.asked == []


def test_reading_the_snapshot_imports_no_timm() -> None:
    read = "import sys; from scrapers.timm_registry import TimmRegistry; TimmRegistry().fetch(None)"
    command = [sys.executable, "-c", f"{read}; print({{'timm', 'torch'}} & {{*sys.modules}})"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == "set()\n"


def test_former_names_lead_to_weights_that_timm_knows() -> None:
    with snapshot_path("timm_deprecated").open() as lines:
        former = {row["name"]: row["model"] for row in csv.DictReader(lines)}
    with snapshot_path("timm_registry").open() as lines:
        known = {row["model"].partition(".")[0] for row in csv.DictReader(lines)}

    assert len(former) == 209
    gone = {model for model in former.values() if model.partition(".")[0] not in known}
    assert len(gone) < 25, "most former names should still lead to pretrained weights"


def test_snapshot_is_sorted_and_keeps_the_origins_of_the_others(tmp_path: Path) -> None:
    for name in ("second", "first"):
        origin = Origin(name, "package", "1.0", "https://example.org", "MIT")
        write_snapshot(origin, ("name", "size"), [("b", None), ("a", 3)], tmp_path)

    assert snapshot_path("first", tmp_path).read_text() == "name,size\na,3\nb,\n"
    assert read_snapshot("second", "x/second", "x", tmp_path).revision == "package 1.0"


@needs_torch
def test_snapshot_is_what_the_installed_timm_says(tmp_path: Path) -> None:
    write = "import sys, pathlib, scrapers.timm_registry as r; r.write_registry(pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", write, str(tmp_path)]

    subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)

    skip_unless_same_version("timm_registry", tmp_path)
    for name in ("timm_registry", "timm_deprecated"):
        assert snapshot_path(name, tmp_path).read_bytes() == snapshot_path(name).read_bytes()
