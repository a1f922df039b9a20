"""The audit finds any published figure that is not upstream's, and nothing where all are."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.audit import Audit, audit, fields, same
from tests.conftest import ROOT, SMALL_MIRROR

Rows = list[dict[str, str]]


def audit_small(data: Path, api: Path | None = None) -> Audit:
    return audit(data, SMALL_MIRROR, api)


@pytest.fixture
def tables(small_tables: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_tables, tmp_path / "data"))


def change(path: Path, row: Callable[[dict[str, str]], bool], **figures: str) -> None:
    """Change the first row that fits."""
    with path.open(newline="") as file:
        rows: Rows = list(csv.DictReader(file))
    next(each for each in rows if row(each)).update(figures)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def test_every_figure_of_a_good_refresh_is_upstreams(tables: Path) -> None:
    done = audit_small(tables)
    assert done.findings == []
    assert done.files >= 22 and done.lines >= 386 and done.figures > 2900
    assert set(done.unread) == {"torchvision/weights"}  # a package, which has no lines


@pytest.mark.parametrize(
    ("table", "figures", "told"),
    [
        ("scores", {"value": "88.001"}, "top1 is 88.001"),
        ("scores", {"img_size": "999"}, "img_size is 999"),
        ("scores", {"crop_pct": "0.5"}, "crop_pct is 0.5"),
        ("scores", {"model": "resnet50.a1_in1k"}, "is of resnet50"),
        ("scores", {"dataset": "imagenet-r"}, "dataset is imagenet-r"),
        ("measurements", {"images_per_s": "12345"}, "images_per_s is 12345"),
        ("measurements", {"step_ms": "1"}, "step_ms is 1"),
        ("measurements", {"mode": "train"}, "train"),
        ("costs", {"gmacs": "0.001"}, "gmacs is 0.001"),
        ("architectures", {"params_m": "7"}, "params_m is 7"),
        ("survey_rows", {"acc": "99"}, "acc is 99"),
        ("second_opinions", {"top1": "99"}, "top1 is 99"),
        ("history", {"top1": "99"}, "top1 is 99"),
        ("backbone_performance", {"Acc": "99"}, "top1 is 99"),
        ("backbone_performance", {"FLOPs(B)": "0.001"}, "gmacs is 0.001"),
    ],
)
def test_a_changed_figure_is_found(tables: Path, table: str, figures: dict[str, str], told: str) -> None:
    def is_timms(row: dict[str, str]) -> bool:
        source = row.get("source") or row.get("params_source") or row.get("Source") or ""
        needed = [name for name in figures if name != "model"]
        own = source.startswith("timm/") or table in ("survey_rows", "second_opinions", "history")
        return own and not source.startswith("torchvision") and all(row[name] not in ("", "-1") for name in needed)

    change(tables / f"{table}.csv", is_timms, **figures)
    found = audit_small(tables).findings
    assert any(finding.startswith(f"{table}.csv:") and told in finding for finding in found), found


def test_a_line_that_is_lost_and_one_that_stands_twice_are_found(tables: Path) -> None:
    lines = (tables / "scores.csv").read_text().splitlines()
    index = next(index for index, line in enumerate(lines) if ",timm/results-sketch," in line and ",top1," in line)
    source, number = lines[index].split(",")[-2:]
    (tables / "scores.csv").write_text("\n".join(lines[:index] + lines[index + 1 :]) + "\n")
    assert f"{source}:{number}: held 0 times, expected once" in audit_small(tables).findings
    (tables / "scores.csv").write_text("\n".join([*lines, lines[index]]) + "\n")
    assert f"{source}:{number}: held 2 times, expected once" in audit_small(tables).findings


def test_a_file_that_is_not_the_one_that_was_read_is_said(tables: Path, small_mirror: Path) -> None:
    path = next(small_mirror.rglob("aa4b*/results/results-sketch.csv"))
    path.write_bytes(path.read_bytes() + b"\n")
    findings = audit(tables, small_mirror).findings
    assert (
        len(findings) == 1 and "timm/results-sketch" in findings[0] and "is not the file that was read" in findings[0]
    )


def test_the_files_of_the_site_are_compared_as_well(tables: Path, tmp_path: Path) -> None:
    from generator.build import publish_files

    site = tmp_path / "site"
    publish_files(tables, site)
    good = audit_small(site / "data", site / "api" / "v1")
    assert good.findings == [] and good.figures > 2 * audit_small(tables).figures

    page = site / "api" / "v1" / "leaderboard" / "imagenet.json"
    content = json.loads(page.read_text())
    content["results"][0]["top1"] += 0.1
    page.write_text(json.dumps(content))
    (finding,) = audit_small(site / "data", site / "api" / "v1").findings
    assert finding.startswith("leaderboard/imagenet.json") and "top1 is" in finding


def test_the_command_says_what_it_compared_and_ends_with_1_where_something_differs(tables: Path) -> None:
    command = [sys.executable, "-m", "tests.audit", "--mirror", str(SMALL_MIRROR), "--data", str(tables)]
    good = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    change(tables / "history.csv", lambda row: row["event"] == "added", top1="99")
    bad = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (good.returncode, bad.returncode) == (0, 1)
    assert "figures of" in good.stdout and "0 do not agree" in good.stdout
    assert "history.csv:" in bad.stdout and "1 do not agree" in bad.stdout


def test_it_shares_no_code_with_what_made_the_figures() -> None:
    script = "import sys, tests.audit; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"catalog", "scrapers", "backbones", "generator", "pandas"}.isdisjoint(ran.stdout.split())


def test_fields_and_numbers_are_read_as_upstream_writes_them() -> None:
    assert fields('a,"1,013.01",,b') == ["a", "1,013.01", "", "b"]
    assert same("1013.01", "1,013.01") and same("bicubic", "bicubic") and same("0.9", "0.900")
    assert not same("1", "1.0001") and not same("", "0") and not same("bicubic", "bilinear")


@pytest.mark.mirror
def test_every_committed_figure_is_upstreams(upstream: Path) -> None:
    done = audit(ROOT / "catalog" / "data", upstream)
    assert done.findings == []
    assert done.figures > 280_000 and done.lines > 43_000
