"""Evaluations are stored one figure a row; the accuracies of a result beside each other are a view of them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import catalog
from catalog.checks import check
from catalog.schema import TABLES
from catalog.scores import differences_to_imagenet, evaluations_of, protocols, scores_of
from catalog.store import table_bytes, write_files, write_tables
from catalog.vocabulary import PROTOCOL_OF_EVIDENCE, RANKED_EVIDENCE
from tests.catalog.rows import evaluation, table

BOX_AP = {"model": "net.a", "task": "detection", "dataset": "coco", "img_size": 800, "metric": "box_ap", "value": 46.0}
BOX_AP |= {"protocol": "mask-rcnn-1x", "source": "s/imagenet", "line": 2}


def accuracies(*rows: dict) -> pd.DataFrame:
    return differences_to_imagenet(table("evaluations", *rows))


def test_a_figure_is_a_row_with_its_task_metric_and_protocol() -> None:
    scores = scores_of(accuracies(evaluation("net.a", 80.0, top5=95.0, top1_low=79.7, top1_high=80.3)))
    columns = ["task", "dataset", "metric", "value", "low", "high", "protocol"]
    shown = scores[columns].astype(object).where(scores[columns].notna(), None).values.tolist()
    assert shown == [
        ["classification", "imagenet", "top1", 80.0, 79.7, 80.3, "single-crop"],
        ["classification", "imagenet", "top5", 95.0, None, None, "single-crop"],
    ]


def test_the_view_of_what_a_view_was_stored_as_is_that_view() -> None:
    view = accuracies(
        evaluation("net.a", 80.0, top5=95.0, crop_pct=0.9, interpolation="bicubic", params_m=10.0, line=3),
        evaluation("net.a", 70.0, "imagenetv2", top5=None, line=4),
        evaluation("net.b", 81.0, kind="reported by a paper", gmacs=2.0, corrected=True, source="a/paper"),
    )
    again = evaluations_of(scores_of(view))
    assert table_bytes(TABLES["evaluations"], again) == table_bytes(TABLES["evaluations"], view)
    assert again.set_index("dataset").loc["imagenetv2", "top1_diff"] == -10.0


def test_a_figure_of_another_task_is_a_row_and_stays_one() -> None:
    before = table("scores", BOX_AP)
    scores = scores_of(accuracies(evaluation("net.a", 80.0)), before)
    assert scores["metric"].tolist() == ["top1", "box_ap"]
    assert evaluations_of(scores)["top1"].tolist() == [80.0]


def test_the_committed_figures_are_those_of_the_view() -> None:
    c = catalog.load()
    shown = c.scores[c.scores["task"] == "classification"]
    assert len(shown) == int(c.evaluations[["top1", "top5"]].notna().sum().sum())
    assert set(shown["protocol"]) == {PROTOCOL_OF_EVIDENCE[kind] for kind in c.evaluations["kind"]}


def test_what_a_changed_view_shows_is_what_is_written(tmp_path: Path) -> None:
    write_tables({"evaluations": accuracies(evaluation("net.a", 80.0))}, tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == ["scores.csv"]
    assert catalog.load(tmp_path).evaluations["top1"].tolist() == [80.0]


def test_tables_of_before_the_scores_are_read_as_they_stand(tmp_path: Path) -> None:
    view = accuracies(evaluation("net.a", 80.0))
    write_files({"evaluations.csv": table_bytes(TABLES["evaluations"], view)}, tmp_path)
    assert catalog.load(tmp_path).evaluations["top1"].tolist() == [80.0]


def test_exactly_the_evidence_of_a_ranked_protocol_is_ranked() -> None:
    ranked = protocols().set_index("protocol")["ranked"]
    assert tuple(kind for kind, protocol in PROTOCOL_OF_EVIDENCE.items() if ranked[protocol]) == RANKED_EVIDENCE


def test_a_figure_that_is_none_of_its_protocol_is_an_error() -> None:
    frames = {name: schema.empty() for name, schema in TABLES.items()}
    for name in ("sources", "families", "architectures", "models"):
        frames[name] = table(name, {"source": "s/imagenet", "rows_read": 0, "rows_accepted": 0, "rows_quarantined": 0})
    frames["models"]["model"] = "net.a"
    detection = {"protocol": "mask-rcnn-1x", "task": "detection", "dataset": "coco", "metrics": "box_ap;mask_ap"}
    frames["protocols"] = table("protocols", detection)
    for wrong in ({}, {"metric": "top1"}, {"task": "classification"}, {"dataset": "imagenet"}):
        frames["scores"] = table("scores", BOX_AP | wrong)
        found = [problem.rule for problem in check(frames) if problem.severity == "error"]
        assert found == (["protocol"] if wrong else []), wrong
