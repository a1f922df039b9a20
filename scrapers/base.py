"""The interface of a scraper, and the GitHub addresses that several of them read."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

from catalog.columns import is_day
from catalog.problems import Problem
from catalog.records import Parsed, SourceFile
from scrapers.client import Client, FetchError

API_HOST = "api.github.com"
RAW_HOST = "raw.githubusercontent.com"
SHA = re.compile(r"[0-9a-f]{6,64}")


@dataclass
class Fetched:
    """What a scraper got: its files, the sources it could not get, and one problem for each of those.

    `unchanged` are known sources that can never change and were not fetched again.
    """

    files: list[SourceFile] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def fail(self, source: str, error: FetchError) -> None:
        """Note that a source could not be had; the others go on."""
        self.failed.append(source)
        self.problems.append(Problem("error", source, None, "fetch", str(error)))


class Scraper(Protocol):
    """One upstream. `name` prefixes its sources (`name/file`); it is asked for no host but `hosts`."""

    name: str

    @property
    def hosts(self) -> tuple[str, ...]:
        """The only hosts it may be asked to reach."""

    def fetch(self, client: Client, known: Collection[str]) -> Fetched:
        """Fetch the raw files; those of `known` sources that can never change need not be fetched again."""

    def parse(self, file: SourceFile) -> Parsed:
        """Read one file into records. Raises UnreadableFile when nothing of it can be used."""


@dataclass(frozen=True)
class Commit:
    """A commit and the day it was made."""

    sha: str
    date: str


@dataclass(frozen=True)
class Repository:
    """A public GitHub repository, read through the contents API and the raw host."""

    full_name: str
    branch: str = "main"

    def head(self, client: Client) -> Commit:
        """The newest commit of the branch."""
        return _commit(self._api(client, f"commits/{self.branch}"), f"{self.full_name} commits/{self.branch}")

    def history(self, client: Client, path: str) -> list[Commit]:
        """The newest 100 commits that touched a path, newest first, each once."""
        query = f"commits?path={path.replace('/', '%2F')}&per_page=100"
        answer = self._api(client, query)
        if not isinstance(answer, list):
            raise FetchError(f"{self.full_name} {query}: expected a list of commits")
        return list(dict.fromkeys(_commit(item, f"{self.full_name} {query}") for item in answer))

    def files(self, client: Client, folder: str, commit: Commit) -> list[str]:
        """The names of the files of a folder at a commit, each once."""
        answer = self._api(client, f"contents/{folder}?ref={commit.sha}")
        if not isinstance(answer, list) or not all(isinstance(item, dict) and "name" in item for item in answer):
            raise FetchError(f"{self.full_name} contents/{folder}: expected a list of files with names")
        return list(dict.fromkeys(str(item["name"]) for item in answer if item.get("type") == "file"))

    def raw_url(self, path: str, commit: Commit) -> str:
        """The address that holds exactly this version of a file."""
        return f"https://{RAW_HOST}/{self.full_name}/{commit.sha}/{path}"

    def _api(self, client: Client, query: str) -> object:
        url = f"https://{API_HOST}/repos/{self.full_name}/{query}"
        try:
            return json.loads(client.get(url, (API_HOST,)))
        except (ValueError, RecursionError) as error:
            raise FetchError(f"{url}: expected JSON: {error}; try again later") from error


def _commit(answer: object, where: str) -> Commit:
    try:
        sha, date = str(answer["sha"]), str(answer["commit"]["committer"]["date"])[:10]  # type: ignore[index]
    except (KeyError, TypeError) as error:
        raise FetchError(f"{where}: expected a commit with sha and date; GitHub changed its answer") from error
    if not SHA.fullmatch(sha) or not is_day(date):
        raise FetchError(f"{where}: found commit {sha[:60]!r} of {date!r}, expected a hexadecimal name and a day")
    return Commit(sha, date)
