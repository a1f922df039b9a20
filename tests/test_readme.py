"""What the readme shows is what the repository makes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import catalog

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_picture_is_the_real_chart(tmp_path: Path) -> None:
    from generator.charts import draw_all

    assert "(.github/chart.png)" in README
    draw_all(catalog.load(), tmp_path, only=["gmacs-accuracy"], processes=1)
    assert (tmp_path / "gmacs-accuracy.png").read_bytes() == (ROOT / ".github" / "chart.png").read_bytes()


def test_the_files_it_links_to_are_there() -> None:
    for name in ("LICENSE", "CITATION.cff", "CONTRIBUTING.md"):
        assert f"({name})" in README and (ROOT / name).is_file()


@pytest.mark.parametrize("page", sorted(path.name for path in ROOT.glob("*.md")))
def test_what_a_page_links_to_in_the_repository_is_there(page: str) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / page).read_text(encoding="utf-8"))
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_there_is_a_way_to_report_a_weakness_in_private() -> None:
    assert "(SECURITY.md)" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert "in private" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_the_make_targets_it_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("site", "refresh", "test", "bench-pipeline"):
        assert f"make {target}" in README and f"\n{target}:" in makefile
