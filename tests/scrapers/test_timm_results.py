"""timm's results folder: every header layout that exists is read by name, and every file is found by itself."""

from __future__ import annotations

import json

import pytest

from catalog.records import Accuracy, Benchmark, Parsed
from scrapers.client import FetchError
from scrapers.timm_results import TimmResults
from tests.scrapers.answers import Answers, source_file

ACCURACY = "model,img_size,top1,top1_err,top5,top5_err,param_count,crop_pct,interpolation"
ROW = "resnet50.a1_in1k,288,81.214,18.786,95.102,4.898,25.56,1.000,bicubic"
EXPECTED = (288, 256, 1000.5, 255.87, 25.56)

# File -> header, row; the six layouts of the benchmark files, each with the same figures.
LAYOUTS = {
    "benchmark-infer-amp-nchw-pt113-cu117-rtx3090": (
        "model,infer_samples_per_sec,infer_step_time,infer_batch_size,infer_img_size,infer_gmacs,infer_macts,param_count",
        "resnet50,1000.5,255.87,256,288,6.8,18.37,25.56",
    ),
    "benchmark-infer-amp-nchw-pt210-cu121-rtx3090": (
        "model,infer_img_size,infer_batch_size,infer_samples_per_sec,infer_step_time,infer_gmacs,infer_macts,param_count",
        "resnet50,288,256.0,1000.5,255.87,6.8,18.37,25.56",
    ),
    "benchmark-infer-amp-nchw-pt240-cu124-rtx4090": (
        "model,infer_img_size,infer_samples_per_sec,infer_step_time,infer_batch_size,param_count,infer_gmacs,infer_macts",
        "resnet50,288,1000.5,255.87,256,25.56,6.8,18.37",
    ),
    "benchmark-infer-amp-nchw-pt291-cu128-4090": (
        "model,img_size,samples_per_sec,step_time,batch_size,param_count,gmacs,macts",
        "resnet50,288,1000.5,255.87,256,25.56,6.8,18.37",
    ),
    "benchmark-infer-fp32-nchw-pt221-cpu-i9_10940x-dynamo": (
        "model,infer_samples_per_sec,infer_step_time,infer_batch_size,infer_img_size,param_count",
        "resnet50,1000.5,255.87,256,288,25.56",
    ),
    "benchmark-train-amp-nchw-pt112-cu113-rtx3090": (
        "model,train_samples_per_sec,train_step_time,train_batch_size,train_img_size,param_count",
        "resnet50,1000.5,255.87,256,288,25.56",
    ),
}


def parse(stem: str, *lines: str) -> Parsed:
    return TimmResults().parse(source_file("\n".join(lines) + "\n", f"timm/{stem}"))


@pytest.mark.parametrize("stem", LAYOUTS)
def test_every_header_layout_gives_the_same_figures(stem: str) -> None:
    parsed = parse(stem, *LAYOUTS[stem])
    assert not parsed.rejected and not parsed.problems
    (record,) = parsed.records
    assert isinstance(record, Benchmark)
    assert (record.img_size, record.batch_size, record.images_per_s, record.step_ms, record.params_m) == EXPECTED
    assert (record.gmacs, record.mactivations) == ((6.8, 18.37) if "gmacs" in LAYOUTS[stem][0] else (None, None))
    assert record.mode == stem.split("-")[1]
    assert record.environment == parsed.environments[0].key


def test_an_accuracy_row() -> None:
    (record,) = parse("results-imagenet", ACCURACY, ROW).records
    assert record == Accuracy(
        "timm/results-imagenet", 2, "resnet50.a1_in1k", "imagenet", 288, 81.214, 95.102, 25.56, 1.0, "bicubic"
    )


def test_upstreams_differences_are_left_to_be_recomputed() -> None:
    parsed = parse("results-imagenet-real", f"{ACCURACY},top1_diff,top5_diff,rank_diff", f"{ROW},+1.088,-0.2,+2")
    assert len(parsed.records) == 1 and not parsed.problems
    assert parsed.records[0].dataset == "imagenet-real"


