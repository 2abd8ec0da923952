"""What a server may send without an end: it is cut off early, and memory stays small."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest
import requests
import urllib3.exceptions
from tests.servers.byte_server import SENTINEL, ByteServer, Conversation, Flood, Reply, answer

if TYPE_CHECKING:
    from collections.abc import Callable

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
#: The operating system's own buffers hold some MiB of what was sent and never received.
SENT_MAX_BYTES = 24 << 20
MEMORY_MAX_BYTES = 4 << 20

FLOODS = {
    "status line": (b"HTTP/1.1 200 ", b"x"),
    "no line at all": (b"", b"x"),
    "empty lines": (b"", b"\r\n"),
    "one field": (OK + b"X: ", b"x"),
    "one field's name": (OK, b"x"),
    "fields": (OK, b"X: y\r\n"),
    "fields without a value": (OK, b"X:\r\n"),
    "folded lines": (OK + b"X: y\r\n", b" folded\r\n"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "early hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "an interim answer's fields": (b"HTTP/1.1 103 Early Hints\r\n", b"Link: </a>\r\n"),
    "chunk size of zeros": (CHUNKED, b"0"),
    "chunk extension": (CHUNKED + b"1;", b"x"),
    "trailers": (CHUNKED + b"0\r\n", b"X: y\r\n"),
    "one trailer": (CHUNKED + b"0\r\nX: ", b"y"),
    "after a chunk": (CHUNKED + b"1\r\nx", b"x"),
}


def send(
    adapter: requests.adapters.BaseAdapter, url: str, timeout_s: float = 60
) -> requests.Response:
    """Send a GET."""
    return adapter.send(requests.Request("GET", url).prepare(), stream=True, timeout=timeout_s)


@pytest.mark.parametrize("name", FLOODS)
def test_flood_is_cut_off(
    byte_server: ByteServer, adapter: requests.adapters.BaseAdapter, name: str
) -> None:
    """What should end and doesn't is refused long before it would fill memory."""
    flood = Flood(*FLOODS[name])
    url = byte_server.give(flood)
    tracemalloc.start()
    try:
        with pytest.raises(
            (requests.exceptions.RequestException, urllib3.exceptions.HTTPError)
        ) as raised:
            send(adapter, url).raw.read()
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert flood.ended.wait(60)
    assert flood.sent_bytes < SENT_MAX_BYTES
    assert peak_bytes < MEMORY_MAX_BYTES
    assert "xxxx" not in str(raised.value)
    assert send(adapter, byte_server.fresh_url()).content == SENTINEL


def test_flood_of_extensions_between_chunks(
    byte_server: ByteServer, adapter: requests.adapters.BaseAdapter
) -> None:
    """A body whose framing is far larger than its content is read piece by piece all the same."""
    chunk = b"1;" + b"e" * 200 + b"\r\nx\r\n"
    url = byte_server.give(Reply(CHUNKED + chunk * 20_000 + b"0\r\n\r\n"))
    tracemalloc.start()
    try:
        response = send(adapter, url)
        count = sum(response.raw.readinto(bytearray(1 << 16)) for _ in range(25_000))
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 20_000
    # The server is in this process too, and its message is some 4 MiB.
    assert peak_bytes < MEMORY_MAX_BYTES


@pytest.mark.parametrize(
    "head",
    [
        OK + b"Content-Length: 1000000000000\r\n\r\n",
        CHUNKED + b"e8d4a51000\r\n",
    ],
)
@pytest.mark.parametrize(
    "read",
    [
        lambda raw: raw.read(),
        lambda raw: list(iter(lambda: raw.read(1 << 20), b"")),
        lambda raw: list(raw.stream(1 << 20)),
        lambda raw: list(raw.stream(1 << 50)),
        lambda raw: list(raw.stream(None)),
        lambda raw: raw.readall(),
    ],
)
def test_promised_bytes_take_no_memory(
    byte_server: ByteServer,
    adapter: requests.adapters.BaseAdapter,
    head: bytes,
    read: Callable[[object], object],
) -> None:
    """A length is a promise: memory is taken for what comes, not for what was promised."""
    url = byte_server.give(_then_close(head + b"abc"))
    tracemalloc.start()
    try:
        with pytest.raises(urllib3.exceptions.HTTPError):
            read(send(adapter, url).raw)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < MEMORY_MAX_BYTES


def _then_close(sent: bytes) -> Callable[[Conversation], None]:
    def handle(talk: Conversation) -> None:
        talk.wire.send(sent)
        talk.wire.close()

    return handle


@pytest.mark.parametrize(
    ("count", "size_bytes"), [(100, 20), (190, 20), (20, 2000), (1, 30_000), (1, 0)]
)
def test_large_heads_are_read(
    byte_server: ByteServer,
    adapter: requests.adapters.BaseAdapter,
    count: int,
    size_bytes: int,
) -> None:
    """A head that is large, but within the limits, is read whole."""
    fields = {f"X-{number}": "v" * size_bytes for number in range(count)}
    response = send(adapter, byte_server.give(Reply(answer(b"body", **fields))))
    assert {name: response.headers[name] for name in fields} == fields
    assert response.content == b"body"


@pytest.mark.parametrize(("count", "size_bytes"), [(1, 70_000), (201, 10), (100_000, 1)])
def test_too_large_heads_are_refused(
    byte_server: ByteServer,
    adapter: requests.adapters.BaseAdapter,
    count: int,
    size_bytes: int,
) -> None:
    """A head beyond the limits is refused, even though it ends."""
    fields = {f"X-{number}": "v" * size_bytes for number in range(count)}
    with pytest.raises(requests.exceptions.ConnectionError):
        send(adapter, byte_server.give(Reply(answer(b"body", **fields))))
    assert send(adapter, byte_server.fresh_url()).content == SENTINEL


def test_silent_server_is_given_up(
    byte_server: ByteServer, adapter: requests.adapters.BaseAdapter
) -> None:
    """A server that sends nothing at all costs the read timeout, and no more."""
    with pytest.raises(requests.exceptions.ReadTimeout):
        send(adapter, byte_server.give(Reply()), timeout_s=0.1)


@pytest.mark.parametrize(
    "begun",
    [b"HTT", OK, OK + b"X: y\r\n", OK + b"Content-Length: 5\r\n\r\nab", CHUNKED + b"5\r\nab"],
)
def test_stalled_server_is_given_up(
    byte_server: ByteServer, adapter: requests.adapters.BaseAdapter, begun: bytes
) -> None:
    """So does a server that stops in the middle, wherever that is."""
    with pytest.raises((requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError)):
        send(adapter, byte_server.give(Reply(begun)), timeout_s=0.1).raw.read()
    assert send(adapter, byte_server.fresh_url()).content == SENTINEL
