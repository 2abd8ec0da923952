"""An answer that comes while the body is still being sent is seen, at once, and nothing hangs."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
import requests
import requests.exceptions
from tests.servers.byte_server import SENTINEL, ByteServer, Conversation, End, Reply, answer
from tests.servers.http_relay import read_length

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests.adapters import BaseAdapter
    from tests.servers.certificates import Certificates

REFUSAL = answer(b"<Code>AccessDenied</Code>", status="403 Forbidden")
REDIRECT = answer(b"", status="307 Temporary Redirect", Location="http://elsewhere.invalid/")
SUCCESS = answer(b"stored")
INTERIM = b"HTTP/1.1 102 Processing\r\n\r\n"
BODY_SIZE_BYTES = 64 << 20


def put(adapter: BaseAdapter, url: str, size_bytes: int = BODY_SIZE_BYTES) -> requests.Response:
    """Send a large body."""
    prepared = requests.Request("PUT", url, data=bytes(size_bytes)).prepare()
    return adapter.send(prepared, stream=True, timeout=60)


def after_some(
    end: End, limit_bytes: int, reply: bytes = REFUSAL
) -> Callable[[Conversation], None]:
    """A handler that answers after some bytes of the body, and does so with the connection."""
    return Reply(reply, end=end, body_limit_bytes=limit_bytes)


@pytest.mark.parametrize("end", [End.CLOSE, End.RESET, End.HALF_CLOSE])
@pytest.mark.parametrize("limit_bytes", [0, 100_000, 10_000_000])
def test_refusal_is_seen(
    byte_server: ByteServer, adapter: BaseAdapter, end: End, limit_bytes: int
) -> None:
    """The server's word is seen, whatever it does with the connection then."""
    url, after = byte_server.give(after_some(end, limit_bytes)), byte_server.fresh_url()
    response = put(adapter, url)
    assert (response.status_code, response.content) == (403, b"<Code>AccessDenied</Code>")
    assert adapter.send(requests.Request("GET", after).prepare(), timeout=60).content == SENTINEL
    first, second = byte_server.connections_for(url, after)
    assert first != second


@pytest.mark.parametrize(
    "reply", [REFUSAL, REDIRECT, answer(status="503 Slow Down"), INTERIM * 2 + REFUSAL]
)
def test_server_that_stops_reading(
    byte_server: ByteServer, adapter: BaseAdapter, reply: bytes
) -> None:
    """A server that answers and neither reads on nor closes is heard all the same."""
    seen = threading.Event()

    def refuse(talk: Conversation) -> None:
        talk.wire.send(reply)
        seen.wait()
        talk.end = End.CLOSE

    try:
        response = put(adapter, byte_server.give(refuse))
    finally:
        seen.set()
    assert response.status_code == int(reply.removeprefix(INTERIM * 2).split(b" ")[1])
    response.close()


def test_body_isnt_sent_to_its_end(byte_server: ByteServer, adapter: BaseAdapter) -> None:
    """The rest of a refused body stays here, though the server would take it."""
    received: list[int] = []

    def refuse(talk: Conversation) -> None:
        talk.wire.send(REFUSAL)
        try:
            while piece := talk.wire.read_some(1 << 20):
                received.append(len(piece))
                time.sleep(0.001)
        finally:
            talk.end = End.CLOSE

    url = byte_server.give(refuse)
    response = put(adapter, url, 4 * BODY_SIZE_BYTES)
    assert (response.status_code, response.content) == (403, b"<Code>AccessDenied</Code>")
    response.close()
    assert byte_server.wait_until_ended(byte_server.connections_for(url)[0])
    assert sum(received) < 2 * BODY_SIZE_BYTES


