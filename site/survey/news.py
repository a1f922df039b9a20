"""What changed and when: upstream revisions as models added, changed, renamed, removed; and what was measured here."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.history import NEWS_THRESHOLD
from survey.facts import Facts, Row, Rows, grouped, rows
from survey.raw_results import raw_address
from survey.render import anchor, plural

SHOWN = 12  # names told before "and n more"


@dataclass(frozen=True)
class Revision:
    """An upstream revision: its events by kind; `changed` holds only changes of more than 0.05 points."""

    sequence: int
    date: str
    revision: str
    added: Rows
    changed: Rows
    renamed: Rows
    removed: Rows
    small_changes: int
    best: Row | None

    @property
    def anchor(self) -> str:
        """Id of the revision on the page; the same for ever."""
        return f"revision-{self.sequence}"

    @property
    def summary(self) -> str:
        """One line: what the revision brought."""
        counts = [
            (len({row.model for row in self.added}), "added"),
            (len({row.model for row in self.changed}), f"changed by more than {NEWS_THRESHOLD} points"),
            (len({row.model for row in self.renamed}), "renamed"),
            (len({row.model for row in self.removed}), "removed"),
        ]
        told = [f"{count:,} {word}" for count, word in counts if count]
        return ("models: " + ", ".join(told)) if told else "no model added, removed or notably changed"


def notable(event: Row) -> bool:
    """Whether an event is news; upstream measures everything again now and then."""
    return event.event != "changed" or abs((event.top1 or 0) - (event.previous_top1 or 0)) > NEWS_THRESHOLD


def latest_revisions(facts: Facts) -> list[Revision]:
    """Every upstream revision in the history, the newest first."""
    by_sequence = grouped(rows(facts.catalog.history), "sequence")
    return [_revision(by_sequence[sequence]) for sequence in sorted(by_sequence, reverse=True)]


def _revision(events: Rows) -> Revision:
    kinds = grouped(events, "event")
    changed = [row for row in kinds.get("changed", []) if notable(row)]
    added = sorted(kinds.get("added", []), key=lambda row: (-(row.top1 or 0), row.model, row.img_size))
    changed.sort(key=lambda row: (-abs(row.top1 - row.previous_top1), row.model, row.img_size))
    first = events[0]
    return Revision(
        first.sequence,
        first.date,
        first.revision,
        added,
        changed,
        kinds.get("renamed", []),
        kinds.get("removed", []),
        len(kinds.get("changed", [])) - len(changed),
        added[0] if added else None,
    )


@dataclass(frozen=True)
class Sweep:
    """A file of results measured here: a row of `sources`, where it can be downloaded (or blank), and what it holds."""

    source: Row
    address: str
    summary: str

    @property
    def anchor(self) -> str:
        """Id of the file on the page; the same for ever."""
        return anchor("measured", self.source.source)


def sweeps(facts: Facts) -> list[Sweep]:
    """Every file of results that figures on the site come from, the newest first."""
    return [
        Sweep(source, raw_address(facts.catalog, source), _brought(facts, source.source))
        for source in facts.benchmarks.sources
    ]


def _brought(facts: Facts, source: str) -> str:
    models = [run for run in facts.benchmarks.models if run.source == source]
    layers = [run for run in facts.benchmarks.layers if run.source == source]
    runs = models or layers
    names = sorted({run.condition.workload for run in models})
    named = f" of {', '.join(names)}" if 0 < len(names) <= SHOWN else ""
    more = f" and {plural(len(layers), 'run')} of layers" if models and layers else "" if models else " of layers"
    devices = ", ".join(sorted({run.condition.device for run in runs}))
    return f"{plural(len(runs), 'run')}{named}{more} on {devices}"
