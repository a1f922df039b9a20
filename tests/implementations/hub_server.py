"""A local server that speaks the Hub's download protocol for files given in memory, and counts what it is asked."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class HubServer(ThreadingHTTPServer):
    """Serves `files`, {"owner/name/filename": bytes}; `corrupt` are sent with one byte changed, `short` cut off."""

    def __init__(self, files: dict[str, bytes], corrupt: frozenset[str] = frozenset()) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.corrupt = files, corrupt
        self.requests: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def downloads(self) -> list[str]:
        """Names of the weights sent, in order."""
        asked = [path.rsplit("/", 1)[1] for method, path in self.requests if method == "GET"]
        return [name for name in asked if name.endswith((".safetensors", ".bin"))]


@contextmanager
def serving(files: dict[str, bytes], **options: frozenset[str]) -> Iterator[HubServer]:
    """Run a server in a thread for the length of a `with` block."""
    server = HubServer(files, **options)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: HubServer

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        self.server.requests.append((self.command, self.path))
        key = self.path.replace("/resolve/main/", "/").replace(f"/resolve/{COMMIT}/", "/").lstrip("/")
        if key not in self.server.files:
            known = any(path.startswith(key.rsplit("/", 1)[0] + "/") for path in self.server.files)
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound" if known else "RepoNotFound")
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = self.server.files[key]
        self.send_response(200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body[:-1] + bytes([body[-1] ^ 1]) if key in self.server.corrupt else body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""
