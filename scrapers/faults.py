"""What can go wrong between an address and its content: each fault as one line that says what to do."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from urllib3.util.retry import Retry

from catalog.problems import CatalogError

LONGEST_WAIT_S: Final = 60  # however long the server asks for
PASSING_STATUS: Final = (429, 500, 502, 503, 504)
GITHUB_API: Final = "api.github.com"
LATER: Final = "try again later"


class FetchError(CatalogError):
    """An upstream file could not be had; the message names it, the cause and what to do."""


class NotMirroredError(FetchError):
    """The mirror folder does not hold this address."""


class PassingError(Exception):
    """A fault that another attempt may not meet; `whole_host`: no file of that host can be had."""

    def __init__(self, what: str, retry_after_s: float = 0.0, *, whole_host: bool = False, advice: str = LATER) -> None:
        super().__init__(what)
        self.retry_after_s = retry_after_s
        self.whole_host = whole_host
        self.advice = advice


def check_host(url: str, hosts: Collection[str]) -> str:
    """The host of the address. Raises FetchError unless it is https on one of the hosts that the scraper names."""
    try:
        parts = urlsplit(url)
        good = (
            parts.hostname in hosts
            and parts.scheme == "https"
            and parts.port in (None, 443)
            and "@" not in parts.netloc
        )
    except ValueError:
        good = False
    if not good:
        raise FetchError(f"{url}: expected https on one of {', '.join(sorted(hosts))}; nothing was fetched")
    return str(parts.hostname)


def check_status(url: str, host: str, response: requests.Response) -> None:
    """Raise unless the status is 200: a passing fault where waiting may help, else FetchError with what to do."""
    status = response.status_code
    if status == HTTPStatus.OK:
        return
    with_token = "Authorization" in response.request.headers
    limited = "set GITHUB_TOKEN" if host == GITHUB_API and not with_token else "wait an hour"
    found = f"HTTP {status} {_phrase(status)}"
    if response.headers.get("X-RateLimit-Remaining") == "0" and status in (403, 429):
        raise FetchError(f"{url}: {found}: the hourly limit of requests is used up; {limited} and try again")
    if status in PASSING_STATUS or (status == HTTPStatus.FORBIDDEN and "Retry-After" in response.headers):
        many = status in (403, 429)
        raise PassingError(
            f"{found}: too many requests" if many else found,
            _retry_after_s(response),
            whole_host=many,
            advice=f"{limited} and try again" if many else LATER,
        )
    if status == HTTPStatus.UNAUTHORIZED and with_token:
        raise FetchError(f"{url}: {found}: GITHUB_TOKEN was refused; renew or unset it")
    advice = (
        "upstream moved it: teach the scraper the new address" if status in (404, 410) else "look at it in a browser"
    )
    raise FetchError(f"{url}: {found}, expected 200; {advice}")


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "(unknown status)"


def _retry_after_s(response: requests.Response) -> float:
    """What the server asks to wait, at most LONGEST_WAIT_S."""
    try:
        return Retry(retry_after_max=LONGEST_WAIT_S).parse_retry_after(response.headers.get("Retry-After", "0"))
    except (urllib3.exceptions.InvalidHeader, ValueError, OverflowError):
        return 0.0


def explained(
    url: str, error: requests.RequestException | urllib3.exceptions.HTTPError, timeout_s: tuple[float, float]
) -> Exception:
    """The fault behind an exception of requests or urllib3, in words."""
    causes = list(_causes(error))
    if isinstance(error, requests.exceptions.SSLError):
        return FetchError(
            f"{url}: the certificate was not accepted: {causes[-1]}; check the clock and the certificates"
        )
    if isinstance(error, requests.ConnectTimeout):
        return PassingError(f"no connection within {timeout_s[0]:g} s", whole_host=True)
    if isinstance(error, requests.Timeout) or any(isinstance(cause, TimeoutError) for cause in causes):
        return PassingError(f"no answer within {timeout_s[1]:g} s", whole_host=True)
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return PassingError("connection refused", whole_host=True, advice="check the network connection and try again")
    if any(isinstance(cause, urllib3.exceptions.NameResolutionError) for cause in causes):
        return PassingError(
            "the host name is not known", whole_host=True, advice="check the network connection and try again"
        )
    if isinstance(error, urllib3.exceptions.HTTPError):  # met while the body was read
        return PassingError(f"the body was cut off ({causes[-1]})")
    if isinstance(error, requests.ConnectionError):
        return PassingError(f"the connection broke ({type(causes[-1]).__name__})")
    return FetchError(f"{url}: {type(error).__name__}: {error}; look at the address in a browser")


def _causes(error: BaseException) -> list[BaseException]:
    """The exception and what caused it, outermost first."""
    chain: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and step not in chain:
        chain.append(step)
        step = step.__cause__ or step.__context__
    return chain
