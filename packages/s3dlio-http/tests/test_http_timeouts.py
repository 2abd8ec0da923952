"""What is waited for, and how long: connecting, answers, bodies that crawl."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

import pytest
import requests
import requests.exceptions
import urllib3.exceptions
from tests.servers.byte_server import ByteServer, Conversation, End, Reply, answer

from s3dlio_http import MinimumSpeed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requests.adapters import BaseAdapter

PROMISE = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"


def get(adapter: BaseAdapter, url: str, timeout: object = 60) -> requests.Response:
    """Send a GET."""
    prepared = requests.Request("GET", url).prepare()
    return adapter.send(prepared, stream=True, timeout=timeout)  # type: ignore[arg-type]


@pytest.fixture
def crowded_port() -> Iterator[int]:
    """A port whose queue of connections is full: the system answers no more attempts."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listener.getsockname()[1]
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        yield port


@pytest.mark.parametrize("timeout", [0.2, (0.2, None), (0.2, 60)])
def test_connect_timeout(session: requests.Session, crowded_port: int, timeout: object) -> None:
    """A connection that doesn't come about in time is an error of its own."""
    with pytest.raises(requests.exceptions.ConnectTimeout) as raised:
        session.get(f"http://127.0.0.1:{crowded_port}/", timeout=timeout)  # type: ignore[arg-type]
    assert isinstance(raised.value, requests.exceptions.ConnectionError)


def test_each_wait_is_timed_by_itself(byte_server: ByteServer, adapter: BaseAdapter) -> None:
    """A body whose pieces each come in time is read, though the whole takes longer."""

    def trickle(talk: Conversation) -> None:
        talk.wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):
            time.sleep(0.1)
            talk.wire.send(b"x")

    assert get(adapter, byte_server.give(trickle), timeout=(60, 0.8)).content == b"x" * 10


def test_timeout_of_one_request_isnt_the_next_ones(
    byte_server: ByteServer, adapter: BaseAdapter
) -> None:
    """A kept connection takes the timeout of each request that it serves."""

    def late(talk: Conversation) -> None:
        time.sleep(0.5)
        talk.wire.send(answer(b"late"))

    assert get(adapter, byte_server.fresh_url(), timeout=0.2).content
    assert get(adapter, byte_server.give(late), timeout=60).content == b"late"
    with pytest.raises(requests.exceptions.ReadTimeout):
        get(adapter, byte_server.give(Reply()), timeout=0.2)
    assert get(adapter, byte_server.give(late), timeout=None).content == b"late"


def test_timeout_in_the_body(byte_server: ByteServer, adapter: BaseAdapter) -> None:
    """A body that stops coming is urllib3's error for that; the connection isn't used again."""
    url = byte_server.give(Reply(PROMISE + b"abc"))
    response = get(adapter, url, timeout=0.2)
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        response.raw.read()
    response.close()
    after = byte_server.fresh_url()
    assert get(adapter, after).content
    first, second = byte_server.connections_for(url, after)
    assert first != second


def drip(talk: Conversation) -> None:
    """Send a byte now and then."""
    talk.end = End.CLOSE
    talk.wire.send(PROMISE)
    for _ in range(1000):
        time.sleep(0.02)
        talk.wire.send(b"x")


@pytest.mark.parametrize(
    "read",
    [lambda raw: raw.read(), lambda raw: [raw.readinto(bytearray(1000)) for _ in range(1000)]],
)
def test_crawling_body_is_given_up(
    byte_server: ByteServer,
    make_adapter: Callable[..., BaseAdapter],
    read: Callable[[object], object],
) -> None:
    """A body that stays below the minimum speed is given up, though no wait is a long one."""
    adapter = make_adapter(minimum_speed=MinimumSpeed(bytes_per_s=100_000, window_s=0.3))
    response = get(adapter, byte_server.give(drip))
    with pytest.raises(urllib3.exceptions.ReadTimeoutError, match="speed"):
        read(response.raw)
    response.close()


def test_crawling_upload_is_given_up(
    byte_server: ByteServer, make_adapter: Callable[..., BaseAdapter]
) -> None:
    """So is a body that the server takes too slowly."""

    def sip(talk: Conversation) -> None:
        talk.end = End.CLOSE
        for _ in range(400):
            time.sleep(0.02)
            talk.wire.read_some(20_000)

    adapter = make_adapter(minimum_speed=MinimumSpeed(bytes_per_s=50_000_000, window_s=0.5))
    prepared = requests.Request("PUT", byte_server.give(sip), data=bytes(128 << 20)).prepare()
    with pytest.raises(
        (requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError), match="speed"
    ):
        adapter.send(prepared, timeout=60)


def test_minimum_speed_can_be_switched_off(
    byte_server: ByteServer, make_adapter: Callable[..., BaseAdapter]
) -> None:
    """Without a minimum a body may crawl."""

    def crawl(talk: Conversation) -> None:
        talk.wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")
        for _ in range(20):
            time.sleep(0.02)
            talk.wire.send(b"x")

    url = byte_server.give(crawl)
    off = make_adapter(minimum_speed=None)
    assert get(off, url).content == b"x" * 20
    strict = make_adapter(minimum_speed=MinimumSpeed(bytes_per_s=1000, window_s=0.1))
    with pytest.raises(requests.exceptions.ConnectionError, match="speed"):
        _ = get(strict, url).content


def test_slow_caller_isnt_blamed(
    byte_server: ByteServer, make_adapter: Callable[..., BaseAdapter]
) -> None:
    """A caller that takes its time between reads doesn't make the server slow."""
    adapter = make_adapter(minimum_speed=MinimumSpeed(bytes_per_s=1_000_000, window_s=0.2))
    response = get(adapter, byte_server.give(Reply(answer(b"x" * 40_000))))
    pieces = []
    while piece := response.raw.read(10_000):
        pieces.append(piece)
        time.sleep(0.15)
    assert b"".join(pieces) == b"x" * 40_000


@pytest.mark.parametrize("values", [(0, 1), (1, 0), (-1, 1), (1, -1)])
def test_minimum_speeds_that_arent(values: tuple[float, float]) -> None:
    """A minimum of nothing is refused: None is the way to say that."""
    with pytest.raises(ValueError, match="minimum"):
        MinimumSpeed(*values)
