"""The pool, and what a connection does besides bodies, over socket pairs."""

from __future__ import annotations

import gc
import socket
import threading
from typing import TYPE_CHECKING, Final

import pytest

from s3dlio_http.answer_head import HeadLimits
from s3dlio_http.connection import Connection
from s3dlio_http.errors import MalformedAnswerError, NoAnswerError, TooSlowError
from s3dlio_http.pool import Pool, PoolSettings, parse_origin
from s3dlio_http.speed import MinimumSpeed, SpeedWatch
from s3dlio_http.tls import TlsContexts

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS: Final = HeadLimits(size_bytes=1024, interim=3)
ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def make_pool(origin: tuple[str, str, int] = ("http", "h", 80)) -> Pool:
    """An empty pool for two idle connections."""
    settings = PoolSettings(2, MinimumSpeed(), LIMITS, frozenset())
    return Pool(origin, (True, None), TlsContexts(), settings)


class Pair:
    """A connection and its other end."""

    def __init__(self, pool: Pool) -> None:
        ours, self.server = socket.socketpair()
        self.connection: Connection | None = Connection(pool, ours)
        self.connection.set_timeout(10)
        self.server.settimeout(10)

    @property
    def is_closed(self) -> bool:
        """Whether our end was closed; else waits for bytes."""
        return self.server.recv(1) == b""


@pytest.fixture
def pool() -> Pool:
    """An empty pool."""
    return make_pool()


@pytest.fixture
def pairs(pool: Pool) -> Iterator[list[Pair]]:
    """Four connections."""
    pairs = [Pair(pool) for _ in range(4)]
    yield pairs
    for pair in pairs:
        pair.server.close()
        if pair.connection is not None:
            pair.connection.close()


def connection_of(pair: Pair) -> Connection:
    """Our end."""
    assert pair.connection is not None
    return pair.connection


@pytest.mark.parametrize(
    ("origin", "address", "host", "shown"),
    [
        ("http://h", ("http", "h", 80), "h", "http://h"),
        ("HTTPS://Ex-am_ple.Org:443", ("https", "ex-am_ple.org", 443), "ex-am_ple.org", None),
        ("http://h:8080", ("http", "h", 8080), "h:8080", None),
        ("https://[::1]", ("https", "::1", 443), "[::1]", "https://[::1]"),
        ("http://[FE80::1]:81", ("http", "fe80::1", 81), "[fe80::1]:81", None),
        ("https://127.0.0.1:80", ("https", "127.0.0.1", 80), "127.0.0.1:80", None),
    ],
)
def test_origins(origin: str, address: tuple[str, str, int], host: str, shown: str | None) -> None:
    """Scheme, host and port, and what Host says."""
    assert parse_origin(origin) == address
    pool = make_pool(address)
    assert (pool.host_header, pool.host) == (host, address[1])
    assert shown in {None, pool.origin}


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "http:/",
        "ftp://h",
        "http://",
        "http://u:p@h",
        "http://h:",
        "http://h:65536",
        "http://h:-1",
        "http://h?x",
        "http://h#x",
        "http://h\r\nx",
        "http://h h",
        "http://\u00e9",
        "http://h:\u0661",
        "http://[fe80::1%25eth0]",
        "http://::1",
        "unix://h",
    ],
)
def test_odd_origins_are_left_to_the_stock_adapter(origin: str) -> None:
    """Whatever isn't plainly a host."""
    assert parse_origin(origin) is None


def test_last_used_first(pool: Pool, pairs: list[Pair]) -> None:
    """LIFO, so that the others may idle."""
    first, second = connection_of(pairs[0]), connection_of(pairs[1])
    first.release()
    second.release()
    assert [pool.take(), pool.take(), pool.take()] == [second, first, None]


def test_longest_idle_connection_makes_room(pool: Pool, pairs: list[Pair]) -> None:
    """The bound holds, and what falls out of it is closed."""
    for pair in pairs[:3]:
        connection_of(pair).release()
        pair.connection = None
    assert len(pool.idle) == 2
    assert pairs[0].is_closed
    pool.close()
    assert pairs[1].is_closed


