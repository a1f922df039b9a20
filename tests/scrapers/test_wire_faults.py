"""Answers that are slow without end, cut off, or no HTTP: each is one line within the limit, and nothing is cached."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path

import pytest

from scrapers.client import FetchError, HttpClient
from tests.scrapers.local_server import Answer, LocalServer, local_server

HOST = "raw.example.org"
URL = f"https://{HOST}/table.csv"
LIMIT_S = 0.3
TABLE = b"model,top1\nresnet50.a1_in1k,80.1\n"
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b'ETag: "v1"\r\nTransfer-Encoding: chunked\r\n\r\n'


def whole(body: bytes, *headers: bytes) -> bytes:
    """An answer with its length, an entity tag and more headers."""
    lines = b"".join(
        header + b"\r\n"
        for header in (b"Connection: close", b'ETag: "v1"', b"Content-Length: %d" % len(body), *headers)
    )
    return OK + lines + b"\r\n" + body


def zipped(body: bytes) -> bytes:
    return whole(body, b"Content-Encoding: gzip")


PACKED = gzip.compress(TABLE, mtime=0)
# What comes first, and what then repeats for ever.
WITHOUT_END = {
    "status line": (b"", b"H"),
    "a header": (OK + b"X: ", b"x"),
    "the ninetieth header": (OK + b"X: y\r\n" * 90, b"x"),
    "body with length": (OK + b"Content-Length: 40000\r\n\r\n", b"x"),
    "body without length": (OK + b"\r\n", b"x"),
    "gzip body": (OK + b"Content-Encoding: gzip\r\n\r\n" + PACKED[:10], b"\0"),
    "gzip members of nothing": (OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"")),
    "size of a chunk": (CHUNKED, b"0"),
    "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "trailers": (CHUNKED + b"0\r\n", b"x"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}
FLOODS = ("gzip members of nothing", "100 Continue")
CUT_OFF = {
    "gzip with a wrong checksum": zipped(PACKED[:-8] + bytes(8)),
    "gzip with something behind it": zipped(PACKED + b"x"),
    "second gzip member": zipped(PACKED + PACKED[:-3]),
    "chunk": CHUNKED + b"40\r\nmodel",
    "chunks without the last": CHUNKED + b"%x\r\n%s\r\n" % (len(TABLE), TABLE),
    "size of a chunk": CHUNKED + b"4",
    "body": OK + b"Content-Length: 400\r\n\r\nmodel",
    "header": OK + b"Content-Le",
    "status line": b"HTTP/1.",
    "everything": b"",
}
NO_HTTP = {
    "length of 400 digits": OK + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n" + TABLE,
    "length of 5,000 digits": OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n" + TABLE,
    "length below 0": OK + b"Content-Length: -5\r\n\r\n" + TABLE,
    "length in words": OK + b"Content-Length: many\r\n\r\n" + TABLE,
    "blank length": OK + b"Content-Length: \r\n\r\n" + TABLE,
    "length with a fraction": OK + b"Content-Length: 5.5\r\n\r\n" + TABLE,
    "two lengths": OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + TABLE,
    "size of a chunk below 0": CHUNKED + b"-5\r\nmodel\r\n0\r\n\r\n",
    "size of a chunk beyond all memory": CHUNKED + b"F" * 40 + b"\r\nmodel\r\n0\r\n\r\n",
    "size of a chunk in words": CHUNKED + b"many\r\nmodel\r\n0\r\n\r\n",
    "other coding of the transfer": OK + b"Transfer-Encoding: gzip\r\nContent-Length: 400\r\n\r\n" + PACKED,
    "coding that was not asked for": whole(TABLE, b"Content-Encoding: br"),
    "coding twice": whole(gzip.compress(PACKED), b"Content-Encoding: gzip, gzip"),
    "gzip that is none": zipped(TABLE),
    "garbage": b"\x80\x05\x95\r\n\r\n",
    "line breaks": b"\r\n" * 50,
    "status beyond 999": b"HTTP/1.1 20000 OK\r\n\r\n" + TABLE,
    "status 999": b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
    "status in words": b"HTTP/1.1 fine OK\r\n\r\n" + TABLE,
    "a part": b"HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nmodel",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "reset content": b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
    "not modified, unasked": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" + TABLE,
    "redirect to nowhere": b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
    "redirect to a blank": b"HTTP/1.1 302 Found\r\nLocation: \r\nContent-Length: 0\r\n\r\n",
    "redirect to bytes": b"HTTP/1.1 302 Found\r\nLocation: https://\xff\xfe/\r\nContent-Length: 0\r\n\r\n",
    "redirect to an endless address": b"HTTP/1.1 302 Found\r\nLocation: /" + b"a" * 60_000 + b"\r\n\r\n",
    "a header of 100 kB": OK + b"X: " + b"x" * 100_000 + b"\r\n\r\n" + TABLE,
    "1,000 headers": OK + b"X: y\r\n" * 1000 + b"\r\n" + TABLE,
}


def without_end(part: str, times: int = 1) -> Iterator[bytes]:
    """An endless answer, as many of its pieces at once."""
    start, piece = WITHOUT_END[part]
    return chain([start], repeat(piece * times))


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with local_server() as running:
        yield running


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def failure(server: LocalServer, cache: Path, answer: Answer, *, limit_s: float = 30.0) -> str:
    """The one line about an answer; after it, a good answer is had and comes from the wire, not from a cache."""
    server.on("/table.csv", answer)
    options = {"attempts": 2, "limit_s": limit_s, "sleep": lambda seconds: None}
    with pytest.raises(FetchError) as caught:
        HttpClient(cache, {HOST: server.address}, **options).get(URL, (HOST,))
    server.on("/table.csv", Answer(body=TABLE))
    assert HttpClient(cache, {HOST: server.address}).get(URL, (HOST,)) == TABLE
    assert "If-None-Match" not in server.asked[-1].headers
    line = str(caught.value)
    assert "\n" not in line
    assert URL in line or "redirected" in line
    return line


@pytest.mark.parametrize("part", WITHOUT_END)
def test_a_slow_answer_without_end_is_cut_off(server: LocalServer, tmp_path: Path, part: str) -> None:
    line = failure(server, tmp_path, Answer(wire=without_end(part), pause_s=0.01), limit_s=LIMIT_S)

    assert f"no whole answer within {LIMIT_S:g} s" in line


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of this machine and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    file = tmp_path / "certificate.pem"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [openssl, "req", *kind, *name, "-keyout", tmp_path / "key.pem", "-out", tmp_path / "public.pem"]
    subprocess.run(command, check=True, capture_output=True)
    file.write_text((tmp_path / "key.pem").read_text() + (tmp_path / "public.pem").read_text())
    return file


def test_over_tls_a_good_answer_is_had_and_one_without_end_is_cut_off(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with local_server(certificate) as server:
        server.on("/table.csv", Answer(body=TABLE))
        assert HttpClient(tmp_path, {HOST: server.address}).get(URL, (HOST,)) == TABLE
        for part in ("100 Continue", "body without length"):
            line = failure(server, tmp_path, Answer(wire=without_end(part), pause_s=0.01), limit_s=LIMIT_S)
            assert f"no whole answer within {LIMIT_S:g} s" in line


@pytest.mark.parametrize("part", FLOODS)
def test_a_flood_without_end_is_cut_off(server: LocalServer, tmp_path: Path, part: str) -> None:
    line = failure(server, tmp_path, Answer(wire=without_end(part, 1000)), limit_s=LIMIT_S)

    assert f"no whole answer within {LIMIT_S:g} s" in line


@pytest.mark.parametrize("what", CUT_OFF)
def test_an_answer_that_is_cut_off_is_refused(server: LocalServer, tmp_path: Path, what: str) -> None:
    failure(server, tmp_path, Answer(wire=[CUT_OFF[what]]))


def test_a_zipped_body_is_refused_wherever_it_is_cut_off(server: LocalServer, tmp_path: Path) -> None:
    client = HttpClient(tmp_path, {HOST: server.address}, attempts=1)
    for size in (*range(0, len(PACKED), 5), *range(len(PACKED) - 9, len(PACKED))):
        server.on("/table.csv", Answer(wire=[zipped(PACKED[:size])]))
        with pytest.raises(FetchError, match="the body"):
            client.get(URL, (HOST,))

    server.on("/table.csv", Answer(body=TABLE))
    assert client.get(URL, (HOST,)) == TABLE
    assert "If-None-Match" not in server.asked[-1].headers


@pytest.mark.parametrize("what", NO_HTTP)
def test_what_is_no_http_is_refused(server: LocalServer, tmp_path: Path, what: str) -> None:
    failure(server, tmp_path, Answer(wire=[NO_HTTP[what]]))


def test_one_limit_holds_for_all_attempts_and_redirects(server: LocalServer, tmp_path: Path) -> None:
    hops = [Answer(302, headers={"Location": f"/{number + 1}"}) for number in range(5)]
    for number, hop in enumerate(hops):
        server.on(f"/{number}", hop)
    server.on("/5", Answer(body=TABLE))
    now = iter(range(0, 1000, 10))  # every look at the clock takes ten seconds
    client = HttpClient(tmp_path, {HOST: server.address}, limit_s=30, clock=lambda: float(next(now)))

    with pytest.raises(FetchError, match="no whole answer within 30 s"):
        client.get(f"https://{HOST}/0", (HOST,))

    assert 1 <= len(server.asked) < 5


def test_a_host_that_is_slow_without_end_is_not_asked_again(server: LocalServer, tmp_path: Path) -> None:
    server.on("/table.csv", Answer(wire=repeat(b"H"), pause_s=0.01))
    server.on("/other.csv", Answer(body=TABLE))
    client = HttpClient(tmp_path, {HOST: server.address}, limit_s=LIMIT_S)

    for name in ("table", "other"):
        with pytest.raises(FetchError, match="no whole answer within"):
            client.get(f"https://{HOST}/{name}.csv", (HOST,))

    assert [asked.path for asked in server.asked] == ["/table.csv"]


@pytest.mark.parametrize("size", [0, 1, 70_000, 1_000_000])
def test_a_zipped_body_of_any_size_is_whole(server: LocalServer, tmp_path: Path, size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    server.on("/table.csv", Answer(wire=[zipped(gzip.compress(body))]))

    assert HttpClient(tmp_path, {HOST: server.address}).get(URL, (HOST,)) == body


def test_two_zipped_members_are_one_body(server: LocalServer, tmp_path: Path) -> None:
    server.on("/table.csv", Answer(wire=[zipped(PACKED + PACKED)]))

    assert HttpClient(tmp_path, {HOST: server.address}).get(URL, (HOST,)) == TABLE + TABLE


def test_a_body_that_ends_with_the_connection_is_read_and_not_cached(server: LocalServer, tmp_path: Path) -> None:
    server.on("/table.csv", Answer(wire=[OK + b'ETag: "v1"\r\n\r\n' + TABLE]))

    assert HttpClient(tmp_path, {HOST: server.address}).get(URL, (HOST,)) == TABLE
    HttpClient(tmp_path, {HOST: server.address}).get(URL, (HOST,))

    assert "If-None-Match" not in server.asked[-1].headers
