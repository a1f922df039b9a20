"""Tables from what was parsed: names brought together, rows accounted for, and older knowledge kept."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from catalog.checks import check
from catalog.identity import Identity
from catalog.merge import Frames, Merged, merge
from catalog.records import Paper, Parsed, PastAccuracy, Registration, Scraped, SurveyRow
from catalog.schema import TABLES
from catalog.survey import known_rows
from tests.catalog.rows import accuracy, benchmark, environment, parsed, past, survey_row

TODAY = "2026-11-20"
EMPTY: Frames = {name: schema.empty() for name, schema in TABLES.items()}
FORMER, PRESENT = "tnt_s_patch16_224", "tnt_s_legacy_patch16_224.in1k"
SURVEY = [
    replace(known.written, source="survey/backbone_performance")
    for known in known_rows().rows
    if known.written.method in {"SReT", "NFNet", "ConvNeXt"}
]
PAPER = Paper(
    "papers/reference",
    2,
    "deep-residual-learning",
    "1512.03385",
    "Deep residual learning",
    "Kaiming He",
    2016,
    "",
    "CVPR",
    "https://arxiv.org/abs/1512.03385",
    "https://example.org/code",
)


def build(
    *files: Parsed, failed: dict[str, str] | None = None, previous: Frames | None = None, accept: tuple[str, ...] = ()
) -> Merged:
    return merge(Scraped(list(files), failed or {}), previous or EMPTY, TODAY, accept)


def results(*records: object) -> Parsed:
    return parsed("timm/results-imagenet", *records)


def speeds(*records: object, source: str = "timm/benchmark-a", version: str = "2.9.1") -> Parsed:
    rows = [replace(row, source=source, environment=f"gpu-{version}") for row in records]
    return parsed(source, *rows, environments=(environment(version),))


def registration(model: str, classes: int = 1000) -> Registration:
    return Registration("timm-registry/weights", 2, model, "resnet", "mit", f"timm/{model}", 224, 288, classes, ())


def registry(*models: str, **fields: int) -> Parsed:
    return parsed("timm-registry/weights", *(registration(model, **fields) for model in models))


def alias() -> tuple[str, str]:
    """A former name and its present one, as the reference table has them."""
    return next((name, model) for name, model in Identity().aliases.items() if "." not in name)


def errors(frames: Frames) -> list[str]:
    return [str(problem) for problem in check(frames) if problem.severity == "error"]


def test_nothing_gives_empty_tables() -> None:
    merged = build()
    assert merged.problems == [] and errors(merged.frames) == []
    assert all(frame.empty for name, frame in merged.frames.items() if name != "protocols")  # a reference table


def test_a_model_its_architecture_and_its_family_follow_from_a_result() -> None:
    frames = build(results(accuracy("resnet50.a1_in1k", 80.0)), registry("resnet50.a1_in1k")).frames
    model, architecture = frames["models"].iloc[0], frames["architectures"].iloc[0]
    assert (model["architecture"], model["tag"], model["licence"]) == ("resnet50", "a1_in1k", "mit")
    assert (architecture["family"], architecture["timm_module"], architecture["params_m"]) == ("resnet", "resnet", 10.0)
    assert frames["families"]["family"].tolist() == ["resnet"]
    assert errors(frames) == []


def test_a_family_that_no_rule_knows_is_unclassified_with_a_warning() -> None:
    frames = build(results(accuracy("brandnewnet.in1k", 80.0))).frames
    assert frames["families"]["family"].tolist() == ["unclassified"]
    findings = check(frames)
    assert {(finding.severity, finding.rule) for finding in findings} == {("warning", "unclassified")}
    assert "brandnewnet" in findings[0].message


def test_a_former_name_takes_its_present_one() -> None:
    former, present = alias()
    frames = build(results(accuracy(former, 80.0))).frames
    assert frames["evaluations"]["model"].tolist() == [present]
    assert former in frames["models"]["former_names"].item().split(";")


def test_what_has_to_be_known_of_a_model_is_said_of_it() -> None:
    models = build(results(accuracy("resmlp_24_224.fb_dino", 0.48), accuracy("resnet50.a1_in1k", 80.0, 3))).frames[
        "models"
    ]
    notes = models.set_index("model")["note"]
    assert "its head was never trained" in notes["resmlp_24_224.fb_dino"]
    assert pd.isna(notes["resnet50.a1_in1k"])


def test_a_former_name_of_weights_that_have_a_row_is_set_aside_and_counted() -> None:
    former, present = alias()
    frames = build(results(accuracy(former, 79.0, 2), accuracy(present, 80.0, 3))).frames
    assert frames["evaluations"]["top1"].tolist() == [80.0]
    assert frames["quarantine"][["line", "rule", "raw"]].values.tolist() == [[2, "same-weights", "row,2"]]
    source = frames["sources"].iloc[0]
    assert (source["rows_read"], source["rows_accepted"], source["rows_quarantined"]) == (2, 1, 1)
    assert errors(frames) == []


def test_a_timed_former_name_of_an_architecture_that_has_a_row_is_set_aside_too() -> None:
    former, present = alias()
    now = present.partition(".")[0]
    frames = build(results(accuracy(present, 80.0)), speeds(benchmark(former, line=2), benchmark(now, line=3))).frames
    assert frames["measurements"]["architecture"].tolist() == [now]
    assert frames["quarantine"][["rule", "raw"]].values.tolist() == [["same-architecture", "row,2"]]
    assert errors(frames) == []


def test_a_timed_former_name_is_known_by_the_speeds_alone_when_the_accuracy_is_gone() -> None:
    former, present = alias()
    now = present.partition(".")[0]
    frames = build(speeds(benchmark(former, line=2), benchmark(now, line=3))).frames
    assert frames["quarantine"][["rule", "raw"]].values.tolist() == [["same-architecture", "row,2"]]
    assert frames["measurements"]["architecture"].tolist() == [now]


def test_a_timed_former_name_with_other_parameters_keeps_its_name() -> None:
    former, present = alias()
    frames = build(results(accuracy(present, 80.0)), speeds(benchmark(former, params_m=99.0))).frames
    assert frames["measurements"]["architecture"].tolist() == [former]


def test_a_name_that_another_network_bears_today_keeps_its_own_speed() -> None:
    renamed, reused = "tnt_s_legacy_patch16_224", "tnt_s_patch16_224"
    today = results(accuracy(f"{renamed}.in1k", 81.5, line=2), accuracy(f"{reused}.in1k", 81.4, line=3))
    frames = build(today, speeds(benchmark(renamed, line=2), benchmark(reused, line=3))).frames
    assert frames["measurements"]["architecture"].tolist() == [renamed, reused]
    assert frames["quarantine"].empty
    before = build(today, speeds(benchmark(reused, line=2))).frames
    assert before["measurements"]["architecture"].tolist() == [renamed]


def test_the_surveys_own_models_have_their_teacher_too() -> None:
    row = survey_row("BEiT-Z", method="BEiT", train_set="ImageNet-1K", size=224)
    model = build(parsed("survey/backbone_performance", row)).frames["models"].iloc[0]
    assert (model["train_set"], model["teacher_sets"]) == ("ImageNet-1K, teacher saw more", "DALL-E image-text pairs")
    assert "tokenizer" in model["teacher"]


def test_what_is_only_timed_is_an_architecture_without_models() -> None:
    frames = build(speeds(benchmark("vit_huge_encoder"))).frames
    assert frames["models"].empty and frames["architectures"]["params_m"].tolist() == [10.0]
    assert frames["costs"]["gmacs"].tolist() == [2.0]


def test_the_surveys_own_models_bring_cost_and_family() -> None:
    frames = build(parsed("survey/backbone_performance", survey_row("CSWin-T"))).frames
    assert frames["models"][["model", "origin"]].values.tolist() == [["cswin-t", "survey"]]
    assert frames["costs"][["architecture", "gmacs"]].values.tolist() == [["cswin-t", 4.3]]
    assert frames["evaluations"]["kind"].tolist() == ["reported by a paper"]
    assert errors(frames) == []


def test_an_unknown_figure_of_the_survey_is_blank() -> None:
    frames = build(survey(survey_row("Brand-New", params_m=-1.0, gmacs=-1.0))).frames
    assert frames["costs"].empty
    assert frames["architectures"][["params_m", "params_source"]].isna().all().all()


def survey(*rows: SurveyRow, lost: int = 0) -> Parsed:
    """The survey's table; `lost` is a line of it that failed a check."""
    file = parsed("survey/backbone_performance", *rows)
    return replace_bad(file, lost) if lost else file


