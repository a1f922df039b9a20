"""What changed and when: the models and results that upstream revisions brought, and what was measured here."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.history import NEWS_THRESHOLD
from generator.facts import Facts, Row, Rows, grouped, rows
from generator.provenance import raw_address
from generator.render import anchor, plural

SHOWN = 12  # names told before "and n more"


@dataclass(frozen=True)
class Revision:
    """An upstream revision: the models that came, were renamed and went, and its results by what happened to them.

    A model comes with its first result and goes with its last; a result is a model at an image size. `models_added`
    holds the best result of each; `changed` only changes of more than 0.05 points.
    """

    sequence: int
    date: str
    revision: str
    models_added: Rows
    models_removed: list[str]
    added: Rows
    changed: Rows
    renamed: Rows
    removed: Rows
    small_changes: int

    @property
    def anchor(self) -> str:
        """Id of the revision on the page; the same for ever."""
        return f"revision-{self.sequence}"

    @property
    def summary(self) -> str:
        """One line: what the revision brought, models and results apart."""
        told = [
            _counted(
                "models",
                added=len(self.models_added),
                renamed=len({row.model for row in self.renamed}),
                removed=len(self.models_removed),
            ),
            _counted(
                "results",
                added=len(self.added),
                changed=len(self.changed),
                removed=len(self.removed),
            ),
        ]
        return "; ".join(filter(None, told)) or "nothing added, removed or notably changed"


def _counted(what: str, **counts: int) -> str:
    words = {"changed": f"changed by more than {NEWS_THRESHOLD} points"}
    told = [f"{count:,} {words.get(word, word)}" for word, count in counts.items() if count]
    return f"{what}: {', '.join(told)}" if told else ""


def notable(event: Row) -> bool:
    """Whether an event is news; upstream measures everything again now and then."""
    return event.event != "changed" or abs((event.top1 or 0) - (event.previous_top1 or 0)) > NEWS_THRESHOLD


def latest_revisions(facts: Facts) -> list[Revision]:
    """Every upstream revision in the history, the newest first."""
    by_sequence = grouped(rows(facts.catalog.history), "sequence")
    held: set[tuple[str, int]] = set()
    revisions = []
    for sequence in sorted(by_sequence):
        events = by_sequence[sequence]
        before = {model for model, _ in held}
        held |= {(row.model, row.img_size) for row in events if row.event == "added"}
        held -= {(row.model, row.img_size) for row in events if row.event == "removed"}
        revisions.append(_revision(events, before, {model for model, _ in held}))
    return revisions[::-1]


def _revision(events: Rows, before: set[str], after: set[str]) -> Revision:
    """The revision of these events; `before` and `after` are the models that upstream held."""
    kinds = grouped(events, "event")
    changed = [row for row in kinds.get("changed", []) if notable(row)]
    changed.sort(key=lambda row: (-abs(row.top1 - row.previous_top1), row.model, row.img_size))
    added = sorted(kinds.get("added", []), key=lambda row: (-(row.top1 or 0), row.model, row.img_size))
    best: dict[str, Row] = {}
    for row in added:
        if row.model not in before:
            best.setdefault(row.model, row)
    first = events[0]
    return Revision(
        first.sequence,
        first.date,
        first.revision,
        list(best.values()),
        sorted(before - after),
        added,
        changed,
        kinds.get("renamed", []),
        kinds.get("removed", []),
        len(kinds.get("changed", [])) - len(changed),
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
