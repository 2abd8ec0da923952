"""A client for programs that build and sign their requests themselves.

Rules that hold in this file:
- A `PreparedRequest` is made by hand: `Request.prepare` would rewrite "/b/a/../c" and "%2E", and
  a signature is over the exact path. It goes straight to a transport adapter: no session, no
  cookies, no redirects, no netrc, no retries. (A GET or HEAD that met a dead connection is sent on
  a fresh one; of all others the caller decides: a second PUT may be refused.)
- The adapter is this package's, which receives straight into the caller's buffer, or requests' own.
  Its answers, and those that came through a proxy, are urllib3's: these are read in slices.
- Bodies are never decoded; an answer is read to its end or its connection is closed, so that a
  kept-alive connection never carries the rest of an old answer.
- Proxies are resolved here, once for each origin.
- Every exception of the stack below is told by its kind (`wire_errors`); what is raised is made of
  that by the caller's `translate`. Those of requests and urllib3 quote the URL, which may hold a
  signature: none of them is shown as the cause.
- After a fork the child gets an adapter of its own: it shares no socket with its parent.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

import requests
import requests.adapters
import requests.utils
import urllib3.response

from s3dlio_http.adapter import make_adapter
from s3dlio_http.wire_errors import (
    STACK_EXCEPTIONS,
    WireError,
    WireErrorKind,
    root_cause,
    wire_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["HttpAnswer", "HttpClient", "HttpRequest", "Translate", "may_change"]

#: urllib3 copies what it reads, so a larger slice would only hold more memory twice.
_COPIED_SLICE_BYTES = 256 * 1024

#: Methods that change nothing (RFC 9110 section 9.2.1), as far as they are used here.
_SAFE_METHODS = frozenset({"GET", "HEAD"})

#: What requests can speak to; SOCKS with PySocks.
_PROXY_SCHEMES = frozenset({"http", "https", "socks4", "socks4a", "socks5", "socks5h"})

#: The adapter, and the process that it belongs to.
_Held: TypeAlias = "tuple[int, requests.adapters.BaseAdapter]"


def may_change(method: str) -> bool:
    """Return whether a request of this method may change what the service holds."""
    return method not in _SAFE_METHODS


@dataclass(slots=True)
class HttpRequest:
    """A request, ready to be sent. Nobody changes it; to freeze it would cost a microsecond.

    Its repr tells neither headers nor the query, and so no secret.

    Attributes:
        operation, uri: what it is for; they stand in errors.
        method: the HTTP method.
        origin: scheme and host.
        target: path and query, percent-encoded.
        headers: all of them; lower case but Content-Length.
        body: the body, or None.
    """

    operation: str
    uri: str
    method: str
    origin: str
    target: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | bytearray | memoryview | None = field(default=None, repr=False)


#: Makes of a request and what went wrong with it the exception that is raised.
Translate: TypeAlias = "Callable[[HttpRequest, WireError], Exception]"

#: For what goes wrong before there is a request.
_NO_REQUEST = HttpRequest("", "", "", "", "", {})


class HttpAnswer:
    """An answer whose head has arrived. Read it to its end or close it.

    Attributes:
        status: the HTTP status.
        headers: names in lower case.
    """

    __slots__ = ("_raw", "_request", "_translate", "headers", "status")

    def __init__(
        self, request: HttpRequest, response: requests.Response, translate: Translate
    ) -> None:
        self._request = request
        self._translate = translate
        self._raw = response.raw
        self.status = response.status_code
        self.headers: Mapping[str, str] = dict(response.headers.lower_items())

    def readinto(self, view: memoryview) -> int:
        """Read some bytes of the body into the view; 0 at its end.

        Raises:
            Exception: what `translate` makes of a body that ends early, or a broken connection.
        """
        try:
            return int(self._raw.readinto(view))
        except STACK_EXCEPTIONS as error:
            raise self._broken(error) from root_cause(error)

    def read(self, size_max_bytes: int) -> bytes:
        """Read a small body whole, and close.

        Raises:
            Exception: what `translate` makes of a body that ends early, or a broken connection.

        Returns:
            The body. One that is longer than `size_max_bytes` is cut one byte after that.
        """
        try:
            body = self._read(size_max_bytes + 1)
            if len(body) <= size_max_bytes:
                self.finish()
        finally:
            self.close()
        return body

    def finish(self) -> None:
        """Give the connection back. The body must have been read, or be empty."""
        if not self._raw.closed:
            # The end of a body in chunks may not have come yet.
            self._read(1)
            self._raw.close()

    def close(self) -> None:
        """Close; a connection with unread bytes is cut."""
        self._raw.close()

    def _read(self, size_bytes: int) -> bytes:
        try:
            return bytes(self._raw.read(size_bytes))
        except STACK_EXCEPTIONS as error:
            raise self._broken(error) from root_cause(error)

    def _broken(self, error: Exception) -> Exception:
        # Whatever broke now: the service has had the request.
        maybe_done = may_change(self._request.method)
        return self._translate(self._request, replace(wire_error(error), maybe_done=maybe_done))


class _CopiedAnswer(HttpAnswer):
    """An answer whose body is urllib3's."""

    __slots__ = ()

    def readinto(self, view: memoryview) -> int:
        return super().readinto(view[:_COPIED_SLICE_BYTES])

    def finish(self) -> None:
        # One more read tells http.client that nothing is left.
        if not self._read(1):
            self._raw.release_conn()
        self.close()


