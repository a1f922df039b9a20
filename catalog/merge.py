"""The order in which the tables are built from what the scrapers parsed, each from records and from earlier tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from catalog import figures
from catalog.corrections import apply_corrections, load_corrections
from catalog.entities import Entities, papers
from catalog.history import PAST, continued, doubles_set_aside
from catalog.identity import Identity
from catalog.keep import Kept, keep_older_rows
from catalog.last_good import LastGood
from catalog.problems import Problem
from catalog.records import (
    Accuracy,
    Benchmark,
    Paper,
    Parsed,
    PastAccuracy,
    Registration,
    RejectedRow,
    SecondOpinion,
    SetAside,
    SurveyRow,
)
from catalog.schema import TABLES
from catalog.survey import identify, rows_of_table, survey_table, with_older
from catalog.vocabulary import REPORTED

Frames = dict[str, pd.DataFrame]

REGISTRY = "timm-registry/"


@dataclass
class Merged:
    """All tables, and every problem met on the way."""

    frames: Frames
    problems: list[Problem] = field(default_factory=list)


def merge(
    parsed: Sequence[Parsed], failed: Mapping[str, str], previous: Frames, today: str, accepted: Collection[str] = ()
) -> Merged:
    """Build the tables.

    `failed` are sources that gave nothing, with the reason; `previous` the tables before (their rows are kept for every
    source that failed or shrank); `accepted` the sources whose shrinking the maintainer accepts; `today` an ISO day.
    """
    identity = Identity()
    before = {name: previous[name] if name in previous else table.empty() for name, table in TABLES.items()}
    kept = keep_older_rows(parsed, failed, before["sources"], today, accepted, LastGood(before, parsed, identity))
    return build_tables(kept, before, identity)


def build_tables(kept: Kept, before: Frames, identity: Identity) -> Merged:
    """Every table, from the records that are used and from the older rows of those that are not."""
    tables: Frames = {name: before[name] for name in ("layer_measurements", "implementations", "refreshes")}
    registry = {row.model: row for row in kept.records(Registration)}
    registry_is_whole = not any(source.startswith(REGISTRY) for source in kept.incomplete)

    # The survey's rows as upstream writes them; what is published of them is derived anew, and kept nowhere else.
    older = before["survey_rows"]
    older = older[older["source"].isin(kept.incomplete)]
    written = with_older(kept.records(SurveyRow), rows_of_table(older), identity)
    corrected, corrections = apply_corrections(written, load_corrections())
    survey = identify(corrected, written, identity)
    tables["corrections"] = corrections if written else before["corrections"]
    tables["survey_rows"] = survey_table(survey)

    accuracies, former_weights = figures.present_accuracies(kept.records(Accuracy), identity)
    older = before["evaluations"][before["evaluations"]["kind"] != REPORTED]
    measured = kept.rows("evaluations", figures.measured_upstream(accuracies), older)
    tables["evaluations"] = figures.evaluations(measured, survey)
    params = figures.published_params(tables["evaluations"])

    benchmarks, former_networks = figures.present_benchmarks(kept.records(Benchmark), params, identity)
    tables["measurements"] = kept.rows("measurements", figures.measurements(benchmarks), before["measurements"])
    environments = {environment.key: environment for file in kept.usable for environment in file.environments}
    tables["environments"] = figures.environments(environments.values(), before["environments"], tables["measurements"])
    heads = figures.heads(registry.values(), before["costs"].iloc[:0] if registry_is_whole else before["costs"])
    older = figures.older_costs(kept.incomplete - {item.row.source for item in survey}, before)
    counted = figures.costs(benchmarks, environments, params, heads, survey, older)
    architecture_of = dict(zip(before["models"]["model"], before["models"]["architecture"], strict=True))
    architecture_of |= {item.model: item.architecture for item in survey}
    tables["costs"] = figures.with_estimates(counted, tables["evaluations"], architecture_of)

    source_of = {file.file.revision: file.file.source for file in kept.usable if file.file.scraper == PAST}
    incomplete = {commit for commit, source in source_of.items() if source in kept.partial}
    read = before["sources"].loc[before["sources"]["scraper"] == PAST, "revision"]
    tables["history"], doubles = continued(
        before["history"], kept.records(PastAccuracy), set(read), identity.past_name, incomplete
    )
    former_results, problems = doubles_set_aside(doubles, source_of)

    entities = Entities(identity, survey, registry, registry_is_whole, before)
    tables["models"] = entities.models(tables["evaluations"], tables["history"])
    tables["architectures"] = entities.architectures(tables["evaluations"], tables["measurements"], tables["models"])
    older = before["papers"]
    tables["papers"] = papers(kept.records(Paper), older[older["source"].isin(kept.stale)])
    tables["families"] = entities.families(tables["architectures"], tables["papers"])
    tables["paper_links"] = entities.paper_links(tables)
    opinions = kept.rows("second_opinions", figures.frame_of(kept.records(SecondOpinion)), before["second_opinions"])
    tables["second_opinions"] = figures.second_opinions(opinions, tables["architectures"], tables["models"])

    rejected = [row for file in kept.usable for row in file.rejected]
    rejected += _rejected(kept.usable, (*former_weights, *former_networks, *former_results))
    tables["quarantine"] = kept.quarantine(figures.frame_of(rejected), before["quarantine"])
    tables["sources"] = kept.sources(rejected)
    return Merged({name: TABLES[name].typed(tables[name]) for name in TABLES}, [*kept.problems, *problems])


def _rejected(files: Sequence[Parsed], aside: Iterable[SetAside]) -> list[RejectedRow]:
    """The rows set aside, as they stand in their files."""
    by_source = {file.file.source: file.file for file in files}
    return [RejectedRow(*row, by_source[row.source].raw_row(row.line)) for row in aside]
