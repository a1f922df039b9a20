"""The leaderboard's script in Node, held against Python: addresses, filters, frontier, CSV."""

from __future__ import annotations

import csv
import fnmatch
import io
import random
from typing import Any

import pandas as pd
import pytest
from generator.leaderboard.payload import vocabulary

from catalog.fields import FIELDS, MAIN_AXIS, METRICS, at_most
from catalog.frontier import on_frontier
from catalog.vocabulary import RANKED_EVIDENCE
from tests.site.leaderboard_page import node, run_script

pytestmark = pytest.mark.skipif(node() is None, reason="node is not installed; make site installs it")

VOCABULARY = {
    "facets": {
        "train": ["imagenet-1k", "imagenet-21k-22k", "jft-300m"],
        "family": ["convnext", "swin", "vit"],
        "kind": ["cnn", "vit"],
        "size": ["224", "384"],
        "licence": ["apache-2.0", "unknown"],
        "distilled": ["no", "yes"],
        "evidence": ["measured-upstream", "reported-by-a-paper"],
    },
    "datasetKeys": ["imagenet", "imagenetv2"],
    "environmentKeys": ["core-i9", "rtx-4090"],
    "defaults": {"dataset": "imagenet", "environment": "rtx-4090", "x": MAIN_AXIS},
    "columns": vocabulary(),
}
MODEL_TEXTS = ("family", "family_name", "kind", "train_set", "licence")
READ_VOCABULARY = """
const { parseQuery, formatQuery, emptyState, visibleColumns } = await load("state.js");
const { Columns } = await load("columns.js");
const vocabulary = { ...given.vocabulary, columns: new Columns(given.vocabulary.columns) };
const sets = Object.entries(vocabulary.facets).map(([key, values]) => [key, new Set(values)]);
vocabulary.facets = Object.fromEntries(sets);
vocabulary.datasetKeys = new Set(vocabulary.datasetKeys);
vocabulary.environmentKeys = new Set(vocabulary.environmentKeys);
"""


def parse(queries: list[str]) -> list[dict[str, Any]]:
    """State, what was left out, and the address written again, for each address."""
    script = (
        READ_VOCABULARY
        + """
    return given.queries.map((query) => {
      const { state, ignored } = parseQuery(query, vocabulary);
      return { state, ignored, again: formatQuery(state, vocabulary) };
    });
    """
    )
    results: list[dict[str, Any]] = run_script(script, {"vocabulary": VOCABULARY, "queries": queries})
    return results


def facet_keys() -> list[str]:
    """The filters by value in the order of an address."""
    return [field.key for field in FIELDS.values() if field.values]


def random_query(chance: random.Random) -> str:
    """An address as the page writes it: in its order, nothing that is a default."""
    parts = []
    if chance.random() < 0.4:
        parts.append("search=" + chance.choice(["vit_*", "a+b", "%C3%A9", "x%26y%3D1", "%3Cb%3E"]))
    for name in facet_keys():
        values = VOCABULARY["facets"][name]
        chosen = sorted(chance.sample(values, chance.randint(0, len(values))))
        if chosen and chance.random() < 0.4:
            parts.append(f"{name}={','.join(chosen)}")
    for name in ("top1", "params", "gmacs", "speed", "size"):
        given = [side for side in ("min", "max") if chance.random() < 0.2]
        parts += [f"{side}-{name}={chance.choice(['0', '5', '2.5', '1000'])}" for side in given]
    if chance.random() < 0.3:
        parts.append("dataset=imagenetv2")
    if chance.random() < 0.3:
        parts.append("environment=core-i9")
    parts += chance.choice([[], ["pareto=gmacs"], ["pareto=throughput"], ["x=params"]])
    parts += chance.choice([[], ["sort=params"], ["sort=params", "order=descending"], ["sort=top1", "order=ascending"]])
    parts += chance.choice([[], ["columns=model,params,size"]])
    parts += chance.choice([[], ["rows=100"]])
    parts += chance.choice([[], ["page=3"]])
    return "&".join(parts)


def test_an_address_that_the_page_writes_reads_back_to_itself() -> None:
    chance = random.Random(7)
    queries = [random_query(chance) for _ in range(300)]
    for query, result in zip(queries, parse(queries), strict=True):
        assert result["again"] == query
        assert result["ignored"] == []


def test_the_address_of_the_question_that_people_ask_is_readable() -> None:
    query = "train=imagenet-1k&max-gmacs=5&max-params=30&environment=core-i9&sort=top1&pareto=gmacs"
    (result,) = parse([query])
    assert result["ignored"] == []
    assert result["state"]["facets"]["train"] == ["imagenet-1k"]
    assert result["state"]["ranges"]["gmacs"] == [None, 5]
    assert (result["state"]["sort"], result["state"]["descending"]) == ("top1", True)
    assert (result["state"]["x"], result["state"]["pareto"]) == ("gmacs", True)


