"""From the exceptions of requests, urllib3 and ssl to s3dlio's errors: one table.

Rules that hold in this file:
- An exception is looked at with all that it wraps; the first row that fits any of them decides.
- `maybe_done` is True unless the request certainly never reached the service; whoever knows the
  method takes it back for one that changes nothing.
- No exception's text is shown that may quote a header, and so a secret.
"""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from typing import Any

import requests.exceptions
import urllib3.exceptions

from s3dlio_core.errors import (
    ConnectionFailedError,
    IntegrityError,
    RequestTimeoutError,
    S3dlioError,
    Scope,
    UsageError,
)
from s3dlio_http.errors import (
    EarlyCloseError,
    MalformedAnswerError,
    MissingFileError,
    TlsBrokenError,
    TooSlowError,
)

__all__ = ["ROWS", "STACK_EXCEPTIONS", "error_of_exception"]

#: What the stack below may raise.
STACK_EXCEPTIONS = (
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
    ValueError,
)

#: Exceptions whose own words say what happened, and quote nothing.
_SPEAKING = (
    EarlyCloseError,
    MalformedAnswerError,
    MissingFileError,
    http.client.RemoteDisconnected,
)

_CHAIN_MAX = 16


@dataclass(frozen=True, slots=True)
class Row:
    """What an exception means.

    Attributes:
        kind: the exception's class.
        cls: the class of our error.
        reason: with {origin} for the service and {said} for the operating system's words.
        hint: what to do next, or "".
        retryable: None keeps the class's default.
        scope: None keeps the class's default.
        maybe_done: whether the request may have been carried out.
    """

    kind: type[BaseException]
    cls: type[S3dlioError]
    reason: str
    hint: str = ""
    retryable: bool | None = None
    scope: Scope | None = None
    maybe_done: bool = True


def _cut(kind: type[BaseException]) -> Row:
    # Of object scope: the next request makes a new connection, and if that fails too the run stops.
    return Row(
        kind,
        ConnectionFailedError,
        "the connection to {origin} was cut: {said}",
        scope=Scope.OBJECT,
    )


def _tls(kind: type[BaseException]) -> Row:
    return Row(
        kind,
        ConnectionFailedError,
        "the TLS connection to {origin} failed: {said}",
        hint="Check the endpoint URL; for a private CA set ca_bundle or AWS_CA_BUNDLE",
        retryable=False,
        maybe_done=False,
    )


def _late(kind: type[BaseException]) -> Row:
    return Row(kind, RequestTimeoutError, "no answer from {origin} in time")


ROWS = (
    Row(urllib3.exceptions.IncompleteRead, IntegrityError, "{origin} cut the answer short"),
    _cut(ssl.SSLEOFError),
    _cut(ssl.SSLZeroReturnError),
    # The certificate was good, or the handshake had failed.
    _cut(TlsBrokenError),
    _tls(requests.exceptions.SSLError),
    Row(
        MissingFileError,
        UsageError,
        "no TLS connection to {origin}: {said}",
        hint="Check ca_bundle and AWS_CA_BUNDLE",
        maybe_done=False,
    ),
    Row(
        urllib3.exceptions.NameResolutionError,
        ConnectionFailedError,
        "the host of {origin} can't be found",
        hint="Check the endpoint URL, the region and the bucket's name",
        maybe_done=False,
    ),
    Row(
        requests.exceptions.ProxyError,
        ConnectionFailedError,
        "the proxy before {origin} failed",
        hint="Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY",
        maybe_done=False,
    ),
    Row(
        requests.exceptions.ConnectTimeout,
        RequestTimeoutError,
        "no connection to {origin} in time",
        hint="Check the endpoint URL and the network",
        scope=Scope.STORE,
        maybe_done=False,
    ),
    Row(
        urllib3.exceptions.NewConnectionError,
        ConnectionFailedError,
        "can't connect to {origin}: {said}",
        hint="Check the endpoint URL and that the service is running",
        maybe_done=False,
    ),
    Row(
        TooSlowError,
        RequestTimeoutError,
        "{origin} took or sent too few bytes for too long",
    ),
    _late(requests.exceptions.ReadTimeout),
    _late(urllib3.exceptions.ReadTimeoutError),
    Row(
        MalformedAnswerError,
        ConnectionFailedError,
        "{origin} sent no valid HTTP: {said}",
        hint="Check the scheme and the port of the endpoint URL",
        scope=Scope.OBJECT,
    ),
    _tls(urllib3.exceptions.SSLError),
    _late(TimeoutError),
    _cut(urllib3.exceptions.HTTPError),
    _cut(requests.exceptions.ConnectionError),
    Row(
        ValueError,
        UsageError,
        "the request to {origin} can't be sent",
        scope=Scope.OBJECT,
        maybe_done=False,
    ),
    _cut(Exception),
)


def error_of_exception(error: BaseException, origin: str) -> S3dlioError:
    """Return our error for an exception of the stack.

    Args:
        error: the exception.
        origin: scheme and host of the service.
    """
    chain = _chain(error)
    row = next(row for row in ROWS if any(isinstance(link, row.kind) for link in chain))
    return row.cls(
        row.reason.format(origin=origin, said=_said(chain)),
        hint=row.hint,
        retryable=row.retryable,
        scope=row.scope,
        maybe_done=row.maybe_done,
    )


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception and those that it wraps: requests and urllib3 nest them in `args`."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting and len(found) < _CHAIN_MAX:
        link = waiting.pop(0)
        if isinstance(link, BaseException) and not any(link is seen for seen in found):
            found.append(link)
            waiting += [getattr(link, "reason", None), *link.args, link.__cause__]
    return found


def _said(chain: list[BaseException]) -> str:
    """Return what happened in words that quote nothing, or the innermost exception's name."""
    for link in chain:
        if isinstance(link, _SPEAKING):
            return str(link)
        if isinstance(link, OSError) and link.strerror:
            return link.strerror
    return type(chain[-1]).__name__