def test_thousands_commas_and_the_former_misspelling() -> None:
    row = ROW.replace("25.56", '"1,013.01"')
    (record,) = parse("results-imagenet", ACCURACY.replace("crop_pct", "cropt_pct"), row).records
    assert (record.params_m, record.crop_pct) == (1013.01, 1.0)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (("18.786", "18.9"), "error-complement"),
        (("95.102,4.898", "80.0,20.0"), "top5-below-top1"),
        (("1.000", "1.3"), "number"),
        (("81.214", "181.214"), "number"),
        (("25.56", "0"), "number"),
        (("resnet50.a1_in1k", "<b>"), "name"),
        (("bicubic", "bilin"), "choice"),
        ((",bicubic", ""), "fields"),
    ],
)
def test_a_row_that_cannot_be_true_is_set_aside_with_its_rule(change: tuple[str, str], rule: str) -> None:
    parsed = parse("results-imagenet", ACCURACY, ROW.replace(*change), ROW.replace("288", "224"))
    assert [(row.line, row.rule) for row in parsed.rejected] == [(2, rule)]
    assert len(parsed.records) == 1 and parsed.rows_read == 2


def test_a_key_stands_once() -> None:
    parsed = parse("results-imagenet", ACCURACY, ROW, ROW.replace("288", "224"), ROW)
    assert len(parsed.records) == 2
    assert [(row.line, row.rule) for row in parsed.rejected] == [(4, "duplicate")]


def test_two_rows_of_one_key_that_differ_are_both_set_aside() -> None:
    other = ROW.replace("81.214,18.786", "81.300,18.700")
    parsed = parse("results-imagenet", ACCURACY, ROW, ROW.replace("288", "224"), other)
    assert [record.line for record in parsed.records] == [3]
    assert [(row.line, row.rule) for row in parsed.rejected] == [(2, "duplicate"), (4, "duplicate")]


@pytest.mark.parametrize(
    ("stem", "step", "accepted"),
    [
        ("benchmark-infer-amp-nchw-pt291-cu128-4090", "258.0", True),
        ("benchmark-infer-amp-nchw-pt291-cu128-4090", "259.0", False),
        ("benchmark-infer-fp32-nchw-pt221-cpu-i9_10940x-dynamo", "273.0", True),
        ("benchmark-infer-fp32-nchw-pt221-cpu-i9_10940x-dynamo", "275.0", False),
        ("benchmark-train-amp-nchw-pt112-cu113-rtx3090", "273.0", True),
        ("benchmark-train-amp-nchw-pt112-cu113-rtx3090", "275.0", False),
    ],
)
def test_rate_times_step_is_the_batch(stem: str, step: str, accepted: bool) -> None:
    header, row = LAYOUTS[stem]
    parsed = parse(stem, header, row.replace("255.87", step))
    assert bool(parsed.records) is accepted
    assert [row.rule for row in parsed.rejected] == ["rate-times-step"] * (not accepted)


def test_fewer_multiplications_than_parameters_cannot_be() -> None:
    stem = "benchmark-infer-amp-nchw-pt291-cu128-4090"
    header, row = LAYOUTS[stem]
    parsed = parse(stem, header, row.replace(",6.8,", ",0.01,"))
    assert [row.rule for row in parsed.rejected] == ["gmacs-below-params"]


def test_a_run_that_failed_upstream_is_a_warning_and_half_a_row_an_error() -> None:
    stem, (header, _) = (
        "benchmark-infer-amp-nchw-pt291-cu128-4090",
        LAYOUTS["benchmark-infer-amp-nchw-pt291-cu128-4090"],
    )
    parsed = parse(stem, header, "a,224,,,,5.0,,", "b,224,,10,256,5.0,1,1")
    assert [(problem.severity, problem.line) for problem in parsed.problems] == [("warning", 2), ("error", 3)]
    assert [row.rule for row in parsed.rejected] == ["not-measured", "number"]


def test_a_guess_at_the_conditions_is_a_warning() -> None:
    header, row = LAYOUTS["benchmark-infer-amp-nchw-pt291-cu128-4090"]
    parsed = parse("benchmark-infer-amp-nchw-pt2110-cu128-rtx6090", header, row)
    assert [problem.severity for problem in parsed.problems] == ["warning", "warning"]
    assert len(parsed.records) == 1


