"""The pieces that pages are made of: numbers, addresses, titles, sources, ranks, frontiers and picks."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from generator.facts import full_name
from generator.provenance import line_address, place
from generator.render import (
    Page,
    anchor,
    cost,
    environment,
    figure,
    front_matter,
    parts,
    plain,
    plural,
    signed,
    web_address,
)
from generator.standing import Standings, frontier, picks
from hypothesis import given
from hypothesis import strategies as st

IN1K = "ImageNet-1K only"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (float("nan"), "–"), (1234, "1,234"), (82.0, "82"), (82.132, "82.132"), (0.28, "0.28"), (-1, "-1")],
)
def test_figures_are_written_as_published(value, text):
    assert figure(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.284, "0.28"),
        (4.456, "4.46"),
        (86.57, "86.6"),
        (1013.01, "1,013"),
        (None, "–"),
        (9.2, "9.2"),
        (4.0, "4"),
        (9.196, "9.20"),
    ],
)
def test_costs_have_about_three_figures_and_none_that_the_source_lacks(value, text):
    assert cost(value) == text


@pytest.mark.parametrize(("value", "text"), [(1.5, "+1.5"), (-48.881, "−48.881"), (0, "0"), (None, "–")])
def test_differences_carry_their_sign(value, text):
    assert signed(value) == text


def test_a_size_of_training_data_is_not_taken_for_parameters():
    def named(name: str, origin: str = "survey", sets: str | None = "JFT-300M") -> str:
        return full_name(SimpleNamespace(name=name, origin=origin, pretrain_sets=sets))

    assert named("BiT-L(300M)") == "BiT-L (JFT-300M)"
    assert named("SReT-S without slices", sets=None) == "SReT-S without slices"
    assert named("resnet50.a1_in1k", "timm", None) == "resnet50.a1_in1k"


def test_plurals():
    assert plural(1, "paper") == "1 paper"
    assert plural(1403, "set of weights", "sets of weights") == "1,403 sets of weights"


def test_parts_of_a_cell():
    assert parts("a; b;") == ["a", "b"]
    assert parts(None) == []


@given(st.text())
def test_a_title_can_hold_no_markup(text):
    assert not set(plain(text)) & set('<>&"\n\r')


@given(st.text(min_size=1), st.text())
def test_front_matter_is_yaml_whatever_the_title(title, description):
    import yaml

    written = front_matter(Page("index.md", title, description, hide=()))
    assert yaml.safe_load(written.strip().strip("-")) == {"title": plain(title), "description": plain(description)}


@pytest.mark.parametrize(
    ("path", "expected", "root"),
    [
        ("index.md", "", "./"),
        ("families/index.md", "families/", "../"),
        ("models/a.b/index.md", "models/a.b/", "../../"),
    ],
)
def test_pages_know_their_address_and_the_way_up(path, expected, root):
    page = Page(path, "t", "d")
    assert (page.address, page.root) == (expected, root)


def test_templates_escape():
    assert environment().from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", None, "//evil"])
def test_only_web_addresses_are_linked(url):
    assert web_address(url) == "#"


def test_anchors_are_ids():
    assert anchor("imagenet-real", 224) == "imagenet-real-224"


def source(url: str) -> SimpleNamespace:
    return SimpleNamespace(source="timm/results-imagenet", url=url)


def test_a_line_upstream_has_an_address_at_the_revision():
    raw = "https://raw.githubusercontent.com/huggingface/pytorch-image-models/abc123/results/results-imagenet.csv"
    expected = "https://github.com/huggingface/pytorch-image-models/blob/abc123/results/results-imagenet.csv#L12"
    assert line_address(source(raw), 12) == expected
    assert line_address(source("https://export.arxiv.org/api/query"), 12) == "https://export.arxiv.org/api/query"
    assert line_address(source("file:///etc/passwd"), 1) == ""
    assert line_address(None, 1) == ""
    assert place(source(raw), 12) == "timm/results-imagenet, line 12"


def result(model: str, top1: float, params: float, **more: object) -> SimpleNamespace:
    known = {
        "model": model,
        "img_size": 224,
        "top1": top1,
        "params_m": params,
        "gmacs": params / 5,
        "cost_note": "",
        "evidence": "measured upstream",
        "train_set": IN1K,
    }
    return SimpleNamespace(**known | more)


BOARD = [
    result("huge", 88.0, 300, train_set="JFT-300M"),
    result("claimed", 87.0, 10, evidence="reported by a paper"),
    result("large", 85.0, 80),
    result("wasteful", 84.0, 90),
    result("base", 83.0, 25),
    result("twin", 83.0, 25.5),
    result("fused", 80.0, 5, cost_note="reparametrised"),
]


def test_the_frontier_is_what_nothing_cheaper_beats():
    measured = [row for row in BOARD if row.evidence != "reported by a paper"]
    assert [row.model for row in frontier(measured, "params_m")] == ["fused", "base", "large", "huge"]
    assert [row.model for row in frontier(measured, "gmacs")] == ["base", "large", "huge"]


def test_the_frontier_is_that_of_the_catalog():
    import catalog

    c = catalog.load()
    from generator.facts import Facts

    facts = Facts(c)
    for axis in ("params_m", "gmacs"):
        expected = {
            (row.model, row.img_size) for row in facts.board if getattr(row, f"pareto_{axis.removesuffix('_m')}")
        }
        found = {(row.model, row.img_size) for row in Standings(facts.board).everything.frontier(axis)}
        assert found == expected


def test_ranks_count_measured_results_and_share_places():
    ranks = Standings(BOARD).everything.ranks
    assert [ranks[name, 224] for name in ("huge", "large", "wasteful", "base", "twin", "fused")] == [1, 2, 3, 4, 4, 6]
    assert ("claimed", 224) not in ranks


def test_neighbours_on_the_frontier():
    scope = Standings(BOARD).everything
    on_it = scope.neighbours(BOARD[2], "params_m")
    assert on_it.on_frontier
    assert (on_it.before.model, on_it.after.model) == ("base", "huge")
    behind = scope.neighbours(BOARD[3], "params_m")
    assert not behind.on_frontier
    assert (behind.at.model, behind.after.model, behind.behind) == ("large", "huge", 1.0)
    assert scope.neighbours(BOARD[6], "gmacs") is None


def test_weights_whose_teacher_saw_more_are_no_pick_of_imagenet_1k_only():
    taught = result("taught", 86.0, 10, train_set="ImageNet-1K, teacher saw more")
    standings = Standings([BOARD[0], taught, *BOARD[1:]])
    (pick,) = picks(standings, (100,), lambda row, limit: row.params_m <= limit, str)
    assert (pick.row.model, pick.any_data.model) == ("large", "taught")
    assert [row.model for row in standings.of(IN1K).frontier("params_m")] == ["fused", "base", "large"]


def test_picks_answer_both_questions():
    found = picks(Standings(BOARD), (4, 100, 1000), lambda row, limit: row.params_m <= limit, str)
    assert [(pick.row and pick.row.model, pick.any_data and pick.any_data.model) for pick in found] == [
        (None, None),
        ("large", "large"),
        ("large", "huge"),
    ]
