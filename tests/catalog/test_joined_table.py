"""The joined table: one result a row, with the cost of exactly its size and the speed of exactly its environment."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from catalog import Catalog
from catalog.fields import columns
from catalog.frontier import pareto_mask
from catalog.leaderboard import environments_by_coverage
from catalog.problems import CatalogError
from catalog.schema import TABLES
from tests.catalog.rows import evaluation, table

COUNTED = {"head_classes": 1000, "preferred": True}


def held(**frames: pd.DataFrame) -> Catalog:
    """A catalog that holds these tables."""
    c = Catalog(Path("nowhere"))
    defaults = {
        "families": table("families", {"family": "net"}),
        "architectures": table("architectures", {"architecture": "net", "family": "net"}),
        "models": table("models", {"model": "net.a", "architecture": "net"}),
        "evaluations": table("evaluations", evaluation("net.a", 80.0, params_m=10.0)),
    }
    for name, schema in TABLES.items():
        setattr(c, name, frames.get(name, defaults.get(name, schema.empty())))
    return c


def only(c: Catalog, **arguments: object) -> pd.Series:
    rows = c.leaderboard(**arguments)
    assert len(rows) == 1 and list(rows.columns) == columns()
    return rows.iloc[0]


def costs(*rows: dict) -> pd.DataFrame:
    return table("costs", *({"architecture": "net", "img_size": 224} | COUNTED | row for row in rows))


def speeds(*rows: dict) -> dict[str, pd.DataFrame]:
    plain = {"architecture": "net", "img_size": 224, "environment": "gpu", "params_m": 10.0, "images_per_s": 100.0}
    plain |= {"implementation": "timm"}
    return {
        "environments": table("environments", {"environment": "gpu"}, {"environment": "cpu"}),
        "measurements": table("measurements", *(plain | row for row in rows)),
    }


def test_a_cost_is_joined_at_exactly_its_size() -> None:
    c = held(costs=costs({"gmacs": 2.0}, {"img_size": 384, "gmacs": 6.0}))
    assert only(c)["gmacs"] == 2.0
    assert pd.isna(only(held(costs=costs({"img_size": 384, "gmacs": 6.0})))["gmacs"])


@pytest.mark.parametrize(
    ("row", "note"),
    [
        ({}, ""),
        ({"estimated": True}, "estimated"),
        ({"head_classes": 21841}, "other head"),
        ({"reparametrised": True}, "reparametrised"),
        ({"convention": "macs without fused attention"}, "without fused attention"),
    ],
)
def test_the_note_says_what_the_count_is(row: dict, note: str) -> None:
    result = only(held(costs=costs({"gmacs": 2.0} | row)))
    assert (result["gmacs"], result["cost_note"]) == (2.0, note)
    assert result["pareto_gmacs"] == (note in ("", "estimated"))


def test_the_comparable_count_comes_before_all_others_and_an_unused_one_never() -> None:
    others = [{"reparametrised": True}, {"head_classes": 0}, {"convention": "macs without fused attention"}]
    rows = [{"gmacs": 1.0} | other for other in others] + [{"gmacs": 2.0}, {"gmacs": 3.0, "preferred": False}]
    assert only(held(costs=costs(*rows)))["gmacs"] == 2.0


def test_measured_comes_before_reported_whoever_is_more_accurate() -> None:
    rows = [
        evaluation("net.a", 99.0, kind="reported by a paper", source="s/survey"),
        evaluation("net.a", 81.0, kind="measured here", source="s/here"),
        evaluation("net.a", 80.0),
    ]
    assert only(held(evaluations=table("evaluations", *rows)))["top1"] == 80.0
    assert only(held(evaluations=table("evaluations", *rows[:2])))["evidence"] == "measured here"
    assert only(held(evaluations=table("evaluations", rows[0])))["evidence"] == "reported by a paper"
    assert held(evaluations=table("evaluations", rows[0])).leaderboard(reported=False).empty


def test_what_only_a_paper_states_is_never_on_the_frontier() -> None:
    row = evaluation("net.a", 99.0, kind="reported by a paper", params_m=1.0)
    result = only(held(evaluations=table("evaluations", row), costs=costs({"gmacs": 0.1})))
    assert not result[["pareto_params", "pareto_gmacs", "pareto_speed"]].any()


def test_without_an_environment_there_is_no_speed() -> None:
    assert pd.isna(only(held(**speeds({})))["images_per_s"])


def test_the_speed_is_that_of_the_environment_size_and_mode() -> None:
    c = held(**speeds({}, {"environment": "cpu", "images_per_s": 1.0}, {"img_size": 384, "images_per_s": 9.0}))
    assert only(c, environment="gpu")["images_per_s"] == 100.0
    assert only(c, environment="cpu")["images_per_s"] == 1.0
    assert pd.isna(only(c, environment="gpu", mode="train")["images_per_s"])


def test_of_several_batch_sizes_the_fastest_is_shown_with_its_batch() -> None:
    result = only(held(**speeds({"batch_size": 1}, {"batch_size": 64, "images_per_s": 900.0})), environment="gpu")
    assert (result["images_per_s"], result["batch_size"]) == (900.0, 64)


OURS, TIMM, RIVAL = ("backbone-survey", "timm", "keras-hub")


@pytest.mark.parametrize(
    ("measured", "shown"),
    [
        ({OURS: 50.0, TIMM: 60.0, RIVAL: 70.0}, OURS),
        ({TIMM: 60.0, RIVAL: 70.0}, TIMM),
        ({RIVAL: 70.0}, None),
    ],
)
def test_an_environment_shows_ours_else_timms_and_never_a_rivals(measured: dict, shown: str | None) -> None:
    c = held(**speeds(*({"implementation": name, "images_per_s": rate} for name, rate in measured.items())))
    result = only(c, environment="gpu")
    if shown:
        assert (result["images_per_s"], result["speed_implementation"]) == (measured[shown], shown)
    else:
        assert pd.isna(result["images_per_s"]) and pd.isna(result["speed_implementation"])
    assert environments_by_coverage(c).to_dict() == ({"gpu": 1} if shown else {})


def test_of_a_run_that_was_measured_again_the_newest_is_shown_though_it_is_slower() -> None:
    older = {"images_per_s": 90.0, "source": "local/2026", "line": 5, "comparison": "a"}
    newer = {"images_per_s": 80.0, "source": "local/2027", "line": 2, "comparison": "b"}
    days = [{"source": f"local/{year}", "retrieved_at": f"{year}-01-01"} for year in (2027, 2026)]
    c = held(sources=table("sources", *days), **speeds(older, newer))
    assert only(c, environment="gpu")["images_per_s"] == 80.0
    again = {"images_per_s": 70.0, "source": "local/2027", "line": 3, "comparison": "c"}
    c = held(sources=table("sources", *days), **speeds(again, older, newer))
    assert only(c, environment="gpu")["images_per_s"] == 70.0


@pytest.mark.parametrize(("timed", "note"), [(10.0, ""), (10.04, ""), (9.0, "other network")])
def test_what_was_timed_with_other_parameters_is_another_network(timed: float, note: str) -> None:
    result = only(held(**speeds({"params_m": timed})), environment="gpu")
    assert result["speed_note"] == note
    assert result["pareto_speed"] == (note == "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dataset": "imagenet-z"}, "data set 'imagenet-z' is unknown, expected one of imagenet, "),
        ({"environment": "abacus"}, "environment 'abacus' is unknown, expected one of cpu, gpu"),
        ({"mode": "dream"}, "mode 'dream' is unknown, expected one of infer, train"),
    ],
)
def test_what_does_not_exist_is_named_with_what_does(arguments: dict, message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        held(**speeds({})).leaderboard(**arguments)


def test_an_empty_catalog_has_an_empty_leaderboard() -> None:
    c = held(evaluations=TABLES["evaluations"].empty())
    assert list(c.leaderboard().columns) == columns() and c.leaderboard().empty
    assert environments_by_coverage(c).empty


def test_environments_are_ordered_by_how_many_rows_they_have_a_speed_for() -> None:
    c = held(**speeds({}, {"environment": "cpu", "img_size": 384}, {"batch_size": 2}))
    assert environments_by_coverage(c).to_dict() == {"gpu": 1}


def test_every_figure_of_the_small_catalog_stands_in_its_table(small_tables: Path) -> None:
    c = Catalog(small_tables)
    environment = environments_by_coverage(c).index[0]
    rows = c.leaderboard(environment=environment)
    known = set(zip(c.costs["architecture"], c.costs["img_size"], c.costs["gmacs"], strict=True))
    shown = rows.dropna(subset=["gmacs"])
    assert set(zip(shown["architecture"], shown["img_size"], shown["gmacs"], strict=True)) <= known
    assert not rows.duplicated(["model", "img_size"]).any()
    assert rows["top1"].is_monotonic_decreasing
    accuracy = rows["top1"].where(rows["evidence"] != "reported by a paper")
    assert rows["pareto_params"].tolist() == pareto_mask(rows["params_m"], accuracy).tolist()
