"""What holds between the figures of a row and between the rows of a file, and how exchanged columns break it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.records import Accuracy, Benchmark, PastAccuracy
from catalog.relations import FEW, of_accuracy, of_compute, of_file, of_speed
from tests.catalog.rows import accuracy, benchmark, past, survey_row

ACCURACIES = [accuracy(f"m{n}.x", 70.0 + n, n + 2, top5=90.0 + n / 2) for n in range(FEW)]
SPEEDS = [
    benchmark(
        f"m{n}",
        gmacs=1.0 + n,
        line=n + 2,
        params_m=5.0 + 10 * n,
        images_per_s=8000.0 / (n + 1),
        step_ms=32.0 * (n + 1),
        mactivations=20.0 + n,
    )
    for n in range(FEW)
]


def rules(found: object) -> list[str]:
    return [rule for rule, _ in found]


def test_an_accuracy_and_its_error_give_100() -> None:
    assert rules(of_accuracy(79.038, 20.962, 94.39, 5.61)) == []
    assert rules(of_accuracy(79.038, 20.96, 94.39, 5.61)) == ["error-complement"]
    assert rules(of_accuracy(79.038, 20.962, 94.39, 5.6)) == ["error-complement"]
    assert rules(of_accuracy(79.038, None, None, None)) == []


def test_top5_is_no_less_than_top1() -> None:
    assert rules(of_accuracy(94.0, 6.0, 79.0, 21.0)) == ["top5-below-top1"]


@pytest.mark.parametrize(
    ("device", "mode", "off", "good"),
    [
        ("gpu", "infer", 1.0095, True),
        ("gpu", "infer", 1.011, False),
        ("cpu", "infer", 1.064, True),
        ("cpu", "infer", 1.071, False),
        ("gpu", "train", 1.064, True),
        ("gpu", "train", 1.071, False),
    ],
)
def test_rate_times_step_is_the_batch(device: str, mode: str, off: float, good: bool) -> None:
    assert rules(of_speed(1000.0 * off, 256.0, 256, device, mode)) == ["rate-times-step"] * (not good)


def test_each_parameter_is_used_at_least_once() -> None:
    assert rules(of_compute(0.03, 30.0, "gmacs")) == []
    assert rules(of_compute(0.0, 0.3, "gmacs")) == []  # two decimals
    assert rules(of_compute(0.01, 30.0, "gmacs")) == ["gmacs-below-params"]
    assert rules(of_compute(None, 30.0, "gmacs")) == []


def test_a_good_file_keeps_them_all() -> None:
    assert list(of_file(ACCURACIES)) == list(of_file(SPEEDS)) == []


def wrong_error(row: Accuracy) -> Accuracy:
    return replace(row, top1=100 - row.top1)


def step_for_rate(row: Benchmark) -> Benchmark:
    return replace(row, images_per_s=row.step_ms, step_ms=row.images_per_s)


def activations_for_gmacs(row: Benchmark) -> Benchmark:
    return replace(row, gmacs=row.mactivations, mactivations=row.gmacs)


def params_for_gmacs(row: Benchmark) -> Benchmark:
    return replace(row, gmacs=row.params_m, params_m=row.gmacs)


@pytest.mark.parametrize(
    ("rows", "exchange", "message"),
    [
        (ACCURACIES, wrong_error, "top5 falls where top1 rises"),
        (SPEEDS, step_for_rate, "models with more parameters and pixels are faster"),
        (SPEEDS, activations_for_gmacs, "more GMACs than million activations"),
        (SPEEDS, params_for_gmacs, "more GMACs than million parameters"),
    ],
)
def test_columns_under_each_others_headers_show(rows: list, exchange: object, message: str) -> None:
    exchanged = [exchange(row) for row in rows]
    assert message in next(of_file(exchanged))
    assert next(of_file(exchanged[: FEW - 1]), None) is None  # too few to tell
    assert next(of_file([exchanged[0], *rows[1:]]), None) is None  # one row is a row's matter


def test_the_past_shows_it_too() -> None:
    rows = [replace(past(f"m{n}", 70.0 + n), top5=90.0 - n) for n in range(FEW)]
    assert all(isinstance(row, PastAccuracy) for row in rows)
    assert "top5 falls" in next(of_file(rows))


def test_an_unknown_figure_of_the_survey_says_nothing() -> None:
    rows = [survey_row(f"m{n}", params_m=-1.0, gmacs=5.0) for n in range(FEW)]
    assert list(of_file(rows)) == []
