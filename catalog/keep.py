"""Keeps the last good rows when a source fails: which files are used, and whose older rows stand in for theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pandas as pd

from catalog.history import PAST
from catalog.last_good import IDENTITY, Key, LastGood, name_of
from catalog.problems import Problem
from catalog.records import Parsed, RejectedRow
from catalog.relations import FEW, MOST, of_file
from catalog.results_file import LOCAL
from catalog.schema import TABLES

Kind = TypeVar("Kind")
NAMED = 5  # rows that are named where more are gone
# A source with fewer of its former rows than this share is taken for broken, not for shorter.
SHRINK_LIMIT = 0.9


@dataclass
class Kept:
    """The usable sources of a refresh; the stale ones, with the reason; and those that lost rows to the checks."""

    usable: list[Parsed]
    stale: dict[str, str]
    partial: dict[str, str]
    problems: list[Problem]
    before: pd.DataFrame
    today: str

    def records(self, kind: type[Kind]) -> list[Kind]:
        """The records of one kind from every usable file."""
        return [record for file in self.usable for record in file.records if isinstance(record, kind)]

    @property
    def incomplete(self) -> set[str]:
        """The sources whose older rows stand in, for all or for some."""
        return {*self.stale, *self.partial}

    def of_partial(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows of the sources that lost some to the checks."""
        return rows[rows["source"].isin(self.partial)]

    def rows(self, table: str, new: pd.DataFrame, old: pd.DataFrame) -> pd.DataFrame:
        """The new rows, the old rows of stale sources, and of partial sources the old rows whose key is gone."""
        schema = TABLES[table]
        new = schema.typed(new)
        stale = old[old["source"].isin(self.stale)]
        partial = self.of_partial(old)
        if len(partial):
            key = IDENTITY.get(table, list(schema.key))
            here = pd.MultiIndex.from_frame(new[key].astype("object").fillna(""))
            partial = partial[~pd.MultiIndex.from_frame(partial[key].astype("object").fillna("")).isin(here)]
        parts = [frame for frame in (new, stale, partial) if len(frame)]
        if not parts:
            return schema.empty()
        return pd.concat(parts, ignore_index=True).drop_duplicates(list(schema.key))

    def quarantine(self, new: pd.DataFrame, old: pd.DataFrame) -> pd.DataFrame:
        """The rows set aside this time, and those of the known sources that were not read again."""
        table = TABLES["quarantine"]
        read = {parsed.file.source for parsed in self.usable}
        older = old[old["source"].isin(self.before["source"]) & ~old["source"].isin(read)]
        parts = [frame for frame in (table.typed(new), older) if len(frame)]
        return pd.concat(parts, ignore_index=True) if parts else table.empty()

    def sources(self, rejected: Sequence[RejectedRow]) -> pd.DataFrame:
        """The sources table. A file whose content did not change keeps the address and days of its first fetch,
        and of two days that it is said to be published on the earlier one."""
        quarantined = Counter(row.source for row in rejected)
        before = self.before.set_index("source", drop=False)
        rows = []
        for parsed in self.usable:
            file = parsed.file
            count = quarantined[file.source]
            note = self.partial.get(file.source)
            row: dict[str, object] = {
                "source": file.source,
                "scraper": file.scraper,
                "url": file.url,
                "revision": file.revision or None,
                "published_at": file.published_at or None,
                "retrieved_at": parsed.measured_on or self.today,
                "sha256": file.sha256,
                "licence": file.licence or None,
            }
            if file.source in before.index and before.loc[file.source, "sha256"] == file.sha256:
                first = before.loc[file.source, list(row)].to_dict()
                days = [day for day in (first["published_at"], row["published_at"]) if isinstance(day, str)]
                row |= first | {"published_at": min(days, default=None)}
            row |= {
                "rows_read": parsed.rows_read,
                "rows_accepted": len(parsed.records) - (count - len(parsed.rejected)),
                "rows_quarantined": count,
                "state": "stale" if note and file.scraper != PAST else "current",  # the past does not get better
                "note": note,
            }
            rows.append(row)
        new = TABLES["sources"].typed(pd.DataFrame(rows, columns=pd.Index(TABLES["sources"].column_names)))
        old = self.before[~self.before["source"].isin(new["source"])].copy()
        is_stale = old["source"].isin(self.stale)
        old["state"] = is_stale.map({True: "stale", False: "current"})
        old["note"] = old["source"].map(self.stale)
        return pd.concat([new, old], ignore_index=True) if len(old) else new