@pytest.mark.parametrize("unasked", [b"", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_stale_connections_are_dropped(pool: Pool, pairs: list[Pair], unasked: bytes) -> None:
    """Closed by the server, or with bytes that nobody asked for."""
    connection_of(pairs[1]).release()
    connection_of(pairs[0]).release()
    pairs[0].server.sendall(unasked)
    if not unasked:
        pairs[0].server.close()
    assert pool.take() is pairs[1].connection


def test_closed_pool_takes_nothing_back(pool: Pool, pairs: list[Pair]) -> None:
    """As that of a closed adapter, or of a fork's parent."""
    pool.close()
    connection_of(pairs[0]).release()
    assert not pool.idle
    assert pairs[0].is_closed


def test_dropped_connection_closes(pairs: list[Pair]) -> None:
    """Nobody holds it, so nobody can close it."""
    pairs[0].connection = None
    gc.collect()
    assert pairs[0].is_closed


def test_interim_answers_are_skipped(pairs: list[Pair]) -> None:
    """Up to the bound."""
    pairs[0].server.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 3 + ANSWER)
    assert connection_of(pairs[0]).read_head().status == 200
    pairs[1].server.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 4 + ANSWER)
    with pytest.raises(MalformedAnswerError, match="interim"):
        connection_of(pairs[1]).read_head()


def test_interim_answers_outgrow_the_buffer(pairs: list[Pair]) -> None:
    """Each head may be as large as the buffer: the bytes of the earlier ones make room."""
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 700 + b"\r\n\r\n"
    pairs[0].server.sendall(hint * 3 + ANSWER + b"body")
    connection = connection_of(pairs[0])
    assert connection.read_head().status == 200
    body = bytearray(4)
    assert connection.take_buffered(memoryview(body)) or connection.receive(memoryview(body))
    assert body == b"body"


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\n",
        b"HTTP/1.1 200 OK\r\nA: b\n\n",
        b"\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n\x15\x03\x01",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 1100,
    ],
)
def test_hopeless_heads_are_refused_at_once(pairs: list[Pair], sent: bytes) -> None:
    """Not after the read timeout: no byte that could still come would make them valid."""
    pairs[0].server.sendall(sent)
    with pytest.raises(MalformedAnswerError):
        connection_of(pairs[0]).read_head()


def test_no_answer(pairs: list[Pair]) -> None:
    """The end before the first byte is another error than one in the middle of a head."""
    pairs[0].server.close()
    with pytest.raises(NoAnswerError):
        connection_of(pairs[0]).read_head()
    pairs[1].server.sendall(b"H")
    pairs[1].server.close()
    with pytest.raises(ConnectionResetError):
        connection_of(pairs[1]).read_head()


def test_head_and_body_leave_together(pool: Pool) -> None:
    """In one system call, and so in one segment: a datagram shows where it begins and ends."""
    ours, server = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with server:
        server.send(ANSWER)
        connection = Connection(pool, ours)
        head, body = b"PUT / HTTP/1.1\r\n\r\n", b"x" * 1000
        assert connection.exchange(head, memoryview(body), 30).status == 200
        assert server.recv(4096) == head + body
        connection.close()


def test_socket_options() -> None:
    """Nothing waits for more to send, and a server that is gone is noticed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pool = make_pool(("http", *listener.getsockname()))
        connection = pool.connect(None, 30)
        sock = connection._sock
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        connection.close()


def test_interim_answer_in_pieces_doesnt_stop_a_body(pairs: list[Pair]) -> None:
    """Only a final answer does."""
    server, connection = pairs[0].server, connection_of(pairs[0])
    body = bytes(4 << 20)
    received = bytearray()

    def serve() -> None:
        server.recv(100)
        for piece in (b"HT", b"TP/1.1 1", b"00 Continue\r\n", b"\r\n"):
            server.sendall(piece)
            received.extend(server.recv(100_000))
        while len(received) < len(body) - 100:
            received.extend(server.recv(1 << 20))
        server.sendall(ANSWER)

    thread = threading.Thread(target=serve)
    thread.start()
    head = connection.exchange(b"PUT / HTTP/1.1\r\n\r\n", memoryview(body), 30)
    thread.join()
    assert head.status == 200
    assert connection.keep


def test_minimum_speed_counts_waiting_only() -> None:
    """Window by window; a fast one doesn't pay for a slow one."""
    watch = SpeedWatch(MinimumSpeed(bytes_per_s=10, window_s=2), "http://h")
    watch.add(20, 2.0)
    watch.add(1000, 1.9)
    watch.add(0, 0.1)
    watch.add(19, 1.9)
    with pytest.raises(TooSlowError, match="19 bytes in 2 s"):
        watch.add(0, 0.1)