@pytest.mark.parametrize(
    ("query", "ignored"),
    [
        ("family=convnext,nosuch", ["family=nosuch"]),
        ("dataset=../../etc", ["dataset=../../etc"]),
        ("environment=%3Cscript%3E", ["environment=<script>"]),
        ("max-gmacs=-5", ["max-gmacs=-5"]),
        ("max-gmacs=NaN", ["max-gmacs=NaN"]),
        ("min-nothing=1", ["min-nothing=1"]),
        ("page=0", ["page=0"]),
        ("rows=7", ["rows=7"]),
        ("sort=nosuch", ["sort=nosuch"]),
        ("columns=top1,nosuch", ["columns=nosuch"]),
        ("pareto=beauty", ["pareto=beauty"]),
        ("__proto__=x&constructor=y", ["__proto__=x", "constructor=y"]),
        ("utm_source=mail&h=vit", []),
        ("nothing=" + "x" * 300, ["nothing=" + "x" * 71 + "…"]),
    ],
)
def test_what_an_address_says_and_nobody_understands_is_named(query: str, ignored: list[str]) -> None:
    (result,) = parse([query])
    assert result["ignored"] == ignored


def test_globs_match_as_file_names_do() -> None:
    chance = random.Random(3)
    pairs = []
    for _ in range(3000):
        text = "".join(chance.choice("ab_") for _ in range(chance.randint(0, 7)))
        glob = "".join(chance.choice("ab_*?*") for _ in range(chance.randint(0, 6)))
        pairs.append([glob, text])
    script = (
        'const { globMatches } = await load("select.js"); return given.map(([glob, text]) => globMatches(glob, text));'
    )
    for (glob, text), matched in zip(pairs, run_script(script, pairs), strict=True):
        assert matched == fnmatch.fnmatchcase(text, glob), (glob, text)


def random_rows(chance: random.Random, count: int) -> list[dict[str, Any]]:
    """Rows with ties and blanks, as the page makes them from the data files: the most accurate first."""
    rows = []
    accuracies = sorted((float(chance.randint(60, 75)) for _ in range(count)), reverse=True)
    for index in range(count):
        train, size = chance.choice(VOCABULARY["facets"]["train"]), chance.choice(["224", "384"])
        evidence = chance.choice(["measured upstream", "measured upstream", "reported by a paper"])
        rows.append(
            {
                "index": index,
                "model": f"model_{index}",
                "text": f"model_{index} {chance.choice(['vit', 'swin'])}",
                "top1": accuracies[index],
                "params_m": chance.choice([None, *range(1, 12)]),
                "gmacs": chance.choice([None, *range(1, 9)]),
                "images_per_s": chance.choice([None, *range(100, 110)]),
                "cost_note": chance.choice(["", "", "", "estimated", "reparametrised", "other head"]),
                "speed_note": chance.choice(["", "", "other network"]),
                "evidence": evidence,
                "img_size": int(size),
                "ranked": evidence in RANKED_EVIDENCE,
                "facets": {
                    "train": train,
                    "family": "vit",
                    "kind": "vit",
                    "size": size,
                    "licence": "unknown",
                    "distilled": "no",
                    "evidence": evidence.replace(" ", "-"),
                },
            }
        )
    return rows


@pytest.mark.parametrize(
    ("axis", "column"), [("params", "params_m"), ("gmacs", "gmacs"), ("throughput", "images_per_s")]
)
def test_the_frontier_is_the_catalogs(axis: str, column: str) -> None:
    chance = random.Random(axis)
    tables = [random_rows(chance, chance.randint(0, 40)) for _ in range(60)]
    script = """
    const { frontier } = await load("select.js");
    const { Columns } = await load("columns.js");
    const axis = new Columns(given.columns).byKey.get(given.axis);
    return given.tables.map((rows) => frontier(rows, axis).map((row) => row.index).sort((a, b) => a - b));
    """
    for rows, found in zip(
        tables, run_script(script, {"axis": axis, "tables": tables, "columns": vocabulary()}), strict=True
    ):
        frame = pd.DataFrame(rows, columns=["index", "top1", column, "cost_note", "speed_note", "evidence"])
        frame[["top1", column]] = frame[["top1", column]].astype(float)
        mask = on_frontier(frame, METRICS[column])
        assert found == frame.loc[mask, "index"].tolist()


def test_filters_combine_and_count_what_each_value_would_show() -> None:
    rows = random_rows(random.Random(5), 200)
    script = (
        READ_VOCABULARY
        + """
    const { select, countValues } = await load("select.js");
    const { state } = parseQuery(given.query, vocabulary);
    const { columns } = vocabulary;
    const count = (key) => Object.fromEntries(countValues(given.rows, state, columns, key));
    const shown = select(given.rows, state, columns).map((row) => row.index);
    return { shown, train: count("train"), size: count("size") };
    """
    )
    query = "search=vit&train=imagenet-1k&size=224&max-gmacs=5"
    result = run_script(script, {"vocabulary": VOCABULARY, "query": query, "rows": rows})

    def passes(row: dict[str, Any], train: bool = True, size: bool = True) -> bool:
        cheap = row["gmacs"] is not None and row["gmacs"] <= 5
        right_train = row["facets"]["train"] == "imagenet-1k" or not train
        return "vit" in row["text"] and cheap and right_train and (row["img_size"] == 224 or not size)

    assert result["shown"] == [row["index"] for row in rows if passes(row)]
    assert result["train"]["jft-300m"] == sum(
        passes(row, train=False) and row["facets"]["train"] == "jft-300m" for row in rows
    )
    assert result["size"]["384"] == sum(passes(row, size=False) and row["img_size"] == 384 for row in rows)


