"""Charts of bad tables: hostile names become text in every format, and missing data one clear line."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from generator.charts import ChartOutput, draw_all, family_chart

import catalog
from catalog.store import write_tables

HOSTILE = "=<script>alert('x')</script>$x_{1}%{y}&#~^\\input{/etc/passwd}\"]]>--><b>"
SHORT = "<i>$x_1%#\\"
CHARTS = ["params-accuracy", "throughput-accuracy", "robustness-imagenetv2", "frontier-over-time"]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> catalog.Catalog:
    """The catalog with an architecture of the frontier, its weights and its family renamed to what breaks writers."""
    c = catalog.load()
    board = c.leaderboard()
    best = board[board["pareto_params"] & (board["top1"] < 88)].iloc[0]
    weights = set(c.models.loc[c.models["architecture"] == best["architecture"], "model"])
    frames = {name: frame.copy() for name, frame in c.frames.items()}
    for frame in frames.values():
        for column in ("architecture", "model"):
            if column in frame:
                frame[column] = [_renamed(value, str(best["architecture"]), weights) for value in frame[column]]
    families = frames["families"]
    families.loc[families["family"] == best["family"], "name"] = HOSTILE
    folder = tmp_path_factory.mktemp("hostile")
    write_tables(frames, folder)
    changed = catalog.load(folder)
    changed.hostile_family = str(best["family"])  # type: ignore[attr-defined]
    return changed


def _renamed(value: object, architecture: str, weights: set[str]) -> object:
    if value == architecture:
        return SHORT
    return f"{HOSTILE}.{value}" if value in weights else value


@pytest.fixture(scope="module")
def drawn(hostile: catalog.Catalog, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ChartOutput]:
    folder = tmp_path_factory.mktemp("charts")
    return {output.slug: output for output in draw_all(hostile, folder, CHARTS, processes=1)}


def test_hostile_names_stay_text_in_svg(hostile: catalog.Catalog, drawn: dict[str, ChartOutput]) -> None:
    small = family_chart(hostile, hostile.hostile_family)  # type: ignore[attr-defined]
    assert small is not None
    for source in [*(output.files["svg"].read_text(encoding="utf-8") for output in drawn.values()), small.svg]:
        names = {element.tag for element in ElementTree.fromstring(source).iter()}
        assert not [name for name in names if str(name).endswith("script")]
        assert "<!--" not in source


def test_hostile_names_stay_text_in_hovers(hostile: catalog.Catalog, drawn: dict[str, ChartOutput]) -> None:
    small = family_chart(hostile, hostile.hostile_family)  # type: ignore[attr-defined]
    assert small is not None
    seen = 0
    for source in [*(output.files["json"].read_text(encoding="utf-8") for output in drawn.values()), small.figure]:
        for trace in json.loads(source)["data"]:
            template = trace.get("hovertemplate", "")
            texts = [template, trace["name"], *(text for row in trace.get("customdata", []) for text in row)]
            seen += sum("&lt;script&gt;" in text for text in texts)
            assert not [text for text in texts if "<script" in text or "<b>'" in text]
            assert "%{y}&" not in template
    assert seen


def test_hostile_names_are_no_formula_in_csv(drawn: dict[str, ChartOutput]) -> None:
    for output in drawn.values():
        rows = list(csv.DictReader(output.files["csv"].read_text(encoding="utf-8").splitlines()))
        assert [row for row in rows if row["model"].startswith("'=<script>")]
        assert not [cell for row in rows for cell in row.values() if cell and cell.startswith(("=", "@", "+"))]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_hostile_names_are_printed_by_tex(drawn: dict[str, ChartOutput], tmp_path: Path) -> None:
    output = drawn["params-accuracy"]
    source = output.files["tex"].read_text(encoding="utf-8")

    assert r"\textless{}i\textgreater{}\$x\_1\%\#\textbackslash{}" in source
    command = [
        "pdflatex",
        "-interaction=nonstopmode",
        "-halt-on-error",
        f"-output-directory={tmp_path}",
        output.files["tex"],
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout[-2000:]


def test_an_empty_catalog_is_one_clear_line(backbones: Callable[..., Any], tmp_path: Path) -> None:
    empty = tmp_path / "tables"
    empty.mkdir()

    with pytest.raises(catalog.CatalogError, match="nothing to draw; run backbones refresh"):
        draw_all(catalog.load(empty), tmp_path / "charts")

    outcome = backbones("charts", "--data", empty, "--output", tmp_path / "charts")
    assert outcome.status == 1
    assert "nothing to draw" in outcome.err
    assert len(outcome.err.strip().splitlines()) == 1


def test_a_chart_without_data_is_named_and_the_others_are_drawn(tmp_path: Path, backbones: Callable[..., Any]) -> None:
    c = catalog.load()
    frames = {name: frame for name, frame in c.frames.items() if name not in ("history", "measurements")}
    few = c.leaderboard()["model"].unique()[::40]
    frames["evaluations"] = c.evaluations[(c.evaluations["dataset"] == "imagenet") & c.evaluations["model"].isin(few)]
    write_tables(frames, tmp_path / "tables")

    skipped: list[catalog.CatalogError] = []
    drawn = draw_all(catalog.load(tmp_path / "tables"), tmp_path / "charts", processes=1, on_skip=skipped.append)

    assert {output.slug for output in drawn} >= {"params-accuracy", "gmacs-accuracy"}
    assert [str(error) for error in skipped if str(error).startswith("chart frontier-over-time: no history")]
    with pytest.raises(catalog.CatalogError, match="robustness-imagenet-a: no weights measured on both"):
        draw_all(catalog.load(tmp_path / "tables"), tmp_path / "charts", ["robustness-imagenet-a"])


def test_one_result_is_enough_for_a_chart(tmp_path: Path) -> None:
    c = catalog.load()
    frames = dict(c.frames)
    board = c.leaderboard()
    one = board[board["evidence"] == "measured upstream"].iloc[0]["model"]
    frames["evaluations"] = c.evaluations[c.evaluations["model"] == one]
    write_tables(frames, tmp_path / "tables")

    (output,) = draw_all(catalog.load(tmp_path / "tables"), tmp_path / "charts", ["params-accuracy"])

    assert len(pd.read_csv(output.files["csv"])) == 1
