"""The only way to the network: polite, cached, limited HTTP, or a mirror folder that stands in for it."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from catalog.problems import CatalogError

TIMEOUT_S = (10, 60)  # to connect, between two bytes
SIZE_LIMIT = 50_000_000  # bytes; the largest upstream file is below 1 MB
ATTEMPTS = 5
RETRY_STATUS = (429, 500, 502, 503, 504)
GITHUB_API = "api.github.com"


class FetchError(CatalogError):
    """An upstream file could not be had; the message names it, the cause and what to do."""


class Client(Protocol):
    """Gives the content of an address."""

    def get(self, url: str, hosts: Collection[str]) -> bytes:
        """The raw content of `url`, whose host must be one of `hosts`. Raises FetchError."""


def check_host(url: str, hosts: Collection[str]) -> None:
    """Raise FetchError unless the address is https on one of the hosts that the scraper names."""
    parts = urlsplit(url)
    if parts.hostname not in hosts or parts.scheme != "https" or parts.port not in (None, 443):
        raise FetchError(f"{url}: expected https on one of {', '.join(sorted(hosts))}; nothing was fetched")


@dataclass(frozen=True)
class MirrorClient:
    """Reads `https://HOST/PATH?QUERY` from the file `root/HOST/PATH@QUERY` and touches no network."""

    root: Path

    def get(self, url: str, hosts: Collection[str]) -> bytes:
        """The content of the mirrored file. Raises FetchError when there is none or it is too large."""
        check_host(url, hosts)
        parts = urlsplit(url)
        name = f"{parts.hostname}{parts.path}" + (f"@{parts.query}" if parts.query else "")
        path = self.root / name
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise FetchError(f"{url}: leads out of the mirror {self.root}; nothing was read")
        try:
            if path.stat().st_size > SIZE_LIMIT:
                raise FetchError(f"{url}: larger than {SIZE_LIMIT // 1_000_000} MB in the mirror; expected a small text file")
            return path.read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise FetchError(f"{url}: not in the mirror {self.root}; add the file {name}") from error


class HttpClient:
    """requests with timeouts, retries with backoff, conditional requests through a cache, and a size limit."""

    def __init__(self, cache: Path, attempts: int = ATTEMPTS) -> None:
        """`cache` is the folder that keeps responses with their ETag; delete it to fetch everything anew."""
        import requests_cache
        from requests.adapters import HTTPAdapter
        from urllib3.util.retry import Retry

        cache.mkdir(parents=True, exist_ok=True)
        self._session = requests_cache.CachedSession(
            str(cache / "http"), backend="filesystem", cache_control=True, always_revalidate=True, stale_if_error=False
        )
        retry = Retry(
            total=attempts - 1,
            backoff_factor=1.0,
            backoff_jitter=0.5,
            status_forcelist=RETRY_STATUS,
            respect_retry_after_header=True,
            raise_on_status=False,
        )
        self._session.mount("https://", HTTPAdapter(max_retries=retry))
        self._session.headers["User-Agent"] = "backbone-survey (https://github.com/huggingface/pytorch-image-models results reader)"

    def get(self, url: str, hosts: Collection[str]) -> bytes:
        """The content of the address. Raises FetchError after the last attempt."""
        raise NotImplementedError
