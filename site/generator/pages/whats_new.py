"""What's new: every upstream revision as a list of changes, and the same as an Atom feed."""

from __future__ import annotations

from pathlib import Path

from generator.facts import Facts, rows
from generator.feed import Entry, feed
from generator.news import SHOWN, Revision, Sweep, latest_revisions, sweeps
from generator.project import project
from generator.render import Page, write_page

IN_FEED = 20


def write(facts: Facts, output: Path) -> None:
    """Write whats-new/index.md."""
    page = Page(
        "whats-new/index.md",
        "What's new",
        "What each upstream revision added, changed, renamed and removed, since 2020.",
    )
    write_page(
        output,
        page,
        "whats_new.html",
        facts=facts,
        revisions=latest_revisions(facts),
        sweeps=sweeps(facts),
        refreshes=sorted(rows(facts.catalog.refreshes), key=lambda row: row.date, reverse=True),
        shown=SHOWN,
    )


def publish(facts: Facts, public: Path) -> None:
    """Write feed.xml: the newest revisions and files of results, with ids that never change."""
    site = project()
    entries = [_sweep_entry(sweep, site.site_url) for sweep in sweeps(facts)[:IN_FEED]]
    entries += [entry(revision, site.site_url) for revision in latest_revisions(facts)[:IN_FEED]]
    entries.sort(key=lambda entry: entry.day, reverse=True)
    text = feed(
        title=f"{site.name}: what's new",
        subtitle=site.description,
        address=site.site_url,
        self_address=f"{site.site_url}feed.xml",
        author=site.author,
        entries=entries,
        updated=facts.catalog.as_of,
    )
    (public / "feed.xml").write_bytes(text)


def entry(revision: Revision, site_url: str) -> Entry:
    """The feed's entry of an upstream revision."""
    lines = [f"{revision.summary}."]
    new = revision.models_added
    lines += [f"New model: {row.model}, {row.top1:g} % at {row.img_size} px." for row in new[:SHOWN]]
    if len(new) > SHOWN:
        lines.append(f"And {len(new) - SHOWN} more models.")
    return Entry(
        identifier=f"{site_url}whats-new/#{revision.anchor}",
        title=f"{revision.date}: {revision.summary}",
        day=revision.date,
        address=f"{site_url}whats-new/#{revision.anchor}",
        paragraphs=tuple(lines),
    )


def _sweep_entry(sweep: Sweep, site_url: str) -> Entry:
    address = f"{site_url}whats-new/#{sweep.anchor}"
    day = sweep.source.retrieved_at
    return Entry(address, f"{day}: measured here: {sweep.summary}", day, address, (f"{sweep.summary}.",))