class HttpClient:
    """Sends requests over pooled connections. Thread-safe and fork-safe."""

    def __init__(
        self,
        *,
        connect_timeout_s: float,
        read_timeout_s: float,
        max_pool_size: int,
        verify: bool | str,
        translate: Translate,
    ) -> None:
        """Make a client; connections come with requests.

        Args:
            connect_timeout_s: how long to wait for a connection.
            read_timeout_s: how long to wait for the next bytes.
            max_pool_size: connections that are kept for each origin.
            verify: whether certificates are verified, or the authorities' file or directory.
            translate: makes what is raised; it must not raise.

        Raises:
            Exception: what `translate` makes of a switch that names no adapter.
        """
        self._translate = translate
        self._timeouts_s = (connect_timeout_s, read_timeout_s)
        self._max_pool_size = max_pool_size
        self._verify = verify
        self._proxies: dict[str, dict[str, str]] = {}
        self._adapter: _Held | None = (os.getpid(), self._make_adapter())

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Send a request; return once the head of the answer has arrived.

        Raises:
            Exception: what `translate` makes of no answer, or of a request that can't be sent.
        """
        prepared = requests.PreparedRequest()
        prepared.method = request.method
        prepared.url = request.origin + request.target
        prepared.headers = request.headers  # type: ignore[assignment] # any mapping will do
        prepared.body = request.body  # type: ignore[assignment] # a memoryview is sent as it is
        proxies = self._proxies_for(request)
        adapter = self._current_adapter()
        try:
            response = adapter.send(
                prepared,
                stream=True,
                timeout=self._timeouts_s,
                verify=self._verify,
                proxies=proxies,
            )
        except STACK_EXCEPTIONS as error:
            raise self._translated(request, error) from root_cause(error)
        if isinstance(response.raw, urllib3.response.BaseHTTPResponse):
            return _CopiedAnswer(request, response, self._translate)
        return HttpAnswer(request, response, self._translate)

    def close(self) -> None:
        """Close the pooled connections."""
        if self._adapter is not None and self._adapter[0] == os.getpid():
            self._adapter[1].close()
        self._adapter = None

    def _current_adapter(self) -> requests.adapters.BaseAdapter:
        # After a fork, or after close. Without a lock: two threads may both make one, and the one
        # that is dropped serves a single request.
        held = self._adapter
        if held is None or held[0] != os.getpid():
            held = self._adapter = (os.getpid(), self._make_adapter())
        return held[1]

    def _proxies_for(self, request: HttpRequest) -> dict[str, str]:
        proxies = self._proxies.get(request.origin)
        if proxies is None:
            proxies = dict(requests.utils.get_environ_proxies(request.origin, no_proxy=None))
            if not _is_proxy(requests.utils.select_proxy(request.origin, proxies)):
                raise self._unsent(request, WireErrorKind.BAD_PROXY)
            self._proxies[request.origin] = proxies
        if proxies and request.origin.startswith("http://"):
            path = request.target.partition("?")[0] + "/"
            if "/./" in path or "/../" in path:
                raise self._unsent(request, WireErrorKind.PROXY_REWRITES_PATH)
        return proxies

    def _make_adapter(self) -> requests.adapters.BaseAdapter:
        try:
            return make_adapter(max_pool_size=self._max_pool_size)
        except ValueError as error:
            kind = WireErrorKind.UNKNOWN_ADAPTER
            raise self._unsent(_NO_REQUEST, kind, str(error)) from None

    def _unsent(self, request: HttpRequest, kind: WireErrorKind, said: str = "") -> Exception:
        return self._translate(request, WireError(kind, said, maybe_done=False))

    def _translated(self, request: HttpRequest, error: Exception) -> Exception:
        found = wire_error(error)
        maybe_done = found.maybe_done and may_change(request.method)
        return self._translate(request, replace(found, maybe_done=maybe_done))


def _is_proxy(proxy: str | None) -> bool:
    """Return whether this is a proxy that requests understands, or none."""
    if not proxy:
        return True
    # Without a scheme requests takes it for http, but not with a user's name.
    bare = "://" not in proxy and "@" not in proxy
    try:
        parts = urlsplit(f"http://{proxy.removeprefix('//')}" if bare else proxy)
        return parts.scheme in _PROXY_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
