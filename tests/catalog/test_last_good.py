"""A file held against its last good rows and against the other files."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from catalog.identity import Identity
from catalog.last_good import LastGood
from catalog.records import Parsed, Record, SecondOpinion
from catalog.relations import FEW
from catalog.schema import TABLES
from tests.catalog.rows import accuracy, benchmark, parsed, past, survey_row, table

IMAGENET, SKETCH, SPEEDS = "timm/results-imagenet", "timm/results-sketch", "timm/benchmark-a"


def accuracies(count: int = FEW, source: str = IMAGENET, shift: float = 0.0, **other: object) -> list[Record]:
    dataset = source.removeprefix("timm/results-")
    return [accuracy(f"m{n}.x", 70.0 + n + shift, n + 2, source=source, dataset=dataset, **other) for n in range(count)]


def speeds(count: int = FEW, source: str = SPEEDS, factor: float = 1.0, **other: object) -> list[Record]:
    rows = [benchmark(f"m{n}", line=n + 2, source=source, images_per_s=100.0 * (n + 1) * factor) for n in range(count)]
    return [replace(row, **other) for row in rows]


def opinions(count: int = FEW, shift: float = 0.0, **other: object) -> list[Record]:
    rows = [
        SecondOpinion(
            "kecam/t", n + 2, "kecam", f"M{n}", f"m{n}", f"m{n}.x", 224, "", 10.0, 2.0, 70.0 + n + shift, None
        )
        for n in range(count)
    ]
    return [replace(row, **other) for row in rows]


def held(*records: Record) -> dict[str, pd.DataFrame]:
    """Tables that hold these records, as a good refresh would leave them."""
    rows = [vars(record) | {"implementation": "timm", "model_name": vars(record).get("model")} for record in records]
    sources = sorted({row["source"] for row in rows})
    tables = {name: schema.empty() for name, schema in TABLES.items()}
    filled = {
        "sources": [{"source": source} for source in sources],
        "evaluations": [row | {"kind": "measured upstream"} for row in rows if "dataset" in row],
        "measurements": [row for row in rows if "images_per_s" in row],
        "costs": [row for row in rows if "images_per_s" in row],
        "second_opinions": [row for row in rows if "reporter" in row],
        "survey_rows": [row for row in rows if "acc" in row],
    }
    return tables | {name: table(name, *rows) for name, rows in filled.items() if rows}


def doubts(tables: dict[str, pd.DataFrame], file: Parsed, *others: Parsed) -> list[str]:
    return list(LastGood(tables, (file, *others), Identity()).doubts(file))


def file_of(records: list[Record]) -> Parsed:
    return parsed(vars(records[0])["source"], *records)


def test_the_same_figures_and_those_of_a_re_measurement_are_believed() -> None:
    before = held(*accuracies(), *speeds())
    assert doubts(before, file_of(accuracies(shift=0.4))) == []
    assert doubts(before, file_of(speeds(factor=1.2))) == []


@pytest.mark.parametrize(
    ("before", "now", "message"),
    [
        (
            accuracies(),
            accuracies(shift=5.0),
            "top1 moved in 8 of 8 rows known before, such as m0.x at 224 from 70 to 75",
        ),
        (accuracies(), accuracies(top5=75.0), "top5 moved in 8 of 8"),
        (accuracies(), accuracies(params_m=20.0), "params_m moved in 8 of 8"),
        (speeds(), speeds(factor=2.0), "images_per_s moved in 8 of 8"),
        (speeds(), speeds(step_ms=1.0), "step_ms moved in 8 of 8"),
        (speeds(), speeds(gmacs=5.0, mactivations=2.0), "gmacs moved in 8 of 8"),
        (opinions(), opinions(params_m=2.0), "params_m moved in 8 of 8"),
        (
            [survey_row(f"m{n}", n + 2) for n in range(FEW)],
            [survey_row(f"m{n}", n + 2, gmacs=23.0) for n in range(FEW)],
            "gmacs moved in 8 of 8",
        ),
    ],
)
def test_when_most_rows_moved_it_is_the_file_that_changed(before: list, now: list, message: str) -> None:
    assert message in doubts(held(*before), file_of(now))[0]
    assert doubts(held(*before), file_of([*before[: FEW // 2], *now[FEW // 2 :]])) == []


def test_a_count_is_held_against_that_of_any_file() -> None:
    before = held(*speeds(source="timm/benchmark-b", factor=3.0))
    assert "gmacs moved" in doubts(before, file_of(speeds(gmacs=5.0)))[0]


@pytest.mark.parametrize(
    ("before", "now", "figure"),
    [
        (speeds(), speeds(mactivations=None), "mactivations"),
        (speeds(2), speeds(2, gmacs=None), "gmacs"),
        (opinions(), opinions(gmacs=None), "gmacs"),
    ],
)
def test_a_figure_that_no_row_has_any_more_is_a_column_that_is_gone(before: list, now: list, figure: str) -> None:
    message = f"{figure} is in none of its rows, and was in {len(before)} of those known before"
    assert doubts(held(*before), file_of(now)) == [message]
    assert doubts(held(*before), file_of([*before[:1], *now[1:]])) == []


def test_counts_that_another_file_gave_are_not_missed_in_one_that_never_had_any() -> None:
    before = held(*speeds(source="timm/benchmark-b", factor=3.0))
    assert doubts(before, file_of(speeds(gmacs=None, mactivations=None))) == []


def test_a_former_name_is_held_against_the_present_one() -> None:
    former = [name for name, present in Identity().aliases.items() if "." not in name and "." in present][:FEW]
    now = [accuracy(name, 50.0) for name in former]
    before = held(*(accuracy(Identity().present_name(name), 80.0) for name in former))
    assert "top1 moved" in doubts(before, file_of(now))[0]
    assert LastGood(before, (), Identity()).gone(file_of(now))[0] == []


def test_a_former_name_alone_with_other_figures_than_known_before_is_told() -> None:
    former, present = next((name, model) for name, model in Identity().aliases.items() if "." not in name)
    now = present.partition(".")[0]
    before = LastGood(held(accuracy(present, 80.0), benchmark(now)), (), Identity())
    for name, rate, told in ((former, 900.0, [(now, 224)]), (former, 1000.0, []), (now, 900.0, [])):
        assert before.under_former_names(file_of([benchmark(name, images_per_s=rate)])) == told
    for name, top1, told in ((former, 79.0, [(present, 224)]), (former, 80.0, []), (present, 79.0, [])):
        assert before.under_former_names(file_of([accuracy(name, top1)])) == told


def test_the_figures_of_another_data_set_are_recognised() -> None:
    before = held(*accuracies(), *accuracies(source=SKETCH, shift=0.5))
    exchanged = [replace(row, source=SKETCH, dataset="sketch") for row in accuracies()]
    assert doubts(before, file_of(exchanged)) == [f"top1 is that of {IMAGENET} in 8 of 8 rows"]


def test_of_two_new_files_with_the_same_figures_neither_is_believed() -> None:
    one, two = file_of(accuracies()), file_of([replace(row, source=SKETCH) for row in accuracies()])
    nothing = held()
    assert doubts(nothing, one, two) == [f"top1 is that of {SKETCH} in 8 of 8 rows"]
    assert doubts(nothing, two, one) == [f"top1 is that of {IMAGENET} in 8 of 8 rows"]


def test_a_new_file_of_conditions_that_another_file_has_is_not_used() -> None:
    known, new = file_of(speeds()), file_of(speeds(source="timm/benchmark-b", factor=2.0))
    assert doubts(held(*speeds()), known, new) == []
    assert doubts(held(*speeds()), new, known) == [
        f"its speeds have the conditions of {SPEEDS}, which cannot both be used"
    ]


def test_parameters_and_accuracies_are_held_against_what_timm_publishes() -> None:
    before = held(*accuracies())
    assert doubts(before, file_of(speeds(params_m=12.0))) == ["params_m is not what timm publishes in 8 of 8 rows"]
    assert doubts(before, file_of(opinions(shift=3.0))) == ["top1 is not what timm publishes in 8 of 8 rows"]
    assert doubts(held(), file_of(opinions(shift=3.0)), file_of(accuracies())) != []


def test_what_is_gone_is_named_and_what_gained_a_tag_is_not_gone() -> None:
    before = held(*accuracies(), accuracy("newnet_b", 60.0))
    now = [*accuracies(FEW - 1), accuracy("newnet_b.in1k", 60.02)]
    assert LastGood(before, (), Identity()).gone(file_of(now)) == ([("m7.x", 224)], FEW + 1)


def test_a_last_figure_that_is_the_beginning_of_the_one_known_before_was_cut() -> None:
    before = held(survey_row("a", 2), survey_row("b", 3, acc=86.3))
    for acc, said in ((86.0, True), (8.0, True), (86.3, False), (86.4, False)):
        file = file_of([survey_row("a", 2), survey_row("b", 3, acc=acc)])
        assert doubts(before, file) == []
        file.open_line = 3
        message = f"the file ends with {acc:g}, the beginning of the figure known before (86.3): it was cut"
        assert doubts(before, file) == [message] * said


def test_a_revision_is_held_against_the_one_before_it() -> None:
    one = parsed("timm-history/2020-01-01-a", *(past(f"m{n}", 70.0 + n) for n in range(FEW)))
    two = parsed("timm-history/2020-02-01-b", *(past(f"m{n}", 90.0 + n / 4) for n in range(FEW)))
    last_good = LastGood(held(), (one, two), Identity())
    assert list(last_good.doubts(one)) == [] and last_good.expected(one) == 0
    last_good.take(one)
    assert "top1 moved in 8 of 8" in next(last_good.doubts(two)) and last_good.expected(two) == FEW
