"""The connections to one origin.

Rules that hold in this file:
- The connection that was used last is used next: the others may idle and be closed.
- Idle connections are bounded; the one that has idled longest is closed first. Connections in use
  are not: each serves a thread of the caller's.
- No locks: a deque's `append` and `pop` are atomic.
- A pool that was closed, or that belongs to the parent of a fork, takes nothing back.
"""

from __future__ import annotations

import collections
import re
import socket
import ssl
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import urllib3.exceptions

from s3dlio_http.connection import Connection
from s3dlio_http.tls import TlsConnection, TlsContexts

if TYPE_CHECKING:
    from s3dlio_http.answer_head import HeadLimits
    from s3dlio_http.speed import MinimumSpeed

__all__ = ["Pool", "PoolSettings", "parse_origin"]

_ORIGIN = re.compile(
    r"(https?)://(?:\[([0-9a-f:.]+)\]|([0-9a-z._-]+))(?::([0-9]{1,5}))?", re.ASCII | re.IGNORECASE
)
_PORTS: Final = {"http": 80, "https": 443}

_KEEP_IDLE_S: Final = 60
_KEEP_IDLE_OPTION: Final = getattr(
    socket, "TCP_KEEPALIVE" if sys.platform == "darwin" else "TCP_KEEPIDLE", None
)


def parse_origin(origin: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port, or None for what requests' own adapter must judge.

    Args:
        origin: what stands before the path of a URL.
    """
    found = _ORIGIN.fullmatch(origin)
    if found is None:
        return None
    scheme = found[1].lower()
    port = int(found[4]) if found[4] else _PORTS[scheme]
    return (scheme, (found[2] or found[3]).lower(), port) if port < 65536 else None


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """What an adapter was made with.

    Attributes:
        max_pool_size: how many connections to one origin may idle.
        minimum_speed: of bodies with a known length; None for none.
        limits: of what a server sends besides bodies.
        repeats: methods that may be sent once more on a fresh connection.
    """

    max_pool_size: int
    minimum_speed: MinimumSpeed | None
    limits: HeadLimits
    repeats: frozenset[str]


class Pool:
    """The idle connections to one origin, and how to make another.

    Attributes:
        origin: scheme, host and port, for messages.
        host_header: the value of Host.
        idle: connections that wait, the last used at the right.
        open: whether connections may come back.
        session: the last TLS session with the context it belongs to.
        limits, minimum_speed, repeats: of the adapter.
    """

    __slots__ = (
        "_contexts",
        "_host",
        "_port",
        "_tls",
        "host_header",
        "idle",
        "limits",
        "minimum_speed",
        "open",
        "origin",
        "repeats",
        "session",
    )

    def __init__(
        self,
        address: tuple[str, str, int],
        tls: tuple[bool | str, str | tuple[str, str | None] | None],
        contexts: TlsContexts,
        settings: PoolSettings,
    ) -> None:
        """Make an empty pool.

        Args:
            address: scheme, host and port.
            tls: requests' `verify` and `cert`.
            contexts: where TLS contexts come from.
            settings: of the adapter.
        """
        scheme, self._host, self._port = address
        literal = f"[{self._host}]" if ":" in self._host else self._host
        default = self._port == _PORTS[scheme]
        self.host_header = literal if default else f"{literal}:{self._port}"
        self.origin = f"{scheme}://{self.host_header}"
        self.idle: collections.deque[Connection] = collections.deque(maxlen=settings.max_pool_size)
        self.open = True
        self.session: tuple[ssl.SSLContext, ssl.SSLSession | None] | None = None
        self.limits = settings.limits
        self.minimum_speed = settings.minimum_speed
        self._tls = tls if scheme == "https" else None
        self.repeats = settings.repeats
        self._contexts = contexts

    @property
    def host(self) -> str:
        """The host's name or address."""
        return self._host

    def take(self) -> Connection | None:
        """Return an idle connection that is alive, or None."""
        while True:
            try:
                connection = self.idle.pop()
            except IndexError:
                return None
            if not connection.is_stale():
                return connection
            connection.close()

    def tls_context(self) -> ssl.SSLContext | None:
        """Return the TLS context for a new connection, None without TLS.

        Raises:
            MissingFileError: a certificate file is missing.
        """
        return None if self._tls is None else self._contexts.get(*self._tls)

    def connect(self, context: ssl.SSLContext | None, timeout_s: float | None) -> Connection:
        """Make a connection.

        Args:
            context: what `tls_context` returned.
            timeout_s: how long the connection, and then the handshake, may take.

        Raises:
            OSError: it can't be made; see `errors.connect_error`.
        """
        if context is not None and context.verify_mode is ssl.CERT_NONE:
            _warn_unverified(self._host)
        sock = socket.create_connection((self._host, self._port), timeout_s)
        try:
            _set_options(sock)
            if context is None:
                return Connection(self, sock)
            session = self.session
            resumed = session[1] if session is not None and session[0] is context else None
            server = self._host.rstrip(".")
            # A cut is not to look like the end that a server tells.
            sock = context.wrap_socket(
                sock, server_hostname=server, session=resumed, suppress_ragged_eofs=False
            )
            return TlsConnection(self, sock)
        except BaseException:
            sock.close()
            raise

    def close(self) -> None:
        """Close the idle connections; those in use are closed when their answers are read."""
        self.open = False
        while self.idle:
            self.idle.pop().close()


def _set_options(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if _KEEP_IDLE_OPTION is not None:
        sock.setsockopt(socket.IPPROTO_TCP, _KEEP_IDLE_OPTION, _KEEP_IDLE_S)


def _warn_unverified(host: str) -> None:
    warnings.warn(
        f"Unverified HTTPS request is being made to host '{host}'. Adding certificate "
        "verification is strongly advised. See: https://urllib3.readthedocs.io/en/latest/"
        "advanced-usage.html#tls-warnings",
        urllib3.exceptions.InsecureRequestWarning,
        stacklevel=5,
    )
