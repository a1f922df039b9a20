"""The leaderboard page on disk: the catalog's data, in few bytes, always the same, and no markup from names."""

from __future__ import annotations

import gzip
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from generator import leaderboard
from generator.leaderboard.packing import pack, to_json, unpack
from generator.leaderboard.payload import MODEL_TABLES, RESULT_TABLES, SPEED_TABLES, speed_file
from generator.render import address

import catalog
from catalog.fields import fields_from
from catalog.leaderboard import environments_by_coverage
from catalog.schema import DATASETS
from catalog.store import write_tables
from tests.catalog.local_rows import add_local
from tests.site.leaderboard_page import ASSETS, HOSTILE, hostile_catalog
from tests.site.local_results import FIXTURES

KEY = ["model", "img_size"]
BUDGET = 150_000  # bytes after gzip of what is ours; the theme takes about 60,000 and Tabulator 106,000 of 350,000


@pytest.fixture(scope="module")
def real() -> catalog.Catalog:
    return catalog.load()


@pytest.fixture(scope="module")
def written(real: catalog.Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    leaderboard.write(real, folder)
    return folder / "leaderboard"


def read(folder: Path, name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((folder / "data" / f"{name}.json").read_text(encoding="utf-8"))
    return parsed


def joined_from(*tables: str) -> list[str]:
    """The leaderboard's columns from some tables, but for the key of a result and differences to ImageNet."""
    return [field.column for field in fields_from(*tables) if field.column not in KEY and not field.difference]


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    """Equal values cell by cell, where blanks are equal whatever they are called."""
    assert list(left.columns) == list(right.columns)
    assert len(left) == len(right)
    for column in left.columns:
        for index, (ours, theirs) in enumerate(zip(left[column], right[column], strict=True)):
            both_blank = pd.isna(ours) and pd.isna(theirs)
            assert both_blank or ours == theirs, f"{column}, row {index}: {ours!r} is not {theirs!r}"


@pytest.mark.parametrize("dataset", DATASETS)
def test_data_of_every_data_set_are_the_catalogs_leaderboard(
    real: catalog.Catalog, written: Path, dataset: str
) -> None:
    core = read(written, "core")
    file = core if dataset == core["dataset"] else read(written, dataset)

    models = unpack(core["models"])
    results = unpack(file["results"], {"model": list(models["model"])})

    expected = real.leaderboard(dataset)
    compared = [*KEY, *joined_from(*RESULT_TABLES)]
    assert {"top1", "gmacs", "evidence", "cost_note", "source", "line"} <= {*compared}
    same(results[compared], expected[compared])
    attributes = results[["model"]].merge(models, on="model", how="left")
    begins = attributes["model"].str.partition(".")[0]
    attributes["architecture"] = attributes["architecture"].where(attributes["architecture"].notna(), begins)
    compared = ["model", *joined_from(*MODEL_TABLES)]
    assert {"family", "family_name", "kind", "train_set", "licence"} <= {*compared}
    same(attributes[compared], expected[compared])


def test_speeds_of_every_environment_are_the_catalogs(real: catalog.Catalog, written: Path) -> None:
    named = {entry["key"] for entry in read(written, "core")["environments"]}
    assert named == set(environments_by_coverage(real).index)
    for environment in sorted(named)[:3]:
        expected = real.leaderboard("imagenet", environment)
        expected = expected[expected["images_per_s"].notna()].sort_values(["model", "img_size"])
        speeds = unpack(read(written, speed_file(environment))["speeds"])
        common = speeds.merge(expected[["model", "img_size"]].astype({"img_size": "object"}), on=["model", "img_size"])
        compared = [*KEY, *joined_from(*SPEED_TABLES)]
        assert {"images_per_s", "batch_size", "speed_note", "speed_source"} <= {*compared}
        same(common[compared], expected[compared])


def test_the_first_environment_covers_the_most(real: catalog.Catalog, written: Path) -> None:
    rows = [entry["rows"] for entry in read(written, "core")["environments"]]
    assert rows[0] == max(rows)


def test_differences_are_the_catalogs(real: catalog.Catalog, written: Path) -> None:
    results = unpack(read(written, "imagenetv2")["results"])
    evaluations = real.evaluations[real.evaluations["dataset"] == "imagenetv2"].set_index(["model", "img_size"])
    for row in results.head(50).itertuples():
        theirs = evaluations.loc[(row.model, row.img_size)]
        for column in ("top1_diff", "top5_diff", "rank_diff"):
            ours = getattr(row, column)
            assert math.isclose(float(ours), float(theirs[column])), (row.model, column)


def test_every_source_named_is_described(written: Path) -> None:
    core = read(written, "core")
    described = {source["key"] for source in core["sources"]}
    results = unpack(core["results"], {"model": list(unpack(core["models"])["model"])})
    assert set(results["source"]) | set(results["cost_source"].dropna()) <= described
    assert all(source["page"].startswith("https://") for source in core["sources"])


def test_writing_twice_gives_the_same_bytes(real: catalog.Catalog, written: Path, tmp_path: Path) -> None:
    stale = tmp_path / "leaderboard" / "data" / "gone.json"
    stale.parent.mkdir(parents=True)
    stale.write_text("{}")

    leaderboard.write(real, tmp_path)

    first = {path.relative_to(written): path.read_bytes() for path in written.rglob("*") if path.is_file()}
    again = tmp_path / "leaderboard"
    second = {path.relative_to(again): path.read_bytes() for path in again.rglob("*") if path.is_file()}
    assert first == second


def test_what_the_page_loads_first_is_small(written: Path) -> None:
    core = read(written, "core")
    first = [written / "index.md", written / "data" / "core.json"]
    first.append(written / "data" / f"{core['environments'][0]['file']}.json")
    ours = [*first, ASSETS / "leaderboard.js", ASSETS / "leaderboard.css", *(ASSETS / "leaderboard").glob("*.js")]
    assert sum(len(gzip.compress(path.read_bytes(), 6)) for path in ours) < BUDGET


def test_twenty_environments_measured_here_fit_too(real: catalog.Catalog, written: Path, tmp_path: Path) -> None:
    frames = real.frames
    write_tables(add_local(frames, FIXTURES).frames, tmp_path)
    leaderboard.write(catalog.load(tmp_path), tmp_path / "documents")

    core = tmp_path / "documents" / "leaderboard" / "data" / "core.json"
    here = [one for one in json.loads(core.read_text(encoding="utf-8"))["environments"] if one["origin"] == "here"]
    more = len(gzip.compress(core.read_bytes(), 6)) - len(
        gzip.compress((written / "data" / "core.json").read_bytes(), 6)
    )
    assert len(here) > 10
    assert more < 60 * len(here)


class Tables(HTMLParser):
    """The cells of the rows of the table, the scripts, and the links."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.scripts: list[str] = []
        self.captions = 0
        self.open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.captions += tag == "caption"
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.open = tag
        if tag == "a" and self.open:
            self.links.append(values["href"] or "")
        if tag == "script":
            self.scripts.append(values.get("src") or "inline")

    def handle_endtag(self, tag: str) -> None:
        if tag == self.open:
            self.open = ""

    def handle_data(self, data: str) -> None:
        if self.open:
            self.rows[-1][-1] += data


def parse(page: Path) -> Tables:
    tables = Tables()
    tables.feed(page.read_text(encoding="utf-8"))
    return tables


def test_without_javascript_there_is_a_table_of_the_top_rows(real: catalog.Catalog, written: Path) -> None:
    tables = parse(written / "index.md")
    top = real.leaderboard().head(50)
    assert tables.captions == 1
    assert [row[0] for row in tables.rows[1:]] == list(top["model"])
    assert tables.links == [f"../models/{address(model)}/" for model in top["model"]]
    assert [float(row[4]) for row in tables.rows[1:]] == list(top["top1"])


def test_the_page_says_as_of_when_and_where_all_rows_are(real: catalog.Catalog, written: Path) -> None:
    text = (written / "index.md").read_text(encoding="utf-8")
    assert f'<time datetime="{real.as_of}">' in text
    assert 'href="../data/"' in text


def test_the_page_holds_one_block_without_blank_lines(written: Path) -> None:
    block = (written / "index.md").read_text(encoding="utf-8").split("# Leaderboard\n\n")[1]
    assert not re.search(r"\n\s*\n", block.strip())


def test_hostile_names_are_text_and_no_path(tmp_path: Path) -> None:
    leaderboard.write(hostile_catalog(tmp_path / "data"), tmp_path / "documents")

    written = tmp_path / "documents" / "leaderboard"
    tables = parse(written / "index.md")
    assert " ".join(tables.rows[1][0].split()) == " ".join(HOSTILE.split())
    assert all(re.fullmatch(r"\.\./models/[A-Za-z0-9][A-Za-z0-9._-]*/", link) for link in tables.links)
    assert tables.scripts == ["../assets/vendor/tabulator.min.js", "../assets/leaderboard.js"]
    core = read(written, "core")
    assert core["pages"] == {HOSTILE: address(HOSTILE)}
    assert HOSTILE in [environment["key"] for environment in core["environments"]]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+\.json", path.name) for path in (written / "data").iterdir())
    assert sorted(path.name for path in (tmp_path / "documents").iterdir()) == ["leaderboard"]


def test_an_empty_catalog_still_gives_a_page(tmp_path: Path) -> None:
    frames = {name: frame.iloc[:0] for name, frame in catalog.load().frames.items()}
    (tmp_path / "data").mkdir()
    write_tables(frames, tmp_path / "data")

    leaderboard.write(catalog.load(tmp_path / "data"), tmp_path)

    assert read(tmp_path / "leaderboard", "core")["results"]["rows"] == 0


def test_packing_gives_back_blanks_numbers_and_text() -> None:
    frame = pd.DataFrame(
        {
            "text": pd.Series(["b", None, "a", ""], dtype="str"),
            "number": [1.5, None, 2.0, 1e-9],
            "whole": pd.Series([1, None, 3, 4], dtype="Int64"),
            "mark": pd.Series([True, None, False, True], dtype="boolean"),
        }
    )
    again = unpack(json.loads(to_json(pack(frame))))
    assert again["text"].tolist() == ["b", None, "a", ""]
    assert again["number"].tolist() == [1.5, None, 2, 1e-9]
    assert again["whole"].tolist() == [1, None, 3, 4]
    assert again["mark"].tolist() == [1, None, 0, 1]


def test_a_number_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        to_json({"value": float("inf")})
