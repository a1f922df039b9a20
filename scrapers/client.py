"""The only way to the network: polite, cached, limited HTTP, or a mirror folder that stands in for it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from errno import EISDIR, ENAMETOOLONG, ENOENT, ENOTDIR
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urljoin, urlsplit

import requests
import urllib3.exceptions

from scrapers.cache import AnswerCache
from scrapers.faults import (
    GITHUB_API,
    LATER,
    FetchError,
    NotMirroredError,
    PassingError,
    check_host,
    check_status,
    explained,
)
from scrapers.limits import SIZE_LIMIT, CuttableAdapter, has_end, read_body

TIMEOUT_S: Final = (10.0, 60.0)  # to connect, between two bytes
LIMIT_S: Final = 300.0  # from asking for a file to having it, with all attempts, waits and redirects
ATTEMPTS: Final = 5
BACKOFF_S: Final = 1.0  # before the second attempt; doubles each time
MAX_REDIRECTS: Final = 5
MAX_ADDRESS: Final = 2000  # characters
MIN_INTERVAL_S: Final = {"export.arxiv.org": 3.0}  # the arXiv API's terms of use
USER_AGENT: Final = "backbone-survey/0.1 (reads published benchmark tables)"


class Client(Protocol):
    """Gives the content of an address."""

    def get(self, url: str, hosts: Collection[str]) -> bytes:
        """The raw content of `url`, whose host must be one of `hosts`. Raises FetchError."""


@dataclass(frozen=True)
class MirrorClient:
    """Reads `https://HOST/PATH?QUERY` from the file `root/HOST/PATH@QUERY` and touches no network."""

    root: Path

    def get(self, url: str, hosts: Collection[str]) -> bytes:
        """The content of the mirrored file. Raises FetchError when there is none or it is too large."""
        host = check_host(url, hosts)
        parts = urlsplit(url)
        name = f"{host}{parts.path}" + (f"@{parts.query}" if parts.query else "")
        try:
            path = (self.root / name).resolve()
            if not path.is_relative_to(self.root.resolve()):
                raise FetchError(f"{url}: leads out of the mirror {self.root}; nothing was read")
            if path.stat().st_size > SIZE_LIMIT:
                raise FetchError(
                    f"{url}: larger than {SIZE_LIMIT // 1_000_000} MB in the mirror; expected a small text file"
                )
            return path.read_bytes()
        except (OSError, ValueError) as error:
            if getattr(error, "errno", None) in (ENOENT, ENOTDIR, EISDIR, ENAMETOOLONG):
                raise NotMirroredError(f"{url}: not in the mirror {self.root}; add the file {name}") from error
            raise FetchError(f"{url}: the mirror {self.root} cannot be read: {error}; check the file {name}") from error


@dataclass
class Traffic:
    """What a client asked for so far; `unchanged` answers came from the cache, without a body on the wire."""

    requests: int = 0
    unchanged: int = 0
    body_bytes: int = 0


class HttpClient:
    """requests with retries and backoff, conditional requests through a cache, and limits on time and size."""

    def __init__(
        self,
        cache: Path,
        endpoints: Mapping[str, str] | None = None,
        attempts: int = ATTEMPTS,
        *,
        timeout_s: tuple[float, float] = TIMEOUT_S,
        limit_s: float = LIMIT_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`cache` keeps responses with their ETag; delete that folder to fetch everything anew.

        `endpoints` sends a host's requests elsewhere (`{"api.github.com": "http://127.0.0.1:8000"}`), for tests.
        """
        self.traffic = Traffic()
        self._endpoints = dict(endpoints or {})
        self._attempts = attempts
        self._timeout_s = timeout_s
        self._limit_s = limit_s
        self._clock, self._sleep = clock, sleep
        self._next_start: dict[str, float] = {}
        self._given_up: dict[str, str] = {}
        self._session = _Session()
        self._session.headers["User-Agent"] = USER_AGENT
        self._session.headers["Accept-Encoding"] = "gzip"
        self._session.auth = _no_credentials
        self._adapter = CuttableAdapter()
        self._session.mount("https://", self._adapter)
        self._session.mount("http://", self._adapter)
        self._cache = AnswerCache(cache / "http")

    def get(self, url: str, hosts: Collection[str]) -> bytes:
        """The content of the address; redirects lead to `hosts` only. Raises FetchError in the end."""
        asked, deadline = url, self._clock() + self._limit_s
        for _ in range(MAX_REDIRECTS + 1):
            try:
                host = check_host(url, hosts)
            except FetchError as error:
                if url == asked:
                    raise
                raise FetchError(f"{asked}: redirected to {error}") from error
            answer = self._persist(url, host, deadline)
            if isinstance(answer, bytes):
                return answer
            try:
                url = urljoin(url, answer.target)
            except ValueError as error:
                raise FetchError(
                    f"{url}: redirected to {answer.target}, expected https on one of {', '.join(hosts)}"
                ) from error
        raise FetchError(f"{asked}: more than {MAX_REDIRECTS} redirects, expected the file; look at it in a browser")

    def _persist(self, url: str, host: str, deadline: float) -> bytes | _Redirect:
        """Attempt until there is an answer; a host that gave none in all attempts is not asked again by this client."""
        if host in self._given_up:
            raise FetchError(f"{url}: not asked for, {host} failed before: {self._given_up[host]}; {LATER}")
        for attempt in range(1, self._attempts + 1):
            try:
                return self._attempt(url, host, deadline)
            except PassingError as error:
                fault = error
            wait_s = max(fault.retry_after_s, BACKOFF_S * 2 ** (attempt - 1))
            if attempt == self._attempts or self._clock() + wait_s >= deadline:
                break
            self._sleep(wait_s)
        if fault.whole_host:
            self._given_up[host] = str(fault)
        often = f" in each of {attempt} attempts" if attempt > 1 else ""
        raise FetchError(f"{url}: {fault}{often}; {fault.advice}") from fault

    def _attempt(self, url: str, host: str, deadline: float) -> bytes | _Redirect:
        """Ask once. Raises PassingError where asking again may help, else FetchError."""
        self._keep_interval(host)
        self.traffic.requests += 1
        etag, known = self._cache.recall(url)
        answer = self._ask_in_time(url, host, etag, deadline)
        if isinstance(answer, _Redirect):
            return answer
        if answer is None:
            self.traffic.unchanged += 1
            return known
        self.traffic.body_bytes += len(answer.body)
        self._cache.remember(url, answer.etag, answer.body)
        return answer.body

    def _ask_in_time(self, url: str, host: str, etag: str, deadline: float) -> _File | _Redirect | None:
        """Like _ask, until the deadline: what comes later is dropped, and that host not asked again."""
        with self._adapter.limited(deadline - self._clock()) as over:
            try:
                answer = self._ask(url, host, etag)
            except (FetchError, PassingError):
                if not over.is_set():
                    raise
        if over.is_set():  # even an answer: cut off, it may look whole
            self._given_up[host] = f"no whole answer within {self._limit_s:g} s"
            raise FetchError(f"{url}: {self._given_up[host]}; {LATER}")
        return answer

    def _ask(self, url: str, host: str, etag: str) -> _File | _Redirect | None:
        """The answer to one request; None when the file still is the one with that entity tag."""
        address = url.replace(f"https://{host}", self._endpoints[host], 1) if host in self._endpoints else url
        headers = _credentials(host) | ({"If-None-Match": etag} if etag else {})
        try:
            with self._session.get(
                address, headers=headers, timeout=self._timeout_s, stream=True, allow_redirects=False
            ) as response:
                if response.is_redirect:
                    return _Redirect(_target(url, response))
                if etag and response.status_code == HTTPStatus.NOT_MODIFIED:
                    return None
                check_status(url, host, response)
                return _File(read_body(url, response), response.headers.get("ETag", "") if has_end(response) else "")
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise explained(url, error, self._timeout_s) from error
        except ValueError as error:  # Python's own HTTP, of the size of a chunk below 0
            raise PassingError(f"the answer is no HTTP ({error})") from error
        except OSError as error:
            raise FetchError(f"{url}: cannot be asked for: {error}; check the certificates of this machine") from error

    def _keep_interval(self, host: str) -> None:
        interval = MIN_INTERVAL_S.get(host)
        if interval is None:
            return
        wait = self._next_start.get(host, 0.0) - self._clock()
        if host in self._next_start and wait > 0:
            self._sleep(wait)
        self._next_start[host] = self._clock() + interval


class _Session(requests.Session):
    """A session that leaves redirects, and their bodies, to HttpClient."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nothing that requests should follow."""


@dataclass(frozen=True)
class _File:
    body: bytes
    etag: str  # blank when there is none, or when the body may be cut off


@dataclass(frozen=True)
class _Redirect:
    target: str


def _target(url: str, response: requests.Response) -> str:
    target = response.headers["Location"]
    if len(target) > MAX_ADDRESS:
        raise FetchError(f"{url}: redirected to an address of {len(target)} characters, expected at most {MAX_ADDRESS}")
    return target


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stands where requests would put what it finds in a .netrc file."""
    return request


def _credentials(host: str) -> dict[str, str]:
    token = os.environ.get("GITHUB_TOKEN", "").strip()
    if host != GITHUB_API or not token:
        return {}
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", token):
        raise FetchError(
            "GITHUB_TOKEN: holds characters that no token has, expected letters, digits and _; set it anew"
        )
    return {"Authorization": f"Bearer {token}"}
