"""From what sockets and parsers raise to what requests' own adapter would raise.

Rules that hold in this file:
- Before the head of the answer has arrived: an exception of `requests.exceptions` that wraps one of
  `urllib3.exceptions`. While the body is read: one of `urllib3.exceptions`, as users of
  `response.raw` expect; requests translates those itself.
- No message quotes a header, a query or a body.
"""

from __future__ import annotations

import socket
import ssl

import requests.exceptions
import urllib3.exceptions

__all__ = [
    "FAILURES",
    "EarlyCloseError",
    "MalformedAnswerError",
    "MissingFileError",
    "NoAnswerError",
    "TlsBrokenError",
    "TooSlowError",
    "body_error",
    "connect_error",
    "cut_short",
    "send_error",
]

#: What a socket or a parser may raise.
FAILURES = (OSError, urllib3.exceptions.HTTPError)

#: What a timeout looks like: Python's own, and the kernel's on a blocking socket.
_TIMEOUTS = (TimeoutError, BlockingIOError)


class EarlyCloseError(ConnectionResetError):
    """The server closed the connection in the middle of an answer."""


class MalformedAnswerError(urllib3.exceptions.ProtocolError):
    """The server sent something that isn't a valid HTTP/1.1 answer."""


class MissingFileError(OSError):
    """A file of certificates or of a key isn't there."""


class NoAnswerError(urllib3.exceptions.ProtocolError):
    """The connection was cut before the first byte of an answer."""


class TlsBrokenError(urllib3.exceptions.SSLError):
    """TLS broke after the handshake: the server may have had the request."""


class TooSlowError(urllib3.exceptions.ReadTimeoutError):
    """A transfer stayed below the minimum speed."""

    def __init__(self, origin: str, moved_bytes: int, waited_s: float) -> None:
        super().__init__(
            origin,  # type: ignore[arg-type] # it is only printed
            None,
            f"below the minimum speed: {moved_bytes} bytes in {waited_s:.0f} s",
        )
        self._arguments = (origin, moved_bytes, waited_s)

    def __reduce__(self) -> tuple[type[TooSlowError], tuple[str, int, float]]:
        return type(self), self._arguments


def body_error(error: Exception, origin: str) -> Exception:
    """Return what reading a body raises, as urllib3 has it.

    Args:
        error: what the socket or the parser raised.
        origin: scheme and host of the server.
    """
    if isinstance(error, urllib3.exceptions.HTTPError):
        return error
    if isinstance(error, _TIMEOUTS):
        return _read_timeout(origin)
    if isinstance(error, ssl.SSLError):
        return TlsBrokenError(error)
    return urllib3.exceptions.ProtocolError(f"Connection broken: {error!r}", error)


def cut_short(done_bytes: int, left_bytes: int) -> urllib3.exceptions.ProtocolError:
    """Return the error of a body that ended too early."""
    incomplete = urllib3.exceptions.IncompleteRead(done_bytes, left_bytes)
    return urllib3.exceptions.ProtocolError(f"Connection broken: {incomplete!r}", incomplete)


def send_error(error: Exception, origin: str) -> requests.exceptions.RequestException:
    """Return what sending a request, or waiting for the head of its answer, raises.

    Args:
        error: what the socket or the parser raised.
        origin: scheme and host of the server.
    """
    if isinstance(error, _TIMEOUTS):
        error = _read_timeout(origin)
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        return requests.exceptions.ReadTimeout(error)
    if isinstance(error, ssl.SSLError):
        return requests.exceptions.SSLError(TlsBrokenError(error))
    if isinstance(error, OSError):
        error = urllib3.exceptions.ProtocolError("Connection aborted.", error)
    return requests.exceptions.ConnectionError(error)


def connect_error(error: Exception, host: str, origin: str) -> requests.exceptions.RequestException:
    """Return what a connection that doesn't come about raises.

    Args:
        error: what the socket, the resolver or the TLS library raised.
        host: the host's name.
        origin: scheme and host of the server.
    """
    inner: urllib3.exceptions.HTTPError
    if isinstance(error, _TIMEOUTS):
        inner = urllib3.exceptions.ConnectTimeoutError(f"{origin}: no connection in time")
        return requests.exceptions.ConnectTimeout(inner)
    if isinstance(error, ssl.SSLError):
        return requests.exceptions.SSLError(urllib3.exceptions.SSLError(error))
    if isinstance(error, socket.gaierror):
        inner = urllib3.exceptions.NameResolutionError(host, origin, error)  # type: ignore[arg-type] # only printed
    else:
        inner = urllib3.exceptions.NewConnectionError(origin, f"can't connect: {error}")  # type: ignore[arg-type] # only printed
    return requests.exceptions.ConnectionError(inner)


def _read_timeout(origin: str) -> urllib3.exceptions.ReadTimeoutError:
    return urllib3.exceptions.ReadTimeoutError(origin, None, "Read timed out.")  # type: ignore[arg-type] # only printed
