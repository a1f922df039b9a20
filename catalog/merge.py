"""The order in which the tables are built from what the scrapers parsed, each from records and from earlier tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from catalog import figures
from catalog.corrections import load_corrections
from catalog.entities import Entities, papers
from catalog.figures import joined
from catalog.history import PAST, continued, doubles_set_aside
from catalog.identity import Identity
from catalog.keep import Kept, keep_older_rows
from catalog.last_good import LastGood
from catalog.local_environments import HERE
from catalog.problems import Frames, Problem
from catalog.records import (
    Accuracy,
    Benchmark,
    LocalEvaluation,
    LocalRun,
    Paper,
    Parsed,
    PastAccuracy,
    Registration,
    RejectedRow,
    Scraped,
    SecondOpinion,
    SetAside,
    SurveyRow,
)
from catalog.results_file import LOCAL
from catalog.runs import (
    environments_of,
    layer_measurements,
    measurements,
    of_today,
    sound_accuracies,
    sound_runs,
    split_by_implementation,
    words_on,
)
from catalog.schema import TABLES
from catalog.scores import protocols, scores_of
from catalog.survey import corrected, identify, rows_of_table, survey_table, with_older
from catalog.vocabulary import REPORTED

REGISTRY = "timm-registry/"


@dataclass
class Merged:
    """All tables, and every problem met on the way."""

    frames: Frames
    problems: list[Problem] = field(default_factory=list)


def merge(scraped: Scraped, previous: Frames, today: str, accepted: Collection[str] = ()) -> Merged:
    """Build every table.

    `previous` are the tables before: their rows are kept for every source that failed, shrank or is gone, unless it is
    in `accepted`; `today` is an ISO day.
    """
    identity = Identity()
    before = _complete(previous)
    failed, known, problems = _missing(scraped, before["sources"], accepted)
    before["sources"] = known
    upstream = without_local(before)
    kept = keep_older_rows(scraped.parsed, failed, known, today, accepted, LastGood(upstream, scraped.parsed, identity))
    tables, aside, told = upstream_tables(kept, upstream, identity)
    tables["sources"], tables["quarantine"] = known.iloc[:0], before["quarantine"].iloc[:0]
    merged = _with_local(tables, kept, before, aside)
    return Merged(merged.frames, [*scraped.problems, *problems, *kept.problems, *told, *merged.problems])


def merge_local(scraped: Scraped, previous: Frames, accepted: Collection[str] = ()) -> Merged:
    """Build the tables of what was measured here; what upstream gave stays as it is."""
    before = _complete(previous)
    sources = before["sources"]
    failed, known, problems = _missing(scraped, sources[sources["scraper"] == LOCAL], accepted)
    kept = keep_older_rows(scraped.parsed, failed, known, "", accepted)
    merged = _with_local(without_local(before), kept, before)
    return Merged(merged.frames, [*scraped.problems, *problems, *kept.problems, *merged.problems])


def upstream_tables(kept: Kept, before: Frames, identity: Identity) -> tuple[Frames, list[SetAside], list[Problem]]:
    """The tables of what upstream gave, from the records that are used and from the older rows of the others."""
    tables = {name: before[name] for name in ("runs", "layer_measurements", "implementations", "refreshes")}
    registry = {row.model: row for row in kept.records(Registration)}
    registry_is_whole = not any(source.startswith(REGISTRY) for source in kept.incomplete)

    # The survey's rows as upstream writes them; what is published of them is derived anew, and kept nowhere else.
    older = before["survey_rows"]
    older = older[older["source"].isin(kept.incomplete)]
    written = with_older(kept.records(SurveyRow), rows_of_table(older), identity)
    right, corrections = corrected(written, load_corrections(), identity)
    survey = identify(right, written, identity)
    tables["corrections"] = corrections if written else before["corrections"]
    tables["survey_rows"] = survey_table(survey)

    older = before["evaluations"][before["evaluations"]["kind"] != REPORTED]
    accuracies, former_weights = figures.present_accuracies(kept.records(Accuracy), identity, kept.of_partial(older))
    measured = kept.rows("evaluations", figures.measured_upstream(accuracies), older)
    tables["evaluations"] = figures.evaluations(measured, survey)
    params = figures.published_params(tables["evaluations"])

    older = before["measurements"]
    benchmarks, former_networks = figures.present_benchmarks(
        kept.records(Benchmark), params, identity, kept.of_partial(older)
    )
    tables["measurements"] = kept.rows("measurements", figures.measurements(benchmarks), older)
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

    return tables, [*former_weights, *former_networks, *former_results], problems


def _with_local(upstream: Frames, kept: Kept, before: Frames, aside: Sequence[SetAside] = ()) -> Merged:
    """The tables with what was measured here, and with every file and every row set aside; `aside` are upstream's."""
    tables = dict(upstream)
    architectures = set(upstream["architectures"]["architecture"])
    runs = sound_runs(kept.records(LocalRun), before["runs"], architectures, upstream["implementations"])
    tables["runs"] = of_today(kept.rows("runs", runs.rows, before["runs"]), architectures)
    for name, rows in (
        ("environments", environments_of(tables["runs"])),
        ("measurements", measurements(tables["runs"])),
        ("layer_measurements", layer_measurements(tables["runs"])),
    ):
        tables[name] = joined(upstream[name], rows)

    accuracies = sound_accuracies(kept.records(LocalEvaluation), before["evaluations"], upstream)
    architecture_of = dict(zip(upstream["models"]["model"], upstream["models"]["architecture"], strict=True))
    opinions = split_by_implementation(accuracies, architecture_of)
    for name, rows in (("evaluations", accuracies.rows), ("second_opinions", opinions)):
        older = before[name][is_local(before[name]) & before[name]["model"].isin(architecture_of)]
        tables[name] = joined(upstream[name], kept.rows(name, rows, older))

    tables["protocols"], tables["scores"] = protocols(), scores_of(tables["evaluations"], before["scores"])

    rejected = [row for file in kept.usable for row in file.rejected]
    rejected += _rejected(kept.usable, (*aside, *runs.aside, *accuracies.aside))
    tables["quarantine"] = joined(
        upstream["quarantine"], kept.quarantine(figures.frame_of(rejected), before["quarantine"])
    )
    tables["sources"] = joined(upstream["sources"], kept.sources(rejected))
    problems = words_on((runs, accuracies), {file.file.source: file.file.url for file in kept.usable})
    return Merged({name: TABLES[name].typed(tables[name]) for name in TABLES}, problems)


