"""The flat table: the survey's eight columns first and meaning the same; its plotting code runs on it unchanged."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from catalog import Catalog
from catalog.export import PROVENANCE_COLUMNS, SURVEY_COLUMNS, flat_csv

# What a spreadsheet takes for a formula: one of these signs with something behind it, other than a number.
FORMULA = re.compile(r"[=+@\t\r]|-(?!1(\.0)?$).")


@pytest.fixture(scope="module")
def c(small_tables: Path) -> Catalog:
    return Catalog(small_tables)


@pytest.fixture(scope="module")
def text(c: Catalog) -> pd.DataFrame:
    """The cells as they are written."""
    return pd.read_csv(io.BytesIO(flat_csv(c)), dtype="str", keep_default_na=False)


@pytest.fixture(scope="module")
def flat(c: Catalog) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(flat_csv(c)))


def test_the_surveys_columns_come_first(flat: pd.DataFrame) -> None:
    assert list(flat.columns) == SURVEY_COLUMNS + PROVENANCE_COLUMNS
    assert SURVEY_COLUMNS == ["Date", "TrainSet", "Method", "Size", "Model", "Params(M)", "FLOPs(B)", "Acc"]


def test_the_same_weights_stand_once_at_each_size(flat: pd.DataFrame) -> None:
    assert not flat.duplicated(["Key", "Size"]).any()


def test_every_result_on_imagenet_is_in_it(c: Catalog, flat: pd.DataFrame) -> None:
    results = c.evaluations[c.evaluations["dataset"] == "imagenet"].drop_duplicates(["model", "img_size"])
    assert set(zip(flat["Key"], flat["Size"], strict=True)) == set(
        zip(results["model"], results["img_size"].astype(int), strict=True)
    )


def test_unknown_is_minus_one_or_a_dash_and_never_blank(text: pd.DataFrame) -> None:
    assert not (text[SURVEY_COLUMNS] == "").any().any()
    assert text["Date"].str.fullmatch(r"-|\d{4}(-\d\d-\d\d)?").all()
    for column in ("Params(M)", "FLOPs(B)"):
        numbers = text[column].astype("float64")
        assert ((numbers > 0) | (numbers == -1)).all()


def test_the_train_set_is_in_the_surveys_notation(c: Catalog, flat: pd.DataFrame) -> None:
    declared = c.models.set_index("model")["pretrain_sets"].fillna("")
    expected = [f"ImageNet-1K+{declared[key]}".rstrip("+").replace(";", "+") for key in flat["Key"]]
    assert flat["TrainSet"].tolist() == expected
    assert {"ImageNet-1K", "ImageNet-1K+ImageNet-22K"} <= set(expected)


def test_a_row_of_both_shows_what_timm_measured_and_what_the_survey_had(flat: pd.DataFrame) -> None:
    both = flat[flat["SurveyModel"].notna() & (flat["Evidence"] == "measured upstream")]
    assert len(both) and (both["SurveyAcc"] > 0).all()


def test_corrected_rows_are_marked(c: Catalog, flat: pd.DataFrame) -> None:
    lines = set(c.corrections.loc[c.corrections["state"] == "applied", "line"])
    marked = flat[flat["Corrected"] == "yes"]
    assert len(marked) and set(marked["Line"]) <= lines


def test_no_cell_is_a_formula_and_none_is_markup(text: pd.DataFrame) -> None:
    for column in text.columns:
        assert not text[column].str.match(FORMULA).any(), column
        assert not text[column].str.contains("[<>\n\r]").any(), column


def test_the_same_tables_give_the_same_bytes(c: Catalog) -> None:
    assert flat_csv(c) == flat_csv(Catalog(c.data))


def draw(csv: io.BytesIO, x_axis: str, x_max: float) -> Iterator[tuple[str, list[float], list[float]]]:
    """The original survey's plotting code: a line per method, each model at its best."""
    import matplotlib.pyplot as plt

    # adjustText moves labels for seconds; where labels stand is not what is tested.
    def adjust_text(texts: list[object], **keywords: object) -> None: ...

    data = pd.read_csv(csv)
    _, axes = plt.subplots(figsize=(16, 9))
    texts = []
    for method, group in data.groupby("Method"):
        best = group.loc[group.groupby("Model")["Acc"].idxmax()]
        best = best[(best[x_axis] > 0) & (best[x_axis] < x_max)].sort_values(x_axis)
        if len(best) == 0:
            continue
        x, y = best[x_axis].tolist(), best["Acc"].tolist()
        axes.plot(x, y, marker="o", label=method)
        texts += [axes.text(at, acc, name) for at, acc, name in zip(x, y, best["Model"], strict=True)]
        yield str(method), x, y
    adjust_text(texts)
    axes.set_xlabel(x_axis)
    axes.set_ylabel("Acc")
    axes.legend()
    picture = io.BytesIO()
    axes.figure.savefig(picture, dpi=40)
    plt.close(axes.figure)
    assert len(picture.getvalue()) > 5_000


@pytest.mark.parametrize("x_axis", ["Params(M)", "FLOPs(B)"])
def test_the_surveys_plotting_code_draws_a_picture(c: Catalog, x_axis: str) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    lines = list(draw(io.BytesIO(flat_csv(c)), x_axis, x_max=300))
    assert {"Swin", "ResNet"} <= {method for method, _, _ in lines}
    assert all(0 < x < 300 and 0 < y <= 100 for _, xs, ys in lines for x, y in zip(xs, ys, strict=True))
