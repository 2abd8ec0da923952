"""Bodies over a socket pair: lengths, chunks, the end of the connection."""

from __future__ import annotations

import array
import socket
from typing import TYPE_CHECKING, Final

import pytest
import urllib3.exceptions
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_http.answer_head import AnswerHead, HeadLimits
from s3dlio_http.body import Body, LengthBody, UntilCloseBody
from s3dlio_http.chunked import ChunkedBody
from s3dlio_http.connection import Connection
from s3dlio_http.pool import Pool, PoolSettings
from s3dlio_http.tls import TlsContexts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD: Final = AnswerHead("HTTP/1.1 200 OK\r\n", 10)
LIMITS: Final = HeadLimits(size_bytes=4096, chunk_line_bytes=40, trailer_bytes=60)
SETTINGS: Final = PoolSettings(4, None, LIMITS, frozenset())


class Wire:
    """A connection whose other end is held here."""

    def __init__(self) -> None:
        self.pool = Pool(("http", "h", 80), (True, None), TlsContexts(), SETTINGS)
        ours, self.server = socket.socketpair()
        self.connection = Connection(self.pool, ours)
        self.connection.set_timeout(10)

    def arrive(self, *pieces: bytes, end: bool = False, buffered: int = 0) -> None:
        """Let bytes arrive; the first `buffered` came along with the head."""
        sent = b"".join(pieces)
        self.connection.buffer[:buffered] = sent[:buffered]
        self.connection.start, self.connection.end = 0, len(sent[:buffered])
        self.server.sendall(sent[buffered:])
        if end:
            self.server.close()

    @property
    def is_back(self) -> bool:
        """Whether the connection is in its pool."""
        return list(self.pool.idle) == [self.connection]

    def close(self) -> None:
        """Close both ends."""
        self.server.close()
        self.connection.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A connection over a socket pair."""
    wire = Wire()
    yield wire
    wire.close()


def read_all(body: Body, size_bytes: int = 7) -> bytes:
    """Read a body by `readinto`."""
    buffer = bytearray(size_bytes)
    read = b""
    while count := body.readinto(buffer):
        read += buffer[:count]
    return read


def chunks(*contents: bytes) -> bytes:
    """A body in chunks, without the last one."""
    return b"".join(b"%x\r\n%b\r\n" % (len(content), content) for content in contents)


@pytest.mark.parametrize("buffered", [0, 3, 10])
def test_length_body_ends_at_its_last_byte(wire: Wire, buffered: int) -> None:
    """Without another read the connection is back in its pool."""
    wire.arrive(b"0123456789", buffered=buffered)
    body = LengthBody(wire.connection, HEAD, 10)
    assert body.read(10) == b"0123456789"
    assert wire.is_back
    assert (body.closed, body.read(), body.readinto(bytearray(1))) == (True, b"", 0)


def test_empty_body_is_never_open(wire: Wire) -> None:
    """Nothing has to be read."""
    assert LengthBody(wire.connection, HEAD, 0).closed
    assert wire.is_back


def test_bytes_behind_a_body_end_the_connection(wire: Wire) -> None:
    """What nobody asked for must not answer the next request."""
    wire.arrive(b"0123456789extra", buffered=15)
    assert LengthBody(wire.connection, HEAD, 10).read() == b"0123456789"
    assert not wire.pool.idle


def test_readinto_fills_the_callers_buffer(wire: Wire) -> None:
    """No byte beyond the body or the buffer is written."""
    wire.arrive(b"abcdef", buffered=2)
    body = LengthBody(wire.connection, HEAD, 6)
    buffer = bytearray(b"." * 8)
    assert body.readinto(memoryview(buffer)[1:]) == 2
    assert body.readinto(memoryview(buffer)[3:]) == 4
    assert buffer == b".abcdef."


@pytest.mark.parametrize(
    "buffer",
    [
        bytearray(12),
        array.array("H", bytes(12)),
        memoryview(bytearray(12)).cast("c"),
        memoryview(bytearray(12)).cast("B", (3, 4)),
    ],
)
@pytest.mark.parametrize("buffered", [0, 12])
def test_readinto_takes_any_buffer(
    wire: Wire, buffer: bytearray | array.array[int] | memoryview, buffered: int
) -> None:
    """Bytes are counted, whatever the items and dimensions of the buffer are."""
    wire.arrive(b"abcdefghijkl", buffered=buffered)
    body = LengthBody(wire.connection, HEAD, 12)
    assert body.readinto(buffer) == 12
    assert bytes(memoryview(buffer).cast("B")) == b"abcdefghijkl"


def test_cut_body_is_an_error(wire: Wire) -> None:
    """It says how much is missing, and the connection isn't used again."""
    wire.arrive(b"0123", end=True)
    body = LengthBody(wire.connection, HEAD, 10)
    with pytest.raises(urllib3.exceptions.ProtocolError, match="4 bytes read, 6 more") as raised:
        body.read()
    assert isinstance(raised.value.args[1], urllib3.exceptions.IncompleteRead)
    assert not wire.pool.idle
    with pytest.raises(urllib3.exceptions.ProtocolError):
        body.read()