def keep_older_rows(
    parsed: Sequence[Parsed],
    failed: Mapping[str, str],
    before: pd.DataFrame,
    today: str,
    accepted: Collection[str] = (),
    last_good: LastGood | None = None,
) -> Kept:
    """Decide for each source. `before` is the sources table of the last good state, `failed` maps sources to reasons.

    A source that lost more than a tenth of its rows, or whose figures as a whole cannot be believed, is stale unless it
    is in `accepted`; without `last_good`, and of what was measured here, figures are not looked at. A revision of the
    history that is not used holds up those after it, which are told as the difference to it.
    """
    kept = Kept([], {}, {}, [], before, today)
    known = before.set_index("source")
    for source, reason in failed.items():
        kept.stale.update(dict.fromkeys(_sources_of(source, known.index), reason))
    held_up = _first_missing([source for source in failed if source not in accepted], known.index)
    for file in parsed:
        source, past = file.file.source, file.file.scraper == PAST
        if past and held_up and file.file.published_at >= held_up:
            continue
        held = None if file.file.scraper == LOCAL else last_good
        doubt = "" if source in accepted else next(_doubts(file, known, held), "")
        if doubt:
            held_up = file.file.published_at if past else held_up
            kept.stale[source] = doubt
            instead = "the rows known before are kept" if source in known.index else "nothing of it is used"
            instead = "it waits, and so do the revisions after it" if past else instead
            message = f"{doubt}; {instead}; if upstream meant it, refresh with --accept {source}"
            kept.problems.append(Problem("error", source, None, "refused", message))
            continue
        kept.usable.append(file)
        kept.problems += file.problems
        broken = max(sum(not row.expected for row in file.rejected), sum(map(_is_of_a_row, file.problems)))
        if broken and source not in accepted:
            kept.partial[source] = f"{broken} rows failed a check; rows known before are kept for them"
        elif held and not _same(file, known):
            kept.problems += _losses(file, held)
        if held:
            held.take(file)
    return kept


def _doubts(file: Parsed, known: pd.DataFrame, last_good: LastGood | None) -> Iterator[str]:
    """Why a file is not used: too few of its rows are good, or its figures as a whole cannot be believed."""
    source, good = file.file.source, len(file.records)
    broken = [row for row in file.rejected if not row.expected]
    new = last_good if not _same(file, known) else None  # what was let in before is not doubted again
    if new:
        yield from file.doubts
        if good + len(broken) >= FEW and len(broken) > MOST * file.rows_read:
            where = f"the first in line {broken[0].line}: {broken[0].detail}"
            yield f"{len(broken)} of {file.rows_read} rows break a rule, {where}"
    expected = known.loc[source, "rows_accepted"] if source in known.index else new.expected(file) if new else 0
    if good < SHRINK_LIMIT * expected:
        yield f"{good} good rows, expected about {expected}"
    if new:
        yield from of_file(file.records)
        yield from new.doubts(file)
        gone, before = new.gone(file)
        if before - (len(gone) - len(broken)) < SHRINK_LIMIT * before:  # a broken row may be one that seems gone
            yield f"{len(gone)} of {before} rows known before are gone: {_names(gone)}"


def _is_of_a_row(problem: Problem) -> bool:
    return problem.severity == "error" and problem.line is not None


def _same(file: Parsed, known: pd.DataFrame) -> bool:
    """Whether this very content was let in before."""
    return file.file.source in known.index and bool(known.loc[file.file.source, "sha256"] == file.file.sha256)


def _losses(file: Parsed, last_good: LastGood) -> Iterator[Problem]:
    """The rows known before that a file no longer has, or has under a former name with figures of its own."""
    gone, before = last_good.gone(file)
    if gone:
        message = f"{len(gone)} of {before} rows known before are gone: {_names(gone)}"
        yield Problem("warning", file.file.source, None, "gone", message)
    if renamed := last_good.under_former_names(file):
        message = f"{len(renamed)} rows stand under a former name alone, with other figures than known before"
        yield Problem("warning", file.file.source, None, "former-name", f"{message}: {_names(renamed)}")


def _names(keys: Sequence[Key]) -> str:
    """The first few, and how many more."""
    named = ", ".join(name_of(key) for key in sorted(keys, key=str)[:NAMED])
    return named if len(keys) <= NAMED else f"{named} and {len(keys) - NAMED} more"


def _first_missing(failed: Collection[str], known: Collection[str]) -> str:
    """The day of the first revision that could not be read and that comes after those known, else blank."""
    prefix = f"{PAST}/"  # and then the day
    newest = max((source for source in known if source.startswith(prefix)), default="")
    missing = min((source for source in failed if source.startswith(prefix) and source > newest), default="")
    return missing.removeprefix(prefix)[:10]


def _sources_of(failed: str, known: Collection[str]) -> list[str]:
    """The sources that a failure speaks of: one file, or with a scraper's bare name every file of it."""
    return [source for source in known if source == failed or source.startswith(f"{failed}/")]
