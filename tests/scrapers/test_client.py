"""The client against a real server on this machine: every fault is one clear line, and nothing is read in vain."""

from __future__ import annotations

import gzip
import socket
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from catalog.problems import CatalogError
from scrapers import client as client_module
from scrapers import limits
from scrapers.cache import AnswerCache
from scrapers.client import Client, FetchError, HttpClient, MirrorClient, NotMirroredError
from tests.catalog.lock_holder import held_elsewhere
from tests.scrapers.local_server import Answer, LocalServer, local_server

HOST = "raw.example.org"
API = "api.github.com"
ARXIV = "export.arxiv.org"
URL = f"https://{HOST}/table.csv"


@dataclass
class Time:
    """A clock that only moves when somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with local_server() as running:
        yield running


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def client(server: LocalServer, time: Time, tmp_path: Path) -> HttpClient:
    endpoints = dict.fromkeys((HOST, API, ARXIV, "other.example.org"), server.address)
    return HttpClient(tmp_path, endpoints, timeout_s=(5, 0.2), clock=time.clock, sleep=time.sleep)


def failure(client: Client, url: str = URL, hosts: tuple[str, ...] = (HOST,)) -> str:
    """The one line that the client says about an address that cannot be had."""
    with pytest.raises(FetchError) as caught:
        client.get(url, hosts)
    line = str(caught.value)
    assert "\n" not in line
    assert url in line
    return line


def test_gives_the_content(server: LocalServer, client: HttpClient) -> None:
    server.on("/table.csv", Answer(body=b"model,top1\n"))

    assert client.get(URL, (HOST,)) == b"model,top1\n"
    assert client.traffic.requests == 1


def test_query_reaches_the_server(server: LocalServer, client: HttpClient) -> None:
    server.on("/list?path=a%2Fb&per_page=100", Answer(body=b"[]"))

    assert client.get(f"https://{HOST}/list?path=a%2Fb&per_page=100", (HOST,)) == b"[]"


def test_connection_refused(time: Time, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    client = HttpClient(tmp_path, {HOST: f"http://127.0.0.1:{port}"}, clock=time.clock, sleep=time.sleep)

    line = failure(client)

    assert "connection refused in each of 5 attempts" in line
    assert "check the network connection" in line
    assert time.slept == [1, 2, 4, 8]


def test_a_host_that_is_down_is_not_tried_for_every_file(time: Time, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    client = HttpClient(tmp_path, {HOST: f"http://127.0.0.1:{port}"}, clock=time.clock, sleep=time.sleep)
    failure(client)
    asked = client.traffic.requests

    line = failure(client, f"https://{HOST}/another.csv")

    assert "failed before: connection refused" in line
    assert client.traffic.requests == asked


def test_timeout(server: LocalServer, time: Time, tmp_path: Path) -> None:
    server.on("/table.csv", Answer(hang=True))
    client = HttpClient(
        tmp_path, {HOST: server.address}, attempts=2, timeout_s=(5, 0.05), clock=time.clock, sleep=time.sleep
    )

    assert "no answer within 0.05 s in each of 2 attempts" in failure(client)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_fault_then_good(server: LocalServer, client: HttpClient, time: Time, status: int) -> None:
    server.on("/table.csv", Answer(status), Answer(body=b"good"))

    assert client.get(URL, (HOST,)) == b"good"
    assert time.slept == [1]


def test_server_fault_for_ever(server: LocalServer, client: HttpClient) -> None:
    server.on("/table.csv", Answer(500))

    assert "HTTP 500 Internal Server Error in each of 5 attempts; try again later" in failure(client)
    assert len(server.asked) == 5


def test_too_many_requests_waits_as_asked(server: LocalServer, client: HttpClient, time: Time) -> None:
    server.on("/table.csv", Answer(429, headers={"Retry-After": "7"}), Answer(body=b"good"))

    assert client.get(URL, (HOST,)) == b"good"
    assert time.slept == [7]


def test_retry_after_is_capped(server: LocalServer, client: HttpClient, time: Time) -> None:
    server.on("/table.csv", Answer(429, headers={"Retry-After": "86400"}), Answer(body=b"good"))

    client.get(URL, (HOST,))

    assert time.slept == [60]


@pytest.mark.parametrize("wait", ["soon", "-3", "9" * 400])
def test_nonsense_in_retry_after_falls_back_to_a_bounded_wait(
    server: LocalServer, client: HttpClient, time: Time, wait: str
) -> None:
    server.on("/table.csv", Answer(429, headers={"Retry-After": wait}), Answer(body=b"good"))

    assert client.get(URL, (HOST,)) == b"good"
    assert 1 <= time.slept[0] <= 60


def test_too_many_requests_for_ever_advises_a_token_on_the_api(server: LocalServer, client: HttpClient) -> None:
    server.on("/repos", Answer(429, headers={"Retry-After": "1"}))

    assert "too many requests in each of 5 attempts; set GITHUB_TOKEN" in failure(
        client, f"https://{API}/repos", (API,)
    )


def test_forbidden_with_retry_after_is_tried_again(server: LocalServer, client: HttpClient, time: Time) -> None:
    server.on("/repos", Answer(403, headers={"Retry-After": "5"}), Answer(body=b"[]"))

    assert client.get(f"https://{API}/repos", (API,)) == b"[]"
    assert time.slept == [5]


def test_forbidden_is_final(server: LocalServer, client: HttpClient) -> None:
    server.on("/table.csv", Answer(403))

    assert "HTTP 403 Forbidden, expected 200" in failure(client)
    assert len(server.asked) == 1


def test_used_up_limit_says_what_to_set(server: LocalServer, client: HttpClient) -> None:
    server.on("/repos", Answer(403, headers={"X-RateLimit-Remaining": "0"}))

    assert "limit of requests is used up; set GITHUB_TOKEN and try again" in failure(
        client, f"https://{API}/repos", (API,)
    )
    assert len(server.asked) == 1


def test_used_up_limit_with_a_token_says_to_wait(
    server: LocalServer, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")
    server.on("/repos", Answer(403, headers={"X-RateLimit-Remaining": "0"}))

    line = failure(client, f"https://{API}/repos", (API,))

    assert "wait an hour" in line
    assert "ghp_secret" not in line


def test_missing_file_is_final(server: LocalServer, client: HttpClient) -> None:
    server.on("/table.csv", Answer(404))

    assert "HTTP 404 Not Found, expected 200; upstream moved it" in failure(client)
    assert len(server.asked) == 1


def test_redirect_within_the_hosts(server: LocalServer, client: HttpClient) -> None:
    server.on("/table.csv", Answer(302, headers={"Location": "/moved.csv"}))
    server.on("/moved.csv", Answer(301, headers={"Location": "https://other.example.org/there.csv"}))
    server.on("/there.csv", Answer(body=b"good"))

    assert client.get(URL, (HOST, "other.example.org")) == b"good"


@pytest.mark.parametrize(
    "target",
    [
        "https://elsewhere.example.org/table.csv",
        "http://raw.example.org/table.csv",
        "https://raw.example.org:8443/table.csv",
        "https://user@raw.example.org/table.csv",
        "file:///etc/hostname",
        "//elsewhere.example.org/",
        "https://[broken/",
    ],
)
def test_redirect_elsewhere_is_refused(server: LocalServer, client: HttpClient, target: str) -> None:
    server.on("/table.csv", Answer(302, headers={"Location": target}))

    line = failure(client)

    assert "redirected to" in line
    assert f"expected https on one of {HOST}" in line
    assert len(server.asked) == 1


def test_redirects_in_a_circle_end(server: LocalServer, client: HttpClient) -> None:
    server.on("/table.csv", Answer(302, headers={"Location": "/table.csv"}))

    assert "more than 5 redirects" in failure(client)


@pytest.mark.parametrize("url", ["http://raw.example.org/a", "https://elsewhere.example.org/a", "file:///etc/hostname"])
def test_only_https_to_the_named_hosts(server: LocalServer, client: HttpClient, url: str) -> None:
    assert "expected https on one of" in failure(client, url)
    assert server.asked == []


def test_unchanged_file_costs_no_body(server: LocalServer, client: HttpClient, tmp_path: Path) -> None:
    server.on("/table.csv", Answer(body=b"x" * 10_000, headers={"ETag": '"v1"'}))
    first = client.get(URL, (HOST,))
    sent = server.body_bytes
    another_day = HttpClient(tmp_path, {HOST: server.address})

    second = another_day.get(URL, (HOST,))

    assert second == first
    assert sent == 10_000
    assert server.body_bytes == sent
    assert server.asked[1].headers["If-None-Match"] == '"v1"'
    assert (another_day.traffic.requests, another_day.traffic.unchanged) == (1, 1)


def test_changed_file_replaces_the_cached_one(server: LocalServer, client: HttpClient) -> None:
    server.on(
        "/table.csv", Answer(body=b"old", headers={"ETag": '"v1"'}), Answer(body=b"new", headers={"ETag": '"v2"'})
    )

    assert client.get(URL, (HOST,)) == b"old"
    assert client.get(URL, (HOST,)) == b"new"
    assert client.get(URL, (HOST,)) == b"new"
    assert client.traffic.unchanged == 1


def test_compressed_file_is_unpacked_also_from_the_cache(server: LocalServer, client: HttpClient) -> None:
    headers = {"ETag": '"v1"', "Content-Encoding": "gzip"}
    server.on("/table.csv", Answer(body=gzip.compress(b"model,top1\n"), headers=headers))

    assert client.get(URL, (HOST,)) == b"model,top1\n"
    assert client.get(URL, (HOST,)) == b"model,top1\n"
    assert client.traffic.unchanged == 1


def test_damaged_cache_is_not_believed(server: LocalServer, client: HttpClient, tmp_path: Path) -> None:
    server.on("/table.csv", Answer(body=b"model,top1\n", headers={"ETag": '"v1"'}))
    client.get(URL, (HOST,))
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-3])

    assert client.get(URL, (HOST,)) == b"model,top1\n"
    assert "If-None-Match" not in server.asked[1].headers


def test_cache_that_cannot_be_written_is_one_line(server: LocalServer, tmp_path: Path) -> None:
    (tmp_path / "http").write_text("a file where the folder should be")
    server.on("/table.csv", Answer(body=b"x", headers={"ETag": '"v1"'}))

    assert "the cache cannot be used" in failure(HttpClient(tmp_path, {HOST: server.address}))


def test_cache_that_another_process_writes_is_waited_for_and_then_one_line(
    server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "AnswerCache", partial(AnswerCache, wait_s=0.1))
    client = HttpClient(tmp_path, {HOST: server.address})
    server.on("/table.csv", Answer(body=b"x", headers={"ETag": '"v1"'}))
    client.get(URL, (HOST,))
    (lock,) = tmp_path.rglob("*.lock")
    server.on("/table.csv", Answer(body=b"y", headers={"ETag": '"v2"'}))

    with held_elsewhere(lock), pytest.raises(CatalogError, match=r"the cache .* another process still writes here"):
        client.get(URL, (HOST,))


def test_500_mb_body_of_a_redirect_is_not_read(server: LocalServer, client: HttpClient) -> None:
    endless = (bytes(1_000_000) for _ in range(500))
    server.on("/table.csv", Answer(302, body=endless, headers={"Location": "/moved.csv"}))
    server.on("/moved.csv", Answer(body=b"good"))

    assert client.get(URL, (HOST,)) == b"good"
    assert server.body_bytes < 30_000_000


def test_500_mb_without_length_stops_at_the_limit(
    server: LocalServer, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SIZE_LIMIT", 2_000_000)
    server.on("/table.csv", Answer(body=(bytes(1_000_000) for _ in range(500)), headers={"ETag": '"huge"'}))

    line = failure(client)

    assert "larger than 2 MB, expected a small text file" in line
    assert server.body_bytes < 30_000_000
    assert len(server.asked) == 1


def test_500_mb_announced_is_not_read(server: LocalServer, client: HttpClient) -> None:
    server.on("/table.csv", Answer(body=(b"x" for _ in range(1)), headers={"Content-Length": "500000000"}))

    assert "larger than 50 MB" in failure(client)


def test_small_body_that_unpacks_to_a_huge_one_stops_at_the_limit(
    server: LocalServer, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SIZE_LIMIT", 2_000_000)
    packed = gzip.compress(bytes(60_000_000), compresslevel=1)
    server.on("/table.csv", Answer(body=packed, headers={"Content-Encoding": "gzip"}))

    tracemalloc.start()
    line = failure(client)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert "larger than 2 MB" in line
    assert peak < 20_000_000


def test_body_that_is_cut_off_is_tried_again_then_reported(server: LocalServer, client: HttpClient) -> None:
    cut = Answer(body=b"model,top1\nresn", headers={"Content-Length": "400", "ETag": '"v1"'})
    server.on("/table.csv", cut)

    assert "the body was cut off" in failure(client)
    assert len(server.asked) == 5
    assert all("If-None-Match" not in asked.headers for asked in server.asked)


def test_body_that_is_cut_off_once(server: LocalServer, client: HttpClient) -> None:
    server.on("/table.csv", Answer(body=b"model", headers={"Content-Length": "400"}), Answer(body=b"model,top1\n"))

    assert client.get(URL, (HOST,)) == b"model,top1\n"


def test_token_goes_to_the_api_host_only(
    server: LocalServer, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")
    server.on("/repos", Answer(302, headers={"Location": f"https://{HOST}/table.csv"}))
    server.on("/table.csv", Answer(body=b"good"))

    client.get(f"https://{API}/repos", (API, HOST))

    assert server.asked[0].headers["Authorization"] == "Bearer ghp_secret"
    assert "Authorization" not in server.asked[1].headers


def test_token_is_not_kept_in_the_cache(
    server: LocalServer, client: HttpClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")
    server.on("/repos", Answer(body=b"[]", headers={"ETag": '"v1"', "Vary": "Accept, Authorization"}))

    client.get(f"https://{API}/repos", (API,))
    client.get(f"https://{API}/repos", (API,))

    assert client.traffic.unchanged == 1
    cached = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert any(b"v1" in content for content in cached)
    assert not any(b"ghp_secret" in content for content in cached)


def test_credentials_of_a_netrc_file_are_not_sent(
    server: LocalServer, client: HttpClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.on("/table.csv", Answer(body=b"good"))

    client.get(URL, (HOST,))

    assert "Authorization" not in server.asked[0].headers


def test_token_that_is_refused_says_so(
    server: LocalServer, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_old")
    server.on("/repos", Answer(401))

    assert "GITHUB_TOKEN was refused; renew or unset it" in failure(client, f"https://{API}/repos", (API,))


def test_token_with_a_line_break_is_named_and_not_shown(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_a\nX-Evil: 1")

    with pytest.raises(FetchError, match="GITHUB_TOKEN: holds characters") as caught:
        client.get(f"https://{API}/repos", (API,))

    assert "Evil" not in str(caught.value)


def test_arxiv_is_asked_once_in_three_seconds(server: LocalServer, client: HttpClient, time: Time) -> None:
    server.on("/api/query", Answer(body=b"<feed/>"))

    client.get(f"https://{ARXIV}/api/query", (ARXIV,))
    time.now += 1
    client.get(f"https://{ARXIV}/api/query", (ARXIV,))
    time.now += 30
    client.get(f"https://{ARXIV}/api/query", (ARXIV,))

    assert time.slept == [2]


def test_mirror_reads_path_and_query(tmp_path: Path) -> None:
    folder = tmp_path / HOST / "repos"
    folder.mkdir(parents=True)
    (folder / "commits@path=a%2Fb").write_bytes(b"[]")

    assert MirrorClient(tmp_path).get(f"https://{HOST}/repos/commits?path=a%2Fb", (HOST,)) == b"[]"


@pytest.mark.parametrize("path", ["missing.csv", "", "folder"])
def test_mirror_without_the_file_names_it(tmp_path: Path, path: str) -> None:
    (tmp_path / HOST / "folder").mkdir(parents=True)

    with pytest.raises(NotMirroredError, match=f"not in the mirror .*; add the file {HOST}/{path}"):
        MirrorClient(tmp_path).get(f"https://{HOST}/{path}", (HOST,))


@pytest.mark.parametrize("path", ["../../secret", "a/../../../secret", "a?/../../../secret"])
def test_mirror_is_not_left(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_text("secret")
    root = tmp_path / "mirror"
    (root / HOST).mkdir(parents=True)

    line = failure(MirrorClient(root), f"https://{HOST}/{path}")

    assert "leads out of the mirror" in line or "not in the mirror" in line


def test_mirror_is_not_left_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    root = tmp_path / "mirror"
    (root / HOST).mkdir(parents=True)
    (root / HOST / "table.csv").symlink_to(tmp_path / "secret")

    assert "leads out of the mirror" in failure(MirrorClient(root))


@pytest.mark.parametrize("path", ["a" * 5000, "a%00b\0c"])
def test_mirror_cannot_be_asked_for_impossible_names(tmp_path: Path, path: str) -> None:
    with pytest.raises(FetchError):
        MirrorClient(tmp_path).get(f"https://{HOST}/{path}", (HOST,))


def test_mirror_refuses_a_500_mb_file_unread(tmp_path: Path) -> None:
    (tmp_path / HOST).mkdir()
    with (tmp_path / HOST / "table.csv").open("wb") as sparse:
        sparse.truncate(500_000_000)

    assert "larger than 50 MB in the mirror" in failure(MirrorClient(tmp_path))
