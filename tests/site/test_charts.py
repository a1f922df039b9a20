"""The charts of the committed catalog: every format, same bytes twice, names apart, rows with units and sources."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from generator.charts import (
    FORMATS,
    INDEX,
    ChartOutput,
    UnknownChartError,
    charts,
    default_environment,
    draw_all,
    family_chart,
)
from generator.charts.citation import metadata_of
from generator.charts.draw import footer
from generator.charts.labels import PlacedLabel
from generator.charts.layout import PlacedPanel, laid_out
from generator.charts.style import GRID, INK, PAPER, QUIET, TRAIN_GROUPS, train_group
from generator.charts.typeset import text_width

import catalog
from catalog.fields import METRICS

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
NEUTRAL = {INK, QUIET, GRID, PAPER}
# One of each kind; the other throughput charts differ in their environment only.
KINDS = [
    "params-accuracy",
    "gmacs-accuracy",
    "params-accuracy-imagenet1k",
    "gmacs-accuracy-imagenet1k",
    "throughput-accuracy",
    "robustness",
    "robustness-imagenet-sketch",
    "frontier-over-time",
    "original-survey",
]
LONGEST = "the chart with the longest slug"
COLUMN_WIDTH = 3.5  # inches


@pytest.fixture(scope="module")
def real() -> catalog.Catalog:
    return catalog.load()


@pytest.fixture(scope="module")
def drawn(real: catalog.Catalog, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ChartOutput]:
    """Every chart of the committed catalog."""
    folder = tmp_path_factory.mktemp("charts")
    return {output.slug: output for output in draw_all(real, folder)}


def text_of(output: ChartOutput, kind: str) -> str:
    return output.files[kind].read_text(encoding="utf-8")


def figure_of(output: ChartOutput) -> dict[str, Any]:
    figure: dict[str, Any] = json.loads(text_of(output, "json"))
    return figure


def test_every_registered_chart_exists_in_every_format(real: catalog.Catalog, drawn: dict[str, ChartOutput]) -> None:
    assert list(drawn) == list(charts(real))
    for output in drawn.values():
        assert set(output.files) == set(FORMATS)
        for kind, path in output.files.items():
            assert path.name == f"{output.slug}.{kind}"
            assert path.stat().st_size > 500
        assert output.files["png"].read_bytes().startswith(b"\x89PNG")
        assert output.files["pdf"].read_bytes().startswith(b"%PDF")


def test_every_environment_that_timm_timed_has_a_chart(real: catalog.Catalog, drawn: dict[str, ChartOutput]) -> None:
    theirs = real.environments.loc[real.environments["origin"] == "timm", "environment"]
    timed = set(real.measurements.loc[real.measurements["mode"] == "infer", "environment"]) & set(theirs)

    assert {f"throughput-accuracy-{environment}" for environment in timed} <= set(drawn)
    assert default_environment(real) in timed


def test_a_second_process_writes_the_same_bytes(drawn: dict[str, ChartOutput], tmp_path: Path) -> None:
    slugs = ["params-accuracy", "throughput-accuracy", "robustness-imagenet-a", "frontier-over-time", "original-survey"]
    code = "import catalog, pathlib, sys; from generator.charts import draw_all\n"
    code += f"draw_all(catalog.load(), pathlib.Path(sys.argv[1]), {slugs}, processes=1)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "site")]), "PYTHONHASHSEED": "7"}

    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env=environment, timeout=120)

    for slug in slugs:
        for kind, path in drawn[slug].files.items():
            assert (tmp_path / f"{slug}.{kind}").read_bytes() == path.read_bytes(), f"{slug}.{kind} differs"


def test_files_carry_no_day_of_drawing_and_no_version(drawn: dict[str, ChartOutput]) -> None:
    output = drawn["params-accuracy"]
    pdf, png = output.files["pdf"].read_bytes(), output.files["png"].read_bytes()

    assert b"CreationDate" not in pdf
    assert b"Producer" not in pdf
    assert b"Software" not in png
    assert "matplotlib.org" not in text_of(output, "svg")


@pytest.mark.parametrize("slug", [*KINDS, LONGEST])
def test_names_neither_overlap_nor_leave_their_panel_and_no_type_is_small(real: catalog.Catalog, slug: str) -> None:
    import matplotlib as mpl
    from generator.charts.writer_matplotlib import LABEL, SETTINGS
    from generator.charts.writer_matplotlib import drawn as figure_drawn
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    registered = charts(real)
    slug = max(registered, key=len) if slug == LONGEST else slug
    chart = registered[slug]
    scene = chart.build(real)
    page = laid_out(scene, chart.title, chart.subtitle, footer(chart, scene, metadata_of(real, chart, scene)))
    with mpl.rc_context(SETTINGS):
        figure = figure_drawn(scene, page)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        whole = figure.bbox
        texts = [text for text in figure.findobj(Text) if text.get_label() == LABEL]
        boxes = [text.get_window_extent(renderer) for text in texts]
        assert not [1 for one, other in combinations(boxes, 2) if one.overlaps(other)]
        assert [text.get_text() for text in texts] == [label.text for place in page.panels for label in place.labels]
        frames = [place for place in page.panels for _ in place.labels]
        for place, box in zip(frames, boxes, strict=True):
            left, bottom, right, top = (value / 72 * figure.dpi for value in frame_of(place))
            assert left <= box.x0 and box.x1 <= right + 0.5
            assert bottom - 0.5 <= box.y0 and box.y1 <= top + 0.5
        for text in figure.findobj(Text):
            if text.get_text():
                assert text.get_fontsize() >= 6
                box = text.get_window_extent(renderer)
                assert box.x0 >= 0 and box.x1 <= whole.x1, text.get_text()
                assert box.y0 >= 0 and box.y1 <= whole.y1, text.get_text()
        assert figure.get_figwidth() == pytest.approx(COLUMN_WIDTH)


def frame_of(place: PlacedPanel) -> tuple[float, float, float, float]:
    return place.left, place.bottom, place.left + place.width, place.bottom + place.height


@pytest.mark.parametrize("slug", [*KINDS, LONGEST])
def test_every_name_is_in_the_plot_or_in_the_key_or_in_the_legend(real: catalog.Catalog, slug: str) -> None:
    registered = charts(real)
    chart = registered[max(registered, key=len) if slug == LONGEST else slug]
    scene = chart.build(real)
    page = laid_out(scene, chart.title, chart.subtitle, footer(chart, scene, metadata_of(real, chart, scene)))
    labels = [label for place in page.panels for label in place.labels]
    named = {label.text for label in labels if not label.keyed}
    numbered = {label.text: label.keyed for label in labels if label.keyed}

    for request in (request for panel in scene.panels for request in panel.labels):
        in_legend = request.text in {entry.name for entry in page.legend}
        assert request.text in named or request.text in numbered.values() or in_legend
    assert sorted(numbered, key=int) == [str(number) for number in range(1, len(numbered) + 1)]
    written = {line.text for line in page.texts}
    assert {f"{number} {name}" for number, name in numbered.items()} <= written
    assert not [text for text in written if "Named:" in text]


@pytest.mark.parametrize("slug", KINDS)
def test_leaders_run_through_no_other_label_and_across_no_other_leader(real: catalog.Catalog, slug: str) -> None:
    chart = charts(real)[slug]
    page = laid_out(chart.build(real), chart.title, chart.subtitle, ("", ""))
    for place in page.panels:
        for label in place.labels:
            for other in place.labels:
                if label.leader and other is not label:
                    assert not runs_through(label.leader, other), f"{label.text} runs through {other.text}"
                if label.leader and other.leader and other is not label:
                    assert not segments_cross(label.leader, other.leader), f"{label.text} crosses {other.text}"


@pytest.mark.parametrize("slug", KINDS)
def test_no_name_covers_a_strong_point(real: catalog.Catalog, slug: str) -> None:
    chart = charts(real)[slug]
    scene = chart.build(real)
    page = laid_out(scene, chart.title, chart.subtitle, ("", ""))
    covered = []
    for panel, place in zip(scene.panels, page.panels, strict=True):
        for mark in (mark for mark in panel.marks if mark.role in ("highlight", "method")):
            for x, y in zip(mark.x, mark.y, strict=True):
                spot = panel.x.fraction(x) * place.width, panel.y.fraction(y) * place.height
                radius = mark.look.size / 2
                covered += [(label.text, x, y) for label in place.labels if covers(label, *spot, radius)]
    assert covered == []


def covers(label: PlacedLabel, x: float, y: float, radius: float) -> bool:
    """Whether the box of a label reaches into the circle around a point."""
    nearest = min(max(x, label.left), label.left + label.width), min(max(y, label.bottom), label.bottom + label.height)
    return math.dist(nearest, (x, y)) < radius


def runs_through(leader: tuple[float, float, float, float], label: PlacedLabel) -> bool:
    x, y, end_x, end_y = leader
    points = [(x + (end_x - x) * step / 200, y + (end_y - y) * step / 200) for step in range(201)]
    right, top = label.left + label.width - 0.1, label.bottom + label.height - 0.1
    return any(label.left + 0.1 < px < right and label.bottom + 0.1 < py < top for px, py in points)


def segments_cross(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    def side(line: tuple[float, float, float, float], x: float, y: float) -> float:
        return (line[2] - line[0]) * (y - line[1]) - (line[3] - line[1]) * (x - line[0])

    apart = side(one, *other[:2]) * side(one, *other[2:]) >= -1e-9
    return not apart and side(other, *one[:2]) * side(other, *one[2:]) < -1e-9


def test_names_of_results_of_one_architecture_differ(real: catalog.Catalog) -> None:
    for slug in ("gmacs-accuracy-imagenet1k", "robustness-imagenet-a"):
        (panel,) = charts(real)[slug].build(real).panels
        names = [label.text for label in panel.labels]
        assert len(set(names)) == len(names)


def test_lines_of_text_in_a_figure_do_not_touch(real: catalog.Catalog) -> None:
    chart = charts(real)["gmacs-accuracy"]
    scene = chart.build(real)
    page = laid_out(scene, chart.title, chart.subtitle, footer(chart, scene, metadata_of(real, chart, scene)))

    heights = sorted({line.bottom: line.size for line in page.texts}.items())
    assert all(upper - lower >= size for (lower, size), (upper, _) in pairwise(heights))
    for one, other in combinations(page.texts, 2):
        if one.bottom == other.bottom:
            left, right = sorted((one, other), key=lambda line: line.left)
            assert left.left + text_width(left.text) < right.left
    assert page.legend
    assert all(entry.middle > max(line.bottom for line in page.texts if "Cite" in line.text) for entry in page.legend)


def test_svg_is_well_formed_and_says_what_it_shows(drawn: dict[str, ChartOutput]) -> None:
    for output in drawn.values():
        root = ElementTree.fromstring(text_of(output, "svg"))
        title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
        assert title is not None and title.text == output.metadata.title
        assert description is not None and output.metadata.as_of in str(description.text)
        assert root.get("aria-labelledby") == "title desc"
        heading = [element.text for element in root.iter(f"{SVG}text") if element.get("font-size") == "8"]
        assert " ".join(map(str, heading)) == output.metadata.title
        identifiers = [element.get("id") for element in root.iter() if element.get("id")]
        assert len(identifiers) == len(set(identifiers))


def test_csv_holds_what_is_drawn_with_units_and_sources(real: catalog.Catalog, drawn: dict[str, ChartOutput]) -> None:
    for slug in ("params-accuracy", "gmacs-accuracy", "throughput-accuracy", "robustness-imagenetv2"):
        rows = list(csv.DictReader(text_of(drawn[slug], "csv").splitlines()))
        points = sum(len(trace["x"]) for trace in figure_of(drawn[slug])["data"] if trace["mode"] == "markers")
        assert len(rows) == points
        assert METRICS["top1"].heading in rows[0]
        assert all(row["source"] and row["line"] for row in rows)
    board = real.leaderboard()
    rows = list(csv.DictReader(text_of(drawn["gmacs-accuracy"], "csv").splitlines()))
    on_frontier = {row["model"] for row in rows if row["on the frontier"] == "True"}
    assert on_frontier == set(board.loc[board["pareto_gmacs"], "model"])
    assert not [row for row in rows if row["on the frontier"] == "True" and row["evidence"] == "reported by a paper"]


def test_what_lies_outside_of_the_axes_is_said(drawn: dict[str, ChartOutput]) -> None:
    output = drawn["params-accuracy"]
    rows = list(csv.DictReader(text_of(output, "csv").splitlines()))
    below = sum(float(row[METRICS["top1"].heading]) < 70 for row in rows)

    assert below > 0
    assert f"Not shown: {below} below 70 %" in output.metadata.caption
    assert sum(row["within the axes"] == "False" for row in rows) >= below


def test_plotly_figures_need_the_basic_bundle_only_and_name_their_sources(drawn: dict[str, ChartOutput]) -> None:
    import gzip

    for output in drawn.values():
        figure = figure_of(output)
        assert {trace["type"] for trace in figure["data"]} == {"scatter"}
        assert "template" not in figure["layout"]
        told = [trace for trace in figure["data"] if "hovertemplate" in trace]
        assert told
        for trace in told:
            text = trace["hovertemplate"] + json.dumps(trace.get("customdata", [])[:1])
            assert re.search(r"timm|survey/backbone_performance|benchmark|local/", text)
        assert len(gzip.compress(output.files["json"].read_bytes(), 6)) < 150_000


def test_plotlys_own_classes_accept_the_figures(drawn: dict[str, ChartOutput]) -> None:
    import plotly.graph_objects as go

    for slug in KINDS:
        go.Figure(figure_of(drawn[slug]))


def test_charts_use_few_colours_and_tell_groups_apart_by_marker_too(real: catalog.Catalog) -> None:
    for slug in KINDS:
        scene = charts(real)[slug].build(real)
        marks = [mark for panel in scene.panels for mark in panel.marks]
        assert len({mark.colour for mark in marks} - NEUTRAL) <= 8
        strong = {
            (mark.colour, mark.marker) for mark in marks if mark.role == "highlight" and slug != "frontier-over-time"
        }
        assert len({marker for _, marker in strong}) == len(strong)


def test_metadata_cites_the_chart_and_its_sources(real: catalog.Catalog, drawn: dict[str, ChartOutput]) -> None:
    metadata = drawn["gmacs-accuracy"].metadata

    assert "multiply-accumulates" in metadata.convention
    board = real.leaderboard()
    used = real.sources[real.sources["source"].isin({*board["source"], *board["cost_source"]})]
    assert metadata.as_of == used["published_at"].max() <= real.as_of
    assert "huggingface/pytorch-image-models at " in metadata.source
    assert metadata.slug in metadata.citation and metadata.as_of in metadata.citation
    assert metadata.bibtex.startswith("@misc{") and metadata.bibtex.count("{") == metadata.bibtex.count("}")
    listed = json.loads((drawn["gmacs-accuracy"].files["svg"].parent / INDEX).read_text(encoding="utf-8"))
    assert [entry["slug"] for entry in listed] == list(drawn)


def test_every_chart_is_cited_under_the_authors_one_name_and_the_year_it_was_drawn(
    real: catalog.Catalog, drawn: dict[str, ChartOutput]
) -> None:
    for output in drawn.values():
        assert "author = {{The Backbone Survey authors}}," in output.metadata.bibtex
        assert f"year = {{{real.refreshed[:4]}}}," in output.metadata.bibtex


def test_tex_is_balanced_and_escaped(drawn: dict[str, ChartOutput]) -> None:
    for output in drawn.values():
        source = text_of(output, "tex")
        bare = re.sub(r"\\[{}]", "", source)
        assert bare.count("{") == bare.count("}")
        assert source.count(r"\begin{axis}") == source.count(r"\end{axis}") >= 1
        assert not re.search(r"(?<!\\)_", re.sub(r"\\usetikzlibrary.*", "", source)), "an underscore is not escaped"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("wrapped", [False, True], ids=["alone", "input"])
def test_tex_compiles(drawn: dict[str, ChartOutput], tmp_path: Path, wrapped: bool) -> None:
    source = drawn["robustness" if wrapped else "throughput-accuracy"].files["tex"]
    shutil.copy(source, tmp_path / "chart.tex")
    paper = r"\documentclass{article}\usepackage{pgfplots}\begin{document}\input{chart}\end{document}"
    (tmp_path / "paper.tex").write_text(paper, encoding="utf-8")

    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex" if wrapped else "chart.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    assert run.returncode == 0, run.stdout[-2000:]


def test_a_family_is_drawn_against_the_frontier(real: catalog.Catalog) -> None:
    chart = family_chart(real, "convnext")

    assert chart is not None
    root = ElementTree.fromstring(chart.svg)
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert "ConvNeXt against the frontier" in texts
    assert any("convnext_" in str(text) for text in texts)
    assert len(chart.svg) < 40_000
    assert {trace["type"] for trace in json.loads(chart.figure)["data"]} == {"scatter"}
    assert family_chart(real, "no-such-family") is None


def test_the_command_draws_one_chart_and_lists_it(backbones: Callable[..., Any], tmp_path: Path) -> None:
    outcome = backbones("charts", "--only", "original-survey", "--output", tmp_path, "--json")

    assert outcome.status == 0
    (listed,) = json.loads(outcome.out)
    assert Path(listed["files"]["svg"]) == tmp_path / "original-survey.svg"


def test_an_unknown_chart_is_wrong_usage_and_the_nearest_is_named(
    real: catalog.Catalog, backbones: Callable[..., Any], tmp_path: Path
) -> None:
    with pytest.raises(UnknownChartError, match="did you mean params-accuracy"):
        draw_all(real, tmp_path, ["parms-accuracy"])

    assert backbones("charts", "--only", "parms-accuracy", "--output", tmp_path).status == 2


def test_weights_whose_teacher_saw_more_are_a_group_of_their_own() -> None:
    assert train_group("ImageNet-1K, teacher saw more") not in (train_group("ImageNet-1K only"), TRAIN_GROUPS[-1])
