r"""A server that answers each request with the bytes that a test wrote for its target.

    with ByteServer() as server:
        server.on("/a", Reply(b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 2\r\n\r\nhi"))
        requests.get(server.url("/a"))
        assert [0] == [request.connection for request in server.requests]

Rules of this file: one listener serves any number of tests and examples, each with targets of its
own; what a reply sends in pieces is sent by as many calls, with a moment between them, so that
a client that waits sees them one by one; a target without a reply is answered by `SENTINEL`, which
shows whether a connection can still be used.
"""

from __future__ import annotations

import contextlib
import enum
import itertools
import json
import socket
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from tests.servers.closing import Closing
from tests.servers.http_relay import Head, Wire, read_chunked, read_length
from tests.servers.tcp_listener import TcpListener

if TYPE_CHECKING:
    from tests.servers.certificates import Certificates

#: The body of an answer to a target that no reply was given for.
SENTINEL: Final = b"all is well"
#: Long enough for another thread to receive, short enough for hundreds of examples.
PIECE_PAUSE_S: Final = 0.0003
END_TIMEOUT_S: Final = 60.0
END_PAUSE_S: Final = 0.02


class End(enum.Enum):
    """What becomes of a connection after a reply."""

    KEEP = "keep"
    #: Close in the orderly way, with TLS's own farewell.
    CLOSE = "close"
    #: Close the TCP connection without TLS's farewell.
    CLOSE_TCP = "close tcp"
    #: Nothing more is sent, but what comes is still read, and thrown away.
    HALF_CLOSE = "half close"
    RESET = "reset"


@dataclass(slots=True)
class ReceivedRequest:
    """A request as it came.

    Attributes:
        connection: the number of its connection, counted from 0.
        head: its head; `head.raw` has the bytes.
        body: as much of its body as was read.
        is_session_reused: whether the TLS session was resumed.
    """

    connection: int
    head: Head
    body: bytearray = field(default_factory=bytearray)
    is_session_reused: bool = False

    @property
    def method(self) -> str:
        """The method."""
        return self.head.start_line.split(" ")[0]

    @property
    def target(self) -> str:
        """The target as it was sent."""
        return self.head.start_line.split(" ")[1]


class Conversation:
    """A connection with a request whose head has come; a handler decides what follows.

    Attributes:
        wire: the connection.
        request: the request; `read_body` fills its body.
        end: what becomes of the connection when the handler returns.
    """

    def __init__(self, wire: Wire, request: ReceivedRequest) -> None:
        self.wire = wire
        self.request = request
        self.end = End.KEEP

    def read_body(self, limit_bytes: int | None = None) -> None:
        """Read the request's body to its end, or so many bytes of it."""
        head = self.request.head
        if head.is_chunked:
            pieces = read_chunked(self.wire)
        else:
            wanted = head.length_bytes or 0
            pieces = read_length(
                self.wire, wanted if limit_bytes is None else min(limit_bytes, wanted)
            )
        for piece in pieces:
            self.request.body += piece

    def send(self, pieces: Iterable[bytes]) -> None:
        """Send pieces one by one."""
        for number, piece in enumerate(pieces):
            if number:
                time.sleep(PIECE_PAUSE_S)
            self.wire.send(piece)


Handler: TypeAlias = Callable[[Conversation], None]


class Reply:
    """A handler that sends what it is given.

    Args:
        pieces: the bytes.
        end: what becomes of the connection.
        body_limit_bytes: how much of the request's body is read first; None for all.
    """

    def __init__(
        self, *pieces: bytes, end: End = End.KEEP, body_limit_bytes: int | None = None
    ) -> None:
        self.pieces = pieces
        self.end = end
        self.body_limit_bytes = body_limit_bytes

    def __call__(self, talk: Conversation) -> None:
        """Answer."""
        talk.end = self.end
        talk.read_body(self.body_limit_bytes)
        talk.send(self.pieces)


