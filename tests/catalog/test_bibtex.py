"""A paper as BibTeX: readable keys, whole titles, nothing that LaTeX would trip over."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.bibtex import bibtex, citation_key, citation_keys
from catalog.records import Paper

SWIN = Paper(
    source="papers/reference",
    line=2,
    paper="arxiv-2103.14030",
    arxiv_id="2103.14030",
    title="Swin Transformer: Hierarchical Vision Transformer using Shifted Windows",
    authors="Ze Liu; Yutong Lin",
    year=2021,
    published="2021-03-25",
    venue="ICCV 2021",
    url="https://arxiv.org/abs/2103.14030",
    code_url="",
)


def test_entry_of_a_conference_paper() -> None:
    assert bibtex(SWIN) == (
        "@inproceedings{liu2021swin,\n"
        "  title = {{Swin Transformer: Hierarchical Vision Transformer using Shifted Windows}},\n"
        "  author = {Ze Liu and Yutong Lin},\n"
        "  booktitle = {ICCV},\n"
        "  year = {2021},\n"
        "  eprint = {2103.14030},\n"
        "  archiveprefix = {arXiv},\n"
        "  url = {https://arxiv.org/abs/2103.14030},\n"
        "}\n"
    )


def test_journal_gives_an_article() -> None:
    entry = bibtex(replace(SWIN, venue="TMLR 2022"))

    assert entry.startswith("@article{liu2021swin,")
    assert "  journal = {TMLR},\n  year = {2022},\n" in entry


def test_paper_without_venue_is_cited_by_its_arxiv_year() -> None:
    entry = bibtex(replace(SWIN, venue=""))

    assert entry.startswith("@misc{")
    assert "year = {2021}" in entry
    assert "booktitle" not in entry


@pytest.mark.parametrize(
    ("authors", "title", "key"),
    [
        ("Alexey Dosovitskiy; Lucas Beyer", "An Image is Worth 16x16 Words", "dosovitskiy2021image"),
        ("Laurens van der Maaten", "Are we done with ImageNet?", "maaten2021done"),
        ("Olivier J. Hénaff; Aäron van den Oord", "Étude", "henaff2021etude"),
        ("Jørgen Łukasz-Øst", "3D Networks", "lukaszost20213d"),
        ("", "Going deeper", "2021going"),
    ],
)
def test_key_says_who_when_and_what(authors: str, title: str, key: str) -> None:
    assert citation_key(replace(SWIN, authors=authors, title=title)) == key


def test_key_falls_back_to_the_paper() -> None:
    assert citation_key(replace(SWIN, authors="", title="", year=None)) == "arxiv210314030"


def test_equal_keys_are_told_apart_in_any_order() -> None:
    second, third = replace(SWIN, paper="arxiv-2111.09883"), replace(SWIN, paper="arxiv-2200.00001")

    expected = {SWIN.paper: "liu2021swin", second.paper: "liu2021swinb", third.paper: "liu2021swinc"}

    assert citation_keys([SWIN, second, third]) == expected
    assert citation_keys([third, second, SWIN]) == expected


def test_specials_are_escaped_and_accents_kept() -> None:
    entry = bibtex(replace(SWIN, title="5% of R&D: x_1^2 ~ {a}\\b $c$ #1", authors="Olivier J. Hénaff"))

    assert r"{{5\% of R\&D: x\_1\textasciicircum{}2 \textasciitilde{} \{a\}\textbackslash{}b \$c\$ \#1}}" in entry
    assert "author = {Olivier J. Hénaff}" in entry


def test_names_that_hold_and_or_a_comma_stay_whole() -> None:
    entry = bibtex(replace(SWIN, authors="Research and Engineering; Doe, Jane; et al."))

    assert "author = {{Research and Engineering} and {Doe, Jane} and others}" in entry


def test_row_of_the_table_with_blank_cells() -> None:
    table = pd.DataFrame([vars(SWIN) | {"venue": float("nan"), "year": pd.NA, "arxiv_id": None}])

    entry = bibtex(next(table.itertuples()))

    assert "year" not in entry
    assert "arXiv}" not in entry


@pytest.mark.parametrize("url", ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "file:///x", "x"])
def test_what_is_no_address_of_the_web_is_left_out(url: str) -> None:
    assert "url" not in bibtex(replace(SWIN, url=url))


@given(st.text(), st.text(), st.text())
def test_no_text_breaks_out_of_its_field(title: str, authors: str, url: str) -> None:
    entry = bibtex(replace(SWIN, title=title, authors=authors, url=url))

    bare = re.sub(r"\\[{}]", "", entry)
    assert bare.count("{") == bare.count("}")
    assert entry.count("\n") == len(re.findall(r"^  [a-z]+ = \{.*\},$", entry, re.MULTILINE)) + 2
