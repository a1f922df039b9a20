"""Runs every scraper: whatever one of them meets, the others proceed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from catalog.problems import Problem
from catalog.records import Scraped
from catalog.results_file import DIRECTORY
from scrapers.base import Fetched, Scraper
from scrapers.client import Client, FetchError
from scrapers.keras_cv_attention_models import KerasCvAttentionModels
from scrapers.local_results import LocalResults
from scrapers.original_survey import OriginalSurvey
from scrapers.papers import Papers
from scrapers.tabular import UnreadableFile
from scrapers.timm_history import TimmHistory
from scrapers.timm_registry import TimmRegistry
from scrapers.timm_results import TimmResults
from scrapers.torchvision_weights import TorchvisionWeights


def all_scrapers(results: Path = DIRECTORY) -> list[Scraper]:
    """The scrapers, in the order they run; `results` is the folder of what was measured here."""
    return [
        TimmResults(),
        TimmHistory(),
        TimmRegistry(),
        OriginalSurvey(),
        Papers(),
        TorchvisionWeights(),
        KerasCvAttentionModels(),
        LocalResults(results),
    ]


def scrape(
    client: Client,
    known: Collection[str],
    scrapers: Sequence[Scraper] | None = None,
    progress: Callable[[str], None] = lambda message: None,
) -> Scraped:
    """Fetch and parse every upstream. `known` are sources already in the catalog; `progress` hears of each scraper."""
    scraped = Scraped()
    for scraper in all_scrapers() if scrapers is None else scrapers:
        progress(scraper.name)
        fetched = _each_once(_fetch(scraper, client, known))
        scraped.problems += fetched.problems
        scraped.gone += _gone(scraper.name, fetched, known)
        reasons = {problem.source: problem.message for problem in fetched.problems}
        scraped.failed |= {source: reasons.get(source, "could not be fetched") for source in fetched.failed}
        for file in fetched.files:
            try:
                parsed = scraper.parse(file)
            except UnreadableFile as error:
                scraped.failed[file.source] = str(error)
                scraped.problems.append(Problem("error", file.source, None, "unreadable", str(error)))
                continue
            scraped.parsed.append(parsed)
    return scraped


def _fetch(scraper: Scraper, client: Client, known: Collection[str]) -> Fetched:
    try:
        return scraper.fetch(client, known)
    except FetchError as error:
        fetched = Fetched()
        fetched.fail(scraper.name, error)
        return fetched


def _each_once(fetched: Fetched) -> Fetched:
    """Without the files whose source came twice: none of them is known to be the right one."""
    often = Counter(file.source for file in fetched.files)
    for source in sorted(source for source, count in often.items() if count > 1):
        fetched.failed.append(source)
        message = "came twice, expected one file of this name; the rows known before are kept"
        fetched.problems.append(Problem("error", source, None, "twice", message))
    fetched.files = [file for file in fetched.files if often[file.source] == 1]
    return fetched


def _gone(scraper: str, fetched: Fetched, known: Collection[str]) -> list[str]:
    """The known sources of a scraper of which it said nothing."""
    heard_of = {*fetched.unchanged, *fetched.failed, *(file.source for file in fetched.files)}
    mine = [source for source in known if source.startswith(f"{scraper}/") and source not in heard_of]
    return sorted(source for source in mine if not source.startswith(tuple(f"{failed}/" for failed in fetched.failed)))