class Flood:
    """A handler that sends a beginning, and then the same bytes until the client is gone.

    Args:
        beginning: what is sent first.
        repeated: what is sent ever again.
        limit_bytes: where it ends all the same, so that a client without limits fails.

    Attributes:
        sent_bytes: how much the client let it send.
        ended: is set when it has ended.
    """

    def __init__(self, beginning: bytes, repeated: bytes, limit_bytes: int = 64 << 20) -> None:
        self._beginning = beginning
        self._piece = repeated * max(1, 65536 // len(repeated))
        self._limit_bytes = limit_bytes
        self.sent_bytes = 0
        self.ended = threading.Event()

    def __call__(self, talk: Conversation) -> None:
        """Answer."""
        talk.end = End.CLOSE
        talk.read_body()
        try:
            talk.wire.send(self._beginning)
            while self.sent_bytes < self._limit_bytes:
                talk.wire.send(self._piece)
                self.sent_bytes += len(self._piece)
        finally:
            self.ended.set()


def echo(talk: Conversation) -> None:
    """A handler that answers with what it was sent, as JSON; bytes are told as Latin-1."""
    talk.read_body()
    said = {
        "method": talk.request.method,
        "target": talk.request.target,
        "headers": talk.request.head.headers,
        "body": talk.request.body.decode("latin-1"),
    }
    talk.wire.send(answer(json.dumps(said).encode(), Content_Type="application/json"))


def answer(
    body: bytes = b"", *, status: str = "200 OK", version: str = "1.1", **headers: str
) -> bytes:
    """An answer with its Content-Length; `_` in a header's name stands for `-`."""
    fields = {"Content-Length": str(len(body))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/{version} {status}\r\n{lines}\r\n".encode() + body


class ByteServer(Closing):
    """The server. Use it with `with`, or call `close`.

    Args:
        address: where to listen.
        certificates: those of the server's TLS, or None for plain HTTP.
        context: another than the plainest context with the good certificate.

    Attributes:
        requests: all that came, in the order in which their heads came.
        verify: what clients of requests need to trust the server.
    """

    def __init__(
        self,
        *,
        address: str = "127.0.0.1",
        certificates: Certificates | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        if certificates is not None and context is None:
            context = certificates.server_context()
        self.verify = True if certificates is None else str(certificates.ca)
        self._replies: dict[str, Handler] = {}
        self._targets = itertools.count()
        self._connections = itertools.count()
        self._ended: defaultdict[int, threading.Event] = defaultdict(threading.Event)
        self.requests: list[ReceivedRequest] = []
        self._listener = TcpListener(self._serve, address=address, context=context)
        self.port = self._listener.port
        host = f"[{address}]" if ":" in address else address
        self.host = f"{host}:{self.port}"
        self._scheme = "http" if context is None else "https"

    @property
    def accepted_count(self) -> int:
        """How many connections came, those included whose TLS handshake failed."""
        return self._listener.accepted_count

    def url(self, target: str) -> str:
        """The URL of a target."""
        return f"{self._scheme}://{self.host}{target}"

    def on(self, target: str, *handlers: Handler) -> str:
        """Answer requests for a target, one after another, the last one ever again.

        A target without a query stands for itself with any query, too.

        Returns:
            The URL.
        """
        self._replies[target] = handlers[0] if len(handlers) == 1 else _Sequence(handlers)
        return self.url(target)

    def give(self, *handlers: Handler) -> str:
        """The same for a fresh target."""
        return self.on(f"/{next(self._targets)}", *handlers)

    def fresh_url(self) -> str:
        """The URL of a fresh target, which the sentinel answers."""
        return self.url(f"/{next(self._targets)}")

    def requests_for(self, url: str) -> list[ReceivedRequest]:
        """The requests for a URL."""
        target = url.removeprefix(self.url(""))
        return [request for request in self.requests if request.target == target]

    def connections_for(self, *urls: str) -> list[int]:
        """The connection of each request for these URLs, in this order."""
        return [request.connection for url in urls for request in self.requests_for(url)]

    def wait_until_ended(self, connection: int) -> bool:
        """Wait until a connection has ended, from whichever side; whether it did."""
        ended = self._ended[connection].wait(END_TIMEOUT_S)
        # The other side learns of it a moment later.
        time.sleep(END_PAUSE_S)
        return ended

    def has_ended(self, connection: int) -> bool:
        """Whether a connection has ended."""
        return self._ended[connection].is_set()

    def forget(self) -> None:
        """Forget what was received and what is to be answered."""
        self.requests.clear()
        self._replies.clear()

    def _serve(self, connection: socket.socket) -> None:
        number = next(self._connections)
        try:
            self._converse(number, Wire(connection))
        finally:
            connection.close()
            self._ended[number].set()

    def _converse(self, number: int, wire: Wire) -> None:
        while raw := wire.read_head():
            tls = wire.socket if isinstance(wire.socket, ssl.SSLSocket) else None
            reused = tls is not None and bool(tls.session_reused)
            request = ReceivedRequest(number, Head(raw), is_session_reused=reused)
            self.requests.append(request)
            talk = Conversation(wire, request)
            self._handler(request.target)(talk)
            if talk.end is not End.KEEP:
                _end(wire, talk.end)
                return

    def _handler(self, target: str) -> Handler:
        path = target.partition("?")[0]
        return self._replies.get(target) or self._replies.get(path) or _SENTINEL_REPLY

    def close(self) -> None:
        """Stop listening and cut every connection."""
        self._listener.close()


class _Sequence:
    """Several handlers, one after another, the last one ever again."""

    def __init__(self, handlers: Iterable[Handler]) -> None:
        self._left = list(handlers)
        self._lock = threading.Lock()

    def __call__(self, talk: Conversation) -> None:
        with self._lock:
            handler = self._left.pop(0) if len(self._left) > 1 else self._left[0]
        handler(talk)


_SENTINEL_REPLY: Final = Reply(answer(SENTINEL))


def _end(wire: Wire, end: End) -> None:
    if end is End.RESET:
        wire.reset()
        return
    if end is End.CLOSE and isinstance(wire.socket, ssl.SSLSocket):
        # The farewell is sent; the other side's isn't waited for.
        wire.socket.setblocking(False)
        with contextlib.suppress(OSError):
            wire.socket.unwrap()
    if end is End.HALF_CLOSE:
        wire.socket.shutdown(socket.SHUT_WR)
        while wire.socket.recv(65536):
            pass
    wire.close()
