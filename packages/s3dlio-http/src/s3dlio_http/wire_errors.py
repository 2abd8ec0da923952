"""What the exceptions of requests, urllib3 and ssl mean: one table from them to kinds.

Rules that hold in this file:
- An exception is looked at with all that it wraps; the first row that fits any of them decides.
- `maybe_done` is True unless the request certainly never reached the service; whoever knows the
  method takes it back for one that changes nothing.
- No exception's text is shown that may quote a header or a URL, and so a secret.
"""

from __future__ import annotations

import enum
import http.client
import ssl
from dataclasses import dataclass
from typing import Any

import requests.exceptions
import urllib3.exceptions

from s3dlio_http.errors import (
    EarlyCloseError,
    MalformedAnswerError,
    MissingFileError,
    TlsBrokenError,
    TooSlowError,
)

__all__ = ["STACK_EXCEPTIONS", "WireError", "WireErrorKind", "root_cause", "wire_error"]

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

#: Exceptions whose words quote the URL.
_QUOTING = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError)

_CHAIN_MAX = 16


class WireErrorKind(enum.Enum):
    """What went wrong with a request on its way, or with its answer."""

    ANSWER_CUT_SHORT = enum.auto()
    BAD_PROXY = enum.auto()
    CONNECTION_CUT = enum.auto()
    CONNECT_TIMEOUT = enum.auto()
    HOST_NOT_FOUND = enum.auto()
    MALFORMED_ANSWER = enum.auto()
    MISSING_FILE = enum.auto()
    NO_CONNECTION = enum.auto()
    PROXY_FAILED = enum.auto()
    PROXY_REWRITES_PATH = enum.auto()
    READ_TIMEOUT = enum.auto()
    TLS_FAILED = enum.auto()
    TOO_SLOW = enum.auto()
    UNKNOWN_ADAPTER = enum.auto()
    UNSENDABLE = enum.auto()


@dataclass(frozen=True, slots=True)
class WireError:
    """What went wrong, as a value.

    Attributes:
        kind: what it was.
        said: the operating system's words, or ours. They quote nothing.
        maybe_done: whether the request may have been carried out.
    """

    kind: WireErrorKind
    said: str
    maybe_done: bool


#: Kinds of failures before the service had the request.
_NEVER_SENT = frozenset(
    {
        WireErrorKind.CONNECT_TIMEOUT,
        WireErrorKind.HOST_NOT_FOUND,
        WireErrorKind.MISSING_FILE,
        WireErrorKind.NO_CONNECTION,
        WireErrorKind.PROXY_FAILED,
        WireErrorKind.TLS_FAILED,
        WireErrorKind.UNSENDABLE,
    }
)

_ROWS: tuple[tuple[type[BaseException], WireErrorKind], ...] = (
    (urllib3.exceptions.IncompleteRead, WireErrorKind.ANSWER_CUT_SHORT),
    (ssl.SSLEOFError, WireErrorKind.CONNECTION_CUT),
    (ssl.SSLZeroReturnError, WireErrorKind.CONNECTION_CUT),
    # The certificate was good, or the handshake had failed.
    (TlsBrokenError, WireErrorKind.CONNECTION_CUT),
    (requests.exceptions.SSLError, WireErrorKind.TLS_FAILED),
    (MissingFileError, WireErrorKind.MISSING_FILE),
    (urllib3.exceptions.NameResolutionError, WireErrorKind.HOST_NOT_FOUND),
    (requests.exceptions.ProxyError, WireErrorKind.PROXY_FAILED),
    (requests.exceptions.ConnectTimeout, WireErrorKind.CONNECT_TIMEOUT),
    (urllib3.exceptions.NewConnectionError, WireErrorKind.NO_CONNECTION),
    (TooSlowError, WireErrorKind.TOO_SLOW),
    (requests.exceptions.ReadTimeout, WireErrorKind.READ_TIMEOUT),
    (urllib3.exceptions.ReadTimeoutError, WireErrorKind.READ_TIMEOUT),
    (MalformedAnswerError, WireErrorKind.MALFORMED_ANSWER),
    (urllib3.exceptions.SSLError, WireErrorKind.TLS_FAILED),
    (TimeoutError, WireErrorKind.READ_TIMEOUT),
    (urllib3.exceptions.HTTPError, WireErrorKind.CONNECTION_CUT),
    (requests.exceptions.ConnectionError, WireErrorKind.CONNECTION_CUT),
    (ValueError, WireErrorKind.UNSENDABLE),
    (Exception, WireErrorKind.CONNECTION_CUT),
)


def wire_error(error: BaseException) -> WireError:
    """Return what an exception of the stack means."""
    chain = _chain(error)
    kind = next(kind for cls, kind in _ROWS if any(isinstance(link, cls) for link in chain))
    return WireError(kind, _said(chain), maybe_done=kind not in _NEVER_SENT)


def root_cause(error: BaseException) -> OSError | None:
    """Return what the operating system or TLS raised, which quotes nothing, or None."""
    for link in _chain(error):
        if isinstance(link, OSError) and not isinstance(link, _QUOTING):
            return link
    return None


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
