"""What was measured here becomes rows with their conditions and places, and is kept as upstream's rows are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from catalog import Catalog
from catalog.checks import check
from catalog.merge import Merged, without_local
from catalog.results_file import Result
from catalog.runs import COLUMN
from catalog.schema import TABLES
from catalog.store import table_bytes
from tests.catalog.local_rows import Frames, accuracy_here, add_local, product, run, tables, write

FIXTURE = Path(__file__).parents[1] / "fixtures" / "results"
IN_FIXTURE = (
    "vit_small_patch16_224",
    "vit_base_patch16_224",
    "vit_large_patch16_224",
    "swin_tiny_patch4_window7_224",
    "swinv2_tiny_window8_256",
)


def content(frames: Frames) -> dict[str, bytes]:
    return {name: table_bytes(TABLES[name], frames[name]) for name in TABLES}


def add(folder: Path, before: Frames | None = None, accepted: tuple[str, ...] = ()) -> Merged:
    """The results of a folder, added to tables."""
    return add_local(before or tables(), folder, accepted)


def errors(merged: Merged) -> list[str]:
    """What backbones check would refuse."""
    return [str(problem) for problem in check(merged.frames) if problem.severity == "error"]


def local(merged: Merged, name: str) -> pd.DataFrame:
    frame = merged.frames[name]
    return frame[frame["source"].str.startswith("local/")]


def said(merged: Merged) -> list[str]:
    return [str(problem) for problem in merged.problems]


def test_a_run_is_a_row_with_all_its_conditions_and_its_line(tmp_path: Path) -> None:
    write(tmp_path, "epyc", product(), run(note="batch lowered from 16: out of memory"))
    merged = add(tmp_path)
    (row,) = local(merged, "measurements").to_dict("records")
    expected = {
        "architecture": "net",
        "img_size": 224,
        "environment": "amd-epyc-2t-fp32-nhwc-tf2.21.0-47215568",
        "mode": "infer",
        "implementation": "backbone-survey",
        "batch_size": 8,
        "images_per_s": 80.0,
        "step_ms": 100.0,
        "p10_ms": 98.0,
        "p90_ms": 105.0,
        "compile_s": 2.0,
        "cold_start_s": 6.0,
        "peak_memory_mb": 900.0,
        "params_m": 10.0,
        "gmacs": 2.0,
        "parity_error": 1e-6,
        "parity_tolerance": 5e-6,
        "comparison": "net-224-b8-fp32-2t-1",
        "rounds_ms": "101 99 100 100.5",
        "note": "batch lowered from 16: out of memory",
        "source": "local/epyc",
        "line": 3,
    }
    assert row == expected
    (environment,) = merged.frames["environments"].query("environment == @row['environment']").to_dict("records")
    assert environment["label"] == "AMD EPYC, 2 threads (fp32, NHWC, TensorFlow 2.21.0, 47215568)"
    assert (environment["origin"], environment["threads"], environment["memory_gb"]) == ("here", 2, 25.3)
    assert environment["processor_flags"] == "avx2 avx512f" and environment["switches"] == "oneDNN on"


def test_a_layer_goes_to_its_own_table_and_into_no_other(tmp_path: Path) -> None:
    write(tmp_path, "epyc", product())
    merged = add(tmp_path)
    (row,) = local(merged, "layer_measurements").to_dict("records")
    assert (row["layer"], row["gmacs"], row["line"]) == ("matrix-product-2048", 8.0, 2)
    assert row["environment"].startswith("amd-epyc-2t-fp32-tf2.21.0-")
    assert local(merged, "measurements").empty and merged.frames["costs"].empty


def test_the_source_is_the_file_as_it_stands_and_the_newest_upstream_day_is_not_touched(tmp_path: Path) -> None:
    write(tmp_path, "epyc", product(), run(measured_at="2026-12-24T18:00:00Z"), run(status="failed", note="no"))
    merged = add(tmp_path)
    (source,) = local(merged, "sources").to_dict("records")
    assert (source["scraper"], source["retrieved_at"], source["state"]) == ("local", "2026-12-24", "current")
    assert (source["rows_read"], source["rows_accepted"], source["rows_quarantined"]) == (3, 3, 0)
    assert source["url"] == f"{tmp_path.name}/epyc.csv" and len(source["sha256"]) == 64
    assert pd.isna(source["published_at"])


def test_a_file_of_this_repository_has_its_path_as_address() -> None:
    merged = add(FIXTURE, tables(*IN_FIXTURE))
    assert set(local(merged, "sources")["url"]) == {
        "tests/fixtures/results/amd-epyc-2026-11-20.csv",
        "tests/fixtures/results/evaluations/imagenet.csv",
    }


def test_a_whole_sweep_goes_through_without_a_finding() -> None:
    merged = add(FIXTURE, tables(*IN_FIXTURE))
    assert not merged.problems or {problem.rule for problem in merged.problems} == {"unknown-model"}
    assert len(local(merged, "measurements")) == 132 and len(local(merged, "layer_measurements")) == 12
    assert Counter(local(merged, "runs")["status"]) == {"ok": 144, "failed": 10} and not errors(merged)
    environments = merged.frames["environments"]
    assert (environments["origin"] == "here").sum() == 21


def test_adding_again_and_a_fresh_start_give_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path, "b-epyc", product(), run(), run(runtime="tf-xla"))
    write(tmp_path, "a-epyc", run(device="Other"), run(status="failed", note="killed"))
    write(tmp_path / "evaluations", "imagenet", accuracy_here())
    once = add(tmp_path)
    assert content(add(tmp_path, once.frames).frames) == content(once.frames)


def test_rows_of_others_are_not_touched_and_can_be_had_back(tmp_path: Path) -> None:
    write(tmp_path, "epyc", product(), run(), run(model="nobody"))
    write(tmp_path / "evaluations", "imagenet", accuracy_here())
    before = tables()
    assert content(without_local(add(tmp_path, before).frames)) == content(before)


def test_an_empty_or_missing_folder_changes_nothing(tmp_path: Path) -> None:
    before = tables()
    for folder in (tmp_path, tmp_path / "nowhere"):
        merged = add(folder, before)
        assert content(merged.frames) == content(before) and not merged.problems


@pytest.mark.parametrize(
    ("row", "rule", "detail"),
    [
        (run(status="odd"), "cell", "status is 'odd', expected ok|failed"),
        (run(measured_at="yesterday"), "cell", "measured_at is 'yesterday'"),
        (run(implementation="<b>me</b>"), "cell", "implementation is '<b>me</b>'"),
        (run(model="nobody"), "unknown-workload", "nobody is no architecture of the catalog"),
        (run(infer_img_size=None), "unknown-workload", "net has no image size and is no layer"),
        (run(runtime="abacus"), "unknown-runtime", "runtime is 'abacus', expected one of tf-graph"),
        (run(libraries="keras 3.15.1"), "no-version", "expected the version of tensorflow among them"),
        (run(kind="abacus"), "conditions", "kind is 'abacus', expected one of gpu, cpu"),
        (run(threads=0), "conditions", "threads is 0, expected at least 1"),
        (run(mode="think"), "range", "mode is 'think', expected one of infer, train"),
        (run(infer_samples_per_sec=-1.0), "range", "images_per_s is -1.0, expected more than 0"),
        (run(infer_samples_per_sec=None), "range", "images_per_s is blank, expected throughput"),
    ],
)
def test_what_is_no_good_run_is_set_aside_with_its_reason_and_the_others_stay(
    tmp_path: Path, row: object, rule: str, detail: str
) -> None:
    write(tmp_path, "epyc", product(), row, run())
    merged = add(tmp_path)
    (aside,) = local(merged, "quarantine").to_dict("records")
    assert (aside["rule"], aside["line"]) == (rule, 3) and detail in aside["detail"]
    assert aside["raw"].startswith(row.model + ",")
    assert local(merged, "measurements")["line"].tolist() == [4]
    (line,) = said(merged)
    assert f"{tmp_path.name}/epyc.csv:3: " in line and detail in line


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (run(status="failed", note="out of memory at batch 1", infer_samples_per_sec=None, libraries=""), "failed"),
        (run(note="disturbed: 2 runs at a time"), "disturbed"),
    ],
)
def test_a_run_whose_speed_does_not_count_is_a_run_and_no_measurement(tmp_path: Path, row: Result, status: str) -> None:
    write(tmp_path, "epyc", product(), row, run())
    merged = add(tmp_path)
    runs = local(merged, "runs")
    assert runs["status"].tolist() == ["ok", status, "ok"] and runs["note"].tolist()[1] == row.note
    assert local(merged, "measurements")["line"].tolist() == [4]
    assert local(merged, "quarantine").empty and not merged.problems and not errors(merged)


def test_a_run_has_all_that_its_line_says(tmp_path: Path) -> None:
    row = run(note="batch lowered from 16: out of memory")
    write(tmp_path, "epyc", row)
    (found,) = local(add(tmp_path), "runs").to_dict("records")
    said = {COLUMN.get(name, name): value for name, value in vars(row).items() if name != "format"}
    assert found == said | {"source": "local/epyc", "line": 2}


def test_the_same_run_measured_again_replaces_the_older_one(tmp_path: Path) -> None:
    older, newer = run(), run(measured_at="2026-11-21T13:00:00Z", infer_samples_per_sec=81.0, infer_step_time=98.7654)
    write(tmp_path, "epyc", product(), newer, older)
    merged = add(tmp_path)
    assert local(merged, "measurements")["line"].tolist() == [3]
    assert local(merged, "runs")["line"].tolist() == [2, 3, 4]
    assert not merged.problems


def test_one_run_in_two_comparisons_stands_in_both(tmp_path: Path) -> None:
    write(tmp_path, "epyc", product(), run(), run(comparison="net-224-b8-fp32-2t-2"))
    assert len(local(add(tmp_path), "measurements")) == 2


# Older rows.


def known(folder: Path) -> Merged:
    write(folder, "epyc", product(), *(run(infer_img_size=size) for size in range(32, 352, 32)))
    write(folder, "other", run(device="Other", rounds_ms=""))
    return add(folder)


def state(merged: Merged, source: str) -> str:
    return str(merged.frames["sources"].set_index("source")["state"].get(source))


def test_a_file_that_is_gone_keeps_its_rows_until_it_is_let_go(tmp_path: Path) -> None:
    before = known(tmp_path)
    (tmp_path / "epyc.csv").unlink()
    merged = add(tmp_path, before.frames)
    assert said(merged) == [
        "error: local/epyc: its file is gone; the rows known before are kept; if that is meant, refresh with --accept "
        "local/epyc [gone]"
    ]
    assert len(local(merged, "measurements")) == 11 and state(merged, "local/epyc") == "stale"
    assert not errors(merged)
    assert content(add(tmp_path, merged.frames).frames) == content(merged.frames)

    let_go = add(tmp_path, merged.frames, accepted=("local/epyc",))
    assert not let_go.problems and set(local(let_go, "sources")["source"]) == {"local/other"}
    assert set(local(let_go, "measurements")["source"]) == {"local/other"}
    assert set(let_go.frames["environments"]["device"]) == {"x", "Other"}
    assert not errors(let_go)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text.replace("rounds_ms,", "", 1), "column rounds_ms is missing"),
        (lambda text: text.replace(",1\n", ",2\n"), "results of format 2, expected 1"),
        (lambda text: text[: text.index("\n") + 1], "it holds no result that can be read"),
        (lambda text: text[: len(text) // 2], "4 good rows, expected about 11"),
    ],
)
def test_a_file_that_cannot_be_used_keeps_the_rows_known_before(tmp_path: Path, change: object, reason: str) -> None:
    before = known(tmp_path)
    path = tmp_path / "epyc.csv"
    path.write_text(change(path.read_text()))
    merged = add(tmp_path, before.frames)
    assert content(merged.frames)["measurements"] == content(before.frames)["measurements"]
    assert content(merged.frames)["environments"] == content(before.frames)["environments"]
    source = merged.frames["sources"].set_index("source").loc["local/epyc"]
    assert source["state"] == "stale" and reason in source["note"]
    assert not errors(merged)
    assert any("epyc" in line for line in said(merged)) and not any(str(tmp_path) in line for line in said(merged))


def test_a_last_line_that_was_cut_is_said_and_its_row_kept(tmp_path: Path) -> None:
    before = known(tmp_path)
    path = tmp_path / "epyc.csv"
    path.write_text(path.read_text()[:-20])
    merged = add(tmp_path, before.frames)
    assert len(local(merged, "measurements")) == 11
    assert [line.split(": ")[1] for line in said(merged)] == [f"{tmp_path.name}/epyc.csv:12"]
    assert state(merged, "local/epyc") == "stale"


def test_a_repaired_file_is_current_again(tmp_path: Path) -> None:
    before = known(tmp_path)
    path = tmp_path / "epyc.csv"
    whole = path.read_text()
    path.write_text(whole[:-20])
    broken = add(tmp_path, before.frames)
    path.write_text(whole)
    assert content(add(tmp_path, broken.frames).frames) == content(before.frames)


def test_a_kept_row_whose_architecture_left_the_catalog_goes_with_it(tmp_path: Path) -> None:
    write(tmp_path, "epyc", product(), run(), run(model="gone"))
    before = add(tmp_path, tables("net", "gone"))
    (tmp_path / "epyc.csv").unlink()
    now = {name: tables("net")[name] for name in ("architectures", "models", "implementations")}
    merged = add(tmp_path, before.frames | now)
    assert not errors(merged)
    assert set(local(merged, "measurements")["architecture"]) == {"net"}


# Accuracies.


def test_an_accuracy_measured_here_stands_behind_upstreams_and_before_a_papers(tmp_path: Path) -> None:
    write(tmp_path / "evaluations", "imagenet", accuracy_here(), accuracy_here(img_size=384, top1=82.0))
    merged = add(tmp_path)
    rows = local(merged, "evaluations")
    assert set(rows["kind"]) == {"measured here"} and set(rows["images"]) == {50_000}
    assert rows[["top1_low", "top1_high", "line"]].values.tolist() == [[79.7, 80.3, 2], [79.7, 80.3, 3]]
    c = Catalog(Path("nowhere"))
    for name, frame in merged.frames.items():
        setattr(c, name, frame)
    shown = c.leaderboard().set_index("img_size")
    assert shown["evidence"].to_dict() == {384: "measured here", 224: "measured upstream"}
    assert shown.loc[384, "params_m"] == 10.0


def test_what_other_code_measured_of_the_same_weights_is_shown_beside_ours(tmp_path: Path) -> None:
    write(tmp_path / "evaluations", "imagenet", accuracy_here(implementation="timm", top1=80.01), accuracy_here())
    merged = add(tmp_path)
    assert local(merged, "evaluations")[["implementation", "line"]].values.tolist() == [["backbone-survey", 3]]
    (opinion,) = local(merged, "second_opinions").to_dict("records")
    assert (opinion["reporter"], opinion["model"], opinion["top1"]) == ("timm, measured here", "net.a", 80.01)
    assert not errors(merged)


def test_where_only_timm_was_evaluated_its_accuracy_stands(tmp_path: Path) -> None:
    write(tmp_path / "evaluations", "imagenet", accuracy_here(implementation="timm"))
    assert local(add(tmp_path), "evaluations")["implementation"].tolist() == ["timm"]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (accuracy_here(note="random weights"), "not-comparable"),
        (accuracy_here(model="net.b"), "unknown-model"),
        (accuracy_here(dataset="cats"), "unknown-data-set"),
        (accuracy_here(images=100), "part-of-data-set"),
        (accuracy_here(top5=79.0), "top5-below-top1"),
        (accuracy_here(top5=195.0), "range"),
        (accuracy_here(measured_at="2026-11-19T18:00:00Z"), "measured-again"),
    ],
)
def test_an_accuracy_that_cannot_be_compared_is_set_aside(tmp_path: Path, row: object, rule: str) -> None:
    write(tmp_path / "evaluations", "imagenet", accuracy_here(), row)
    merged = add(tmp_path)
    assert local(merged, "quarantine")[["line", "rule"]].values.tolist() == [[3, rule]]
    assert len(local(merged, "evaluations")) == 1
