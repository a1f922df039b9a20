"""Keeps whole answers with their entity tag, so that a file that did not change need not be sent again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from cachecontrol.caches import FileCache

from catalog.locks import locked
from scrapers.faults import FetchError

WAIT_S: Final = 60.0  # no file takes as long to write


class AnswerCache:
    """A folder of answers by address, which several processes may use at once."""

    def __init__(self, folder: Path, wait_s: float = WAIT_S) -> None:
        """`wait_s` is how long to wait for another process that writes the same answer."""
        self._folder = folder
        self._wait_s = wait_s
        self._files = FileCache(folder, lock_class=self._locked)

    def recall(self, url: str) -> tuple[str, bytes]:
        """The entity tag and the content of the last answer; both empty when there is none, or none whole."""
        with self._usable(url):
            kept = self._files.get(url) or b""
        head, _, body = kept.partition(b"\n")
        digest, _, etag = head.decode("latin-1").partition(" ")
        return (etag, body) if digest == sha256(body).hexdigest() else ("", b"")

    def remember(self, url: str, etag: str, body: bytes) -> None:
        """Keep an answer; one without a tag is of no use. Raises FetchError when it cannot be written."""
        if etag and etag.isprintable():
            head = f"{sha256(body).hexdigest()} {etag}\n".encode("latin-1", "replace")
            with self._usable(url):
                self._files.set(url, head + body)

    @contextmanager
    def _usable(self, url: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FetchError(
                f"{url}: the cache cannot be used: {error}; delete its folder or free some space"
            ) from error

    def _locked(self, path: str) -> object:
        return locked(Path(path), f"the cache {self._folder}", self._wait_s)
