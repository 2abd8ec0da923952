"""A threaded HTTP/1.1 relay: every message passes byte for byte, and may be stopped anywhere.

Rules of this file: nothing is rewritten, the Host header least of all, since signatures cover it;
one thread per client connection, with one upstream connection at a time; a connection whose framing
is lost is closed.

Source: RFC 9112, sections 6 (message body) and 7.1 (chunked), RFC 9110 section 10.1.1 (Expect).
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
from typing import TYPE_CHECKING, Final, Protocol

from tests.servers.endpoint import RequestRecord
from tests.servers.tcp_listener import TcpListener

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

CHUNK_SIZE_BYTES: Final = 1 << 18
HEAD_SIZE_MAX_BYTES: Final = 1 << 20


class PeerGoneError(ConnectionError):
    """The other side ended in the middle of a message."""


class Wire:
    """One socket, read through a buffer."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._buffer = b""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read_head(self) -> bytes:
        """A message's head with the empty line that ends it; empty at a clean end."""
        while b"\r\n\r\n" not in self._buffer:
            received = self.socket.recv(CHUNK_SIZE_BYTES)
            if not received and not self._buffer:
                return b""
            if not received or len(self._buffer) > HEAD_SIZE_MAX_BYTES:
                raise PeerGoneError
            self._buffer += received
        head, end, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return head + end

    def read_some(self, limit_bytes: int) -> bytes:
        """At least one byte and at most `limit_bytes`; empty at the end."""
        if not self._buffer:
            return self.socket.recv(min(limit_bytes, CHUNK_SIZE_BYTES))
        some, self._buffer = self._buffer[:limit_bytes], self._buffer[limit_bytes:]
        return some

    def read_line(self) -> bytes:
        """A line with its end."""
        while b"\n" not in self._buffer:
            received = self.socket.recv(CHUNK_SIZE_BYTES)
            if not received:
                raise PeerGoneError
            self._buffer += received
        line, end, self._buffer = self._buffer.partition(b"\n")
        return line + end

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self.socket.sendall(data)

    def reset(self) -> None:
        """Close so that the other side sees a reset."""
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        """Close so that the other side sees the end after all that was sent."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Head:
    """A parsed message head; `raw` is what came."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        first, *lines = raw.decode("latin-1").split("\r\n")[:-2]
        self.start_line = first
        fields = (line.partition(":") for line in lines)
        self.headers = {name.strip().lower(): value.strip() for name, _, value in fields}

    @property
    def status(self) -> int:
        """The status of an answer."""
        return int(self.start_line.split(" ")[1])

    @property
    def is_chunked(self) -> bool:
        """Whether the body has the chunked framing."""
        return "chunked" in self.headers.get("transfer-encoding", "").lower()

    @property
    def closes(self) -> bool:
        """Whether the connection ends with this message."""
        return self.headers.get("connection", "").lower() == "close"

    @property
    def length_bytes(self) -> int | None:
        """The body's Content-Length, or None."""
        value = self.headers.get("content-length")
        return None if value is None else int(value)


def read_length(wire: Wire, length_bytes: int) -> Iterator[bytes]:
    """A body of a known length, piece by piece."""
    while length_bytes > 0:
        piece = wire.read_some(length_bytes)
        if not piece:
            raise PeerGoneError
        length_bytes -= len(piece)
        yield piece


def read_chunked(wire: Wire) -> Iterator[bytes]:
    """A chunked body with its framing."""
    while True:
        line = wire.read_line()
        yield line
        size_bytes = int(line.split(b";")[0], 16)
        if size_bytes == 0:
            break
        yield from read_length(wire, size_bytes + 2)
    while (line := wire.read_line()) != b"\r\n":
        yield line
    yield line


def read_to_end(wire: Wire) -> Iterator[bytes]:
    """A body that ends with its connection."""
    while piece := wire.read_some(CHUNK_SIZE_BYTES):
        yield piece


class Recorder(Protocol):
    """Who is told of each request."""

    @property
    def on_record(self) -> Callable[[RequestRecord], None]:
        """Is called before an answer is sent, from many threads."""


