"""`backbones refresh`: scrape every upstream, merge, check, export; report what changed and what is wrong."""

from __future__ import annotations

import datetime
import json
import os
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backbones.arguments import AsJson, Data
from backbones.tables import ROOT, write_checked
from catalog import Catalog
from catalog.diff import Difference, diff
from catalog.local_results import add_local, without_local
from catalog.merge import Frames, Merged, merge
from catalog.problems import CatalogError, Problem, in_order
from catalog.results_file import DIRECTORY
from catalog.schema import TABLES
from catalog.store import DEFAULT_DATA, read_table, writing
from scrapers.client import Client, HttpClient, MirrorClient
from scrapers.run import scrape

if TYPE_CHECKING:
    import pandas as pd

CACHE = ROOT / ".cache"
RESULTS = "timm/results-imagenet"
HISTORY = "timm-history/"
COUNTED = ("added", "removed", "renamed", "changed")


def run(
    mirror: Annotated[
        Path | None, typer.Option(help="Read every address from this folder and touch no network.")
    ] = None,
    data: Data = DEFAULT_DATA,
    results: Annotated[Path, typer.Option(help="Folder of the results measured here.")] = DIRECTORY,
    accept: Annotated[
        list[str] | None, typer.Option(help="A source to believe this time, whatever it lost or changed (repeatable).")
    ] = None,
    rebuild_history: Annotated[
        bool, typer.Option(help="Read every past revision again, as after a corrected alias.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Scrape every upstream, merge, add what was measured here, check and write the tables; then say what changed.

    Whatever fails keeps its older rows, marked stale. Exit status 1 when anything failed.
    """
    report = refresh(
        _client(mirror), data, _today(), accept or [], results, rebuild_history=rebuild_history, quiet=as_json
    )
    typer.echo(json.dumps(report.to_dict(), indent=1) if as_json else report.to_text(), nl=as_json)
    for problem in report.errors:
        typer.echo(str(problem), err=True)
    if report.errors:
        raise typer.Exit(1)


class Report:
    """The outcome of a refresh, for people and for programs.

    `problems` were met on the way, `findings` in the tables that were written.
    """

    def __init__(
        self,
        merged: Merged,
        difference: Difference,
        problems: Sequence[Problem],
        findings: Sequence[Problem],
        before: Frames,
    ) -> None:
        self.frames = merged.frames
        self.difference = difference
        told = in_order([*problems, *findings])
        self.errors = [problem for problem in told if problem.severity == "error"]
        self.warnings = [problem for problem in told if problem.severity == "warning"]
        self.met = [problem for problem in in_order(problems) if problem.severity == "warning"]
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


def refresh(
    client: Client,
    data: Path,
    today: str,
    accepted: list[str],
    results: Path = DIRECTORY,
    *,
    rebuild_history: bool = False,
    quiet: bool = False,
) -> Report:
    """Run the whole refresh into a directory of tables, as its only writer.

    Raises CatalogError on broken structure, and when another process does not stop writing there; nothing is written.
    """
    if data.exists() and not data.is_dir():
        raise CatalogError(f"{data}: expected a directory of tables, found a file; name another with --data")
    with writing(data):
        before = Catalog(data, older_schema=True).frames
        published = without_local(before) | {"implementations": _proofs(before)}
        known = _known_sources(published, read_history=not rebuild_history and len(before["history"]) > 0)
        scraped = scrape(
            client, known, progress=lambda name: None if quiet else typer.echo(f"reading {name}", err=True)
        )
        gone = _gone_sources(scraped.gone, accepted)
        failed = scraped.failed | {problem.source: problem.message for problem in gone}
        sources = published["sources"]
        dropped = sources["source"].isin(scraped.gone) & sources["source"].isin(accepted)
        merged = merge(scraped.parsed, failed, published | {"sources": sources[~dropped]}, today, accepted)
        problems = [*scraped.problems, *gone, *merged.problems]
        merged = add_local(merged.frames, before, results, accepted)
        difference = diff(before, merged.frames)
        merged.frames["refreshes"] = _append_refresh(merged.frames, difference, today)
        findings = write_checked(merged.frames, data)
        return Report(merged, difference, [*problems, *merged.problems], findings, before)


def _proofs(before: Frames) -> pd.DataFrame:
    """The proofs of the implementations; they belong to this repository, so that a new directory starts with them."""
    return before["implementations"] if len(before["implementations"]) else read_table("implementations")


def _known_sources(before: Frames, *, read_history: bool) -> set[str]:
    """The sources read before; without `read_history` every past revision is read again."""
    known = set(before["sources"]["source"])
    return known if read_history else {source for source in known if not source.startswith(HISTORY)}


def _gone_sources(gone: Collection[str], accepted: Collection[str]) -> list[Problem]:
    """An error for each source that upstream no longer lists and that the maintainer does not let go."""
    advice = "the rows known before are kept; if upstream meant it, refresh with --accept"
    return [
        Problem("error", source, None, "gone", f"upstream no longer lists it; {advice} {source}")
        for source in gone
        if source not in accepted
    ]


def _append_refresh(frames: Frames, difference: Difference, today: str) -> object:
    import pandas as pd

    refreshes = frames["refreshes"]
    if not difference:
        return refreshes
    results = frames["sources"].set_index("source")["revision"]
    row = {
        "date": today,
        "timm_revision": results.get(RESULTS, "unknown"),
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


def _client(mirror: Path | None) -> Client:
    if mirror is None:
        return HttpClient(CACHE)
    if not mirror.is_dir():
        raise CatalogError(f"{mirror}: no such mirror folder; expected a folder with one subfolder per host")
    return MirrorClient(mirror)


def _today() -> str:
    """The day that is written as the day of retrieval; SOURCE_DATE_EPOCH sets it for reproducible runs."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return datetime.datetime.now(datetime.UTC).date().isoformat()
    try:
        return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).date().isoformat()
    except (ValueError, OverflowError, OSError) as error:
        raise CatalogError(
            f"SOURCE_DATE_EPOCH is {epoch!r}, expected seconds since 1970; correct or unset it"
        ) from error
