"""Never less than yesterday: which sources can be used, and which older rows stand in for those that cannot."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from catalog.problems import Problem
from catalog.records import Parsed, RejectedRow
from catalog.schema import TABLES

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

    def rows(self, table: str, new: pd.DataFrame, old: pd.DataFrame) -> pd.DataFrame:
        """The new rows, the old rows of stale sources, and of partial sources the old rows whose key is gone."""
        schema = TABLES[table]
        new = schema.typed(new)
        stale = old[old["source"].isin(self.stale)]
        partial = old[old["source"].isin(self.partial)]
        if len(partial):
            keys = pd.MultiIndex.from_frame(new[list(schema.key)])
            partial = partial[~pd.MultiIndex.from_frame(partial[list(schema.key)]).isin(keys)]
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
            digest = hashlib.sha256(file.content).hexdigest()
            count = quarantined[file.source]
            note = self.partial.get(file.source)
            row: dict[str, object] = {
                "source": file.source,
                "scraper": file.scraper,
                "url": file.url,
                "revision": file.revision or None,
                "published_at": file.published_at or None,
                "retrieved_at": self.today,
                "sha256": digest,
                "licence": file.licence or None,
            }
            if file.source in before.index and before.loc[file.source, "sha256"] == digest:
                first = before.loc[file.source, list(row)].to_dict()
                days = [day for day in (first["published_at"], row["published_at"]) if isinstance(day, str)]
                row |= first | {"published_at": min(days, default=None)}
            row |= {
                "rows_read": parsed.rows_read,
                "rows_accepted": parsed.rows_read - count,
                "rows_quarantined": count,
                "state": "stale" if note else "current",
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
) -> Kept:
    """Decide for each source. `before` is the sources table of the last good state, `failed` maps sources to reasons.

    A source that shrank by more than a tenth is stale unless it is in `accepted`.
    """
    kept = Kept([], {}, {}, [], before, today)
    rows_before = dict(zip(before["source"], before["rows_accepted"], strict=True))
    for source, reason in failed.items():
        kept.stale.update(dict.fromkeys(_sources_of(source, rows_before), reason))
    for file in parsed:
        source = file.file.source
        expected = rows_before.get(source, 0)
        if len(file.records) < SHRINK_LIMIT * expected and source not in accepted:
            reason = f"{len(file.records)} good rows, expected about {expected}"
            message = f"{reason}; the rows known before are kept; if upstream meant it, refresh with --accept {source}"
            kept.problems.append(Problem("error", source, None, "shrunk", message))
            kept.stale[source] = reason
            continue
        kept.usable.append(file)
        errors = sum(problem.severity == "error" and problem.line is not None for problem in file.problems)
        if errors and source not in accepted:
            kept.partial[source] = f"{errors} rows failed a check; rows known before are kept for them"
    return kept


def _sources_of(failed: str, known: Collection[str]) -> list[str]:
    """The sources that a failure speaks of: one file, or with a scraper's bare name every file of it."""
    return [source for source in known if source == failed or source.startswith(f"{failed}/")]
