"""TLS: contexts as requests means `verify` and `cert`, sessions that are resumed.

Rules that hold in this file:
- A context is made once for each meaning of `verify` and `cert`, and again when a file has changed.
- A context comes from urllib3, so ciphers, strictness and SSLKEYLOGFILE are what users of requests
  know; TLS 1.2 is the oldest that is spoken.
- Under TLS the socket has Python's timeouts: a read may have to write, and the other way round.

Source: requests' documentation on SSL verification and client certificates; RFC 8446 sections 2.2
and 4.6.1.
"""

from __future__ import annotations

import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from requests.certs import where as certifi_where  # type: ignore[attr-defined]
from urllib3.util.ssl_ import create_urllib3_context

from s3dlio_http.connection import Connection
from s3dlio_http.errors import MissingFileError
from s3dlio_http.syscalls import SHORT_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3dlio_http.pool import Pool

__all__ = ["TlsConnection", "TlsContexts"]

_CONTEXTS_MAX = 16
#: What OpenSSL is given at once; it encrypts 16 KiB records.
_SLICE_BYTES = 256 * 1024


class TlsContexts:
    """Contexts by what they were made of. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._contexts: dict[tuple[Any, ...], ssl.SSLContext] = {}

    def get(self, verify: bool | str, cert: str | tuple[str, str | None] | None) -> ssl.SSLContext:
        """Return the context for requests' `verify` and `cert`.

        Raises:
            MissingFileError: a file is missing.
            ssl.SSLError: a file has no certificates.
        """
        authorities = certifi_where() if verify is True else verify
        chain, key_file = (cert, None) if cert is None or isinstance(cert, str) else cert
        if authorities is not False and not Path(authorities).exists():
            raise MissingFileError(
                f"Could not find a suitable TLS CA certificate bundle, invalid path: {authorities}"
            )
        if chain and not Path(chain).exists():
            raise MissingFileError(
                f"Could not find the TLS certificate file, invalid path: {chain}"
            )
        if key_file and not Path(key_file).exists():
            raise MissingFileError(f"Could not find the TLS key file, invalid path: {key_file}")
        made_of = (_stamp(authorities or None), _stamp(chain), _stamp(key_file))
        with self._lock:
            context = self._contexts.get(made_of)
            if context is None:
                context = _context(authorities, chain, key_file)
                while len(self._contexts) >= _CONTEXTS_MAX:
                    del self._contexts[next(iter(self._contexts))]
                self._contexts[made_of] = context
        return context


def _stamp(path: str | None) -> tuple[str, int, int] | None:
    if path is None:
        return None
    status = Path(path).stat()
    return path, status.st_mtime_ns, status.st_size


def _context(authorities: str | bool, chain: str | None, key_file: str | None) -> ssl.SSLContext:
    needed = ssl.CERT_NONE if authorities is False else ssl.CERT_REQUIRED
    context = create_urllib3_context(cert_reqs=needed)
    # urllib3 wants no tickets of TLS 1.2; without them only a server that remembers can resume.
    context.options &= ~ssl.OP_NO_TICKET
    context.set_alpn_protocols(["http/1.1"])
    if isinstance(authorities, str):
        directory = Path(authorities).is_dir()
        context.load_verify_locations(
            cafile=None if directory else authorities, capath=authorities if directory else None
        )
    if chain:
        context.load_cert_chain(chain, key_file, _no_password)
    return context


def _no_password() -> str:
    # OpenSSL would ask at the terminal.
    raise ssl.SSLError("the client's private key is encrypted, which isn't supported")


class TlsConnection(Connection):
    """A connection under TLS."""

    __slots__ = ("_fresh", "_tls")

    _sock: ssl.SSLSocket

    def __init__(self, pool: Pool, sock: ssl.SSLSocket) -> None:
        """Take over a socket after its handshake."""
        super().__init__(pool, sock)
        self._fresh = True

    def release(self) -> None:
        """Give the connection back; remember its session for the next handshake."""
        if self._fresh:
            # The tickets of TLS 1.3 come after the handshake, with the first answer.
            self._fresh = False
            self.pool.session = self._sock.context, self._sock.session
        super().release()

    def is_stale(self) -> bool:
        """Return whether an idle connection was closed by the server, or got bytes unasked."""
        if not super().is_stale():
            return bool(self._sock.pending())
        # A late session ticket makes the socket readable too, and is nothing to read.
        try:
            return self._at_once(self._sock.recv_into, memoryview(bytearray(1))) > 0
        except OSError:
            return True

    def _apply_timeout(self, timeout_s: float | None) -> None:
        self._sock.settimeout(timeout_s)

    def _send_head(self, head: bytes) -> None:
        self._sock.sendall(head)

    def _send_both(self, head: bytes, body: memoryview) -> None:
        if len(head) + body.nbytes <= SHORT_BYTES:
            # One record.
            self._sock.sendall(head + body)
            return
        self._sock.sendall(head)
        self._send_rest(body)

    def _send_at_once(self, body: memoryview) -> int:
        return self._at_once(self._sock.send, body[:_SLICE_BYTES])

    def _receive_at_once(self) -> int:
        if self.end == len(self.buffer):
            raise ConnectionResetError("the server sent too much")
        count = self._at_once(self._sock.recv_into, self._view[self.end :])
        self.end += count
        return count

    def _at_once(self, move: Callable[[memoryview], int], view: memoryview) -> int:
        """Return how many bytes were moved, 0 when that would have to wait."""
        self._sock.settimeout(0)
        try:
            count = move(view)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        finally:
            self._sock.settimeout(self._timeout_s)
        if not count:
            raise ConnectionResetError("the server closed the connection")
        return count