SHA = "ab" * 20
COMMIT = json.dumps({"sha": SHA, "commit": {"committer": {"date": "2026-08-08T01:02:03Z"}}}).encode()


def commits(*days: str) -> bytes:
    return json.dumps([json.loads(COMMIT.decode().replace("2026-08-08", day)) for day in days]).encode()


def listing(*names: str) -> bytes:
    return json.dumps([{"name": name, "type": "file"} for name in names] + [{"name": "old", "type": "dir"}]).encode()


def test_every_file_is_found_by_itself_and_dated_by_its_own_commits_or_the_folders() -> None:
    new = "benchmark-infer-amp-nchw-pt291-cu128-rtx6090.csv"
    names = ("README.md", "generate.py", "model_metadata-in1k.csv", "results-imagenet.csv", new)
    folder, own = commits("2026-01-02", "2026-02-15"), commits("2025-10-30", "2024-08-22")
    client = Answers([COMMIT, folder, listing(*names), b"one", b"two", own])
    fetched = TimmResults().fetch(client)
    assert [(file.source, file.published_at) for file in fetched.files] == [
        (f"timm/{new[:-4]}", "2026-02-15"),
        ("timm/results-imagenet", "2025-10-30"),
    ]
    assert client.asked[-1].endswith("/commits?path=results%2Fresults-imagenet.csv&per_page=100")
    assert all(SHA in file.url and file.revision == SHA for file in fetched.files)
    assert not fetched.problems


def test_a_file_that_is_not_understood_or_not_to_be_had_stops_no_other() -> None:
    names = ("results-imagenet.csv", "results-moon.csv", "results-sketch.csv")
    client = Answers(
        [COMMIT, commits("2026-01-02"), listing(*names), FetchError("refused"), b"two", FetchError("refused")]
    )
    fetched = TimmResults().fetch(client)
    assert [(file.source, file.published_at) for file in fetched.files] == [("timm/results-sketch", "2026-01-02")]
    assert fetched.failed == ["timm/results-imagenet"]
    assert [(problem.source, problem.rule) for problem in fetched.problems] == [
        ("timm/results-imagenet", "fetch"),
        ("timm/results-moon", "file-name"),
    ]


def test_a_file_that_is_listed_twice_is_read_once() -> None:
    names = ("results-imagenet.csv", "results-imagenet.csv", "results-sketch.csv")
    fetched = TimmResults().fetch(
        Answers([COMMIT, commits("2026-01-02"), listing(*names), b"one", b"[]", b"two", b"[]"])
    )
    assert [file.source for file in fetched.files] == ["timm/results-imagenet", "timm/results-sketch"]
    assert not fetched.problems


def test_a_name_without_its_ending_is_no_results_file() -> None:
    names = ("results-imagenet", "results-imagenet.csv")
    fetched = TimmResults().fetch(Answers([COMMIT, commits("2026-01-02"), listing(*names), b"one", b"[]"]))
    assert [file.source for file in fetched.files] == ["timm/results-imagenet"]
    assert [problem.rule for problem in fetched.problems] == ["file-name"]


@pytest.mark.parametrize(
    "answers",
    [
        [FetchError("refused")],
        [b"<html>"],
        [b"[]"],
        [COMMIT.replace(SHA.encode(), b"../../etc")],
        [COMMIT.replace(b'"2026-08-08T01:02:03Z"', b"null")],
        [COMMIT, b"{}"],
        [COMMIT, commits("2026-01-02"), b'{"message": "rate limit"}'],
        [COMMIT, commits("2026-01-02"), b"[1, 2]"],
        [COMMIT.replace(b"2026-08-08", b"2026-02-30")],
        [COMMIT.replace(b"2026-08-08", b"2026-00-10")],
        [COMMIT, commits("2026-99-02")],
        [b"[" * 200_000],
        [COMMIT, b"[" * 200_000 + b"]" * 200_000],
        [COMMIT, commits("2026-01-02"), b'{"a":' * 200_000],
    ],
)
def test_an_answer_of_another_shape_is_one_problem_of_the_whole_scraper(answers: list[bytes | FetchError]) -> None:
    fetched = TimmResults().fetch(Answers(answers))
    assert not fetched.files and fetched.failed == ["timm"]
    assert len(fetched.problems) == 1
