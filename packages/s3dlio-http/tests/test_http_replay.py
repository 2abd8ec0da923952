"""A kept connection that breaks before an answer: sent again where nothing can be done twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import requests
import requests.exceptions
from tests.servers.byte_server import SENTINEL, ByteServer, Conversation, End, Reply, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requests.adapters import BaseAdapter
    from tests.servers.adapter_fixtures import MakeAdapter

ENDS = [End.CLOSE, End.RESET]
ANSWERED = Reply(answer(b"done"))


class Asked(NamedTuple):
    """A request without its URL; the body is any buffer."""

    method: str
    headers: dict[str, str] | None = None
    body: Any = None


GET = Asked("GET", body=b"")
REPLAYED = [
    Asked("GET"),
    Asked("GET", {"If-None-Match": '"a"', "Range": "bytes=0-9"}),
    Asked("HEAD"),
    Asked("OPTIONS"),
]
NOT_REPLAYED = [
    Asked("PUT", body=b"body"),
    Asked("PUT", body=memoryview(b"x" * 1_000_000)),
    Asked("DELETE"),
    Asked("POST", body=b"body"),
    Asked("POST"),
    Asked("PATCH", body=b"body"),
    Asked("PURGE"),
]


def drop(end: End) -> Callable[[Conversation], None]:
    """A handler that takes the request and ends the connection without an answer."""
    return Reply(end=end)


def send(adapter: BaseAdapter, url: str, asked: Asked = GET) -> requests.Response:
    """Send a request."""
    prepared = requests.Request(asked.method, url, headers=asked.headers).prepare()
    if asked.body is not None:
        prepared.body = asked.body
        prepared.headers["Content-Length"] = str(len(asked.body))
    return adapter.send(prepared, timeout=60)


def send_in_vain(
    byte_server: ByteServer, adapter: BaseAdapter, url: str, asked: Asked = GET
) -> None:
    """Send a request that fails, and that the server got once."""
    with pytest.raises(requests.exceptions.ConnectionError):
        send(adapter, url, asked)
    assert len(byte_server.requests_for(url)) == 1


@pytest.fixture
def warm(byte_server: ByteServer, adapter: BaseAdapter) -> BaseAdapter:
    """An adapter that holds an idle connection."""
    assert send(adapter, byte_server.fresh_url()).content == SENTINEL
    return adapter


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("asked", REPLAYED)
def test_replayed(byte_server: ByteServer, warm: BaseAdapter, asked: Asked, end: End) -> None:
    """What may be done twice is sent once more, over a fresh connection, and whole."""
    url = byte_server.give(drop(end), ANSWERED)
    response = send(warm, url, asked)
    assert response.content == (b"" if asked.method == "HEAD" else b"done")
    first, second = byte_server.requests_for(url)
    assert first.connection == byte_server.requests[0].connection
    assert second.connection != first.connection
    assert (first.head.raw, bytes(second.body)) == (second.head.raw, bytes(asked.body or b""))


@pytest.mark.parametrize("body", [b"", b"body", memoryview(b"x" * 1_000_000)])
def test_replayed_when_told_so(
    byte_server: ByteServer, make_adapter: MakeAdapter, body: bytes | memoryview
) -> None:
    """A method that the caller names is sent once more, with its whole body."""
    adapter = make_adapter(repeats=frozenset({"PUT"}))
    assert send(adapter, byte_server.fresh_url()).content == SENTINEL
    url = byte_server.give(drop(End.CLOSE), ANSWERED)
    assert send(adapter, url, Asked("PUT", body=body)).content == b"done"
    assert [bytes(request.body) for request in byte_server.requests_for(url)] == [bytes(body)] * 2


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("asked", NOT_REPLAYED)
def test_not_replayed(byte_server: ByteServer, warm: BaseAdapter, asked: Asked, end: End) -> None:
    """What may have been done, and mustn't be done twice, is an error."""
    url = byte_server.give(drop(end), ANSWERED)
    send_in_vain(byte_server, warm, url, asked)
    assert byte_server.requests[0].connection == byte_server.requests[1].connection


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("asked", REPLAYED)
def test_fresh_connections_arent_replayed(
    byte_server: ByteServer, adapter: BaseAdapter, asked: Asked, end: End
) -> None:
    """A connection that breaks at its first request is an error: nobody forgot about it."""
    url = byte_server.give(drop(end), ANSWERED)
    send_in_vain(byte_server, adapter, url, asked)


def test_replayed_only_once(byte_server: ByteServer, warm: BaseAdapter) -> None:
    """A request that breaks twice is an error."""
    url = byte_server.give(drop(End.CLOSE), drop(End.CLOSE), ANSWERED)
    with pytest.raises(requests.exceptions.ConnectionError):
        send(warm, url)
    assert len(byte_server.requests_for(url)) == 2


def test_replay_takes_a_fresh_connection(byte_server: ByteServer, adapter: BaseAdapter) -> None:
    """The second attempt trusts none of the other idle connections."""
    large = answer(b"x" * 3_000_000)
    urls = [byte_server.give(Reply(large)) for _ in range(3)]
    held = [
        adapter.send(requests.Request("GET", url).prepare(), stream=True, timeout=60)
        for url in urls
    ]
    assert [len(response.content) for response in held] == [3_000_000] * 3
    url = byte_server.give(drop(End.CLOSE), ANSWERED)
    assert send(adapter, url).content == b"done"
    assert byte_server.connections_for(url)[1] not in byte_server.connections_for(*urls)


@pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_begun_answers_arent_replayed(
    byte_server: ByteServer, warm: BaseAdapter, begun: bytes
) -> None:
    """Once the server has begun to answer the request isn't sent again."""
    url = byte_server.give(Reply(begun, end=End.CLOSE), ANSWERED)
    send_in_vain(byte_server, warm, url)


def test_timeouts_arent_replayed(byte_server: ByteServer, warm: BaseAdapter) -> None:
    """A server that is slow isn't asked twice."""
    url = byte_server.give(Reply(), ANSWERED)
    with pytest.raises(requests.exceptions.ReadTimeout):
        warm.send(requests.Request("GET", url).prepare(), timeout=(60, 0.1))
    assert len(byte_server.requests_for(url)) == 1


def test_generators_arent_replayed(byte_server: ByteServer, warm: BaseAdapter) -> None:
    """A body that can't be read twice isn't sent twice."""

    def produce() -> Iterator[bytes]:
        yield b"once"

    url = byte_server.give(drop(End.CLOSE), ANSWERED)
    prepared = requests.Request("PUT", url, data=produce()).prepare()
    with pytest.raises(requests.exceptions.ConnectionError):
        warm.send(prepared, timeout=60)
    assert len(byte_server.requests_for(url)) == 1
