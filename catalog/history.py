"""What upstream held over time, as events: added, changed, renamed, removed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pandas as pd

from catalog.problems import Problem
from catalog.records import PastAccuracy, SetAside
from catalog.renames import RENAME_TOLERANCE, Key, gained_a_tag
from catalog.schema import TABLES

PAST = "timm-history"  # the scraper of past revisions
# Upstream re-measures everything now and then; smaller differences are noise.
NEWS_THRESHOLD = 0.05  # points of top-1


@dataclass(frozen=True)
class Held:
    """A result as upstream held it: under the name used then, at the line where it last changed."""

    name: str
    img_size: int
    top1: float
    params_m: float | None
    line: int | None


@dataclass(frozen=True)
class Revision:
    """Everything that upstream held at a commit; what an incomplete one lacks stays as it was."""

    sequence: int
    commit: str
    date: str
    results: list[Held]
    incomplete: bool = False


@dataclass(frozen=True)
class Double:
    """A result that is set aside: the revision holds the same weights at that size under a name that is kept."""

    revision: str
    line: int | None
    name: str
    model: str
    kept: str


def continued(
    history: pd.DataFrame,
    records: Iterable[PastAccuracy],
    read: Collection[str],
    past_name: Callable[[str, str], str],
    incomplete: Collection[str] = (),
) -> tuple[pd.DataFrame, list[Double]]:
    """The history with what was read now, and the results set aside; `read` are the commits that were read before.

    Past revisions never change: those not read before and newer than the last add to it. Where every revision that was
    read before has been read again, the history is told anew from all of them.
    """
    revisions = [list(rows) for _, rows in groupby(records, key=lambda row: row.revision)]
    if {*read} <= {rows[0].revision for rows in revisions}:
        history = TABLES["history"].empty()
        revisions.sort(key=lambda rows: rows[0].date)
    else:
        newest = history["date"].max() if len(history) else ""
        revisions = [rows for rows in revisions if rows[0].date >= newest and rows[0].revision not in read]
    return append_events(history, revisions, past_name, incomplete)


def doubles_set_aside(doubles: Iterable[Double], source_of: Mapping[str, str]) -> tuple[list[SetAside], list[Problem]]:
    """The rows of doubles in the files read now, by commit, and a word on those of files that were read before."""
    aside, lost = [], set()
    for double in doubles:
        if double.revision in source_of:
            detail = f"{double.name} and {double.kept} are the same weights; the row of {double.kept} is kept"
            aside.append(SetAside(source_of[double.revision], double.line or 1, "same-weights", detail))
        else:
            lost.add(double.name)
    if not lost:
        return aside, []
    message = f"{', '.join(sorted(lost))} became another name of a model that past revisions hold too"
    advice = "tell the history anew: backbones refresh --rebuild-history"
    return aside, [Problem("warning", PAST, None, "same-weights", f"{message}; {advice}")]


def append_events(
    history: pd.DataFrame,
    revisions: Iterable[list[PastAccuracy]],
    past_name: Callable[[str, str], str],
    incomplete: Collection[str] = (),
) -> tuple[pd.DataFrame, list[Double]]:
    """The history with the events of further revisions, given oldest first; and the results set aside on the way.

    `past_name` gives the present name of what a name stood for on a day. Names are brought to that form in the past
    too, so that a rename is an event of its own and never a removal, and so that it does not matter when a revision
    was read. `incomplete` are commits of which rows were set aside: what they lack was not removed.
    """
    past = replay(history)
    last = past[-1].sequence if past else 0
    new = [
        Revision(
            sequence,
            rows[0].revision,
            rows[0].date,
            [Held(row.model, row.img_size, row.top1, row.params_m, row.line) for row in rows],
            rows[0].revision in incomplete,
        )
        for sequence, rows in enumerate(revisions, start=last + 1)
    ]
    table = TABLES["history"]
    every = [*past, *new]
    declared, doubles = _declared(every, past_name)
    rows = list(_events(every, _tagged(declared)))
    return table.typed(pd.DataFrame(rows, columns=pd.Index(table.column_names))), doubles


def replay(history: pd.DataFrame) -> list[Revision]:
    """What upstream held at each revision of the history that changed something."""
    revisions: list[Revision] = []
    held: dict[Key, Held] = {}
    for sequence, events in history.sort_values("sequence", kind="stable").groupby("sequence"):
        for row in events.itertuples():
            _apply(row, held)
        first = events.iloc[0]
        revisions.append(Revision(int(sequence), str(first["revision"]), str(first["date"]), list(held.values())))
    return revisions


def _apply(event: Any, held: dict[Key, Held]) -> None:
    key = (str(event.model), int(event.img_size))
    if event.event == "removed":
        held.pop(key, None)
        return
    params = None if pd.isna(event.params_m) else float(event.params_m)
    line = None if pd.isna(event.line) else int(event.line)
    held[key] = Held(str(event.name), key[1], float(event.top1), params, line)


def first_seen(history: pd.DataFrame) -> dict[str, str]:
    """The day each model first had a result, under whatever name."""
    return history[history["event"] != "removed"].groupby("model")["date"].min().to_dict()


def _declared(
    revisions: Iterable[Revision], past_name: Callable[[str, str], str]
) -> tuple[list[dict[Key, Held]], list[Double]]:
    """The results of each revision by the key that the reference tables declare.

    Of two names for one key, the one that was held before stays as long as upstream lists it, else the present one.
    """
    contents: list[dict[Key, Held]] = []
    doubles: list[Double] = []
    before: dict[Key, Held] = {}
    for revision in revisions:
        names: defaultdict[Key, list[Held]] = defaultdict(list)
        for result in revision.results:
            names[past_name(result.name, revision.date), result.img_size].append(result)
        now: dict[Key, Held] = {}
        for key, results in names.items():
            preferred = (before[key].name if key in before else "", key[0])
            kept, *others = sorted(results, key=lambda result: _place(result.name, preferred))
            now[key] = kept
            doubles += [Double(revision.commit, other.line, other.name, key[0], kept.name) for other in others]
        contents.append(now)
        before = now
    return contents, doubles


def _place(name: str, preferred: Sequence[str]) -> tuple[int, str]:
    return (preferred.index(name) if name in preferred else len(preferred), name)


def _tagged(contents: Sequence[dict[Key, Held]]) -> list[dict[Key, Held]]:
    """The same by present key, where that is told from the tag which an undotted name gained.

    An undotted name stands for the weights that are the default at the time. A tag is told for as long as the name was
    listed before it went, back to the last change that a re-measurement does not explain.
    """
    present: list[dict[Key, Key]] = [{} for _ in contents]
    began: dict[Key, int] = {}
    last: dict[Key, int] = {}
    before: dict[Key, Held] = {}
    for index, now in enumerate(contents):
        gone = {key: held.top1 for key, held in before.items() if key not in now}
        come = {key: held.top1 for key, held in now.items() if key not in before}
        for former, key in gained_a_tag(gone, come).items():
            for past in range(max(began[former], last.get(key, -1) + 1), index):
                present[past][former] = key
        for key, held in now.items():
            if key not in before or abs(held.top1 - before[key].top1) > RENAME_TOLERANCE:
                began[key] = index
            last[key] = index
        before = now
    return [
        {renamed.get(key, key): held for key, held in now.items()}
        for now, renamed in zip(contents, present, strict=True)
    ]


def _events(revisions: Sequence[Revision], contents: Sequence[dict[Key, Held]]) -> Iterator[tuple[object, ...]]:
    """Rows of the history table."""
    held: dict[Key, Held] = {}
    for revision, content in zip(revisions, contents, strict=True):
        at = (revision.sequence, revision.commit, revision.date)
        now = dict(content)
        for key, current in content.items():
            previous = held.get(key)
            event = _event(previous, current)
            if previous is not None and not event:
                now[key] = previous
                continue
            former = previous.name if previous and event == "renamed" else None
            top1_before = previous.top1 if previous else None
            yield (*at, *key, event, current.name, former, current.top1, top1_before, current.params_m, current.line)
        for key, previous in held.items():
            if key not in now and revision.incomplete:
                now[key] = previous
            elif key not in now:
                yield (*at, *key, "removed", previous.name, None, None, previous.top1, previous.params_m, None)
        held = now


def _event(previous: Held | None, current: Held) -> str:
    if previous is None:
        return "added"
    if previous.name != current.name:
        return "renamed"
    return "changed" if previous.top1 != current.top1 else ""