def shown(frames: Frames) -> dict[str, list[object]]:
    """What is published of the survey, without the lines where it stands."""
    return {
        name: frames[name][columns].sort_values(columns, ignore_index=True).astype("str").values.tolist()
        for name, columns in {
            "survey_rows": ["model", "size", "params_m", "gmacs", "acc", "match"],
            "evaluations": ["model", "img_size", "top1", "params_m", "gmacs", "corrected"],
            "architectures": ["architecture", "family", "params_m"],
            "models": ["model", "architecture", "name", "train_set", "distilled"],
            "costs": ["architecture", "img_size", "gmacs", "params_m", "preferred"],
            "corrections": ["correction", "column", "found", "corrected", "state"],
        }.items()
    }


@pytest.fixture(scope="module")
def surveyed() -> Frames:
    return build(survey(*SURVEY)).frames


@pytest.mark.parametrize("lost", [91, 234])
def test_a_row_of_the_survey_that_is_lost_changes_nothing_of_the_others_and_stays(surveyed: Frames, lost: int) -> None:
    after = build(survey(*[row for row in SURVEY if row.line != lost], lost=lost), previous=surveyed).frames
    assert shown(after) == shown(surveyed)
    assert after["sources"]["state"].tolist() == ["stale"]
    assert errors(after) == []


