"""The real upstream files go through whole: exact counts, as the mirror of 2026-11-20 holds them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pandas as pd
import pytest

import catalog
from catalog import Catalog
from catalog.checks import check
from catalog.results_file import DIRECTORY
from scrapers.local_results import address

pytestmark = pytest.mark.mirror

HEAD = "raw.githubusercontent.com/huggingface/pytorch-image-models/aa4b5850c1543fa488abf260f18390eda46cf85d/results"
COMPARED = (
    "evaluations",
    "costs",
    "measurements",
    "layer_measurements",
    "environments",
    "models",
    "families",
    "survey_rows",
    "second_opinions",
    "quarantine",
    "history",
)
NEWEST = "rtx-pro-6000-blackwell-max-q-amp-nchw-pt2.9.1-cu13.0"


@pytest.fixture(scope="module")
def refreshed(upstream: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    from backbones.refresh import refresh
    from scrapers.client import MirrorClient

    data = tmp_path_factory.mktemp("upstream") / "data"
    report = refresh(MirrorClient(upstream), data, "2026-11-20", [], quiet=True)
    assert not report.errors
    return catalog.load(data)


def measured(c: Catalog, dataset: str = "imagenet") -> pd.DataFrame:
    return c.evaluations[(c.evaluations["dataset"] == dataset) & (c.evaluations["kind"] == "measured upstream")]


def test_every_accuracy_row_is_there(refreshed: Catalog) -> None:
    counts = refreshed.evaluations[refreshed.evaluations["kind"] == "measured upstream"]["dataset"].value_counts()
    assert len(counts) == 8 and set(counts) == {1556}
    assert refreshed.models["origin"].value_counts()["timm"] == 1267  # 1266 on ImageNet, one on ImageNet-A alone


def test_every_row_read_is_accepted_or_quarantined(refreshed: Catalog, upstream: Path) -> None:
    sources = refreshed.sources
    assert (sources["rows_read"] == sources["rows_accepted"] + sources["rows_quarantined"]).all()
    by_source = sources.set_index("source")["rows_read"]
    for path in sorted((upstream / HEAD).glob("*.csv")):
        if path.name != "model_metadata-in1k.csv":
            with path.open(newline="") as file:
                assert by_source[f"timm/{path.stem}"] == sum(1 for _ in csv.reader(file)) - 1


def test_every_benchmark_file_became_an_environment(refreshed: Catalog, upstream: Path) -> None:
    files = list((upstream / HEAD).glob("benchmark-*.csv"))
    environments = refreshed.environments[refreshed.environments["origin"] == "timm"]
    assert len(files) == len(environments) == 22
    assert environments["kind"].value_counts().to_dict() == {"gpu": 19, "cpu": 3}
    assert refreshed.measurements["environment"].isin(environments["environment"]).sum() == 30_102


def test_every_results_file_measured_here_is_a_source_and_every_environment_of_it_is_timed(refreshed: Catalog) -> None:
    sources = refreshed.sources[refreshed.sources["scraper"] == "local"]
    assert set(sources["url"]) == {address(path) for path in DIRECTORY.rglob("*.csv")}
    environments = refreshed.environments.loc[refreshed.environments["origin"] == "here", "environment"]
    timed = {*refreshed.measurements["environment"], *refreshed.layer_measurements["environment"]}
    assert set(environments) <= timed
    ours = refreshed.measurements[refreshed.measurements["implementation"] == "backbone-survey"]
    assert set(ours["architecture"]) <= set(refreshed.implementations["variant"])


def test_families_train_sets_and_papers(refreshed: Catalog) -> None:
    rows = measured(refreshed).merge(refreshed.models, on="model").merge(refreshed.architectures, on="architecture")
    assert len(rows) == 1556 and not (rows["family"] == "unclassified").any()
    assert rows["family"].nunique() == 132
    assert rows["train_set"].value_counts().to_dict() == {
        "ImageNet-1K only": 1210,
        "ImageNet-1K, teacher saw more": 8,
        "ImageNet-21K/22K": 188,
        "ImageNet-12K": 64,
        "web image-text": 41,
        "web-scale weak/self-supervised": 31,
        "JFT-300M": 10,
        "merged 30M/38M": 4,
    }
    links = refreshed.paper_links[refreshed.paper_links["role"] == "architecture"]
    assert (rows["family"].isin(links["target"]) | rows["architecture"].isin(links["target"])).sum() >= 1470


def test_a_name_given_to_other_weights_leaves_its_past_behind(refreshed: Catalog) -> None:
    events = refreshed.history[refreshed.history["model"].str.startswith("tnt_s_")]
    assert set(events.loc[events["date"] < "2025", "model"]) == {"tnt_s_legacy_patch16_224.in1k"}
    assert set(events.loc[events["params_m"] == 23.77, "model"]) == {"tnt_s_patch16_224.in1k"}
    timed = refreshed.measurements[refreshed.measurements["architecture"].str.startswith("tnt_s_")]
    assert (timed.groupby("architecture")["params_m"].nunique() == 1).all()
    assert len(timed) == 30 and "same-architecture" not in set(
        refreshed.quarantine.loc[refreshed.quarantine["raw"].str.startswith("tnt_s"), "rule"]
    )


def test_every_measured_row_has_a_cost_at_its_own_size(refreshed: Catalog) -> None:
    rows = refreshed.leaderboard(reported=False)
    assert len(rows) == 1556 and rows["gmacs"].notna().all()
    assert (rows["cost_note"] != "estimated").all()
    vit = rows[(rows["architecture"] == "vit_base_patch16_224") & (rows["img_size"] == 224)]
    assert set(vit["gmacs"]) == {17.58}  # 16.87 in the files that do not count fused attention
    mobileone = rows[rows["architecture"] == "mobileone_s0"].iloc[0]
    assert (mobileone["params_m"], mobileone["gmacs"], mobileone["cost_note"]) == (5.29, 1.09, "")


def test_frontiers(refreshed: Catalog) -> None:
    rows = refreshed.leaderboard(environment=NEWEST)
    assert (rows["pareto_params"].sum(), rows["pareto_gmacs"].sum(), rows["pareto_speed"].sum()) == (34, 36, 35)
    assert not rows.loc[rows["evidence"] == "reported by a paper", ["pareto_params", "pareto_gmacs"]].any().any()
    assert not rows.loc[rows["speed_note"] == "other network", "pareto_speed"].any()  # efficientvit_m0 would be on it


def test_our_top1_differences_are_upstreams(refreshed: Catalog, upstream: Path) -> None:
    for stem, dataset in {
        "results-imagenet-real": "imagenet-real",
        "results-imagenet-a": "imagenet-a",
        "results-sketch": "imagenet-sketch",
    }.items():
        theirs = pd.read_csv(upstream / HEAD / f"{stem}.csv", usecols=["model", "img_size", "top1_diff"])
        both = measured(refreshed, dataset).merge(theirs, on=["model", "img_size"], suffixes=("", "_theirs"))
        both = both.dropna(subset=["top1_diff_theirs"])
        assert ((both["top1_diff"] - both["top1_diff_theirs"].astype("float64")).abs() < 0.0015).all()


def test_history_of_28_revisions(refreshed: Catalog) -> None:
    history = refreshed.history
    assert history["sequence"].max() == 28
    assert history["date"].min() == "2020-02-01" and history["date"].max() == "2025-10-30"
    last = history[history["sequence"] == 28]
    assert (last["event"] == "removed").sum() == 0  # the three that went away were renamed
    assert (last["event"] == "added").sum() == 113
    state = history.sort_values("sequence").drop_duplicates(["model", "img_size"], keep="last")
    assert (state["event"] != "removed").sum() == 1556


def test_the_surveys_rows(refreshed: Catalog, upstream: Path) -> None:
    survey = refreshed.survey_rows
    assert len(survey) == 243 and survey["method"].nunique() == 43
    assert survey["match"].value_counts().to_dict() == {"none": 144, "exact": 74, "variant": 25}
    assert (refreshed.corrections["state"] != "stopped").all()


def test_the_readme_of_the_survey_resolves_to_papers(upstream: Path) -> None:
    from scrapers.client import MirrorClient
    from scrapers.original_survey import OriginalSurvey

    scraper = OriginalSurvey()
    readme = next(file for file in scraper.fetch(MirrorClient(upstream)).files if file.source == "survey/readme")
    parsed = scraper.parse(readme)
    assert len(parsed.records) == 42 and not parsed.problems


def test_the_checks_find_what_is_known_and_no_error(refreshed: Catalog) -> None:
    problems = check(refreshed.frames)
    assert not [problem for problem in problems if problem.severity == "error"]
    counts = pd.Series([problem.rule for problem in problems]).value_counts()
    assert counts["same-keys"] == 2  # resnet50.tv_in1k and resmlp_24_224.fb_dino on ImageNet-A
    assert "sorted" not in counts and "same-params" not in counts and "rate-times-step" not in counts


def test_the_flat_table(refreshed: Catalog) -> None:
    flat = pd.read_csv(refreshed.data / "backbone_performance.csv")
    assert list(flat.columns[:8]) == ["Date", "TrainSet", "Method", "Size", "Model", "Params(M)", "FLOPs(B)", "Acc"]
    assert not flat.duplicated(["Key", "Size"]).any()
    assert flat["Evidence"].value_counts()["measured upstream"] == 1556
    assert flat[["Method", "Model", "Size", "Params(M)", "FLOPs(B)", "Acc"]].notna().all().all()
    assert set(flat["Method"]) >= {"Swin", "ViT", "CSWin", "PVTv2"}
    assert (flat["Date"] != "-").mean() > 0.98
    assert flat["Date"].astype("str").str.fullmatch(r"-|\d{4}(-\d\d-\d\d)?").all()
    assert not flat.astype("str").apply(lambda column: column.str.match(re.compile(r"[=+@]"))).any().any()


def test_the_committed_tables_are_those_of_the_mirror(refreshed: Catalog) -> None:
    committed = catalog.load()
    for name in COMPARED:
        theirs, ours = getattr(committed, name), getattr(refreshed, name)
        pd.testing.assert_frame_equal(theirs, ours, check_exact=True)


def test_what_was_set_aside_is_kept_as_it_stands_upstream(refreshed: Catalog, upstream: Path) -> None:
    aside = refreshed.quarantine.merge(refreshed.sources[["source", "url"]], on="source")
    aside = aside[aside["url"].str.startswith("https://raw.githubusercontent.com/")]
    assert len(aside) > 390
    for url, rows in aside.groupby("url"):
        lines = (upstream / url.removeprefix("https://")).read_text(encoding="utf-8-sig").splitlines()
        assert [lines[line - 1] for line in rows["line"]] == rows["raw"].tolist()


def test_accuracies_are_dated_by_their_files_own_newest_commit(refreshed: Catalog) -> None:
    published = refreshed.sources.set_index("source")["published_at"]
    assert published["timm/results-imagenet"] == "2025-10-30"
    assert published["timm/benchmark-infer-amp-nchw-pt291-cu130-5090"] == "2026-01-06"
