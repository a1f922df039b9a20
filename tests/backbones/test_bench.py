"""`backbones bench`: what it measures, writes and says, and what becomes of it when something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backbones.__main__ import VERBS
from catalog.results_file import read_results
from tests.benchmarks import case

ROOT = Path(__file__).parents[2]
SMALL = ("--models", case.MODEL, "--img-size", 32, "--batch-sizes", 4, "--precisions", "fp32", "--threads", 1)


@pytest.fixture
def bench(backbones, tmp_path, monkeypatch):
    """The command on subjects that need no framework (see case.py), with a cache of its own."""
    case.make_reference(tmp_path / "cache")
    monkeypatch.setattr("backbones.bench.CACHE", tmp_path / "cache")
    monkeypatch.setattr("benchmarks.turns.Settings", _settings)

    def run(*arguments, subjects=(case.RIGHT, case.ALSO_RIGHT)):
        named = ("--subjects", ",".join(map(str, subjects))) if subjects else ()
        return backbones("bench", *SMALL, *named, *arguments)

    return run


@pytest.fixture
def file(tmp_path):
    return tmp_path / "results.csv"


def _settings(cache, rounds, min_time_s, limit_s):
    return case.settings(cache, rounds=rounds, min_time_s=min_time_s / 1000, limit_s=limit_s)


def measured(file):
    return [row for _, row in read_results(file).rows]


def lines(outcome):
    return [line for line in outcome.err.splitlines() if line.startswith("backbones bench:")]


def test_it_measures_in_turns_writes_rows_and_shows_ratios(bench, file):
    outcome = bench("--output", file, "--rounds", 4)
    assert outcome.status == 0
    first, second = measured(file)
    assert first.comparison == second.comparison and len(first.rounds_ms.split()) == 4
    assert f"{case.RIGHT} " in outcome.out and "x timm:torch" in outcome.out and "1.00 (1.00 to 1.00)" in outcome.out
    assert "bench" in outcome.err and "0:00:00" in outcome.err  # the time that remains
    assert lines(outcome) == [f"backbones bench: {file} is not in catalog/results, so the catalog does not show it"]


def test_the_same_command_measures_nothing_again_unless_told_to(bench, file):
    rows = json.loads(bench("--output", file, "--json").out)
    assert [row["status"] for row in rows] == ["ok", "ok"]
    written = file.read_bytes()
    again = bench("--output", file, "--json")
    assert (again.status, json.loads(again.out), file.read_bytes()) == (0, [], written)
    assert len(json.loads(bench("--output", file, "--json", "--again").out)) == 2
    assert file.read_bytes().startswith(written) and len(measured(file)) == 4


def test_a_file_of_the_catalog_is_merged_and_named(bench, tmp_path, monkeypatch):
    from catalog.pipeline import Added

    monkeypatch.setattr("catalog.results_file.DIRECTORY", tmp_path)
    monkeypatch.setattr("backbones.tables.merge_results", lambda: Added(2, 0, 0, 1, []))
    monkeypatch.chdir(tmp_path)
    (said,) = lines(bench("--output", tmp_path / "machine.csv"))
    assert said == (
        "backbones bench: machine.csv is in the catalog (measured here: 2 speeds of models, 0 of layers, 0 accuracies; "
        "1 rows set aside); commit both to share them"
    )


def test_a_run_that_is_wrong_is_one_line_and_status_1_and_the_others_are_kept(bench, file):
    outcome = bench("--output", file, subjects=(case.WRONG, case.RIGHT))
    assert outcome.status == 1
    failed = next(line for line in lines(outcome) if "failed" in line)
    assert failed.startswith(
        f"backbones bench: {case.WRONG} {case.MODEL} at 32 batch 4 fp32: failed: its output differs"
    )
    assert [row.status for row in measured(file)] == ["failed", "ok"]


def test_who_is_missing_is_said_and_the_others_are_measured(bench, file):
    outcome = bench("--output", file, subjects=(case.NOT_INSTALLED, case.RIGHT))
    assert outcome.status == 0
    assert "skipped: tensorflow:tf-graph: a_package_that_is_not_there is not installed" in lines(outcome)[0]
    assert [row.implementation for row in measured(file)] == ["backbone-survey"]


def test_nothing_measured_is_no_success(bench, file):
    outcome = bench("--output", file, subjects=(case.UNABLE,))
    assert outcome.status == 1 and lines(outcome)[1:] == ["backbones bench: nothing could be measured"]
    assert not file.exists()


def test_a_hung_run_is_killed_after_the_limit(bench, file):
    outcome = bench("--output", file, "--limit", 2, subjects=(case.HANGING, case.RIGHT))
    assert outcome.status == 1
    assert any("no answer within 2 s; killed" in line for line in lines(outcome))
    assert [row.status for row in measured(file)] == ["failed", "ok"]


def test_a_full_disk_is_one_line(bench):
    outcome = bench("--output", "/dev/full")
    assert outcome.status == 1
    assert lines(outcome) == [
        "backbones bench: /dev/full: cannot be written: No space left on device; what it held is kept; make room and "
        "run the same command again, it goes on where it stopped"
    ]


def test_a_file_that_was_cut_is_said_and_mended(bench, file):
    bench("--output", file)
    file.write_bytes(file.read_bytes()[:-30])
    outcome = bench("--output", file)
    assert outcome.status == 0 and f"{file}:3" in lines(outcome)[0]
    assert {row.implementation for row in measured(file)} == {"backbone-survey", "timm"}


def test_another_format_is_refused_and_kept(bench, file):
    file.write_text("model,speed\nvit,1\n")
    outcome = bench("--output", file)
    assert outcome.status == 1 and outcome.err.count("\n") == 1
    assert "not a results file of format 1" in outcome.err and "name another file" in outcome.err
    assert file.read_text() == "model,speed\nvit,1\n"


def test_the_list_says_what_would_be_measured_and_measures_nothing(bench, file):
    outcome = bench("--list", "--output", file)
    assert outcome.out == f"{case.MODEL} at 32 batch 4 fp32: {case.RIGHT}, {case.ALSO_RIGHT}\n"
    (task,) = json.loads(bench("--list", "--json").out)
    assert task["subjects"] == [str(case.RIGHT), str(case.ALSO_RIGHT)] and task["batch_size"] == 4
    assert not file.exists()


def test_patterns_name_several_models(backbones):
    outcome = backbones("bench", "--models", "vit_tiny_patch16_*", "--layers", "sdpa-64x12x197", "--list")
    names = {line.split()[0] for line in outcome.out.splitlines()}
    assert {"vit_tiny_patch16_224", "vit_tiny_patch16_384", "sdpa-64x12x197"} <= names


def test_without_names_it_is_the_whole_sweep(backbones):
    listed = backbones("bench", "--list").out
    for name in (
        "vit_base_patch16_224",
        "swinv2_tiny_window8_256",
        "matrix-product-2048",
        "timm:torch-regional-cached",
    ):
        assert name in listed
    only = backbones("bench", "--list", "--subjects", "timm:torch-compile").out
    assert "timm:torch-compile" in only and "keras-hub" not in only


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--models", "vit_teeny_patch16_224"), "no model is named 'vit_teeny_patch16_224'; did you mean"),
        (("--layers", "sdpa-64"), "layer 'sdpa-64' is unknown, expected one of self-attention-NxNxN, sdpa-NxNxN, "),
        (("--subjects", "timm:eager"), "runtime 'eager' is unknown, expected one of tf-graph, "),
        (("--subjects", "pytorch:torch"), "implementation 'pytorch' is unknown, expected one of "),
        (("--subjects", "timm"), "subject 'timm': expected IMPLEMENTATION:RUNTIME"),
        (("--precisions", "fp16"), "precision 'fp16' is unknown, expected fp32 or bf16"),
        (("--batch-sizes", "8,0"), "batch sizes '8,0': expected whole numbers above 0, separated by commas"),
        (("--batch-sizes", ""), "batch sizes '': expected whole numbers above 0, separated by commas"),
        (("--device", "tpu"), "device 'tpu' is unknown, expected cpu or gpu"),
        (("--threads", "4096"), "4096 threads: this process may use "),
    ],
)
def test_wrong_usage_is_one_line(backbones, arguments, said):
    outcome = backbones("bench", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.startswith(f"backbones bench: {said}") and outcome.err.count("\n") == 1


def test_results_go_to_a_file_of_this_machine_and_day(monkeypatch):
    from backbones.bench import _default_output

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795132800")
    monkeypatch.setattr("benchmarks.machine.processor_name", lambda: "AMD EPYC (TM) 9B14")
    assert _default_output() == ROOT / "catalog" / "results" / "amd-epyc-tm-9b14-2026-11-20.csv"


def test_the_verb_is_in_the_readme_and_the_makefile():
    assert "bench" in VERBS
    assert "backbones bench" in (ROOT / "README.md").read_text()
    assert "\nbench:" in (ROOT / "Makefile").read_text()
