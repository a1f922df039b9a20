"""Building: the same bytes every time, nothing when nothing changed, and the old site until the new one is good."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from importlib.metadata import packages_distributions
from pathlib import Path

import pandas as pd
import pytest
from generator.build import _made_of, _mark_whole, _restore, _swap, build, draw_charts
from generator.engine import run_engine
from generator.fingerprint import CHART_FILES, PACKAGES
from generator.project import ROOT, project, settings
from generator.vendor import vendor
from site_checks import broken_links, external_assets, faults
from site_visit import opened
from small_catalog import shrink

import catalog
from catalog.problems import CatalogError
from catalog.schema import TABLES
from catalog.store import write_tables
from tests.kills import Killer
from tests.site.leaderboard_page import serve

HOSTILE = "<script>alert(1)</script>\"'|`=x"


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_two_builds_are_the_same_bytes(small_site, site_tables, tmp_path):
    again = tmp_path / "elsewhere" / "public"
    build(catalog.load(site_tables), again, work=tmp_path / "work", charts=False)
    first, second = tree(small_site.public), tree(again)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_nothing_changed_is_said_at_once(small_site, site_tables):
    told: list[str] = []
    begun = time.perf_counter()
    summary = build(
        catalog.load(site_tables),
        small_site.public,
        work=small_site.public.parent / "work",
        charts=False,
        report=told.append,
    )
    assert told == ["nothing changed"]
    assert not summary.changed
    assert time.perf_counter() - begun < 5


def test_charts_are_drawn_anew_when_the_address_in_their_citations_changes(site_tables, tmp_path, monkeypatch):
    drawn: list[str] = []
    monkeypatch.setattr(
        "generator.charts.draw_all", lambda c, folder: (folder.mkdir(), drawn.append(project().site_url))
    )
    here = settings()
    for address in ("https://one.example/", "https://one.example/", "https://two.example/"):
        monkeypatch.setattr("generator.project.settings", lambda address=address: here | {"site_url": address})
        draw_charts(catalog.load(site_tables), tmp_path / "charts")
    assert drawn == ["https://one.example/", "https://two.example/"]


def test_what_the_charts_import_is_in_their_fingerprint():
    generator = ROOT / "site" / "generator"
    listed = {ROOT / name for name in CHART_FILES}
    texts = [path.read_text() for path in [*sorted((generator / "charts").glob("*.py")), *sorted(listed)]]
    imported = {name for text in texts for name in re.findall(r"from generator\.(\w+) import", text)}
    # Of project.py and mkdocs.yml only the addresses are drawn, and those are in the fingerprint.
    assert {generator / f"{name}.py" for name in imported - {"charts", "project"}} <= listed


def test_the_versions_of_what_draws_the_charts_are_in_their_fingerprint():
    texts = [path.read_text() for path in sorted((ROOT / "site" / "generator" / "charts").glob("*.py"))]
    modules = {name for text in texts for name in re.findall(r"^ *(?:from|import) (\w+)", text, re.MULTILINE)}
    own = {"__future__", "catalog", "generator"}
    libraries = packages_distributions()
    needed = {libraries[name][0].lower() for name in modules - own - sys.stdlib_module_names}
    assert needed >= {"matplotlib", "pandas"}
    assert needed <= set(PACKAGES)


def test_a_failed_build_leaves_the_old_site(site_tables, tmp_path, monkeypatch, node_modules):
    public = tmp_path / "public"
    public.mkdir()
    (public / ".fingerprint").write_text("an older one")
    (public / "index.html").write_text("the old site")

    def fail(*_: object) -> None:
        raise CatalogError("mkdocs build failed: no")

    monkeypatch.setattr("generator.build.run_engine", fail)
    with pytest.raises(CatalogError, match="mkdocs build failed"):
        build(catalog.load(site_tables), public, work=tmp_path / "work", charts=False)
    assert (public / "index.html").read_text() == "the old site"


def test_a_folder_with_something_else_is_not_overwritten(site_tables, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(CatalogError, match="not a site built here"):
        build(catalog.load(site_tables), tmp_path, work=tmp_path / "work", charts=False)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_swap_that_was_cut_off_is_undone(small_site, site_tables, tmp_path):
    shutil.copytree(small_site.public, tmp_path / ".public.old")
    summary = build(catalog.load(site_tables), tmp_path / "public", work=tmp_path / "work", charts=False)
    assert not summary.changed
    assert tree(tmp_path / "public") == tree(small_site.public)


def little_site(folder: Path, word: str) -> Path:
    """A folder that looks like a whole site."""
    for name in ("index.html", "models/net/index.html", "data/models.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(word)
    _mark_whole(folder, word)
    return folder


def test_a_swap_that_is_killed_at_any_step_leaves_a_whole_site(tmp_path):
    killer, seen = Killer(["generator.build"]), set()
    sites = {word: tree(little_site(tmp_path / word, word)) for word in ("old", "new")}
    for step in range(100):
        folder = tmp_path / str(step)
        public, fresh = little_site(folder / "public", "old"), little_site(folder / ".public.new", "new")
        killer.kill_at(step, folder, _swap, fresh, public)
        done = {path.name for path in folder.iterdir()} == {"public"}
        _restore(public)
        assert tree(public) in sites.values()
        assert {path.name for path in folder.iterdir()} == {"public"}
        seen.add((_made_of(public), done))
        if done:
            break
    assert seen == {("old", False), ("new", False), ("new", True)}


@pytest.mark.parametrize("name", ["public", ".public.old"])
def test_a_site_of_which_a_part_is_gone_is_built_anew(small_site, site_tables, tmp_path, name):
    half = tmp_path / name
    shutil.copytree(small_site.public, half, ignore=shutil.ignore_patterns("models"))
    summary = build(catalog.load(site_tables), tmp_path / "public", work=tmp_path / "work", charts=False)
    assert summary.changed
    assert tree(tmp_path / "public") == tree(small_site.public)
    assert not (tmp_path / ".public.old").exists()


def test_tables_that_change_during_the_build_are_never_mixed(site_tables, tmp_path, monkeypatch, node_modules):
    tables, public = Path(shutil.copytree(site_tables, tmp_path / "tables")), tmp_path / "public"

    def change(*_: object) -> None:
        write_tables({"history": TABLES["history"].empty()}, tables)

    monkeypatch.setattr("generator.build.slim_search", change)
    with pytest.raises(CatalogError, match="the tables changed while the site was built"):
        build(catalog.load(tables), public, work=tmp_path / "work", charts=False)
    assert not public.exists()


def test_make_clean_takes_what_a_cut_off_build_left(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("public", ".public.old", ".public.new", "site/build", ".cache", "kept"):
        (tmp_path / name).mkdir(parents=True)
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True, capture_output=True)
    assert {path.name for path in tmp_path.iterdir()} == {"Makefile", "kept", "site"}


def test_missing_libraries_are_one_line_with_the_command(tmp_path):
    with pytest.raises(CatalogError, match="npm ci"):
        vendor(tmp_path / "vendor", tmp_path / "no_node_modules")


def test_the_builder_names_what_it_did_not_like(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[nowhere](missing.md)")
    (tmp_path / "mkdocs.yml").write_text("site_name: x\ndocs_dir: docs\ntheme: {name: material, font: false}\n")
    with pytest.raises(CatalogError, match=r"missing\.md"):
        run_engine("mkdocs", tmp_path / "mkdocs.yml", "2026-01-01")


def implementation(architecture: str) -> pd.DataFrame:
    """A table with one proven implementation."""
    row = {
        "variant": architecture,
        "architecture": architecture,
        "module": "implementations.van",
        "reference": f"paper {HOSTILE}",
        "img_size": 224,
        "params_m": 4.1,
        "parity_error": 1.5e-7,
        "reference_error": 1.2e-7,
        "tolerance": 1e-5,
        "depth_cut": False,
        "verified_with": "keras 3",
        "verified_on": "2026-11-20",
    }
    return TABLES["implementations"].typed(pd.DataFrame([row]))


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory, node_modules):
    """A small catalog whose every text that upstream writes freely is hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    frames = {name: frame.copy() for name, frame in shrink(catalog.load(), ("van", "as-mlp"), 2).items()}
    models = frames["models"]
    names = (f"../../{HOSTILE}", "=cmd|' /C calc'!A0", "CON.Evil", "con.evil")
    evil = dict(zip(models["model"], names, strict=False))
    for table in ("models", "evaluations", "survey_rows", "history"):
        frames[table]["model"] = frames[table]["model"].replace(evil)
    frames["paper_links"]["target"] = frames["paper_links"]["target"].replace(evil)
    for table, columns in {
        "models": ["name", "method", "licence", "hub_id", "former_names", "pretrain_sets"],
        "families": ["name", "note", "synonyms"],
        "papers": ["title", "authors", "venue", "code_url"],
        "environments": ["label", "device"],
        "quarantine": ["detail", "raw"],
        "corrections": ["found", "reason", "evidence"],
        "survey_rows": ["method", "model_name", "train_set"],
    }.items():
        for column in columns:
            frames[table][column] = pd.Series(
                [f"{HOSTILE} {index}" for index in range(len(frames[table]))], index=frames[table].index, dtype="str"
            )
    frames["papers"]["url"] = "javascript:alert(1)"
    frames["implementations"] = implementation(frames["models"]["architecture"].iloc[0])
    write_tables(frames, folder / "tables")
    public = folder / "public"
    build(catalog.load(folder / "tables"), public, work=folder / "work", charts=False)
    return folder


