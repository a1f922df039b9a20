"""Speeds measured here: from a file of results to pages, charts, feed, API and downloads; and a site without any."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import feedparser
import pytest
from generator.benchmarks import Benchmarks
from generator.build import build
from generator.charts import charts, draw_all
from generator.charts.speeds import speed_charts
from generator.facts import Facts
from generator.headlines import headlines
from generator.pages import benchmarks
from generator.pages.models import speed_table
from generator.pages.regional_compilation import regional_tables
from generator.render import cost, environment, figure
from generator.runs import ratio
from site_checks import broken_links, external_assets, faults

import catalog
from catalog.ratios import speed_ratio
from tests.site.local_results import FILE, FLOOR_S

BACKBONE = "vit_base_patch16_224"
REGIONAL = "vit_large_patch16_224"


@pytest.fixture(scope="module")
def facts(measured_tables: Path) -> Facts:
    return Facts(catalog.load(measured_tables))


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_who_has_no_words_of_its_own_goes_by_its_name(facts):
    run = replace(facts.benchmarks.models[0], implementation="another-library", runtime="another-runtime")
    assert (run.name, run.runtime_name, run.short_runtime) == ("another-library", "another-runtime", "another-runtime")
    assert run.is_keras_rival and not replace(run, implementation="timm").is_keras_rival


def test_the_pages_are_sound_and_lead_nowhere_wrong(measured_site):
    pages = measured_site.pages
    assert {
        f"implementations/{name}/index.html" for name in (BACKBONE, REGIONAL, "layers", "regional-compilation")
    } <= set(pages)
    assert "methodology/benchmarks/index.html" in pages
    assert broken_links(measured_site.public, pages)[:20] == []
    assert {name: found for name, text in pages.items() if (found := faults(text) + external_assets(text))} == {}


def test_a_backbones_page_shows_every_run_with_its_line_and_parity(measured_site, facts):
    html = measured_site.pages[f"implementations/{BACKBONE}/index.html"]
    runs = [run for found in facts.benchmarks.by_workload[BACKBONE].values() for run in found]
    assert {run.subject for run in runs} >= {"backbone-survey:tf-xla", "timm:openvino", "keras-hub:tf-graph"}
    for run in runs:
        line = f'{run.source.removeprefix("local/")}.csv#L{run.line}"'
        row = next(row for row in html.split("<tr") if line in row and f">{run.runtime_name}</td>" in row)
        assert f">{cost(run.images_per_s)}</a>" in row
        assert f"{run.parity_error:.1e}" in row
        others = (figure(run.peak_memory_mb, 0), figure(run.compile_s, 1), figure(run.cold_start_s, 1))
        assert all(f">{text}</td>" in row for text in others)
        assert f"{cost(run.p10_ms)}–{cost(run.p90_ms)}" in row


def test_every_condition_is_named_over_its_runs(measured_site, facts):
    html = measured_site.pages[f"implementations/{BACKBONE}/index.html"]
    for condition in facts.benchmarks.by_workload[BACKBONE]:
        assert condition.words == f"batch {condition.batch_size}, {condition.precision}, 2 threads, AMD EPYC"
        assert f"{BACKBONE}, {condition.words}." in html
    assert "avx512_bf16" in html and "Debian GNU/Linux 12" in html and "oneDNN on" in html


def test_ratios_are_of_turns_with_their_interval(facts):
    line = next(one for one in headlines(facts.benchmarks)[BACKBONE] if one.condition.batch_size == 1)
    found = line.eager
    assert (line.condition.precision, found.rival.subject) == ("fp32", "timm:torch")
    expected = speed_ratio(line.ours.rounds_ms, found.rival.rounds_ms)
    assert (found.ratio.value, found.ratio.low, found.ratio.high) == (expected.median, expected.low, expected.high)
    assert found.ratio.low < found.ratio.value < found.ratio.high


def test_a_run_that_was_measured_again_keeps_its_turns_beside_the_others(facts):
    line = next(one for one in headlines(facts.benchmarks)[BACKBONE] if one.condition.batch_size == 8)
    found = line.eager
    assert found.rival.comparison == "later"
    assert len(found.rival.turns) == 2
    shared = found.rival.turns[line.ours.source, line.ours.comparison]
    assert found.ratio.value == speed_ratio(line.ours.rounds_ms, shared).median
    assert line.ours.images_per_s / found.rival.images_per_s > found.ratio.high  # the later run is a tenth slower


def test_a_ratio_that_points_against_its_rates_says_so_where_it_stands(facts):
    line = next(one for one in headlines(facts.benchmarks)[BACKBONE] if one.condition.batch_size == 8)
    ours, rival = line.ours, line.eager.rival
    turned = replace(ours, images_per_s=rival.images_per_s / 2, turns={("s", "c"): (10.0, 10.0, 11.0)})
    beside = replace(rival, turns={("s", "c"): (12.0, 12.0, 12.0)})
    show = environment().from_string('{% import "benchmark_parts.html" as bench %}{{ bench.times(ratio) }}').render
    assert ratio(turned, beside).value > 1 > ratio(turned, beside).rates
    assert "turn by turn</abbr>" in show(ratio=ratio(turned, beside))
    same_way = ratio(replace(turned, images_per_s=rival.images_per_s * 2), beside)
    assert not same_way.against_the_rates and "turn by turn" not in show(ratio=same_way)


def test_runs_of_two_comparisons_have_a_ratio_without_interval(facts):
    one, other = [run for run in facts.benchmarks.models if run.subject == "timm:torch"][:2]
    assert one.comparison != other.comparison
    found = ratio(one, other)
    assert found.value == one.images_per_s / other.images_per_s
    assert found.low is None and found.high is None


def test_the_best_of_ours_stands_against_the_best_of_each_kind(facts):
    for lines in headlines(facts.benchmarks).values():
        for line in lines:
            runs = facts.benchmarks.by_workload[line.condition.workload][line.condition]
            assert line.ours.images_per_s == max(
                run.images_per_s for run in runs if run.is_ours and run.runtime.startswith("tf-")
            )
            if line.keras:
                rivals = [run for run in runs if run.implementation not in ("backbone-survey", "timm")]
                assert line.keras.rival.images_per_s == max(run.images_per_s for run in rivals)


def test_the_share_of_the_peak_is_of_the_same_precision(facts):
    benchmarks = facts.benchmarks
    for lines in headlines(benchmarks).values():
        for line in lines:
            peak = benchmarks.peak(line.ours)
            assert peak.source == line.ours.source
            assert peak.condition.precision == line.condition.precision
            assert 0 < line.share <= 1.0


def test_the_overview_leads_to_every_backbone(measured_site, facts):
    html = measured_site.pages["implementations/index.html"]
    for name in facts.benchmarks.by_workload:
        assert f'href="../implementations/{name}/"' in html
    best = headlines(facts.benchmarks)[BACKBONE][0]
    assert f"{figure(best.eager.ratio.value, 2)}×" in html


def test_pages_of_weights_and_families_lead_there(measured_site, facts):
    (model, *_) = facts.models_by_architecture[BACKBONE]
    assert f'href="../../implementations/{BACKBONE}/"' in measured_site.pages[f"models/{model.model}/index.html"]
    assert f'href="../../implementations/{BACKBONE}/"' in measured_site.pages["families/vit/index.html"]
    own = [line for line in speed_table(facts, BACKBONE).lines if line[0].origin == "here"]
    assert own == []  # several implementations would stand in one line


def test_what_was_tried_and_not_timed_is_told_with_the_reason(measured_site):
    html = measured_site.pages[f"implementations/{BACKBONE}/index.html"]
    assert "Tried and not timed: 2 runs" in html
    assert "timm, ONNX Runtime, batch 8, bf16, AMD EPYC: ONNX Runtime has no bf16 kernels on the processor" in html


def test_layers_have_their_page(measured_site):
    text = text_of(measured_site.pages["implementations/layers/index.html"])
    assert "self-attention-768x12x197, batch 8, fp32, 2 threads, AMD EPYC." in text
    assert "image-processing-640x480" in text and "Pillow" in text
    assert "trivial-function" not in text
    assert re.search(r"The fastest reaches \d+ % of the machine's peak in fp32", text)


def test_regional_compilation_is_told_from_rows_alone(measured_site, facts):
    (table,) = regional_tables(facts)
    lines = {line.run.runtime: line for line in table.lines}
    whole, blocks, saved = (lines[name] for name in ("torch-compile", "torch-regional", "torch-regional-cached"))
    assert (table.condition.workload, table.floor_s) == (REGIONAL, FLOOR_S)
    assert whole.first_s == whole.run.compile_s + whole.run.step_ms / 1000
    assert blocks.earlier == whole.first_s / blocks.first_s
    assert blocks.earlier_above_floor == (whole.first_s - FLOOR_S) / (blocks.first_s - FLOOR_S)
    assert saved.earlier_above_floor is None  # sooner than the floor: there is nothing to compare
    html = measured_site.pages["implementations/regional-compilation/index.html"]
    assert f"{figure(blocks.earlier, 1)}×" in html and f"took {figure(FLOOR_S, 1)} s" in html
    assert all(f"<b>{figure(line.first_s, 2)}</b>" in html for line in (blocks, lines["torch"]))


def test_each_backbone_has_a_chart_in_every_format_with_all_runs(measured_tables, tmp_path, facts):
    c = facts.catalog
    slug = f"local-speed-{BACKBONE}-amd-epyc-2t"
    (output,) = draw_all(c, tmp_path, [slug], processes=1)
    assert output.metadata.group == "Measured here"
    assert output.metadata.as_of == "2026-11-21"
    table = output.files["csv"].read_text(encoding="utf-8").splitlines()
    runs = [run for found in facts.benchmarks.by_workload[BACKBONE].values() for run in found]
    assert len(table) == len(runs) + 1
    figure = json.loads(output.files["json"].read_text(encoding="utf-8"))
    points = [trace for trace in figure["data"] if trace["mode"] == "markers"]
    assert sum(len(trace["x"]) for trace in points) == len(runs)
    assert {trace["name"] for trace in points} >= {"ours, fp32", "ours, bf16", "timm, fp32", "other Keras/TF, fp32"}
    whiskers = [trace for trace in figure["data"] if trace["mode"] == "lines"]
    assert sum(len(trace["x"]) for trace in whiskers) == 3 * len(runs)  # two ends, and the pen is lifted
    again = draw_all(c, tmp_path / "again", [slug], processes=1)[0]
    assert {kind: path.read_bytes() for kind, path in output.files.items()} == {
        kind: path.read_bytes() for kind, path in again.files.items()
    }


def test_plotlys_own_classes_accept_the_chart(measured_tables, tmp_path, facts):
    import plotly.graph_objects as go

    (output, *_) = draw_all(facts.catalog, tmp_path, [speed_charts(facts.catalog)[0].slug], processes=1)
    go.Figure(json.loads(output.files["json"].read_text(encoding="utf-8")))


def test_the_files_can_be_downloaded_as_they_were_written(measured_site, measured_tables):
    raw = measured_site.public / "data" / "results" / FILE
    assert raw.read_bytes() == (measured_tables.parent / "results" / FILE).read_bytes()
    assert f'href="../data/results/{FILE}"' in measured_site.pages["data/index.html"]
    assert f'href="../../data/results/{FILE}"' in measured_site.pages[f"implementations/{BACKBONE}/index.html"]


def test_news_and_feed_tell_of_each_file(measured_site):
    entries = feedparser.parse((measured_site.public / "feed.xml").read_bytes()).entries
    told = [entry for entry in entries if "measured here" in entry.title]
    assert [entry.title[:10] for entry in told] == ["2026-11-21", "2026-11-20"]
    assert BACKBONE in told[1].title
    for entry in told:
        assert f'id="{entry.id.rpartition("#")[2]}"' in measured_site.pages["whats-new/index.html"]


def test_the_api_has_every_condition_with_runs_and_ratios(measured_site, facts):
    api = json.loads((measured_site.public / "api" / "v1" / "benchmarks.json").read_text(encoding="utf-8"))
    runs = [run for condition in api["conditions"] for run in condition["runs"]]
    assert len(runs) == len(facts.benchmarks.models) + len(facts.benchmarks.layers)
    assert all(run["source"].startswith("local/") and run["line"] > 1 for run in runs)
    of_backbone = next(one for one in api["conditions"] if one["workload"] == BACKBONE)
    assert {one["to"] for one in of_backbone["ratios"]} >= {"timm:torch", "timm:openvino"}
    assert all(one["low"] <= one["ratio"] <= one["high"] for one in of_backbone["ratios"])


def test_the_leaderboard_offers_environments_measured_here(measured_site):
    core = json.loads((measured_site.public / "leaderboard" / "data" / "core.json").read_text(encoding="utf-8"))
    here = [one for one in core["environments"] if one["origin"] == "here"]
    assert any(one["label"].endswith(", ours") for one in here) and any(one["label"].endswith(", timm") for one in here)
    assert core["environments"][0]["origin"] == "timm"  # the one that covers the most is shown unasked


@pytest.mark.parametrize("runtime", ["openvino", "tf-graph"])
def test_machines_that_call_themselves_alike_are_told_apart_whichever_is_read_first(facts, runtime):
    environments = facts.catalog.environments.copy()
    here = environments["origin"] == "here"
    environments.loc[here & (environments["runtime"] == runtime), "processor_flags"] = "avx2"
    other = catalog.load(facts.catalog.data)
    other.environments = environments
    machines = Benchmarks(other).machines
    assert set(machines) == {"amd-epyc-2t", "amd-epyc-2t-38c40dfb"}
    assert {run.runtime for run in machines["amd-epyc-2t-38c40dfb"]} == {runtime}


def test_no_key_of_an_environment_leads_out_of_the_folder_of_charts(facts):
    environments, measurements = facts.catalog.environments.copy(), facts.catalog.measurements.copy()
    for table in (environments, measurements):
        table["environment"] = "../../../" + table["environment"]
    other = catalog.load(facts.catalog.data)
    other.environments, other.measurements = environments, measurements
    slugs = list(charts(other))
    assert any(slug.startswith("throughput-accuracy") for slug in slugs)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", slug) for slug in slugs)


def test_hostile_names_of_machines_stay_text(facts, tmp_path):
    hostile = "<script>alert(1)</script> [x](javascript:alert(1)) `x`"
    environments = facts.catalog.environments.copy()
    here = environments["origin"] == "here"
    for column in ("device", "os", "libraries", "switches", "processor_flags"):
        environments.loc[here, column] = hostile
    other = catalog.load(facts.catalog.data)
    other.environments = environments
    benchmarks.write(Facts(other), tmp_path)
    (machine,) = Benchmarks(other).machines
    assert re.fullmatch(r"[a-z0-9-]+", machine)
    html = (tmp_path / "implementations" / BACKBONE / "index.md").read_text(encoding="utf-8")
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert not re.search(r"^[#*>|-].*javascript:", html, re.MULTILINE)  # no Markdown line holds it


def test_without_rows_the_pages_say_so_and_how_to_make_some(small_site):
    for name in ("implementations", "implementations/layers", "implementations/regional-compilation"):
        text = text_of(small_site.pages[f"{name}/index.html"])
        assert "make bench" in text
        assert re.search(r"(has been (measured|timed) here yet|not been timed here yet)", text)
    assert "0 runs of 0 backbones" in text_of(small_site.pages["methodology/benchmarks/index.html"])
    assert "None yet" in small_site.pages["methodology/benchmarks/index.html"]
    assert speed_charts(small_site.catalog) == []
    assert json.loads((small_site.public / "api" / "v1" / "benchmarks.json").read_text())["count"] == 0


def test_two_builds_are_the_same_bytes(measured_site, measured_tables, tmp_path, only_local_charts):
    again = tmp_path / "public"
    build(catalog.load(measured_tables), again, work=tmp_path / "work")
    for path in sorted(again.rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (measured_site.public / path.relative_to(again)).read_bytes(), path
