"""What upstream held over time, as events: added, changed, renamed, removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from catalog.records import PastAccuracy
from catalog.schema import TABLES

# Upstream re-measures everything now and then; smaller differences are noise.
NEWS_THRESHOLD = 0.05  # points of top-1

Key = tuple[str, int]


@dataclass(frozen=True)
class Held:
    """What upstream held for a key: the name used then, accuracy and parameters."""

    name: str
    top1: float
    params_m: float | None


def append_events(
    history: pd.DataFrame, revisions: Iterable[list[PastAccuracy]], present_name: Callable[[str], str]
) -> pd.DataFrame:
    """The history with the events of further revisions, given oldest first.

    Names are brought to their present form, so that a rename is an event of its own and never a removal.
    """
    held = held_after(history)
    last = int(history["sequence"].max()) if len(history) else 0
    rows: list[tuple[object, ...]] = []
    for sequence, revision in enumerate(revisions, start=last + 1):
        now: dict[Key, Held] = {}
        lines: dict[Key, int] = {}
        for record in revision:
            key = (present_name(record.model), record.img_size)
            if key in now and present_name(record.model) != record.model:
                continue  # two old names became one: the row under the present name stands for both
            now[key] = Held(record.model, record.top1, record.params_m)
            lines[key] = record.line
        first = revision[0]
        for key, current in now.items():
            previous = held.get(key)
            event = _event(previous, current)
            if event:
                former = (
                    current.name
                    if current.name != key[0]
                    else (previous.name if previous and event == "renamed" else None)
                )
                rows.append(
                    (
                        sequence,
                        first.revision,
                        first.date,
                        *key,
                        event,
                        former,
                        current.top1,
                        previous.top1 if previous else None,
                        current.params_m,
                        lines[key],
                    )
                )
        for key, previous in held.items():
            if key not in now:
                rows.append(
                    (
                        sequence,
                        first.revision,
                        first.date,
                        *key,
                        "removed",
                        None,
                        None,
                        previous.top1,
                        previous.params_m,
                        None,
                    )
                )
        held = now
    table = TABLES["history"]
    new = table.typed(pd.DataFrame(rows, columns=pd.Index(table.column_names)))
    return pd.concat([history, new], ignore_index=True) if len(history) else new


def held_after(history: pd.DataFrame) -> dict[Key, Held]:
    """What upstream held after the last event."""
    held: dict[Key, Held] = {}
    for row in history.sort_values("sequence", kind="stable").itertuples():
        key = (str(row.model), int(row.img_size))
        if row.event == "removed":
            held.pop(key, None)
        else:
            name = str(row.former_name) if row.event != "renamed" and isinstance(row.former_name, str) else key[0]
            held[key] = Held(name, float(row.top1), None if pd.isna(row.params_m) else float(row.params_m))
    return held


def first_seen(history: pd.DataFrame) -> dict[str, str]:
    """The day each model first had a result."""
    added = history[history["event"] != "removed"]
    return added.groupby("model")["date"].min().to_dict()


def _event(previous: Held | None, current: Held) -> str:
    if previous is None:
        return "added"
    if previous.name != current.name:
        return "renamed"
    return "changed" if previous.top1 != current.top1 else ""
