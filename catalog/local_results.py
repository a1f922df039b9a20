"""Owns how results measured here enter the tables: after the merge of what upstream publishes, from files, no network.

Only rows of these files are touched, and what a file no longer gives is kept as the rows of any other source are.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import groupby
from pathlib import Path

import pandas as pd

from catalog.keep import Kept, keep_older_rows
from catalog.local_environments import HERE
from catalog.local_files import SCRAPER, LocalFiles, read_folder
from catalog.local_rows import AGAIN, SAME_RUN, LocalRows
from catalog.merge import Frames, Merged
from catalog.problems import Problem
from catalog.records import RejectedRow
from catalog.results_file import DIRECTORY
from catalog.schema import TABLES

FIGURES = ("measurements", "layer_measurements", "evaluations", "second_opinions")
ENTITIES = ("architectures", "models")
SPEEDS = ("measurements", "layer_measurements")


def add_local(frames: Frames, before: Frames, folder: Path = DIRECTORY, accepted: Collection[str] = ()) -> Merged:
    """The tables with the results of a folder in them.

    `frames` are the tables as merged from upstream; `before` those of the last good state, whose rows are kept for a
    file that is gone, cannot be read or lost rows, unless its source is in `accepted`. The same files give the same
    tables, however often they are added, and no file changes what another gives.
    """
    files = read_folder(folder)
    known = before["sources"][before["sources"]["scraper"] == SCRAPER]
    gone = {source for source in known["source"] if source not in files.sources}
    known = known[~known["source"].isin(gone & set(accepted))]
    missing = dict.fromkeys(sorted(gone - set(accepted)), "its file is gone")
    kept = keep_older_rows(files.parsed, files.failed | missing, known, "", accepted)
    upstream = without_local(frames)
    rows = LocalRows(
        [record for file in kept.usable for record in file.records],
        upstream,
        before,
        _kept_environments(kept, before),
    )
    rejected = [*(row for file in kept.usable for row in file.rejected), *rows.rejected]
    merged = _joined(upstream, before, kept, rows, rejected)
    merged["sources"] = _with(upstream["sources"], _sources(kept, rejected, files))
    problems = [*files.problems, *kept.problems, *map(_gone, missing), *_aside(rows, files)]
    return Merged({name: TABLES[name].typed(merged[name]) for name in TABLES}, problems)


def without_local(frames: Frames) -> Frames:
    """The tables without what was measured here."""
    sources, environments = frames["sources"], frames["environments"]
    local = sources.loc[sources["scraper"] == SCRAPER, "source"]
    rest = {name: frame[~frame["source"].isin(local)] for name, frame in frames.items() if "source" in frame.columns}
    return frames | rest | {"environments": environments[environments["origin"] != HERE]}


def _joined(upstream: Frames, before: Frames, kept: Kept, rows: LocalRows, rejected: list[RejectedRow]) -> Frames:
    """Upstream's rows, the new local ones, and of stale and partial files the older ones."""
    new = dict(zip(FIGURES, (rows.models, rows.layers, rows.accuracies, rows.opinions), strict=True))
    merged = dict(upstream)
    for name, frame in new.items():
        merged[name] = _with(upstream[name], kept.rows(name, frame, _of_today(name, before[name], upstream)))
    used = pd.concat([merged[name]["environment"] for name in SPEEDS])
    here = rows.environments[rows.environments["environment"].isin(used)]
    merged["environments"] = _with(upstream["environments"], here)
    aside = kept.quarantine(pd.DataFrame([vars(row) for row in rejected]), before["quarantine"])
    merged["quarantine"] = _with(upstream["quarantine"], aside)
    return merged


def _of_today(name: str, older: pd.DataFrame, upstream: Frames) -> pd.DataFrame:
    """The older rows whose architecture or model the catalog still holds."""
    for column in TABLES[name].columns:
        if column.refers_to in ENTITIES:
            values = older[column.name]
            older = older[values.isna() | values.isin(upstream[column.refers_to][column.refers_to.removesuffix("s")])]
    return older


def _kept_environments(kept: Kept, before: Frames) -> pd.DataFrame:
    """The environments of rows that may stay from before."""
    old = pd.concat([before[name][["environment", "source"]] for name in SPEEDS])
    used = old.loc[old["source"].isin([*kept.stale, *kept.partial]), "environment"]
    environments = before["environments"]
    return environments[environments["environment"].isin(used)]


def _sources(kept: Kept, rejected: list[RejectedRow], files: LocalFiles) -> pd.DataFrame:
    """A file counts as fetched on the day of its newest row, so that the table does not depend on today."""
    sources = kept.sources(rejected)
    newest = {file.file.source: files.newest[file.file.source] for file in kept.usable}
    days = zip(sources["source"], sources["retrieved_at"], strict=True)
    return sources.assign(retrieved_at=[newest.get(source, day) for source, day in days])


def _with(upstream: pd.DataFrame, local: pd.DataFrame) -> pd.DataFrame:
    parts = [frame for frame in (upstream, local) if len(frame)]
    return pd.concat(parts, ignore_index=True) if parts else upstream


def _gone(source: str) -> Problem:
    advice = f"its rows are kept; put the file back, or let them go with backbones refresh --accept {source}"
    return Problem("error", source, None, "gone", f"its file is gone; {advice}")


def _aside(rows: LocalRows, files: LocalFiles) -> list[Problem]:
    """A word on each row that a rule set aside, at its place in the file; one for all that a file has in common."""
    addresses = {parsed.file.source: parsed.file.url for parsed in files.parsed}
    found = [
        Problem("warning", addresses[row.source], row.line, row.rule, f"{row.detail}; the row is quarantined")
        for row in rows.rejected
        if row.rule not in (AGAIN, SAME_RUN)
    ]
    twice = [(*place, f"{text}; it stays with both files") for place, text in rows.told_twice.items()]
    late = [(row.source, row.line, row.detail) for row in rows.rejected if row.rule == SAME_RUN]
    twice += [(source, line, f"{text}; the row is quarantined") for source, line, text in late]
    for source, group in groupby(sorted(twice), key=lambda place: place[0]):
        (_, line, detail), *more = group
        rest = f"; so it is with {len(more)} more rows" if more else ""
        found.append(Problem("warning", addresses[source], line, SAME_RUN, f"{detail}{rest}"))
    return found
