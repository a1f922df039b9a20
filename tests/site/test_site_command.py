"""`backbones site` from the terminal."""

from __future__ import annotations

import json

from generator.project import ROOT


def test_a_site_that_is_up_to_date_is_left_alone(real_site, backbones, monkeypatch):
    monkeypatch.setattr("generator.build.WORK", real_site.public.parent / "work")
    told = backbones("site", "--output", real_site.public, "--json")
    assert told.status == 0
    assert json.loads(told.out)["changed"] is False
    assert told.err.strip() == "nothing changed"


def test_a_missing_folder_of_tables_is_one_line(backbones, tmp_path):
    told = backbones("site", "--data", tmp_path / "nowhere", "--output", tmp_path / "public")
    assert told.status == 1
    assert len(told.err.strip().splitlines()) == 1
    assert "nowhere" in told.err


def test_help_says_what_it_does(backbones):
    told = backbones("site", "--help")
    assert told.status == 0
    for word in ("--data", "--output", "--json", "--zensical", "--force"):
        assert word in told.out


def test_every_address_comes_from_one_place():
    """The repository's and the site's address stand in mkdocs.yml; nothing in the generator repeats them."""
    for path in [*(ROOT / "site" / "generator").rglob("*.py"), *(ROOT / "site" / "generator").rglob("*.html")]:
        text = path.read_text(encoding="utf-8")
        assert "backbone-survey.github.io" not in text, path
        assert "github.com/backbone-survey" not in text, path
