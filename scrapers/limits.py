"""One answer within its limits: cut off when its time is over, refused when it is too large or not whole."""

from __future__ import annotations

import gzip
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Event, Thread
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool

from scrapers.faults import FetchError, PassingError

SIZE_LIMIT: Final = 50_000_000  # bytes; the largest upstream file is below 1 MB
CHUNK: Final = 65_536  # bytes
CUT_AGAIN_S: Final = 0.1


class _Connection(HTTPConnection):
    """Tells of its socket, which outlives it where a body ends with the connection."""

    sockets: list[socket.socket]

    def connect(self) -> None:
        super().connect()
        self.sockets.append(self.sock)


class _SecureConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


class CuttableAdapter(HTTPAdapter):
    """Knows its sockets, so that another thread can end an answer wherever it stands.

    The timeouts of requests count from one byte to the next: a server that sends a byte a minute meets none of them.
    """

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        super().__init__()

    def get_connection_with_tls_context(self, *arguments: Any, **keywords: Any) -> HTTPConnectionPool:
        """The pool of a host, whose new sockets are remembered."""
        pool: Any = super().get_connection_with_tls_context(*arguments, **keywords)
        kind = _SecureConnection if pool.scheme == "https" else _Connection
        pool.ConnectionCls = partial(self._connection, kind)
        return pool

    def _connection(self, kind: type[_Connection], **keywords: Any) -> _Connection:
        connection = kind(**keywords)
        connection.sockets = self._sockets
        return connection

    @contextmanager
    def limited(self, seconds: float) -> Iterator[Event]:
        """Cut every connection off when the block takes longer; the event then is set."""
        done, over = Event(), Event()
        self._sockets[:] = [line for line in self._sockets if line.fileno() >= 0]  # those still open

        def watch() -> None:
            if not done.wait(seconds):
                over.set()
                self._cut()
            while not done.wait(CUT_AGAIN_S):  # one may be made only now
                self._cut()

        watcher = Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield over
        finally:
            done.set()
            watcher.join()

    def _cut(self) -> None:
        for line in list(self._sockets):
            with suppress(OSError):  # it is closed already
                socket.socket.shutdown(line, socket.SHUT_RDWR)


def read_body(url: str, response: requests.Response) -> bytes:
    """The unpacked body, in pieces, so that one too large is dropped and not read whole.

    Raises FetchError for one too large or without a sensible length, PassingError for one that cannot be unpacked.
    """
    too_large = f"{url}: larger than {SIZE_LIMIT // 1_000_000} MB, expected a small text file; nothing was kept"
    length = response.headers.get("Content-Length", "0")
    if not (length.isascii() and length.isdecimal()):
        raise FetchError(f"{url}: Content-Length is {length[:40]!r}, expected a number of bytes; nothing was kept")
    if len(length) > len(str(SIZE_LIMIT)) or int(length) > SIZE_LIMIT:
        raise FetchError(too_large)
    body = bytearray()
    for piece in _pieces(response):
        body += piece
        if len(body) > SIZE_LIMIT:
            raise FetchError(too_large)
    if not body and not has_end(response):
        raise PassingError("the answer broke off before its body")
    return bytes(body)


def has_end(response: requests.Response) -> bool:
    """Whether the answer says where its body ends; else one that was cut off looks whole."""
    return "Content-Length" in response.headers or bool(response.raw.chunked)


def _pieces(response: requests.Response) -> Iterator[bytes]:
    coding = response.headers.get("Content-Encoding", "identity").lower()
    response.raw.decode_content = False
    if coding == "identity":
        while piece := response.raw.read(CHUNK):
            yield piece
    elif coding == "gzip":
        yield from _unzipped(response)
    else:
        raise PassingError(f"the body comes as {coding[:40]!r}, expected gzip or plain")


def _unzipped(response: requests.Response) -> Iterator[bytes]:
    """Unlike requests' own decoding, this one knows a body that ends too early."""
    try:
        with gzip.GzipFile(fileobj=response.raw) as file:
            while piece := file.read1(CHUNK):
                yield piece
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise PassingError("the body cannot be unpacked as its headers say") from error
    if response.raw.tell() == 0:
        raise PassingError("the body is empty, expected one packed by gzip")
