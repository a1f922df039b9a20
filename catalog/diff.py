"""What changed between two states of the tables: models added, removed, renamed, and results that moved."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from catalog.history import NEWS_THRESHOLD
from catalog.leaderboard import PREFERENCE
from catalog.problems import Frames
from catalog.renames import Key, gained_a_tag


@dataclass(frozen=True)
class Result:
    """A model's ImageNet result at a size."""

    model: str
    img_size: int
    top1: float


@dataclass(frozen=True)
class Renamed:
    """One set of weights under a former and its present name."""

    former: str
    model: str


@dataclass(frozen=True)
class Changed:
    """A result that moved by more than 0.05 points."""

    model: str
    img_size: int
    before: float
    after: float


@dataclass
class Difference:
    """Everything that changed: whole models, and results of a model at a size.

    `rows` are the tables' row counts (before, after) where they differ.
    """

    models_added: list[str] = field(default_factory=list)
    models_removed: list[str] = field(default_factory=list)
    added: list[Result] = field(default_factory=list)
    removed: list[Result] = field(default_factory=list)
    renamed: list[Renamed] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    environments_added: list[str] = field(default_factory=list)
    environments_removed: list[str] = field(default_factory=list)
    rows: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(vars(self).values())

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, for JSON."""
        return asdict(self)

    def to_markdown(self) -> str:
        """A text for people, as the body of a pull request."""
        if not self:
            return "Nothing changed.\n"
        parts = [
            _section("Models added", [f"`{model}`" for model in self.models_added]),
            _section("Models removed", [f"`{model}`" for model in self.models_removed]),
            _section("Results added", [f"`{item.model}` at {item.img_size}: {item.top1:g} %" for item in self.added]),
            _section(
                "Results removed", [f"`{item.model}` at {item.img_size} (was {item.top1:g} %)" for item in self.removed]
            ),
            _section("Models renamed", [f"`{item.former}` is now `{item.model}`" for item in self.renamed]),
            _section(
                f"Results changed by more than {NEWS_THRESHOLD:g} points",
                [f"`{item.model}` at {item.img_size}: {item.before:g} % to {item.after:g} %" for item in self.changed],
            ),
            _section("Environments added", [f"`{key}`" for key in self.environments_added]),
            _section("Environments removed", [f"`{key}`" for key in self.environments_removed]),
            _section("Rows", [f"`{name}`: {before} to {after}" for name, (before, after) in self.rows.items()]),
        ]
        return "\n".join(part for part in parts if part)


def diff(before: Frames, after: Frames) -> Difference:
    """Compare two states of the tables. A model under a new name is renamed, not removed and added."""
    old, new = _results(before), _results(after)
    gone = {key: top1 for key, top1 in old.items() if key not in new}
    come = {key: top1 for key, top1 in new.items() if key not in old}
    renames = _renames(gone, come, after["models"])
    difference = Difference()
    difference.renamed = sorted(
        {Renamed(former[0], present[0]) for former, present in renames.items()}, key=lambda item: item.former
    )
    were, are = {model for model, _ in old}, {model for model, _ in new}
    difference.models_added = sorted(are - were - {item.model for item in difference.renamed})
    difference.models_removed = sorted(were - are - {item.former for item in difference.renamed})
    difference.added = [Result(*key, new[key]) for key in sorted(come) if key not in set(renames.values())]
    difference.removed = [Result(*key, old[key]) for key in sorted(gone) if key not in renames]
    pairs = [(key, key) for key in old if key in new] + list(renames.items())
    difference.changed = [
        Changed(*present, old[former], new[present])
        for former, present in sorted(pairs, key=lambda pair: pair[1])
        if abs(new[present] - old[former]) > NEWS_THRESHOLD
    ]
    timed, now = set(before["environments"]["environment"]), set(after["environments"]["environment"])
    difference.environments_added, difference.environments_removed = sorted(now - timed), sorted(timed - now)
    difference.rows = {
        name: (len(before[name]), len(frame))
        for name, frame in after.items()
        if name != "refreshes" and len(before[name]) != len(frame)
    }
    return difference


def _results(frames: Frames) -> dict[Key, float]:
    rows = frames["evaluations"]
    rows = rows[rows["dataset"] == "imagenet"].sort_values("kind", key=lambda kind: kind.map(PREFERENCE), kind="stable")
    rows = rows.drop_duplicates(["model", "img_size"])
    return {
        (str(model), int(size)): float(top1)
        for model, size, top1 in zip(rows["model"], rows["img_size"], rows["top1"], strict=True)
    }


def _renames(gone: dict[Key, float], come: dict[Key, float], models: pd.DataFrame) -> dict[Key, Key]:
    """Former key -> present key: by the declared former names, else an undotted name that gained its only tag."""
    declared: defaultdict[Key, list[Key]] = defaultdict(list)
    former_names = dict(zip(models["model"], models["former_names"].fillna("").str.split(";"), strict=True))
    for model, size in come:
        for former in former_names.get(model, []):
            declared[former, size].append((model, size))
    renames = {key: declared[key][0] for key in gone if len(declared[key]) == 1}
    left = {key: top1 for key, top1 in gone.items() if key not in renames}
    free = {key: top1 for key, top1 in come.items() if key not in set(renames.values())}
    return renames | gained_a_tag(left, free)


def _section(title: str, lines: list[str]) -> str:
    return f"### {title} ({len(lines)})\n\n" + "".join(f"- {line}\n" for line in lines) if lines else ""