class Exchange:
    """One request on its way; a fault decides how far it and its answer get.

    Attributes:
        status: what the client was answered; 0 as long as it wasn't.
    """

    def __init__(self, recorder: Recorder, client: Wire, upstream: Wire, head: Head) -> None:
        self._recorder = recorder
        self.client = client
        self.upstream = upstream
        self.head = head
        self.method, self.target = head.start_line.split(" ")[:2]
        self.keeps_connection = not head.closes
        self.status = 0
        self._early_answer: Head | None = None

    def request_body(self) -> Iterator[bytes]:
        """The request's body as the client sends it."""
        if self.head.is_chunked:
            return read_chunked(self.client)
        return read_length(self.client, self.head.length_bytes or 0)

    def invite_body(self) -> None:
        """Tell a client that waits for it to send its body."""
        if self.head.headers.get("expect", "").lower() == "100-continue":
            self.client.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def discard_request(self) -> None:
        """Read the request to its end, without passing it on."""
        self.invite_body()
        for _ in self.request_body():
            pass

    def forward_request(self) -> None:
        """Pass the request on, whole."""
        self.upstream.send(self.head.raw)
        if self.head.headers.get("expect", "").lower() == "100-continue":
            answer = self._read_answer_head()
            if answer.status != 100:
                self._early_answer = answer
                self.keeps_connection = False
                return
            self.client.send(answer.raw)
        try:
            for piece in self.request_body():
                self.upstream.send(piece)
        except PeerGoneError:
            raise
        except OSError:
            # The server answered without reading to the end; its answer is still to be had.
            self.keeps_connection = False

    def read_answer(self) -> Head:
        """The head of the server's final answer."""
        answer = self._early_answer or self._read_answer_head()
        while answer.status == 100:
            answer = self._read_answer_head()
        return answer

    def _read_answer_head(self) -> Head:
        raw = self.upstream.read_head()
        if not raw:
            raise PeerGoneError
        return Head(raw)

    def answer_body(self, answer: Head) -> Iterator[bytes]:
        """The answer's body as the server sends it."""
        if self.method == "HEAD" or answer.status in (204, 304):
            return iter(())
        if answer.is_chunked:
            return read_chunked(self.upstream)
        if answer.length_bytes is not None:
            return read_length(self.upstream, answer.length_bytes)
        self.keeps_connection = False
        return read_to_end(self.upstream)

    def forward_answer(self) -> None:
        """Pass the server's answer on, whole."""
        answer = self.read_answer()
        if answer.closes:
            self.keeps_connection = False
        self.log(answer.status)
        self.client.send(answer.raw)
        for piece in self.answer_body(answer):
            self.client.send(piece)

    def log(self, status: int) -> None:
        """Record the request with the status that the client is about to see; 0 for none."""
        self.status = status
        path, _, query = self.target.partition("?")
        byte_range = self.head.headers.get("range")
        self._recorder.on_record(RequestRecord(self.method, path, query, byte_range, status))

    def reset(self) -> None:
        """End the client's connection with a reset, and the server's with it."""
        self.keeps_connection = False
        self.client.reset()

    def end(self) -> None:
        """Close the connection after this exchange."""
        self.keeps_connection = False


def forward(exchange: Exchange) -> None:
    """What a relay does with a request that nothing is wrong with."""
    exchange.forward_request()
    exchange.forward_answer()


class HttpRelay:
    """A relay that listens on a free port of 127.0.0.1.

    Args:
        upstream_host: `address:port` of the server.
        on_record: is told each request, before its answer is sent; called from many threads.
        handle: does one exchange; `forward` unless told otherwise.
        context: its own TLS, or None for plain HTTP.
        upstream_context: the TLS towards the server, or None for plain HTTP.
    """

    def __init__(
        self,
        upstream_host: str,
        *,
        on_record: Callable[[RequestRecord], None],
        handle: Callable[[Exchange], None] = forward,
        context: ssl.SSLContext | None = None,
        upstream_context: ssl.SSLContext | None = None,
    ) -> None:
        address, _, port = upstream_host.rpartition(":")
        self._upstream_address = (address, int(port))
        self.on_record = on_record
        self._handle = handle
        self._upstream_context = upstream_context
        self._listener = TcpListener(self._serve, context=context)
        self.port = self._listener.port

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.closing(Wire(connection)) as client:
            raw = client.read_head()
            while raw:
                raw = self._serve_over_one(client, raw)

    def _serve_over_one(self, client: Wire, raw: bytes) -> bytes:
        """Serve over one connection to the server.

        Returns:
            The head of the request for which that is no longer good; empty at the client's end.
        """
        upstream = self._connect()
        with self._listener.cut_at_close(upstream), contextlib.closing(Wire(upstream)) as wire:
            while True:
                exchange = Exchange(self, client, wire, Head(raw))
                self._handle(exchange)
                raw = client.read_head() if exchange.keeps_connection else b""
                # A server that closed what was idle can't be told by a client that sees only us.
                if not raw or _is_readable(upstream):
                    return raw

    def _connect(self) -> socket.socket:
        upstream = socket.create_connection(self._upstream_address)
        if self._upstream_context is None:
            return upstream
        return self._upstream_context.wrap_socket(
            upstream, server_hostname=self._upstream_address[0]
        )

    def close(self) -> None:
        """Stop listening and cut every connection."""
        self._listener.close()


def _is_readable(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