def test_a_row_inserted_above_two_lost_ones_changes_nothing_either(surveyed: Frames) -> None:
    moved = [replace(row, line=row.line + 1) for row in SURVEY if row.line not in {121, 233}]
    after = build(survey(survey_row("Brand-New", 2), *moved, lost=234), previous=surveyed).frames
    new = {name: [value for value in values if "brand-new" in value] for name, values in shown(after).items()}
    assert len(new["survey_rows"]) == 1
    for name, values in shown(after).items():
        if name != "corrections":  # two rows stand on one line now, the kept one where it stood before
            assert [value for value in values if value not in new[name]] == shown(surveyed)[name], name
    assert errors(after) == []


def test_rows_of_the_survey_that_change_places_change_nothing(surveyed: Frames) -> None:
    moved = [replace(row, line=SURVEY[-1].line - row.line + SURVEY[0].line) for row in SURVEY]
    after = build(survey(*moved), previous=surveyed).frames
    assert shown(after) | {"architectures": []} == shown(surveyed) | {"architectures": []}


def test_a_row_of_the_survey_that_upstream_renames_stays_corrected() -> None:
    known = next(known for known in known_rows().rows if known.corrected.gmacs != known.written.gmacs)
    renamed = replace(known.written, source="survey/backbone_performance", model="Renamed")
    frames = build(survey(renamed)).frames
    assert frames["models"]["name"].tolist() == ["Renamed"]
    assert frames["evaluations"]["gmacs"].tolist() == [known.corrected.gmacs]


def test_arxiv_refines_the_reference_and_blank_answers_take_nothing_away() -> None:
    answer = replace(PAPER, source="papers/arxiv/1", title="Deep Residual Learning", published="2015-12-10", venue="")
    answer = replace(answer, code_url="", year=2015)
    paper = build(parsed("papers/reference", PAPER), parsed("papers/arxiv/1", answer)).frames["papers"].iloc[0]
    assert (paper["title"], paper["published"], paper["year"]) == ("Deep Residual Learning", "2015-12-10", 2015)
    assert (paper["venue"], paper["code_url"]) == ("CVPR", "https://example.org/code")


def test_when_arxiv_fails_its_former_answer_stays() -> None:
    answer = replace(PAPER, source="papers/arxiv/1", title="Deep Residual Learning", published="2015-12-10")
    before = build(parsed("papers/reference", PAPER), parsed("papers/arxiv/1", answer)).frames
    after = build(parsed("papers/reference", PAPER), failed={"papers/arxiv": "refused"}, previous=before).frames
    pd.testing.assert_frame_equal(after["papers"], before["papers"])