def _complete(tables: Frames) -> Frames:
    return {name: tables[name] if name in tables else table.empty() for name, table in TABLES.items()}


def without_local(tables: Frames) -> Frames:
    """The tables without what was measured here."""
    rest = {name: frame[~is_local(frame)] for name, frame in tables.items() if "source" in frame.columns}
    environments = tables["environments"]
    return tables | rest | {"environments": environments[environments["origin"] != HERE]}


def is_local(frame: pd.DataFrame) -> pd.Series:
    """Which rows come from the results files of this repository."""
    return frame["source"].str.startswith(f"{LOCAL}/", na=False)


def _missing(
    scraped: Scraped, sources: pd.DataFrame, accepted: Collection[str]
) -> tuple[dict[str, str], pd.DataFrame, list[Problem]]:
    """The sources that gave nothing, with the reason; those known that still count; an error for each that is gone."""
    advice = "the rows known before are kept; if that is meant, refresh with --accept"
    gone = {source: f"its file is gone; {advice} {source}" for source in scraped.gone if source not in accepted}
    let_go = sources["source"].isin(scraped.gone) & sources["source"].isin(accepted)
    problems = [Problem("error", source, None, "gone", message) for source, message in gone.items()]
    return scraped.failed | gone, sources[~let_go], problems


def _rejected(files: Sequence[Parsed], aside: Iterable[SetAside]) -> list[RejectedRow]:
    """The rows set aside, as they stand in their files."""
    by_source = {file.file.source: file.file for file in files}
    return [RejectedRow(*row, by_source[row.source].raw_row(row.line)) for row in aside]
