"""The methodology, and how speed is measured here: hand-written pages whose numbers are counted from the catalog."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from catalog.costs import DEFAULT_HEAD, MACS
from catalog.schema import DATASETS, TRAIN_SETS
from generator.facts import Facts, grouped, measured, rows
from generator.pages.benchmarks import files
from generator.project import DOCS, project
from generator.provenance import line_address
from generator.render import environment, figure, plain, plural, render_text

ABOUT = {
    "imagenet": "the 50,000 validation images; every ranking is by this",
    "imagenet-real": "the same images with reassessed labels",
    "imagenetv2": "10,000 new images, collected like the old ones",
    "imagenet-sketch": "50,000 drawings",
    "imagenet-a": "7,500 photographs that a ResNet-50 got wrong",
    "imagenet-r": "30,000 paintings, toys, cartoons and other renditions",
    "imagenet-a-clean": "the base that ImageNet-A is compared with",
    "imagenet-r-clean": "the base that ImageNet-R is compared with",
}


@dataclass(frozen=True)
class Costs:
    """How many compute counts carry which note."""

    unfused: str
    reparametrised: str
    other_head: str
    estimated: str


@dataclass(frozen=True)
class DataSet:
    """A line of the table of data sets."""

    name: str
    count: str
    text: str


@dataclass(frozen=True)
class TrainSet:
    """A line of the table of training data."""

    name: str
    models: str
    results: str
    best: str


@dataclass(frozen=True)
class Quarantined:
    """A line of the table of rows set aside."""

    rule: str
    count: str
    example: str


def write(facts: Facts, output: Path) -> None:
    """Fill in methodology/index.md and methodology/benchmarks/index.md."""
    _write_methodology(facts, output)
    _write_benchmarks(facts, output)


def _write_methodology(facts: Facts, output: Path) -> None:
    catalog = facts.catalog
    _fill_in(
        Path("methodology") / "index.md",
        output,
        as_of=facts.as_of,
        counts={name: figure(len(frame)) for name, frame in catalog.frames.items()},
        kinds={kind: figure(int(count)) for kind, count in catalog.evaluations["kind"].value_counts().items()},
        speeds={name: figure(count) for name, count in vars(facts.speed_counts).items()},
        survey_rows=figure(len(catalog.survey_rows)),
        datasets=_datasets(facts),
        costs=_costs(facts),
        train_sets=_train_sets(facts),
        quarantine=_quarantine(facts),
        corrections=_corrections(facts),
        stale=figure(int((catalog.sources["state"] == "stale").sum())) if len(catalog.sources) else "0",
        repo_url=project().repo_url,
    )


def _write_benchmarks(facts: Facts, output: Path) -> None:
    runs = facts.benchmarks
    _fill_in(
        Path("methodology") / "benchmarks" / "index.md",
        output,
        as_of=facts.as_of,
        measured_until=facts.measured_until,
        counts={
            "measurements": figure(len(runs.models)),
            "backbones": figure(len(runs.by_workload)),
            "layers": figure(len(runs.layers)),
            "machines": plural(len(runs.machines), "machine"),
        },
        files=_result_files(facts),
        repo_url=project().repo_url,
    )


def _fill_in(page: Path, output: Path, **context: Any) -> None:
    """Write a page of the documents with its expressions filled in."""
    target = output / page
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render_text((DOCS / page).read_text(encoding="utf-8"), **context), encoding="utf-8", newline="\n")


def _result_files(facts: Facts) -> Markup:
    """The list of result files as raw HTML; a sentence where there is none."""
    found = files(facts, [*facts.benchmarks.models, *facts.benchmarks.layers])
    if not found:
        return Markup("<p>None yet: nothing has been measured here.</p>")
    template = environment().from_string(
        '{% import "benchmark_parts.html" as bench with context %}{{ bench.result_files(files) }}'
    )
    return Markup(template.render(facts=facts, files=found, root="../../"))


def _datasets(facts: Facts) -> list[DataSet]:
    counts = facts.catalog.evaluations["dataset"].value_counts()
    return [DataSet(name, figure(int(counts.get(key, 0))), ABOUT[key]) for key, name in DATASETS.items()]


def _costs(facts: Facts) -> Costs:
    costs = facts.catalog.costs
    plain_convention = costs["convention"] == MACS
    other_head = costs["head_classes"].notna() & (costs["head_classes"] != DEFAULT_HEAD)
    return Costs(
        *(
            figure(int(mask.sum()))
            for mask in (~plain_convention, costs["reparametrised"], other_head, costs["estimated"])
        )
    )


def _train_sets(facts: Facts) -> list[TrainSet]:
    board = grouped(facts.board, "train_set")
    models = grouped(facts.models.values(), "train_set")
    lines = []
    for name in (name for name in TRAIN_SETS if name in models):
        found = board.get(name, [])
        best = next(iter(measured(found)), None)
        lines.append(
            TrainSet(name, figure(len(models[name])), figure(len(found)), f"{figure(best.top1)} %" if best else "–")
        )
    return lines


def _quarantine(facts: Facts) -> list[Quarantined]:
    by_rule = grouped(rows(facts.catalog.quarantine), "rule")
    return [
        Quarantined(
            _cell(rule), figure(len(found)), _cell(f"{found[0].source}, line {found[0].line}: {found[0].detail}")
        )
        for rule, found in sorted(by_rule.items(), key=lambda item: (-len(item[1]), item[0]))
    ]


def _cell(text: str) -> Markup:
    """Text inside a cell of a Markdown table: nothing in it may be taken for Markdown."""
    quiet = plain(text)
    return Markup("".join(one if one.isalnum() or one in " ,." else f"&#{ord(one)};" for one in quiet))


def _corrections(facts: Facts) -> Markup:
    return Markup(environment().get_template("corrections.html").render(fixes=_fixes(facts)))


def _fixes(facts: Facts) -> list[tuple[object, str, str]]:
    models = {(row.source, row.line): row.model for row in rows(facts.catalog.survey_rows)}
    order: Iterable[str] = ("applied", "stopped", "suspected")
    rank = {state: index for index, state in enumerate(order)}
    fixes = sorted(rows(facts.catalog.corrections), key=lambda row: (rank[row.state], row.line or 0, row.column))
    return [
        (fix, line_address(facts.sources.get(fix.source), fix.line), models.get((fix.source, fix.line), ""))
        for fix in fixes
    ]