def test_closed_body_is_no_whole_one(wire: Wire) -> None:
    """Whoever reads on is told so."""
    wire.arrive(b"0123456789")
    body = LengthBody(wire.connection, HEAD, 10)
    body.read(5)
    body.close()
    assert not wire.pool.idle
    for read in (body.read, lambda: list(body.stream()), lambda: body.readinto(bytearray(1))):
        with pytest.raises(urllib3.exceptions.ProtocolError, match="closed before its end"):
            read()


def test_interruption_behind_the_last_byte(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Doesn't close the connection: it may serve another thread already."""
    wire.arrive(b"ok")
    release = Connection.release

    def interrupted(connection: Connection) -> None:
        release(connection)
        raise KeyboardInterrupt

    monkeypatch.setattr(Connection, "release", interrupted)
    with pytest.raises(KeyboardInterrupt):
        LengthBody(wire.connection, HEAD, 2).read()
    assert wire.is_back
    wire.arrive(b"more")
    assert wire.connection.receive(memoryview(bytearray(4))) == 4


def test_silence_is_a_timeout(wire: Wire) -> None:
    """And the connection isn't used again."""
    wire.connection.set_timeout(0.01)
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        LengthBody(wire.connection, HEAD, 1).read()
    assert not wire.pool.idle


def test_body_until_close(wire: Wire) -> None:
    """The end of the connection is the end of the body."""
    wire.arrive(b"0123456789", end=True, buffered=4)
    assert read_all(UntilCloseBody(wire.connection, HEAD)) == b"0123456789"
    assert not wire.pool.idle


@given(
    st.lists(st.binary(min_size=1, max_size=30), max_size=6),
    st.integers(0, 60),
    st.integers(1, 40),
    st.sampled_from([b"0\r\n\r\n", b"000;x=y\r\n\r\n", b"0 ;a\r\nT: r\r\nU: s\r\n\r\n"]),
)
def test_chunks_are_joined(
    contents: list[bytes], buffered: int, size_bytes: int, last: bytes
) -> None:
    """However much of them came with the head, and whatever the caller's buffer is."""
    wire = Wire()
    sent = chunks(*contents) + last
    wire.arrive(sent, buffered=min(buffered, len(sent)))
    body = ChunkedBody(wire.connection, HEAD)
    assert read_all(body, size_bytes) == b"".join(contents)
    assert wire.is_back
    wire.close()


@pytest.mark.parametrize("read", [Body.read, lambda body: b"".join(body.stream(20_000))])
def test_large_chunks_go_straight(wire: Wire, read: Callable[[Body], bytes]) -> None:
    """Through the caller's buffer as through the connection's."""
    content = bytes(range(256)) * 120
    wire.arrive(chunks(content, b"x", content), b"0\r\n\r\n", buffered=100)
    assert read(ChunkedBody(wire.connection, HEAD)) == content + b"x" + content
    assert wire.is_back


def test_stream_hands_on_what_has_come(wire: Wire) -> None:
    """An event isn't kept until there are enough for a full piece."""
    wire.arrive(chunks(b"one", b"two"))
    events = ChunkedBody(wire.connection, HEAD).stream(1000)
    assert [next(events), next(events)] == [b"one", b"two"]


def test_last_chunk_that_has_come_is_taken(wire: Wire) -> None:
    """A caller that knows the length frees the connection with the last byte."""
    wire.arrive(chunks(b"abc"), b"0\r\n\r\n", buffered=13)
    body = ChunkedBody(wire.connection, HEAD)
    assert body.read(3) == b"abc"
    assert wire.is_back


@pytest.mark.parametrize(
    "sent",
    [
        b"x\r\n",
        b"\r\n\r\n",
        b"-1\r\na\r\n",
        b"+1\r\na\r\n",
        b"0x1\r\na\r\n",
        b" 1\r\na\r\n",
        b"1_0\r\na\r\n",
        b"1\na\r\n0\r\n\r\n",
        b"1\r\nab\r\n",
        b"1\r\na\n0\r\n\r\n",
        b"1\r\na0\r\n\r\n",
        b"1;\0\r\na\r\n",
        b"1;a\rb\r\na\r\n",
        b"1 x\r\na\r\n",
        b"fffffffffffffffff\r\n",
        b"1;" + b"x" * 60 + b"\r\n",
        b"0\r\nbad line\r\n\r\n",
        b"0\r\na: b\n\r\n\r\n",
        b"0\r\n" + b"a: b\r\n" * 20 + b"\r\n",
    ],
)
@pytest.mark.parametrize("is_buffered", [False, True])
def test_malformed_chunks_are_errors(wire: Wire, sent: bytes, is_buffered: bool) -> None:
    """No size is guessed, nothing is endless, and the connection isn't used again."""
    wire.arrive(sent, buffered=len(sent) * is_buffered)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        ChunkedBody(wire.connection, HEAD).read()
    assert not wire.pool.idle


@pytest.mark.parametrize("sent", [b"", b"5", b"5\r\n", b"5\r\nabc", b"3\r\nabc\r\n", b"0\r\n"])
def test_cut_chunks_are_errors(wire: Wire, sent: bytes) -> None:
    """At whatever byte the connection ends before the last."""
    wire.arrive(sent, end=True)
    with pytest.raises(urllib3.exceptions.ProtocolError) as raised:
        ChunkedBody(wire.connection, HEAD).read()
    assert isinstance(raised.value.args[1], urllib3.exceptions.IncompleteRead)
