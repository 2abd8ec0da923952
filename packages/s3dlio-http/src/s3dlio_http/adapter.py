"""The transport adapter: what requests calls to send a request.

Rules that hold in this file:
- It does one thing fast: HTTP/1.1 with bodies from buffers to a server that is reached directly.
  Proxies, bodies from files and generators, and whatever else is unusual go to requests' own
  adapter.
- A request is sent a second time only when its method is one of `repeats`: safe ones unless the
  caller says otherwise. A PUT may append, or have a condition, by what only the service knows.
- After a fork the child shares no connection with its parent.

Source: requests' documentation on transport adapters; RFC 9110 section 9.2.1; RFC 9112 section 9.3.
"""

from __future__ import annotations

import os
import ssl
import threading
from typing import TYPE_CHECKING, Any, Literal

import requests
import requests.adapters
import requests.utils

from s3dlio_http.answer_head import CHUNKED, UNTIL_CLOSE, AnswerHead, HeadLimits, body_length
from s3dlio_http.body import Body, LengthBody, UntilCloseBody
from s3dlio_http.chunked import ChunkedBody
from s3dlio_http.errors import (
    FAILURES,
    MalformedAnswerError,
    MissingFileError,
    NoAnswerError,
    connect_error,
    send_error,
)
from s3dlio_http.pool import Pool, PoolSettings, parse_origin
from s3dlio_http.request_head import request_head
from s3dlio_http.response import make_response
from s3dlio_http.speed import DEFAULT_MINIMUM_SPEED, MinimumSpeed
from s3dlio_http.tls import TlsContexts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_http.connection import Connection

__all__ = ["HttpAdapter", "make_adapter"]

_SWITCH = "S3DLIO_HTTP_ADAPTER"
#: Origins whose connections are kept; each bucket may have a host name of its own.
_ORIGINS_MAX = 64
_DEFAULT_LIMITS = HeadLimits()

_NUMBERS = frozenset({int, float})
#: Methods that change nothing.
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class HttpAdapter(requests.adapters.BaseAdapter):
    """Sends requests over pooled connections. Thread-safe, fork-safe, picklable.

    Mount it: `session.mount("https://", HttpAdapter())`. `response.raw.readinto(buffer)` receives
    straight into the buffer.
    """

    def __init__(
        self,
        *,
        max_pool_size: int = 256,
        minimum_speed: MinimumSpeed | None = DEFAULT_MINIMUM_SPEED,
        limits: HeadLimits = _DEFAULT_LIMITS,
        repeats: frozenset[str] = _SAFE,
    ) -> None:
        """Make an adapter without connections.

        Args:
            max_pool_size: how many idle connections to one origin are kept.
            minimum_speed: what a body with a known length must reach, either way; None for none.
            limits: how much a server may send besides bodies.
            repeats: methods that may be sent once more when a kept connection breaks before the
                first byte of an answer.
        """
        super().__init__()
        self._settings = PoolSettings(max_pool_size, minimum_speed, limits, repeats)
        self._start()

    def _start(self) -> None:
        self._stock: requests.adapters.HTTPAdapter | None = None
        self._lock = threading.Lock()
        self._pools: dict[tuple[str, Any, Any], Pool] = {}
        self._contexts = TlsContexts()
        self._process = _process

    def __getstate__(self) -> PoolSettings:
        return self._settings

    def __setstate__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._start()

    def __del__(self) -> None:
        # Without a lock: in a fork's child nobody might be left to release it.
        for pool in list(getattr(self, "_pools", {}).values()):
            pool.close()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request; return once the head of the answer has arrived.

        Args:
            request: the request.
            stream: ignored, as by requests' own adapter: the session reads the body.
            timeout: seconds for each wait, one number or (connect, read), None for ever.
            verify: whether to verify certificates, or a file or directory of authorities.
            cert: a client certificate: a file, or (file, key file).
            proxies: proxies by scheme.

        Raises:
            requests.exceptions.RequestException: no answer; as requests' own adapter.
            OSError: a certificate file is missing.
        """
        if self._process is not _process:
            self._forget_parent()
        try:
            response = self._send(request, timeout, verify, cert, proxies)
        except requests.exceptions.RequestException as error:
            error.request = request
            raise
        if response is None:
            return self._stock_adapter().send(request, stream, timeout, verify, cert, proxies)
        return response

    def close(self) -> None:
        """Close the idle connections. The adapter can be used again."""
        with self._lock:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()
        if self._stock is not None:
            self._stock.close()

    def _send(
        self,
        request: requests.PreparedRequest,
        timeout: Any,
        verify: Any,
        cert: Any,
        proxies: Mapping[str, str] | None,
    ) -> requests.Response | None:
        """Send a request, or return None when requests' own adapter must."""
        pool, target = self._address(request.url, verify, cert, proxies)
        timeouts = _timeouts(timeout)
        content = _content(request.body)
        if pool is None or timeouts is None or content is False:
            return None
        size_bytes = None if content is None else len(content)
        head = request_head(request.method, target, request.headers, pool.host_header, size_bytes)
        if head is None:
            return None
        try:
            connection, answer = _deliver(request, pool, head, content or None, timeouts)
            body = _body(connection, answer, request.method)
        except (requests.exceptions.RequestException, MissingFileError):
            raise
        except FAILURES as error:
            raise send_error(error, pool.origin) from error
        return make_response(request, body, self)

    def _address(
        self, url: Any, verify: Any, cert: Any, proxies: Mapping[str, str] | None
    ) -> tuple[Pool | None, str]:
        """Return pool and target, without a pool when requests' own adapter must send."""
        if not isinstance(url, str):
            return None, ""
        if proxies and requests.utils.select_proxy(url, dict(proxies)):
            return None, ""
        slash = url.find("/", 8)
        if slash < 0:
            return None, ""
        origin = url[:slash]
        try:
            pool: Pool | None = self._pools[origin, verify, cert]
        except (KeyError, TypeError):
            pool = self._make_pool(origin, verify, cert)
        return pool, url[slash:]

    def _make_pool(self, origin: str, verify: Any, cert: Any) -> Pool | None:
        address = parse_origin(origin)
        if address is None or not _is_plain_tls(verify, cert):
            return None
        with self._lock:
            pool = self._pools.get((origin, verify, cert))
            if pool is None:
                # The oldest goes; to know which was used last would cost every request.
                while len(self._pools) >= _ORIGINS_MAX:
                    self._pools.pop(next(iter(self._pools))).close()
                pool = Pool(address, (verify, cert), self._contexts, self._settings)
                self._pools[origin, verify, cert] = pool
        return pool

    def _stock_adapter(self) -> requests.adapters.HTTPAdapter:
        with self._lock:
            if self._stock is None:
                self._stock = _make_stock_adapter(self._settings.max_pool_size)
        return self._stock

    def _forget_parent(self) -> None:
        # Closing a copy of a socket leaves the parent's open; nothing is said on the wire.
        for pool in list(self._pools.values()):
            pool.close()
        self._start()


