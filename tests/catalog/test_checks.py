"""Each named rule fires on tables broken for it, and only then."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from catalog.checks import check
from catalog.schema import TABLES
from tests.catalog.rows import evaluation, table

Frames = dict[str, pd.DataFrame]
Break = Callable[[Frames], None]
HERE = {"origin": "here", "threads": 2, "processor_flags": "avx2"}
SOURCES = ("s/imagenet", "s/imagenet-sketch", "s/eager", "s/compiled", "s/here", "s/other")


def good() -> Frames:
    """Small tables in which nothing is wrong."""
    frames = {name: schema.empty() for name, schema in TABLES.items()}
    frames["sources"] = table(
        "sources",
        *({"source": name, "rows_read": 3, "rows_accepted": 3, "rows_quarantined": 0} for name in SOURCES),
    )
    frames["families"] = table("families", {"family": "net"})
    frames["architectures"] = table("architectures", {"architecture": "net", "family": "net", "params_m": 10.0})
    frames["models"] = table(
        "models", *({"model": f"net.{tag}", "architecture": "net", "source": "s/imagenet"} for tag in "ab")
    )
    frames["evaluations"] = table(
        "evaluations",
        evaluation("net.a", 80.0, top5=95.0, params_m=10.0, line=2),
        evaluation("net.b", 79.0, top5=94.0, params_m=10.0, line=3),
        evaluation("net.a", 30.0, "imagenet-sketch", top5=50.0, top1_diff=-50.0, line=2),
        evaluation("net.b", 29.0, "imagenet-sketch", top5=49.0, top1_diff=-50.0, line=3),
    )
    same = {"device": "GPU", "precision": "amp", "layout": "nchw", "framework_version": "2.9.1", "cuda_version": "12.8"}
    frames["environments"] = table(
        "environments",
        same | {"environment": "eager", "compiled": False},
        same | {"environment": "compiled", "compiled": True},
        same | HERE | {"environment": "here", "compiled": False},
        same | HERE | {"environment": "here-xla", "compiled": True},
    )
    timed = {"architecture": "net", "implementation": "timm", "batch_size": 100, "params_m": 10.0}
    measured = {"p10_ms": 95.0, "p90_ms": 110.0, "rounds_ms": "99 101", "gmacs": 2.0, "comparison": "c"}
    measured |= {"parity_error": 1e-6, "parity_tolerance": 5e-6}
    frames["measurements"] = table(
        "measurements",
        timed | at("eager", 224, 1000.0, 2),
        timed | at("eager", 448, 250.0, 3),
        timed | at("compiled", 224, 2000.0, 2),
        timed | at("compiled", 448, 500.0, 3),
        timed | measured | at("here", 224, 1000.0, 2) | {"implementation": "backbone-survey"},
        timed
        | measured
        | at("here-xla", 224, 500.0, 3)
        | {"p10_ms": 195.0, "p90_ms": 210.0, "rounds_ms": "199 201", "source": "s/here"},
    )
    product = {"layer": "matrix-product-2048", "batch_size": 1, "gmacs": 8.0, "p10_ms": 2.0, "p90_ms": 4.0}
    frames["layer_measurements"] = table(
        "layer_measurements",
        product | {"environment": "here", "images_per_s": 500.0, "step_ms": 2.0, "source": "s/here", "line": 9},
    )
    frames["implementations"] = table("implementations", {"variant": "net", "architecture": "net"})
    frames["papers"] = table("papers", {"paper": "paper", "url": "https://example.org/", "source": "s/other"})
    counted = {"architecture": "net", "head_classes": 1000, "source": "s/eager", "preferred": True}
    frames["costs"] = table(
        "costs",
        counted | {"img_size": 224, "gmacs": 2.0, "line": 2},
        counted | {"img_size": 448, "gmacs": 8.1, "line": 3},
    )
    frames["second_opinions"] = table(
        "second_opinions",
        {"reporter": "torchvision", "model": "net.a", "img_size": 224, "top1": 80.05, "source": "s/other"},
    )
    frames["corrections"] = table("corrections", {"source": "s/other", "state": "applied"})
    revision = {"sequence": 2, "img_size": 224, "params_m": 10.0}
    frames["history"] = table(
        "history",
        revision | {"model": "gone.x", "name": "gone.x", "event": "removed", "previous_top1": 80.0},
        revision | {"model": "net.a", "name": "net.a", "event": "added", "top1": 80.03},
    )
    return frames


def at(environment: str, size: int, images_per_s: float, line: int) -> dict[str, object]:
    """A speed with the step that belongs to it."""
    step = {"images_per_s": images_per_s, "step_ms": 100_000 / images_per_s}
    return {"environment": environment, "img_size": size, "line": line, "source": f"s/{environment}"} | step


def put(name: str, row: int, /, **values: object) -> Break:
    def change(frames: Frames) -> None:
        for column, value in values.items():
            frames[name].loc[row, column] = value

    return change


def drop(name: str, row: int) -> Break:
    def change(frames: Frames) -> None:
        frames[name] = frames[name].drop(index=row)

    return change


def add(name: str, row: int, /, **values: object) -> Break:
    """A copy of a row with other values."""

    def change(frames: Frames) -> None:
        copy = frames[name].loc[[row]].assign(**values)
        frames[name] = TABLES[name].typed(pd.concat([frames[name], copy], ignore_index=True))

    return change


PROVEN = {"parity_error": 1e-6, "parity_tolerance": 5e-6}

# Rule -> (severity, what breaks it, what the message says).
BROKEN: dict[str, list[tuple[str, Break, str]]] = {
    "schema": [
        ("error", put("evaluations", 0, top1=181.0), "top1 is 181.0"),
        ("error", put("models", 0, train_set="Moon photographs"), "train_set is 'Moon photographs'"),
        ("error", put("models", 0, name=None), "name is nan"),
        ("error", add("families", 0), "'net'"),
    ],
    "reference": [
        ("error", put("models", 1, architecture="nets"), "architecture 'nets' is not in architectures.csv"),
        ("error", put("measurements", 0, source="s/none"), "source 's/none' is not in sources.csv"),
    ],
    "rows-balance": [
        ("error", put("sources", 0, rows_read=4), "4 rows read, 3 accepted and 0 quarantined"),
        ("error", put("sources", 0, rows_quarantined=1, rows_read=4), "the quarantine holds 0 rows, expected 1"),
    ],
    "top5-below-top1": [("error", put("evaluations", 0, top5=60.0), "top5 60 is below top1 80 for net.a")],
    "differences": [("error", put("evaluations", 2, top1_diff=None), "net.a at 224 lacks its difference")],
    "path-name": [
        ("warning", add("environments", 0, environment="CON"), "CON cannot be a path on every system"),
        ("warning", add("families", 0, family="Net"), "its pages and files are named net-"),
    ],
    "web-address": [
        ("error", put("papers", 0, url="javascript:alert(1)"), "url of paper is 'javascript:alert(1)'"),
        ("error", put("papers", 0, code_url="data:text/html,x"), "code_url of paper is 'data:text/html,x'"),
    ],
    "unclassified": [("warning", put("architectures", 0, family="unclassified"), "no rule places net")],
    "teacher": [("warning", put("models", 0, distilled=True), "net.a is distilled from an unknown teacher")],
    "same-keys": [
        ("warning", drop("evaluations", 3), "net.b at 224 is missing on imagenet-sketch"),
        ("warning", drop("evaluations", 1), "net.b at 224 has no ImageNet accuracy"),
    ],
    "sorted": [
        ("warning", put("evaluations", 1, top1=80.5), "net.b is more accurate than the row above it"),
        ("warning", put("measurements", 0, line=4), "net is faster than the row above it"),
    ],
    "looks-renamed": [("warning", put("history", 1, top1=80.02), "gone.x went and net.a came")],
    "same-params": [("warning", put("evaluations", 1, params_m=10.1), "net.b has 10.1 M parameters")],
    "other-network": [("warning", put("measurements", 0, params_m=9.0), "net was timed with 9 M parameters")],
    "same-gmacs": [
        (
            "warning",
            add("costs", 0, gmacs=2.5, preferred=False, line=9),
            "net at 224: 2.5 GMACs, the file that is used says 2",
        )
    ],
    "square-law": [("warning", put("costs", 1, gmacs=5.0), "net at 448: 5 GMACs, expected about 8")],
    "rate-times-step": [
        ("warning", put("measurements", 2, step_ms=60.0), "gives 120.0 images, the batch is 100"),
        ("error", put("measurements", 4, step_ms=102.0), "gives 102.00 images, the batch is 100"),
        ("error", put("layer_measurements", 0, step_ms=2.1), "gives 1.05 images, the batch is 1"),
    ],
    "compiled-against-eager": [
        ("warning", put("measurements", 3, images_per_s=100.0, step_ms=1000.0), "0.40 times the eager speed"),
        ("warning", put("measurements", 2, images_per_s=6000.0, step_ms=100 / 6), "6.00 times the eager speed"),
    ],
    "incomplete": [("error", put("measurements", 4, p10_ms=None), "p10_ms is blank")],
    "percentiles": [
        ("error", put("measurements", 4, p90_ms=90.0), "p10 95, median 100 and p90 90 ms are out of order"),
        ("error", put("layer_measurements", 0, p10_ms=2.5), "p10 2.5, median 2 and p90 4 ms are out of order"),
    ],
    "rounds": [
        ("error", put("measurements", 4, rounds_ms="101 102"), "median step is 100 ms, the turns' medians go from 101"),
        ("error", put("measurements", 4, rounds_ms="99 fast"), "rounds_ms is '99 fast', expected numbers"),
    ],
    "parity": [
        ("error", put("measurements", 4, parity_error=6e-6), "parity error 6e-06, expected at most 5e-06"),
        ("error", put("measurements", 4, parity_error=None), "was not compared with the reference"),
        ("error", put("measurements", 5, parity_tolerance=None), "was not compared with the reference"),
        ("error", put("layer_measurements", 0, parity_error=1.0), "parity_error or parity_tolerance is blank"),
    ],
    "unproven": [("error", put("implementations", 0, architecture="other"), "net has no row in implementations.csv")],
    "above-peak": [
        ("error", put("measurements", 4, gmacs=4.3), "8600 GFLOP/s, but the largest matrix product"),
        ("error", add("layer_measurements", 0, layer="sdpa-64x12x197", gmacs=8.5, **PROVEN), "8500 GFLOP/s"),
    ],
    "no-peak": [
        (
            "warning",
            put("layer_measurements", 0, source="s/other"),
            "it holds no matrix product on GPU, 2 threads, amp",
        ),
        ("warning", drop("layer_measurements", 0), "it holds no matrix product on GPU, 2 threads, amp"),
        ("warning", put("environments", 3, threads=1), "it holds no matrix product on GPU, 1 threads, amp"),
    ],
    "second-opinion": [("warning", put("second_opinions", 0, top1=80.2), "torchvision reports 80.2")],
    "correction-stopped": [("warning", put("corrections", 0, state="stopped"), "correction x stopped")],
    "stale": [("warning", put("sources", 0, state="stale", note="refused"), "older rows are kept: refused")],
}
CASES = [(rule, *case) for rule, cases in BROKEN.items() for case in cases]


def test_good_tables_have_no_finding() -> None:
    assert check(good()) == []


def test_empty_tables_have_no_finding() -> None:
    assert check({name: schema.empty() for name, schema in TABLES.items()}) == []


@pytest.mark.parametrize(("rule", "severity", "change", "text"), CASES, ids=[f"{case[0]}: {case[3]}" for case in CASES])
def test_a_rule_fires_on_what_is_broken_for_it_and_no_other_does(
    rule: str, severity: str, change: Break, text: str
) -> None:
    frames = good()
    if rule == "unclassified":
        frames["families"] = table("families", {"family": "net"}, {"family": "unclassified"})
    change(frames)
    findings = check(frames)
    assert {(finding.rule, finding.severity) for finding in findings} == {(rule, severity)}
    assert any(text in finding.message for finding in findings)


def test_a_finding_names_the_file_and_line_that_the_row_came_from() -> None:
    frames = good()
    put("evaluations", 1, top5=1.0)(frames)
    assert str(check(frames)[0]).startswith("error: s/imagenet:3: top5 1 is below top1 79")


def test_of_broken_tables_only_the_structure_is_reported() -> None:
    frames = good()
    put("models", 1, architecture="nets")(frames)
    put("evaluations", 0, top5=60.0)(frames)
    assert {finding.rule for finding in check(frames)} == {"reference"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (put("costs", 1, gmacs=8.9), "within the tolerance of the square law"),
        (put("second_opinions", 0, reporter="kecam", top1=70.0), "only torchvision measures the same weights"),
        (put("measurements", 2, step_ms=50.4), "one in a hundred is rounding"),
        (put("costs", 1, gmacs=5.0, convention="macs without fused attention"), "not of this convention"),
        (put("evaluations", 1, top5=79.0), "equal is not below"),
        (put("measurements", 4, gmacs=4.1), "within the margin of the peak"),
        (put("measurements", 4, gmacs=None), "nothing counted, nothing to hold against the peak"),
        (put("measurements", 4, rounds_ms=None), "a run that no other took turns with"),
        (put("measurements", 4, line=4), "only timm sorts its files by rate"),
    ],
)
def test_what_a_rule_allows_is_no_finding(change: Break, why: str) -> None:
    frames = good()
    change(frames)
    assert check(frames) == [], why
