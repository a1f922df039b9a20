"""A model's card: found by its key, a former name or its architecture; else the nearest names are offered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from catalog import Catalog
from catalog.card import model_card, present_name, suggestion
from catalog.problems import CatalogError

SWIN = "swin_tiny_patch4_window7_224.ms_in1k"


@pytest.fixture(scope="module")
def c(small_tables: Path) -> Catalog:
    return Catalog(small_tables)


def test_a_key_is_its_own_name(c: Catalog) -> None:
    assert present_name(c, SWIN) == SWIN


def test_every_former_name_leads_to_the_model(c: Catalog) -> None:
    former = c.models.dropna(subset=["former_names"])
    assert len(former)
    for model, names in zip(former["model"], former["former_names"], strict=True):
        for name in names.split(";"):
            if not (c.models["architecture"] == name).any():
                assert present_name(c, name) == model


def test_an_architecture_with_one_set_of_weights_is_that(c: Catalog) -> None:
    counts = c.models["architecture"].value_counts()
    single, several = counts.index[counts == 1][0], counts.index[counts > 1][0]
    expected = c.models.loc[c.models["architecture"] == single, "model"].item()
    assert present_name(c, single) == expected
    with pytest.raises(CatalogError, match=f"{several} has {counts[several]} sets of weights, name one: "):
        present_name(c, several)


def test_a_name_that_is_nearly_right_gets_a_suggestion(c: Catalog) -> None:
    with pytest.raises(CatalogError, match=f"no model is named .*; did you mean .*{SWIN}"):
        present_name(c, "swin_tiny_patch4_window7_224.ms_in1")
    assert suggestion("zzzzzz", ["resnet50"]) == "nothing is named like it"


def test_the_card_holds_every_figure_with_its_source(c: Catalog) -> None:
    card = model_card(c, SWIN)
    assert card["model"]["model"] == SWIN and card["family"]["family"] == "swin"
    assert {row["dataset"] for row in card["evaluations"]} >= {"imagenet", "imagenet-sketch"}
    for group in ("evaluations", "costs", "measurements"):
        assert card[group] and all(row["source"] and row["line"] for row in card[group])
    assert any(paper["role"] == "architecture" for paper in card["papers"])


def test_every_card_is_plain_data_without_blanks(c: Catalog) -> None:
    for model in c.models["model"]:
        card = model_card(c, model)
        text = json.dumps(card, allow_nan=False)
        assert "null" not in text
