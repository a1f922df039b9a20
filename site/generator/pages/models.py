"""The models: an index, and a page for every set of weights with every figure known about it and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from catalog.bibtex import bibtex
from catalog.identity import address
from catalog.schema import DATASETS
from catalog.vocabulary import FAMILY_KINDS, REPORTED, SAME_PARAMS
from generator.facts import Facts, Row, Rows, grouped
from generator.news import notable
from generator.project import Project, project
from generator.provenance import place
from generator.render import Page, figure, write_page
from generator.standing import Neighbours, Standings

TIMM_SNIPPET = """import timm

model = timm.create_model({model!r}, pretrained=True).eval()
config = timm.data.resolve_model_data_config(model)
transform = timm.data.create_transform(**config, is_training=False)
"""
OWN_SNIPPET = """import implementations

model = implementations.create_model({name!r}, pretrained=True)
"""


def write(facts: Facts, output: Path) -> None:
    """Write models/index.md and a page for each set of weights."""
    _write_index(facts, output)
    standings = Standings(facts.board)
    for model in facts.models.values():
        _write_model(facts, standings, model, output)


def _write_index(facts: Facts, output: Path) -> None:
    best: dict[str, Row] = {}
    for row in facts.board:
        best.setdefault(row.model, row)
    by_family = grouped(sorted(facts.models.values(), key=lambda row: row.model), "architecture")
    families = {
        key: [
            (model, best.get(model.model))
            for row in facts.architectures_by_family.get(key, [])
            for model in by_family.get(row.architecture, [])
        ]
        for key in facts.families
    }
    page = Page(
        "models/index.md", "Models", "Every set of weights in the catalog, by family.", hide=("navigation", "toc")
    )
    write_page(output, page, "models.html", facts=facts, families={key: held for key, held in families.items() if held})


def _write_model(facts: Facts, standings: Standings, model: Row, output: Path) -> None:
    architecture = facts.architectures[model.architecture]
    family = facts.families[architecture.family]
    board = facts.board_by_model.get(model.model, [])
    papers = facts.model_papers(model.model)
    events = facts.history_by_model.get(model.model, [])
    implementation = facts.implementations.get(model.architecture)
    site = project()
    path = f"models/{address(model.model)}/index.md"
    page = Page(
        path,
        model.name,
        f"{model.name}: accuracy, parameters, GMACs and speed, each with its source. {_headline(board)}".strip(),
    )
    write_page(
        output,
        page,
        "model.html",
        facts=facts,
        model=model,
        architecture=architecture,
        family=family,
        kind=FAMILY_KINDS[family.kind][0],
        board=board,
        standing=[_standing(standings, row) for row in board if row.evidence != REPORTED],
        evaluations=facts.evaluations_by_model.get(model.model, []),
        datasets=DATASETS,
        costs=facts.costs_by_architecture.get(model.architecture, []),
        speeds=speed_table(facts, model.architecture),
        timed_here=facts.headlines.get(model.architecture, []),
        opinions=[
            row
            for row in facts.opinions_by_architecture.get(model.architecture, [])
            if row.model in (None, model.model)
        ],
        survey_rows=facts.survey_rows_by_model.get(model.model, []),
        events=[row for row in events if notable(row)],
        small_changes=sum(not notable(row) for row in events),
        siblings=[row for row in facts.models_by_architecture[model.architecture] if row.model != model.model],
        implementation=implementation,
        snippet=TIMM_SNIPPET.format(model=model.model) if model.origin == "timm" else "",
        own_snippet=OWN_SNIPPET.format(name=model.model if model.origin == "timm" else implementation.variant)
        if implementation
        else "",
        papers=papers,
        bibtex="\n".join(bibtex(paper) for paper, _ in papers),
        url=site.site_url + page.address,
        citation=citation(facts, model, site, page),
        report_url=site.report_url(f"Mistake: {model.model}", report_body(facts, model, site, page)),
    )


def _headline(board: Rows) -> str:
    return f"{figure(board[0].top1)} % top-1 on ImageNet at {board[0].img_size} px." if board else ""


@dataclass(frozen=True)
class Standing:
    """Ranks of a result and the frontiers around it."""

    row: Row
    rank: int | None
    of: int
    bucket_rank: int | None
    bucket_of: int
    neighbours: list[Neighbours]


def _standing(standings: Standings, row: Row) -> Standing:
    everything, bucket = standings.everything, standings.of(row.train_set)
    found = [scope.neighbours(row, axis) for scope in (bucket, everything) for axis in ("params_m", "gmacs")]
    key = (row.model, row.img_size)
    return Standing(
        row,
        everything.ranks.get(key),
        len(everything.board),
        bucket.ranks.get(key),
        len(bucket.board),
        [one for one in found if one is not None],
    )


@dataclass(frozen=True)
class SpeedTable:
    """Speeds of an architecture: a line per environment, mode and implementation, a column per image size.

    `other_networks` maps the place of a rate to the parameters that were timed, in millions, where they are not those
    that were evaluated.
    """

    sizes: list[int]
    lines: list[tuple[Row, str, str, dict[int, Row]]]
    other_networks: dict[tuple[str, int], float]


def speed_table(facts: Facts, architecture: str) -> SpeedTable:
    """The speeds of an architecture that timm measured; of several batch sizes the fastest.

    Those measured here are of several implementations, and have a page of their own.
    """
    every = facts.measurements_by_architecture.get(architecture, [])
    measurements = [row for row in every if facts.environments[row.environment].origin != "here"]
    lines = []
    for (environment, mode, implementation), found in grouped(
        measurements, "environment", "mode", "implementation"
    ).items():
        fastest: dict[int, Row] = {}
        for row in found:
            if row.img_size not in fastest or row.images_per_s > fastest[row.img_size].images_per_s:
                fastest[row.img_size] = row
        lines.append((facts.environments[environment], mode, implementation, fastest))
    lines.sort(key=lambda line: line[1])  # inference before training, else as the environments are ordered
    evaluated = facts.architectures[architecture].params_m
    others = {
        (row.source, row.line): row.params_m
        for row in measurements
        if row.params_m and evaluated and abs(row.params_m / evaluated - 1) > SAME_PARAMS
    }
    return SpeedTable(sorted({row.img_size for row in measurements}), lines, others)


def citation(facts: Facts, model: Row, site: Project, page: Page) -> str:
    """How to cite the page as BibTeX."""
    key = f"backbone-survey-{address(model.model)}"
    return (
        f"@misc{{{key},\n  title  = {{{{{site.name}}}: {page.title.replace('_', chr(92) + '_')}}},\n"
        f"  author = {{{{{site.author}}}}},\n  year   = {{{facts.year}}},\n"
        f"  note   = {{Upstream data as of {facts.as_of}}},\n  url    = {{{site.site_url}{page.address}}}\n}}\n"
    )


def report_body(facts: Facts, model: Row, site: Project, page: Page) -> str:
    """The text of a report, filled in as far as it can be."""
    lines = [f"Page: {site.site_url}{page.address}", f"Upstream data as of: {facts.as_of}"]
    for row in facts.board_by_model.get(model.model, [])[:3]:
        where = place(facts.sources.get(row.source), row.line)
        lines.append(f"Shown: top-1 {figure(row.top1)} % at {row.img_size} px ({where})")
    return "\n".join([*lines, "", "What is wrong:", "", "What is right, and where to check it:", ""])
