"""A small web server on this machine that answers from a script and remembers what it was asked."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Answer:
    """One scripted answer. `body` may be a generator; `hang` waits until the test is over before answering.

    `wire` is sent as it stands in place of status line, headers and body, with `pause_s` after each piece.
    """

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    wire: Iterable[bytes] | None = None
    pause_s: float = 0.0


@dataclass(frozen=True)
class Asked:
    """One request as it arrived, and how many bytes of body went back."""

    path: str
    headers: dict[str, str]


class LocalServer(ThreadingHTTPServer):
    """Answers each path with its script, one answer after the other; the last one repeats."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.script: dict[str, list[Answer]] = {}
        self.asked: list[Asked] = []
        self.body_bytes = 0
        self.over = threading.Event()

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def on(self, path: str, *answers: Answer) -> None:
        self.script[path] = list(answers)

    def next_answer(self, path: str) -> Answer:
        answers = self.script[path]
        return answers.pop(0) if len(answers) > 1 else answers[0]


class _Handler(BaseHTTPRequestHandler):
    server: LocalServer

    def do_GET(self) -> None:
        self.server.asked.append(Asked(self.path, dict(self.headers)))
        answer = self.server.next_answer(self.path)
        if answer.hang:
            self.server.over.wait(timeout=30)
            return
        if answer.wire is not None:
            self._send(answer.wire, answer.pause_s)
            self.close_connection = True
            return
        etag = answer.headers.get("ETag")
        if etag and self.headers.get("If-None-Match") == etag:
            self._head(304, answer.headers)
            return
        pieces = (answer.body,) if isinstance(answer.body, bytes) else answer.body
        length = {"Content-Length": str(len(answer.body))} if isinstance(answer.body, bytes) else {}
        self._head(answer.status, length | answer.headers)
        self._send(pieces)

    def _send(self, pieces: Iterable[bytes], pause_s: float = 0.0) -> None:
        """Send the pieces until the other side has enough of them or the test is over."""
        try:
            for piece in pieces:
                self.wfile.write(piece)
                self.server.body_bytes += len(piece)
                if self.server.over.wait(pause_s):
                    return
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal."""


@contextmanager
def local_server(certificate: Path | None = None) -> Iterator[LocalServer]:
    """A running server; at the end hanging answers are let go and the thread is joined.

    With `certificate`, a file of a key and its certificate, it speaks TLS.
    """
    server = LocalServer(certificate)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()