FILES = {
    "timm/results-imagenet": results(accuracy("resnet50.a1_in1k", 80.0), accuracy("resnet50.tv_in1k", 76.0, 3)),
    "timm-registry/weights": registry("resnet50.a1_in1k", "resnet50.tv_in1k", "clip_encoder.x", classes=0),
    "timm/benchmark-new": speeds(
        benchmark("resnet50", 4.0), benchmark("clip_encoder", 9.0, 3, params_m=5.0), source="timm/benchmark-new"
    ),
    "timm/benchmark-old": speeds(benchmark("resnet50", 4.02), source="timm/benchmark-old", version="2.4.0"),
    "survey/backbone_performance": parsed("survey/backbone_performance", survey_row("CSWin-T")),
    "papers/reference": parsed("papers/reference", PAPER),
}


@pytest.mark.parametrize("source", FILES)
def test_a_source_that_fails_takes_no_knowledge_with_it(source: str) -> None:
    before = build(*FILES.values()).frames
    left = [file for name, file in FILES.items() if name != source]
    after = build(*left, failed={source: "connection refused"}, previous=before).frames
    for name in TABLES:
        if name == "sources":
            continue
        key = list(TABLES[name].key)
        pd.testing.assert_frame_equal(
            after[name].sort_values(key, ignore_index=True), before[name].sort_values(key, ignore_index=True), obj=name
        )
    assert after["sources"].set_index("source")["state"][source] == "stale"
    assert errors(after) == []


def test_a_partial_benchmark_whose_other_rows_changed_counts_nothing_twice() -> None:
    before = build(FILES["timm/results-imagenet"], speeds(benchmark("resnet50", 4.0), benchmark("b", 1.0, 3))).frames
    now = speeds(benchmark("resnet50", 5.0))
    broken = replace_rejected(now, line=3)
    after = build(FILES["timm/results-imagenet"], broken, previous=before, accept=()).frames
    assert after["sources"]["state"].tolist().count("stale") == 1
    assert sorted(zip(after["costs"]["architecture"], after["costs"]["gmacs"], strict=True)) == [
        ("b", 1.0),
        ("resnet50", 5.0),
    ]
    assert errors(after) == []


def replace_rejected(file: Parsed, line: int) -> Parsed:
    """The file with a row that failed a check, and enough good rows not to have shrunk."""
    from scrapers.tabular import InvalidRow, reject

    file.records += [
        replace(file.records[0], architecture=f"filler{number}", line=10 + number, gmacs=None) for number in range(2)
    ]
    reject(file, line, InvalidRow("number", "rate is 'x'"), "b,x")
    return file


def test_a_row_that_fails_this_time_and_another_that_failed_last_time_balance() -> None:
    rows = [accuracy(f"resnet{number}.x", 80.0, number + 2) for number in range(20)]
    first, second = results(*rows[1:]), results(*rows[:1], *rows[2:])
    before = build(replace_bad(first, 2)).frames
    after = build(replace_bad(second, 3), previous=before).frames
    assert errors(after) == []
    assert after["quarantine"]["line"].tolist() == [3]
    assert len(after["evaluations"]) == 20


def replace_bad(file: Parsed, line: int) -> Parsed:
    from scrapers.tabular import InvalidRow, reject

    reject(file, line, InvalidRow("number", "top1 is 'x'"), "x")
    return file


def test_a_former_name_takes_no_place_of_a_row_that_fails_this_time() -> None:
    former, present = alias()
    now = present.partition(".")[0]
    others = [benchmark(f"net{number}", line=number + 4) for number in range(20)]
    old = benchmark(former, line=2, images_per_s=900.0)
    accuracies = results(accuracy(present, 80.0))
    before = build(accuracies, speeds(old, benchmark(now, line=3), *others)).frames
    after = build(accuracies, replace_bad(speeds(old, *others), 3), previous=before).frames
    rates = after["measurements"].set_index("architecture")["images_per_s"]
    assert (rates[now], former in rates) == (1000.0, False)
    assert sorted(after["quarantine"]["rule"]) == ["number", "same-architecture"]
    assert errors(after) == []