def test_hostile_text_never_becomes_markup(hostile_site):
    pages = {
        str(path.relative_to(hostile_site)): path.read_text() for path in (hostile_site / "public").rglob("*.html")
    }
    assert any("&lt;script&gt;alert(1)" in text for text in pages.values())
    assert [name for name, text in pages.items() if "<script>alert" in text] == []
    assert [name for name, text in pages.items() if re.search(r'(href|src)="\s*javascript:', text)] == []


def test_hostile_names_never_become_paths(hostile_site):
    assert {path.name for path in hostile_site.iterdir()} == {"tables", "public", "work"}
    names = [path.name for path in (hostile_site / "public" / "models").iterdir()]
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name) for name in names)
    assert sum(name.startswith("con-evil-") for name in names) == 2
    assert any(name.startswith("cmd-c-calc") for name in names)


def test_every_system_can_hold_the_files_of_the_site(hostile_site):
    names = [str(path.relative_to(hostile_site / "public")) for path in (hostile_site / "public").rglob("*")]
    assert len({name.casefold() for name in names}) == len(names)
    parts = {part for name in names for part in Path(name).parts}
    assert not [part for part in parts if re.search(r'[<>:"\\|?*\x00-\x1f]|[. ]$', part) or len(part) > 130]
    assert not [part for part in parts if re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", part, re.IGNORECASE)]


def test_hostile_text_never_becomes_a_formula(hostile_site):
    for path in (hostile_site / "public" / "data").glob("*.csv"):
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        texts = [value for column in frame for value in frame[column] if len(value) > 1 and value[0] in "=+@\t\r"]
        assert texts == [], path.name


def test_an_implementation_is_listed_with_its_proof(hostile_site):
    listed = (hostile_site / "public" / "implementations" / "index.html").read_text()
    assert "1.5e-07" in listed
    assert "implementations.create_model" in listed
    pages = [path.read_text() for path in (hostile_site / "public" / "models").glob("*/index.html")]
    assert sum("implementations.create_model" in text for text in pages) >= 1


def test_a_hostile_site_is_still_whole(hostile_site):
    pages = {
        str(path.relative_to(hostile_site / "public")): path.read_text()
        for path in (hostile_site / "public").rglob("*.html")
    }
    assert broken_links(hostile_site / "public", pages)[:10] == []
    assert {name: found for name, text in pages.items() if (found := faults(text))} == {}


@pytest.fixture(scope="module")
def zensical_site(site_tables, tmp_path_factory):
    pytest.importorskip("zensical")
    folder = tmp_path_factory.mktemp("zensical")
    build(catalog.load(site_tables), folder / "public", work=folder / "work", charts=False, engine="zensical")
    return folder / "public"


def test_zensical_builds_the_same_pages(small_site, zensical_site):
    pages = {str(path.relative_to(zensical_site)): path.read_text() for path in zensical_site.rglob("*.html")}
    assert set(small_site.pages) <= set(pages)
    assert broken_links(zensical_site, pages)[:10] == []
    assert {name: found for name, text in pages.items() if (found := external_assets(text))} == {}
    assert {name: found for name, text in pages.items() if (found := faults(text))} == {}


@pytest.mark.browser
def test_zensicals_pages_work_under_the_same_policy(zensical_site, browser):
    with serve(zensical_site) as address:
        page, wrong = opened(browser, f"{address}leaderboard/")
        page.locator(".tabulator-row").first.wait_for()
        page.context.close()
    assert wrong == []
