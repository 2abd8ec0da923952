"""The pool: which connections are kept, which are used again, and which are cut."""

from __future__ import annotations

import gc
import pickle
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
import requests
from tests.servers.byte_server import SENTINEL, ByteServer, End, Reply, answer

from s3dlio_http import HttpAdapter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requests.adapters import BaseAdapter

LARGE = answer(b"x" * 3_000_000)
CLOSING = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: {}\r\n\r\nhi"


def get(adapter: BaseAdapter, url: str, *, stream: bool = False) -> requests.Response:
    """Send a GET."""
    prepared = requests.Request("GET", url).prepare()
    return adapter.send(prepared, stream=stream, timeout=60)


def test_one_connection_serves_one_after_another(
    byte_server: ByteServer, adapter: BaseAdapter
) -> None:
    """Requests that follow one another use one connection."""
    for _ in range(20):
        assert get(adapter, byte_server.fresh_url()).content == SENTINEL
    assert len({request.connection for request in byte_server.requests}) == 1


@pytest.mark.parametrize(
    "reply",
    [
        answer(b"four"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n\r\n",
    ],
)
@pytest.mark.parametrize(
    "read",
    [
        lambda raw: raw.readinto(bytearray(4)),
        lambda raw: raw.readinto(bytearray(9)) and raw.readinto(bytearray(9)),
        lambda raw: raw.read(4) and raw.read(4),
        lambda raw: raw.read(),
        lambda raw: list(raw.stream(2)),
    ],
)
def test_read_to_the_end_frees_the_connection(
    byte_server: ByteServer, adapter: BaseAdapter, reply: bytes, read: Callable[[object], object]
) -> None:
    """A body that was read to its end frees its connection, without a call that says so."""
    response = get(adapter, byte_server.give(Reply(reply)), stream=True)
    read(response.raw)
    if b"chunked" in reply:
        assert response.raw.read() == b""  # where the last chunk wasn't seen yet
    assert get(adapter, byte_server.fresh_url()).content == SENTINEL
    assert len({request.connection for request in byte_server.requests}) == 1


def test_last_in_first_out(byte_server: ByteServer, adapter: BaseAdapter) -> None:
    """The connection that was freed last is used next, so that the others may go idle."""
    urls = [byte_server.give(Reply(LARGE)) for _ in range(3)]
    held = [get(adapter, url, stream=True) for url in urls]
    connections = byte_server.connections_for(*urls)
    assert len({*connections}) == 3
    for number in (1, 2, 0):
        assert len(held[number].content) == 3_000_000
    after = [byte_server.fresh_url() for _ in range(2)]
    again = [get(adapter, url, stream=True) for url in after]
    assert byte_server.connections_for(*after)[0] == connections[0]
    assert [response.content for response in again] == [SENTINEL, SENTINEL]


def test_pool_is_bounded(byte_server: ByteServer, make_adapter: Callable[..., BaseAdapter]) -> None:
    """Idle connections above the maximum are closed; more than it may be busy."""
    adapter = make_adapter(max_pool_size=2)
    urls = [byte_server.give(Reply(LARGE)) for _ in range(5)]
    held = [get(adapter, url, stream=True) for url in urls]
    connections = byte_server.connections_for(*urls)
    assert len({*connections}) == 5
    for response in held:
        assert len(response.content) == 3_000_000
        response.close()
    # Which of them are closed, and in which order their ends are seen, is nobody's business.
    while (ended_count := sum(map(byte_server.has_ended, connections))) < 3:
        time.sleep(0.01)
    assert ended_count == 3


def test_pools_are_apart_by_origin(byte_server: ByteServer, adapter: BaseAdapter) -> None:
    """A connection to one port is never used for another."""
    with ByteServer() as other:
        for _ in range(3):
            assert get(adapter, byte_server.fresh_url()).content == SENTINEL
            assert get(adapter, other.fresh_url()).content == SENTINEL
        assert (len(byte_server.requests), len(other.requests)) == (3, 3)
        assert len({request.connection for request in other.requests}) == 1


@pytest.mark.parametrize("end", [End.CLOSE, End.RESET])
def test_stale_connection_is_noticed(
    byte_server: ByteServer, adapter: BaseAdapter, end: End
) -> None:
    """A connection that the server has closed meanwhile is dropped before it is used."""
    for method in ("GET", "POST"):
        url, after = byte_server.give(Reply(answer(b"hi"), end=end)), byte_server.fresh_url()
        assert get(adapter, url).content == b"hi"
        assert byte_server.wait_until_ended(byte_server.connections_for(url)[0])
        prepared = requests.Request(method, after).prepare()
        assert adapter.send(prepared, timeout=60).content == SENTINEL
        assert len(byte_server.requests_for(after)) == 1


def test_many_stale_connections_are_noticed(byte_server: ByteServer, adapter: BaseAdapter) -> None:
    """So are all of them, when a server restarts."""
    urls = [byte_server.give(Reply(LARGE, end=End.CLOSE)) for _ in range(8)]
    for response in [get(adapter, url, stream=True) for url in urls]:
        assert len(response.content) == 3_000_000
    for number in byte_server.connections_for(*urls):
        assert byte_server.wait_until_ended(number)
    after = byte_server.fresh_url()
    prepared = requests.Request("POST", after).prepare()
    assert adapter.send(prepared, timeout=60).content == SENTINEL


@pytest.mark.parametrize("said", ["close", "Close", "keep-alive, close", "close,x"])
def test_announced_end(byte_server: ByteServer, adapter: BaseAdapter, said: str) -> None:
    """A connection that the server said it would close isn't used again, though it is open."""
    url, after = byte_server.give(Reply(CLOSING.format(said).encode())), byte_server.fresh_url()
    assert get(adapter, url).content == b"hi"
    assert get(adapter, after).content == SENTINEL
    first, second = byte_server.connections_for(url, after)
    assert first != second
    assert byte_server.wait_until_ended(first)


def test_unread_body_cuts_the_connection(byte_server: ByteServer, adapter: BaseAdapter) -> None:
    """A body that isn't read to its end takes its connection with it."""
    url, after = byte_server.give(Reply(LARGE)), byte_server.fresh_url()
    response = get(adapter, url, stream=True)
    assert response.raw.read(10) == b"x" * 10
    response.close()
    assert get(adapter, after).content == SENTINEL
    first, second = byte_server.connections_for(url, after)
    assert first != second
    assert byte_server.wait_until_ended(first)


def test_abandoned_response_cuts_the_connection(
    byte_server: ByteServer, adapter: BaseAdapter
) -> None:
    """So does a response that nobody holds any more; Python isn't left to complain about it."""
    url = byte_server.give(Reply(LARGE))
    response = get(adapter, url, stream=True)
    assert response.status_code == 200
    del response
    gc.collect()
    assert byte_server.wait_until_ended(byte_server.connections_for(url)[0])
    assert get(adapter, byte_server.fresh_url()).content == SENTINEL


def test_forgotten_origins_cut_idle_connections(
    byte_server: ByteServer, adapter: BaseAdapter
) -> None:
    """An adapter that has seen too many origins closes the connections to the oldest."""
    url = byte_server.fresh_url()
    assert get(adapter, url).content == SENTINEL
    prepared = requests.Request("GET", url).prepare()
    for number in range(100):
        # An origin of its own for the adapter, though it is the same server.
        bits = f"{number:09b}"
        host = "".join(
            c.upper() if bit == "1" else c for c, bit in zip("localhost", bits, strict=True)
        )
        prepared.url = f"http://{host}:{byte_server.port}/"
        assert adapter.send(prepared, timeout=60).content == SENTINEL
    assert byte_server.wait_until_ended(byte_server.connections_for(url)[0])


def test_closed_adapter_cuts_idle_connections(byte_server: ByteServer) -> None:
    """Closing the adapter closes what is idle; a body that is being read goes on."""
    adapter = HttpAdapter()
    busy = get(adapter, byte_server.give(Reply(LARGE)), stream=True)
    url = byte_server.fresh_url()
    assert get(adapter, url).content == SENTINEL
    adapter.close()
    assert byte_server.wait_until_ended(byte_server.connections_for(url)[0])
    assert len(busy.content) == 3_000_000
    adapter.close()


def test_closed_adapter_keeps_nothing(byte_server: ByteServer) -> None:
    """What is freed after the adapter was closed is closed too."""
    adapter = HttpAdapter()
    url = byte_server.give(Reply(LARGE))
    busy = get(adapter, url, stream=True)
    adapter.close()
    assert len(busy.content) == 3_000_000
    busy.close()
    del busy, adapter
    gc.collect()
    assert byte_server.wait_until_ended(byte_server.connections_for(url)[0])


def test_adapter_can_be_used_after_close(byte_server: ByteServer) -> None:
    """A closed adapter connects anew, as requests' own does."""
    adapter = HttpAdapter()
    adapter.close()
    assert get(adapter, byte_server.fresh_url()).content == SENTINEL
    adapter.close()


def test_adapter_pickles(byte_server: ByteServer, adapter: BaseAdapter) -> None:
    """A copy has the settings and connections of its own."""
    assert get(adapter, byte_server.fresh_url()).content == SENTINEL
    copy = pickle.loads(pickle.dumps(adapter))
    assert get(copy, byte_server.fresh_url()).content == SENTINEL
    first, second = [request.connection for request in byte_server.requests]
    assert first != second
    copy.close()


def test_session_pickles(byte_server: ByteServer, adapter: BaseAdapter) -> None:
    """A session with the adapter mounted pickles, as sessions do."""
    with requests.Session() as session:
        session.mount("http://", adapter)
        copy = pickle.loads(pickle.dumps(session))
    with copy:
        assert copy.get(byte_server.fresh_url()).content == SENTINEL


@pytest.fixture
def ipv6_server() -> Iterator[ByteServer]:
    """A server on ::1."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("ipv6: this machine has none")
    with ByteServer(address="::1") as server:
        yield server


def test_ipv6(ipv6_server: ByteServer, session: requests.Session) -> None:
    """An IPv6 address works, and stands in brackets in the Host field."""
    for _ in range(2):
        assert session.get(ipv6_server.fresh_url()).content == SENTINEL
    assert ipv6_server.requests[0].head.headers["host"] == f"[::1]:{ipv6_server.port}"
    assert len({request.connection for request in ipv6_server.requests}) == 1


def test_threads(byte_server: ByteServer, make_adapter: Callable[..., BaseAdapter]) -> None:
    """Eight threads share an adapter; each gets the answers to its own requests."""
    adapter = make_adapter(max_pool_size=5)
    expected = {
        byte_server.give(Reply(answer(str(number).encode() * (number * 37 % 5000)))): number
        for number in range(200)
    }
    wrong: list[str] = []

    def work(offset: int) -> None:
        for url, number in list(expected.items())[offset:] + list(expected.items())[:offset]:
            response = get(adapter, url, stream=number % 2 == 0)
            if number % 7 == 0:
                response.close()
            elif response.content != str(number).encode() * (number * 37 % 5000):
                wrong.append(url)

    threads = [threading.Thread(target=work, args=(25 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(byte_server.requests) == 1600