def test_ranks_are_shared_by_equals_and_only_for_what_was_measured() -> None:
    rows = [(90.0, "reported by a paper"), (89.0, "measured upstream"), (88.0, "measured upstream")]
    rows += [(88.0, "measured here"), (87.0, "measured upstream")]
    names = [f"model_{index}" for index in range(len(rows))]
    given = {
        "columns": vocabulary(),
        "models": {"model": names, "architecture": names, **{name: ["x"] * len(rows) for name in MODEL_TEXTS}},
        "results": {
            "model": names,
            "img_size": [224] * len(rows),
            "top1": [top1 for top1, _ in rows],
            "evidence": [evidence for _, evidence in rows],
        },
    }
    script = """
    const { buildRows } = await load("data.js");
    const byName = new Map(given.models.model.map((name, index) => [name, index]));
    const core = { models: given.models, byName, file: { pages: {}, ...given.columns } };
    return buildRows(core, given.results).map((row) => row.rank);
    """
    assert run_script(script, given) == [None, 1, 2, 2, 4]


def test_sorting_keeps_blanks_last_and_equals_in_order() -> None:
    rows = random_rows(random.Random(9), 120)
    script = """
    const { sorted } = await load("select.js");
    return [false, true].map((down) => sorted(given, "gmacs", down).map((row) => row.index));
    """
    up, down = run_script(script, rows)

    def key(row: dict[str, Any], sign: int) -> tuple[bool, float, int]:
        return (row["gmacs"] is None, sign * (row["gmacs"] or 0), row["index"])

    assert up == [row["index"] for row in sorted(rows, key=lambda row: key(row, 1))]
    assert down == [row["index"] for row in sorted(rows, key=lambda row: key(row, -1))]


def test_a_number_has_at_most_the_decimals_of_its_column_and_none_that_it_lacks() -> None:
    given = [[9.2, 2], [9.196, 2], [4, 2], [82.7, 3], [1013.01, 1], [0.875, 3]]
    script = 'const { formatNumber } = await load("columns.js"); return given.map((one) => formatNumber(...one));'
    assert run_script(script, given) == ["9.2", "9.20", "4", "82.7", "1,013.0", "0.875"]
    assert [at_most(value, decimals) for value, decimals in given] == run_script(script, given)


def test_the_csv_reads_back_and_holds_no_formula() -> None:
    texts = ["=1+1", "+1", "-1", "@x", "\tx", 'a"b', "a,b", "a\r\nb", " padded ", "<script>", "plain", "|x|"]
    rows = [
        {"model": text, "top1": 1.5, "source": "s", "line": 3, "images_per_s": None, "gmacs": -0.5} for text in texts
    ]
    script = """
    const { toCsv } = await load("export.js");
    const sources = new Map([["s", { revision: "abc", url: "https://example.org/x.csv" }]]);
    const { Columns } = await load("columns.js");
    const { byKey } = new Columns(given.columns);
    const columns = ["model", "top1", "gmacs", "throughput"].map((key) => byKey.get(key));
    return toCsv(given.rows, columns, sources, { dataset: "imagenet", environment: "rtx" });
    """
    text = run_script(script, {"rows": rows, "columns": vocabulary()})

    read = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["model"].removeprefix("'") for row in read] == texts
    assert not any(row["model"].startswith(("=", "+", "-", "@", "\t")) for row in read)
    assert {row["gmacs"] for row in read} == {"-0.5"}
    assert {(row["source"], row["line"], row["revision"], row["source_url"]) for row in read} == {
        ("s", "3", "abc", "https://example.org/x.csv")
    }
    assert {row["environment"] for row in read} == {""}


def test_the_citation_names_address_day_and_revision_and_is_safe_in_latex() -> None:
    view = {
        "address": "https://example.org/leaderboard/?search=a",
        "words": "search “50 % & more_{}”",
        "rows": 7,
        "author": "The Authors",
        "year": "2027",
        "asOf": "2026-01-06",
        "revision": "0123456789abcdef",
        "today": "2026-11-20",
    }
    cited = run_script('const { citation } = await load("export.js"); return citation(given);', view)
    assert "https://example.org/leaderboard/?search=a" in cited["sentence"]
    assert "2026-01-06" in cited["sentence"]
    assert "0123456789ab" in cited["sentence"]
    assert "author       = {{The Authors}}" in cited["bibtex"] and "year         = {2027}" in cited["bibtex"]
    assert "50 \\% \\& more\\_" in cited["bibtex"]
    assert cited["bibtex"].count("{") == cited["bibtex"].count("}")