def make_adapter(
    *,
    max_pool_size: int = 256,
    minimum_speed: MinimumSpeed | None = DEFAULT_MINIMUM_SPEED,
    repeats: frozenset[str] = _SAFE,
    environ: Mapping[str, str] = os.environ,
) -> requests.adapters.BaseAdapter:
    """Return the adapter that the environment asks for.

    Args:
        max_pool_size: how many idle connections to one origin are kept.
        minimum_speed: as for `HttpAdapter`; requests' own adapter has no such rule.
        repeats: as for `HttpAdapter`; requests' own adapter never repeats.
        environ: where S3DLIO_HTTP_ADAPTER is looked up: "s3dlio", or "requests" for requests' own.

    Raises:
        ValueError: S3DLIO_HTTP_ADAPTER names no adapter.
    """
    name = environ.get(_SWITCH, "")
    if name == "requests":
        return _make_stock_adapter(max_pool_size)
    if name in {"", "s3dlio"}:
        return HttpAdapter(
            max_pool_size=max_pool_size, minimum_speed=minimum_speed, repeats=repeats
        )
    raise ValueError(f'{_SWITCH} is {name!r}; it can be "s3dlio" or "requests"')


def _make_stock_adapter(max_pool_size: int) -> requests.adapters.HTTPAdapter:
    return requests.adapters.HTTPAdapter(
        pool_connections=_ORIGINS_MAX, pool_maxsize=max_pool_size, max_retries=0
    )


def _deliver(
    request: requests.PreparedRequest,
    pool: Pool,
    head: bytes,
    content: memoryview | None,
    timeouts: tuple[float | None, float | None],
) -> tuple[Connection, AnswerHead]:
    """Send a request and receive the head of its answer."""
    connect_s, read_s = timeouts
    connection = pool.take()
    if connection is not None:
        try:
            return connection, connection.exchange(head, content, read_s)
        except NoAnswerError:
            if request.method not in pool.repeats:
                raise
    connection = _connect(pool, connect_s)
    return connection, connection.exchange(head, content, read_s)


def _connect(pool: Pool, timeout_s: float | None) -> Connection:
    try:
        context = pool.tls_context()
    except ssl.SSLError as error:
        raise connect_error(error, pool.host, pool.origin) from error
    try:
        return pool.connect(context, timeout_s)
    except UnicodeError as error:
        raise requests.exceptions.InvalidURL("the host isn't a name of the DNS") from error
    except OSError as error:
        raise connect_error(error, pool.host, pool.origin) from error


def _body(connection: Connection, head: AnswerHead, method: str | None) -> Body:
    try:
        length = body_length(head, method or "")
    except MalformedAnswerError:
        connection.close()
        raise
    if not head.keeps_alive:
        connection.keep = False
    if length == CHUNKED:
        return ChunkedBody(connection, head)
    if length == UNTIL_CLOSE:
        return UntilCloseBody(connection, head)
    return LengthBody(connection, head, length)


def _content(body: Any) -> memoryview | Literal[False] | None:
    """Return what is sent from memory; None for no body, False for one that isn't in memory."""
    if body is None:
        return None
    if isinstance(body, str):
        body = body.encode("utf-8")
    if not isinstance(body, bytes | bytearray | memoryview):
        return False
    view = memoryview(body)
    return view.cast("B") if view.c_contiguous else memoryview(view.tobytes())


def _timeouts(timeout: Any) -> tuple[float | None, float | None] | None:
    """Return seconds to connect and to read, or None for what requests' own adapter must judge."""
    pair = timeout if type(timeout) is tuple else (timeout, timeout)
    if len(pair) != 2:
        return None
    for seconds in pair:
        if seconds is not None and not (type(seconds) in _NUMBERS and seconds > 0):
            return None
    return pair


def _is_plain_tls(verify: Any, cert: Any) -> bool:
    if not (isinstance(verify, bool) or (isinstance(verify, str) and verify)):
        return False
    if isinstance(cert, tuple):
        return len(cert) == 2 and all(isinstance(path, str) for path in cert)
    return cert is None or (isinstance(cert, str) and bool(cert))


def _begin_process() -> None:
    global _process  # noqa: PLW0603 - comparing it costs a fifth of asking for the process id
    _process = object()


#: Another object in each process.
_process = object()
os.register_at_fork(after_in_child=_begin_process)
