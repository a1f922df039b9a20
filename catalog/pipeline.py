"""How the tables change on disk: read, build, keep the last good, check, write; and what is told of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from catalog import Catalog
from catalog.checks import check
from catalog.diff import Difference, diff
from catalog.export import flat_csv
from catalog.history import PAST
from catalog.merge import Frames, Merged, is_local, merge, merge_local
from catalog.problems import CatalogError, Problem, in_order
from catalog.schema import TABLES
from catalog.store import FLAT_TABLE, read_table, stored, write_files, writing

if TYPE_CHECKING:
    from catalog.records import Scraped

Read = Callable[[Collection[str]], "Scraped"]  # reads the sources anew, given those that are known
RESULTS = "timm/results-imagenet"
COUNTED = ("added", "removed", "renamed", "changed")


class BrokenTables(CatalogError):
    """Tables that break a rule, and were not written; `problems` are the errors in them."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} errors in the merged tables, see above; nothing was written")
        self.problems = problems


class Report:
    """The outcome of a refresh, for people and for programs.

    `problems` were met on the way, `findings` in the tables that were written.
    """

    def __init__(self, merged: Merged, difference: Difference, findings: Sequence[Problem], before: Frames) -> None:
        self.frames = merged.frames
        self.difference = difference
        told = in_order([*merged.problems, *findings])
        self.errors = [problem for problem in told if problem.severity == "error"]
        self.warnings = [problem for problem in told if problem.severity == "warning"]
        self.met = [problem for problem in in_order(merged.problems) if problem.severity == "warning"]
        digests = dict(zip(before["sources"]["source"], before["sources"]["sha256"], strict=True))
        sources = merged.frames["sources"]
        self.stale = sources.loc[sources["state"] == "stale", "source"].tolist()
        same = sources["source"].map(digests) == sources["sha256"]
        self.unchanged = int((same & (sources["state"] != "stale")).sum())
        self.new = sources.loc[~same & (sources["state"] != "stale"), "source"].tolist()

    def to_dict(self) -> dict[str, object]:
        """Plain lists and numbers."""
        return {
            "rows": {name: len(frame) for name, frame in self.frames.items()},
            "sources": {"unchanged": self.unchanged, "new_or_changed": self.new, "stale": self.stale},
            "changes": self.difference.to_dict(),
            "errors": [str(problem) for problem in self.errors],
            "warnings": [str(problem) for problem in self.warnings],
        }

    def to_text(self) -> str:
        """A page for the terminal."""
        as_of = self.frames["sources"]["published_at"].dropna().max()
        if not self.new and not self.stale:
            lines = [f"Unchanged upstream: all {self.unchanged} sources are as before, the newest of {as_of}."]
        else:
            lines = [f"Sources: {len(self.new)} new or changed, {self.unchanged} unchanged, {len(self.stale)} stale."]
            lines += [f"  stale: {source}" for source in self.stale]
        lines.append(", ".join(f"{len(frame)} {name}" for name, frame in self.frames.items() if len(frame)) + ".")
        lines += [str(problem) for problem in self.met]
        rules = Counter(problem.rule for problem in self.warnings if problem not in self.met)
        if rules:
            counted = ", ".join(f"{count} {rule}" for rule, count in sorted(rules.items()))
            lines.append(f"Warnings: {counted}; backbones check prints them.")
        return "\n".join(lines) + "\n\n" + self.difference.to_markdown()


@dataclass(frozen=True)
class Added:
    """What adding the results measured here gave: how many rows the tables now hold of them, and what is wrong."""

    measurements: int
    layer_measurements: int
    evaluations: int
    set_aside: int
    problems: list[Problem]

    @property
    def errors(self) -> list[Problem]:
        """What has to be looked at."""
        return [problem for problem in self.problems if problem.severity == "error"]

    def __str__(self) -> str:
        return (
            f"measured here: {self.measurements} speeds of models, {self.layer_measurements} of layers, "
            f"{self.evaluations} accuracies; {self.set_aside} rows set aside"
        )


def refresh(
    read: Read, data: Path, today: str, accepted: Collection[str] = (), *, rebuild_history: bool = False
) -> Report:
    """Read every source and build every table of a directory anew, as its only writer.

    With `rebuild_history` every past revision is read again. Raises CatalogError on broken structure, and when another
    process does not stop writing there; nothing is written.
    """
    if data.exists() and not data.is_dir():
        raise CatalogError(f"{data}: expected a directory of tables, found a file; name another with --data")
    with writing(data):
        before = Catalog(data, older_schema=True).frames
        # The proofs of the implementations belong to this repository: a new directory starts with them.
        proofs = before["implementations"] if len(before["implementations"]) else read_table("implementations")
        known = set(before["sources"]["source"])
        if rebuild_history or before["history"].empty:
            known = {source for source in known if not source.startswith(f"{PAST}/")}
        merged = merge(read(known), before | {"implementations": proofs}, today, accepted)
        difference = diff(before, merged.frames)
        merged.frames["refreshes"] = _with_this_refresh(merged.frames, difference, today)
        return Report(merged, difference, write_checked(merged.frames, data), before)


def add_local(read: Read, data: Path, accepted: Collection[str] = ()) -> Added:
    """Read the results measured here and build the tables that hold them; those of upstream stay as they are.

    What is known of a file that is gone stays, with a problem. Raises CatalogError when the tables cannot be read or
    written, or would be wrong; they are then as before.
    """
    with writing(data):
        before = Catalog(data, older_schema=True).frames
        merged = merge_local(read(set(before["sources"]["source"])), before, accepted)
        write_checked(merged.frames, data)
    rows = {name: int(is_local(frame).sum()) for name, frame in merged.frames.items() if "source" in frame}
    counts = rows["measurements"], rows["layer_measurements"], rows["evaluations"], rows["quarantine"]
    return Added(*counts, in_order(merged.problems))


def write_checked(frames: Frames, data: Path) -> list[Problem]:
    """Check the tables and write them, with the flat table; the findings, none of which is an error.

    Raises BrokenTables when there is an error, and CatalogError when the directory cannot be written to.
    """
    findings = check(frames)
    broken = [problem for problem in findings if problem.severity == "error"]
    if broken:
        raise BrokenTables(broken)
    contents = stored(frames)
    held = Catalog(data)
    for name, frame in frames.items():
        setattr(held, name, frame)
    contents[FLAT_TABLE] = flat_csv(held)
    write_files(contents, data)
    return findings


def _with_this_refresh(frames: Frames, difference: Difference, today: str) -> object:
    """The table of refreshes, with a row of today where something changed."""
    import pandas as pd

    refreshes = frames["refreshes"]
    if not difference:
        return refreshes
    revisions = frames["sources"].set_index("source")["revision"]
    row = {
        "date": today,
        "timm_revision": revisions.get(RESULTS, "unknown"),
        **{name: len(frames[name]) for name in ("models", "evaluations", "measurements", "environments", "papers")},
        "added": len(difference.models_added),
        "removed": len(difference.models_removed),
        "renamed": len(difference.renamed),
        "changed": len(difference.changed),
    }
    same = (refreshes["date"] == row["date"]) & (refreshes["timm_revision"] == row["timm_revision"])
    row |= {name: row[name] + int(refreshes.loc[same, name].sum()) for name in COUNTED}
    both = pd.concat([frame for frame in (refreshes[~same], pd.DataFrame([row])) if len(frame)], ignore_index=True)
    return TABLES["refreshes"].typed(both)
