"""What the readme shows is what the repository makes."""

from __future__ import annotations

from pathlib import Path

import catalog

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_picture_is_the_real_chart(tmp_path: Path) -> None:
    from survey.charts import draw_all

    assert "(.github/chart.png)" in README
    draw_all(catalog.load(), tmp_path, only=["gmacs-accuracy"], processes=1)
    assert (tmp_path / "gmacs-accuracy.png").read_bytes() == (ROOT / ".github" / "chart.png").read_bytes()


def test_the_files_it_links_to_are_there() -> None:
    for name in ("LICENSE", "CITATION.cff", "CONTRIBUTING.md"):
        assert f"({name})" in README and (ROOT / name).is_file()


def test_the_make_targets_it_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("site", "refresh", "test", "bench-pipeline"):
        assert f"make {target}" in README and f"\n{target}:" in makefile
