"""A listening socket that gives each connection a thread, and can end them all.

Rules of this file: an OSError ends its connection and nothing else; a TLS handshake is made in the
connection's own thread, so a client that stalls holds up nobody.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

CLOSE_TIMEOUT_S: Final = 5.0


class TcpListener:
    """A listener on a free port.

    Args:
        serve: is called with each connection, in a thread of its own; the connection is closed
            when it returns.
        address: where to listen, IPv4 or IPv6.
        context: the server's TLS, or None for plain TCP.

    Attributes:
        port: where it listens.
        accepted_count: how many connections came, those included whose handshake failed.
    """

    def __init__(
        self,
        serve: Callable[[socket.socket], None],
        *,
        address: str = "127.0.0.1",
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._serve = serve
        self._context = context
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_closed = False
        self.accepted_count = 0
        self._threads: list[threading.Thread] = []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, 0), family=family, backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.accepted_count += 1
            thread = threading.Thread(target=self._run, args=(connection,), daemon=True)
            self._threads = [*(t for t in self._threads if t.is_alive()), thread]
            thread.start()

    def _run(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), self.cut_at_close(connection):
            if self._context is None:
                self._serve(connection)
                return
            secured = self._context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
            with self.cut_at_close(secured):
                secured.do_handshake()
                self._serve(secured)

    @contextlib.contextmanager
    def cut_at_close(self, connection: socket.socket) -> Iterator[None]:
        """Close a connection at the end of the block, and cut it before that by `close`.

        Raises:
            ConnectionAbortedError: the listener is closed.
        """
        with connection:
            with self._lock:
                self._sockets.add(connection)
            try:
                if self._is_closed:
                    raise ConnectionAbortedError
                yield
            finally:
                with self._lock:
                    self._sockets.discard(connection)

    def close(self) -> None:
        """Stop listening and cut every connection."""
        self._is_closed = True
        # A thread that waits in accept() wakes when the listener is shut down, not when it is
        # closed.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(CLOSE_TIMEOUT_S)
        with self._lock:
            connections = list(self._sockets)
        for connection in connections:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(CLOSE_TIMEOUT_S)