def test_a_former_name_that_takes_the_place_of_a_row_that_is_gone_is_told() -> None:
    former, present = alias()
    now = present.partition(".")[0]
    others = [benchmark(f"net{number}", line=number + 4) for number in range(20)]
    old = benchmark(former, line=2, images_per_s=900.0)
    accuracies = results(accuracy(present, 80.0))
    before = build(accuracies, speeds(old, benchmark(now, line=3), *others)).frames
    after = build(accuracies, speeds(old, *others), previous=before)
    assert after.frames["measurements"].set_index("architecture")["images_per_s"][now] == 900.0
    (told,) = [problem for problem in after.problems if problem.rule == "former-name"]
    assert told.severity == "warning" and f"known before: {now} at 224" in told.message


def test_a_result_that_a_revision_tells_twice_keeps_its_last_good_value() -> None:
    rows = [past(f"m{number}.x", 80.0, number + 1) for number in range(20)]
    before = build(history_file("2020-01-01", *rows)).frames
    told_twice = history_file("2020-02-01", replace(rows[1], top1=80.1), *rows[2:])
    after = build(replace_bad(told_twice, 3), previous=before).frames
    assert after["history"]["event"].tolist() == ["added"] * 20 + ["changed"]
    source = after["sources"].set_index("source").loc[told_twice.file.source]
    assert (source["state"], source["rows_read"], source["rows_accepted"]) == ("current", 20, 19)
    assert source["note"].startswith("1 rows failed a check")
    third = build(history_file("2020-03-01", rows[0], replace(rows[1], top1=80.1), *rows[2:]), previous=after).frames
    assert third["history"]["event"].tolist() == ["added"] * 20 + ["changed"]


def history_file(day: str, *records: PastAccuracy) -> Parsed:
    commit = f"commit-of-{day}-with-{len(records)}"
    file = parsed(f"timm-history/{day}-{commit}", *(replace(row, revision=commit, date=day) for row in records))
    return replace(file, file=replace(file.file, scraper="timm-history", revision=commit, published_at=day))


def test_two_revisions_of_one_day_read_in_two_refreshes_are_both_told() -> None:
    one = history_file("2020-01-01", past("a.x", 80.0))
    two = history_file("2020-01-01", past("a.x", 80.0), past("b.y", 70.0))
    before = build(one).frames
    after = build(two, previous=before).frames
    assert after["history"][["model", "event"]].values.tolist() == [["a.x", "added"], ["b.y", "added"]]


def test_a_revision_older_than_the_last_or_read_before_adds_nothing() -> None:
    first, newest = history_file("2020-02-01", past("a.x", 80.0)), history_file("2020-03-01", past("a.x", 80.2))
    before = build(first, newest).frames
    again = build(newest, history_file("2020-01-01", past("b.y", 70.0)), previous=before).frames
    pd.testing.assert_frame_equal(again["history"], before["history"])


def test_when_every_known_revision_is_read_again_the_history_is_told_anew_oldest_first() -> None:
    newest = history_file("2020-03-01", past("a.x", 80.0))
    again = build(newest, history_file("2020-01-01", past("b.y", 70.0)), previous=build(newest).frames).frames
    assert again["history"][["date", "model", "event"]].values.tolist() == [
        ["2020-01-01", "b.y", "added"],
        ["2020-03-01", "a.x", "added"],
        ["2020-03-01", "b.y", "removed"],
    ]


def test_two_names_of_one_model_in_a_past_revision_keep_one_row_and_set_the_other_aside() -> None:
    former, present = alias()
    frames = build(history_file("2020-01-01", past(present, 80.0), replace(past(former, 80.1), line=3))).frames
    assert frames["history"][["name", "top1"]].values.tolist() == [[present, 80.0]]
    assert frames["quarantine"][["line", "rule", "raw"]].values.tolist() == [[3, "same-weights", "row,3"]]
    assert errors(frames) == []


def test_names_that_became_one_model_after_their_revision_was_read_ask_for_a_history_told_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = history_file("2020-01-01", past("a.x", 80.0), past("b.y", 80.1))
    before = build(read).frames
    monkeypatch.setattr(Identity, "past_name", lambda self, name, day: "a.x")
    problems = build(previous=before).problems
    assert [problem.rule for problem in problems] == ["same-weights"]
    assert "backbones refresh --rebuild-history" in str(problems[0])