def test_interim_answer_isnt_the_answer(byte_server: ByteServer, adapter: BaseAdapter) -> None:
    """An interim answer doesn't end the sending."""

    def accept(talk: Conversation) -> None:
        talk.wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        talk.read_body(20_000_000)
        talk.wire.send(b"HTTP/1.1 102 Processing\r\nX: y\r\n\r\n")
        talk.request.body.clear()
        for piece in read_length(talk.wire, BODY_SIZE_BYTES - 20_000_000):
            talk.request.body += piece
        talk.wire.send(answer(b"taken"))

    url = byte_server.give(accept)
    assert put(adapter, url).content == b"taken"
    assert len(byte_server.requests[0].body) == BODY_SIZE_BYTES - 20_000_000
    assert (
        adapter.send(requests.Request("GET", byte_server.fresh_url()).prepare(), timeout=60).content
        == SENTINEL
    )


@pytest.mark.parametrize("kind", ["http", "https"])
@pytest.mark.parametrize("early", [SUCCESS, SUCCESS[:12], b"HTTP/1.0 100 Continue\r\n\r\n"])
def test_whole_body_is_sent_after_success(
    adapter: BaseAdapter, certificates: Certificates, kind: str, early: bytes
) -> None:
    """An early word of success is believed when the whole body was sent, and the wire lives on."""

    def take(talk: Conversation) -> None:
        talk.wire.send(early)
        talk.read_body()
        talk.wire.send(SUCCESS.removeprefix(early))

    with ByteServer(certificates=certificates if kind == "https" else None) as server:
        for url in (server.give(take), server.fresh_url()):
            prepared = requests.Request("PUT", url, data=bytes(BODY_SIZE_BYTES)).prepare()
            response = adapter.send(prepared, timeout=60, verify=server.verify)
            assert response.status_code == 200
            response.content  # noqa: B018 - so that the connection is free again
        assert [len(request.body) for request in server.requests] == [BODY_SIZE_BYTES] * 2
        assert {request.connection for request in server.requests} == {0}


@pytest.mark.parametrize("end", [End.CLOSE, End.RESET])
@pytest.mark.parametrize("limit_bytes", [0, 10_000_000])
def test_success_without_the_whole_body(
    byte_server: ByteServer, adapter: BaseAdapter, end: End, limit_bytes: int
) -> None:
    """A server that says "stored" and hangs up before it has the body has stored nothing."""
    with pytest.raises(requests.exceptions.ConnectionError):
        put(adapter, byte_server.give(after_some(end, limit_bytes, SUCCESS)))


@pytest.mark.parametrize("end", [End.CLOSE, End.RESET])
@pytest.mark.parametrize("limit_bytes", [0, 1_000_000])
def test_cut_without_an_answer(
    byte_server: ByteServer, adapter: BaseAdapter, end: End, limit_bytes: int
) -> None:
    """A connection that is cut while the body is being sent is an error."""
    url = byte_server.give(after_some(end, limit_bytes, b""))
    with pytest.raises(requests.exceptions.ConnectionError):
        put(adapter, url)
    assert len(byte_server.requests_for(url)) == 1


def test_half_an_early_answer(byte_server: ByteServer, adapter: BaseAdapter) -> None:
    """So is one that is cut in the middle of an early answer."""
    with pytest.raises(requests.exceptions.ConnectionError):
        put(adapter, byte_server.give(after_some(End.CLOSE, 100_000, REFUSAL[:30])))


def test_slow_reader_gets_all(byte_server: ByteServer, adapter: BaseAdapter) -> None:
    """A server that takes its time between reads gets the whole body."""

    def take(talk: Conversation) -> None:
        left = talk.request.head.length_bytes or 0
        while left:
            left -= len(talk.wire.read_some(min(left, 1 << 18)))
            time.sleep(0.002)
        talk.wire.send(answer(b"taken"))

    assert put(adapter, byte_server.give(take), 16 << 20).content == b"taken"


def test_server_that_never_reads(byte_server: ByteServer, adapter: BaseAdapter) -> None:
    """A server that neither reads nor answers costs the read timeout."""
    seen = threading.Event()

    def ignore(talk: Conversation) -> None:
        seen.wait()
        talk.end = End.CLOSE

    prepared = requests.Request("PUT", byte_server.give(ignore), data=bytes(BODY_SIZE_BYTES))
    try:
        with pytest.raises((requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError)):
            adapter.send(prepared.prepare(), timeout=(60, 0.2))
    finally:
        seen.set()
