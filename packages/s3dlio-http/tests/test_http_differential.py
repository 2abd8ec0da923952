"""Valid answers of every framing, cut anywhere: read as http.client reads them."""

from __future__ import annotations

import http.client
import io
import re
from typing import TYPE_CHECKING, Any, cast

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.servers.byte_server import SENTINEL, ByteServer, End, Reply
from tests.servers.http_answers import GivenAnswer, answers, pieces
from tests.servers.strict_http import read_answer

from s3dlio_http import HttpAdapter

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

#: A chunked answer with all that chunked answers may have.
CHUNKED = GivenAnswer(
    method="GET",
    wire=b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"
    b"Transfer-Encoding:Chunked\r\nX: \xe9\t\r\n\r\n"
    b'3;a="b;c"\r\nabc\r\n0004\r\ndefg\r\n0\r\nX-Trailer: 1\r\n\r\n',
    status=200,
    reason="OK",
    fields=(("Transfer-Encoding", "Chunked"), ("X", "é")),
    body=b"abcdefg",
    ends_with_connection=False,
    may_be_followed=True,
    interim=(103,),
)


class _Playback:
    """What `http.client` needs of a socket, over bytes."""

    def __init__(self, wire: bytes) -> None:
        self._wire = wire

    def makefile(self, mode: str) -> io.BytesIO:
        """The bytes as a file."""
        return io.BytesIO(self._wire)


def read_by_http_client(given_answer: GivenAnswer) -> tuple[http.client.HTTPResponse, bytes]:
    """The answer and its body, as http.client has them."""
    playback = cast("socket.socket", _Playback(given_answer.wire))
    response = http.client.HTTPResponse(playback, method=given_answer.method)
    response.begin()
    closes = response.will_close
    body = response.read()
    response.will_close = closes
    return response, body


def misread_by_http_client(given_answer: GivenAnswer) -> bool:
    """Whether an answer is one of those valid ones that http.client takes for something else."""
    return (
        bool({*given_answer.interim} - {100})  # taken for final answers
        or (given_answer.status == 304 and bool(given_answer.values("transfer-encoding")))
        or re.search(rb"(?i)chunked[ \t]+\r\n", given_answer.wire) is not None
    )


def read_whole(response: requests.Response, _: int) -> bytes:
    """All at once, as `requests` does."""
    return response.content


def read_raw(response: requests.Response, _: int) -> bytes:
    """All at once, from below."""
    return bytes(response.raw.read())


def read_into(response: requests.Response, size: int) -> bytes:
    """Into a buffer, until nothing comes."""
    received, buffer = b"", bytearray(size)
    while count := response.raw.readinto(memoryview(buffer)):
        received += buffer[:count]
    return received


def read_sized(response: requests.Response, size: int) -> bytes:
    """By reads of so many bytes, each of which is full but the last."""
    read: list[bytes] = []
    while piece := response.raw.read(size):
        assert not read or len(read[-1]) == size
        read.append(piece)
    return b"".join(read)


def read_stream(response: requests.Response, size: int) -> bytes:
    """By urllib3's stream."""
    return b"".join(response.raw.stream(size))


def read_iterated(response: requests.Response, size: int) -> bytes:
    """By requests' iter_content."""
    return b"".join(response.iter_content(size))


WAYS: list[Callable[[requests.Response, int], bytes]] = [
    read_whole,
    read_raw,
    read_into,
    read_sized,
    read_stream,
    read_iterated,
]


def send(
    adapter: requests.adapters.BaseAdapter, method: str, url: str, **rest: Any
) -> requests.Response:
    """Send a request without a session."""
    prepared = requests.Request(method, url).prepare()
    return adapter.send(prepared, stream=True, timeout=60, **rest)


@settings(max_examples=200, deadline=None)
@given(
    answers().flatmap(lambda made: st.tuples(st.just(made), pieces(made.wire))),
    st.one_of(st.integers(1, 16), st.integers(1, 4000)),
    st.sampled_from(WAYS),
)
def test_valid_answers(
    plain_and_tls_server: ByteServer,
    cut_answer: tuple[GivenAnswer, list[bytes]],
    size: int,
    read: Callable[[requests.Response, int], bytes],
) -> None:
    """Status, reason, fields and body are right, and the connection goes on where it may."""
    given_answer, cut = cut_answer
    end = End.CLOSE if given_answer.ends_with_connection else End.KEEP
    server, verify = plain_and_tls_server, plain_and_tls_server.verify
    url, after = server.give(Reply(*cut, end=end)), server.fresh_url()
    adapter = HttpAdapter()
    try:
        response = send(adapter, given_answer.method, url, verify=verify)
        assert given_answer.status == response.status_code
        assert given_answer.reason.strip() == response.reason.strip()
        for name, _ in given_answer.fields:
            assert ", ".join(given_answer.values(name)) == response.headers[name]
        assert {name.lower() for name, _ in given_answer.fields} == {
            name.lower() for name in response.headers
        }
        assert given_answer.body == read(response, size)
        assert send(adapter, "GET", after, verify=verify).content == SENTINEL
    finally:
        adapter.close()
    first, second = server.connections_for(url, after)
    assert given_answer.may_be_followed == (first == second)


@settings(max_examples=200, deadline=None)
@given(answers())
def test_references_agree(given_answer: GivenAnswer) -> None:
    """The generated answers mean to http.client, and to the strict reader, what they say."""
    meaning = read_answer(given_answer.wire, given_answer.method)
    assert (given_answer.status, given_answer.body) == (meaning.status, meaning.body)
    assert len(given_answer.wire) == meaning.size_bytes
    if misread_by_http_client(given_answer):
        return
    response, body = read_by_http_client(given_answer)
    assert (given_answer.status, given_answer.body) == (response.status, body)
    assert given_answer.reason.strip() == response.reason
    assert given_answer.may_be_followed != response.will_close
    for name, _ in given_answer.fields:
        values = response.headers.get_all(name) or []
        assert given_answer.values(name) == [value.rstrip(" \t") for value in values]


@pytest.mark.parametrize("read", WAYS)
def test_byte_by_byte(
    byte_server: ByteServer,
    adapter: requests.adapters.BaseAdapter,
    read: Callable[[requests.Response, int], bytes],
) -> None:
    """An answer that comes byte by byte is read like any other."""
    url = byte_server.give(Reply(*(bytes([byte]) for byte in CHUNKED.wire)))
    response = send(adapter, "GET", url)
    assert (response.status_code, response.headers["x"]) == (200, "é")
    assert read(response, 3) == CHUNKED.body
    assert send(adapter, "GET", byte_server.fresh_url()).content == SENTINEL
    assert {request.connection for request in byte_server.requests} == {
        byte_server.requests[0].connection
    }
