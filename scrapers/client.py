"""The only way to the network: polite, cached, limited HTTP, or a mirror folder that stands in for it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from errno import EISDIR, ENAMETOOLONG, ENOENT, ENOTDIR
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urljoin, urlsplit

import requests
import urllib3.exceptions
from cachecontrol.caches import FileCache

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

TIMEOUT_S: Final = (10.0, 60.0)  # to connect, between two bytes
BODY_TIMEOUT_S: Final = 300.0  # a whole body
SIZE_LIMIT: Final = 50_000_000  # bytes; the largest upstream file is below 1 MB
CHUNK: Final = 65_536  # bytes
ATTEMPTS: Final = 5
BACKOFF_S: Final = 1.0  # before the second attempt; doubles each time
MAX_REDIRECTS: Final = 5
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
    """requests with timeouts, retries with backoff, conditional requests through a cache, and a size limit."""

    def __init__(
        self,
        cache: Path,
        endpoints: Mapping[str, str] | None = None,
        attempts: int = ATTEMPTS,
        *,
        timeout_s: tuple[float, float] = TIMEOUT_S,
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
        self._clock, self._sleep = clock, sleep
        self._next_start: dict[str, float] = {}
        self._given_up: dict[str, str] = {}
        self._session = _Session()
        self._session.headers["User-Agent"] = USER_AGENT
        self._session.auth = _no_credentials
        self._cache = FileCache(cache / "http")

    def get(self, url: str, hosts: Collection[str]) -> bytes:
        """The content of the address; redirects lead to `hosts` only. Raises FetchError in the end."""
        asked = url
        for _ in range(MAX_REDIRECTS + 1):
            try:
                host = check_host(url, hosts)
            except FetchError as error:
                if url == asked:
                    raise
                raise FetchError(f"{asked}: redirected to {error}") from error
            answer = self._persist(url, host)
            if isinstance(answer, bytes):
                return answer
            try:
                url = urljoin(url, answer.target)
            except ValueError as error:
                raise FetchError(
                    f"{url}: redirected to {answer.target}, expected https on one of {', '.join(hosts)}"
                ) from error
        raise FetchError(f"{asked}: more than {MAX_REDIRECTS} redirects, expected the file; look at it in a browser")

    def _persist(self, url: str, host: str) -> bytes | _Redirect:
        """Attempt until there is an answer; a host that gave none in all attempts is not asked again by this client."""
        if host in self._given_up:
            raise FetchError(f"{url}: not asked for, {host} failed before: {self._given_up[host]}; {LATER}")
        for attempt in range(1, self._attempts + 1):
            try:
                return self._attempt(url, host)
            except PassingError as error:
                fault = error
            if attempt < self._attempts:
                self._sleep(max(fault.retry_after_s, BACKOFF_S * 2 ** (attempt - 1)))
        if fault.whole_host:
            self._given_up[host] = str(fault)
        raise FetchError(f"{url}: {fault} in each of {self._attempts} attempts; {fault.advice}") from fault

    def _attempt(self, url: str, host: str) -> bytes | _Redirect:
        self._keep_interval(host)
        self.traffic.requests += 1
        address = url.replace(f"https://{host}", self._endpoints[host], 1) if host in self._endpoints else url
        try:
            etag, known = self._recall(url)
            headers = _credentials(host) | ({"If-None-Match": etag} if etag else {})
            with self._session.get(
                address, headers=headers, timeout=self._timeout_s, stream=True, allow_redirects=False
            ) as response:
                if response.is_redirect:
                    return _Redirect(response.headers["Location"])
                if etag and response.status_code == HTTPStatus.NOT_MODIFIED:
                    self.traffic.unchanged += 1
                    return known
                check_status(url, host, response)
                body = self._read(url, response)
            self._remember(url, response.headers.get("ETag", ""), body)
        except requests.RequestException as error:
            raise explained(url, error, self._timeout_s) from error
        except urllib3.exceptions.HTTPError as error:
            raise PassingError(f"the answer broke off ({type(error).__name__})") from error
        except OSError as error:
            raise FetchError(
                f"{url}: the cache cannot be used: {error}; delete its folder or free some space"
            ) from error
        return body

    def _recall(self, url: str) -> tuple[str, bytes]:
        """The entity tag and the content of the last answer; both empty when there is none, or none whole."""
        head, _, body = (self._cache.get(url) or b"").partition(b"\n")
        digest, _, etag = head.decode("latin-1").partition(" ")
        return (etag, body) if digest == sha256(body).hexdigest() else ("", b"")

    def _remember(self, url: str, etag: str, body: bytes) -> None:
        self.traffic.body_bytes += len(body)
        if etag.isprintable():
            self._cache.set(url, f"{sha256(body).hexdigest()} {etag}\n".encode("latin-1", "replace") + body)

    def _read(self, url: str, response: requests.Response) -> bytes:
        """The body in pieces, so that one too large or too slow is dropped and not read whole."""
        too_large = f"{url}: larger than {SIZE_LIMIT // 1_000_000} MB, expected a small text file; nothing was kept"
        announced = response.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced) > SIZE_LIMIT:
            raise FetchError(too_large)
        deadline = self._clock() + BODY_TIMEOUT_S
        body = bytearray()
        for chunk in response.iter_content(CHUNK):
            body += chunk
            if len(body) > SIZE_LIMIT:
                raise FetchError(too_large)
            if self._clock() > deadline:
                raise PassingError(f"the body was not complete after {BODY_TIMEOUT_S:.0f} s")
        return bytes(body)

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
class _Redirect:
    target: str


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
