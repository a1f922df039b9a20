"""What upstream held over time, as events: added, changed, renamed, removed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from catalog.records import PastAccuracy
from catalog.renames import RENAME_TOLERANCE, Key, gained_a_tag
from catalog.schema import TABLES

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
    """Everything that upstream held at a commit."""

    sequence: int
    commit: str
    date: str
    results: list[Held]


def append_events(
    history: pd.DataFrame, revisions: Iterable[list[PastAccuracy]], present_name: Callable[[str], str]
) -> pd.DataFrame:
    """The history with the events of further revisions, given oldest first.

    Names are brought to their present form, in the past too, so that a rename is an event of its own and never a
    removal, and so that it does not matter when a revision was read.
    """
    past = replay(history)
    last = past[-1].sequence if past else 0
    new = [
        Revision(
            sequence,
            rows[0].revision,
            rows[0].date,
            [Held(row.model, row.img_size, row.top1, row.params_m, row.line) for row in rows],
        )
        for sequence, rows in enumerate(revisions, start=last + 1)
    ]
    table = TABLES["history"]
    every = [*past, *new]
    rows = list(_events(every, _Names(present_name, every)))
    return table.typed(pd.DataFrame(rows, columns=pd.Index(table.column_names)))


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
    name = event.former_name if isinstance(event.former_name, str) else key[0]
    if event.event == "renamed" and held[key].name == name:
        name = key[0]  # the event names what the model was called before
    params = None if pd.isna(event.params_m) else float(event.params_m)
    line = None if pd.isna(event.line) else int(event.line)
    held[key] = Held(name, key[1], float(event.top1), params, line)


def first_seen(history: pd.DataFrame) -> dict[str, str]:
    """The day each model first had a result, under whatever name."""
    return history[history["event"] != "removed"].groupby("model")["date"].min().to_dict()


class _Names:
    """The present key of a result: its name's present form, declared or told from the tag that it gained.

    An undotted name stands for the weights that are the default at the time. A tag is told for as long as the name was
    listed before it went, back to the last change that a re-measurement does not explain.
    """

    def __init__(self, present_name: Callable[[str], str], revisions: Sequence[Revision]) -> None:
        self._present_name = present_name
        self._tagged: dict[tuple[int, Key], Key] = {}  # by sequence
        began: dict[Key, int] = {}
        before: dict[Key, float] = {}
        for index, revision in enumerate(revisions):
            now = {self._declared(result): result.top1 for result in revision.results}
            gone = {key: top1 for key, top1 in before.items() if key not in now}
            come = {key: top1 for key, top1 in now.items() if key not in before}
            for former, present in gained_a_tag(gone, come).items():
                for past in revisions[began[former] : index]:
                    self._tagged[past.sequence, former] = present
            for key, top1 in now.items():
                if abs(top1 - before.get(key, math.inf)) > RENAME_TOLERANCE:
                    began[key] = index
            before = now

    def _declared(self, result: Held) -> Key:
        return self._present_name(result.name), result.img_size

    def by_key(self, revision: Revision) -> dict[Key, Held]:
        """The results by present key; where two names became one, the row under the present name stands for both."""
        now: dict[Key, Held] = {}
        for result in revision.results:
            declared = self._declared(result)
            key = self._tagged.get((revision.sequence, declared), declared)
            if key not in now or key[0] == result.name:
                now[key] = result
        return now


def _events(revisions: Iterable[Revision], names: _Names) -> Iterator[tuple[object, ...]]:
    """Rows of the history table."""
    held: dict[Key, Held] = {}
    for revision in revisions:
        at = (revision.sequence, revision.commit, revision.date)
        now = names.by_key(revision)
        for key, current in now.items():
            previous = held.get(key)
            event = _event(previous, current)
            if previous is not None and not event:
                now[key] = previous
                continue
            former = current.name if current.name != key[0] else None
            if event == "renamed" and former is None and previous is not None:
                former = previous.name
            top1_before = previous.top1 if previous else None
            yield (*at, *key, event, former, current.top1, top1_before, current.params_m, current.line)
        for key, previous in held.items():
            if key not in now:
                yield (*at, *key, "removed", None, None, previous.top1, previous.params_m, None)
        held = now


def _event(previous: Held | None, current: Held) -> str:
    if previous is None:
        return "added"
    if previous.name != current.name:
        return "renamed"
    return "changed" if previous.top1 != current.top1 else ""
