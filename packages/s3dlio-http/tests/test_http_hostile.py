"""Bytes that no server should send: an error, or what a strict reading gives, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
import urllib3.exceptions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.servers.byte_server import SENTINEL, ByteServer, End, Reply
from tests.servers.http_answers import NASTY, broken_answers, pieces
from tests.servers.strict_http import NotHttpError, read_answer

from s3dlio_http import HttpAdapter

if TYPE_CHECKING:
    from collections.abc import Sequence

#: All that a client may raise for what a server sends.
REFUSALS = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError)

OK = b"HTTP/1.1 200 OK\r\n"
POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"


def outcome(
    adapter: requests.adapters.BaseAdapter,
    method: str,
    url: str,
    timeout_s: float = 60,
    verify: bool | str = True,
) -> tuple[int, bytes] | None:
    """Status and body of an answer; None where it is refused."""
    prepared = requests.Request(method, url).prepare()
    try:
        response = adapter.send(prepared, stream=True, timeout=(60, timeout_s), verify=verify)
        return response.status_code, bytes(response.raw.read())
    except REFUSALS:
        return None


def check(server: ByteServer, method: str, sent: Sequence[bytes], end: End) -> None:
    """Check what a client makes of some bytes, and that the next request isn't touched by them."""
    meaning, problem = None, ""
    try:
        meaning = read_answer(b"".join(sent), method)
    except NotHttpError as error:
        problem = str(error)
    pieces_sent = sent if meaning is None else _with_rest(sent, meaning.size_bytes)
    url, after = server.give(Reply(*pieces_sent, end=end)), server.fresh_url()
    # Where the connection stays open, a body that lacks its end can only be waited for.
    timeout_s = 0.05 if end is End.KEEP else 60
    adapter = HttpAdapter()
    try:
        seen = outcome(adapter, method, url, timeout_s, server.verify)
        assert outcome(adapter, "GET", after, verify=server.verify) == (200, SENTINEL)
    finally:
        adapter.close()
    assert seen is None or meaning is not None, f"accepted: {problem}"
    assert seen is None or meaning is None or (meaning.status, meaning.body) == seen


def _with_rest(sent: Sequence[bytes], size_bytes: int) -> list[bytes]:
    """Join what follows an answer to the piece that ends it.

    What comes a moment later meets a client that has sent its next request already: nothing can
    tell it from the answer to that.
    """
    pieces_sent: list[bytes] = []
    for number, piece in enumerate(sent):
        if len(piece) >= size_bytes:
            return [*pieces_sent, b"".join(sent[number:])]
        size_bytes -= len(piece)
        pieces_sent.append(piece)
    return pieces_sent


def refused(server: ByteServer, method: str, *sent: bytes, end: End = End.CLOSE) -> bool:
    """Whether a client refuses an answer; it must go on well in any case."""
    check(server, method, sent, end)
    adapter = HttpAdapter()
    try:
        return outcome(adapter, method, server.give(Reply(*sent, end=end))) is None
    finally:
        adapter.close()


_random = st.lists(st.one_of(st.sampled_from([OK, b"HTTP/1.1 ", *NASTY]), st.binary(max_size=8)))
_ends = st.sampled_from([End.CLOSE, End.CLOSE, End.CLOSE, End.HALF_CLOSE, End.KEEP])


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(broken_answers().flatmap(lambda made: st.tuples(st.just(made[0]), pieces(made[1]))), _ends)
def test_broken_answers(
    shared_byte_server: ByteServer, broken: tuple[str, list[bytes]], end: End
) -> None:
    """A valid answer that was changed here and there."""
    check(shared_byte_server, *broken, end)


@settings(max_examples=300, deadline=None)
@given(_random, _ends)
def test_random_bytes(shared_byte_server: ByteServer, sent: list[bytes], end: End) -> None:
    """Bytes without sense, and pieces of HTTP in no order."""
    check(shared_byte_server, "GET", sent, end)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_truncated_answers(shared_byte_server: ByteServer, place: int, reset: bool) -> None:
    """An answer that ends anywhere before its end is refused, whichever way it ends."""
    chunked = (
        OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: 1\r\n\r\n"
    )
    with_length = OK + b"Content-Length: 7\r\n\r\nabcdefg"
    whole = (chunked, with_length)[place % 2]
    cut = whole[: place // 2 % len(whole)]
    end = End.RESET if reset else End.CLOSE
    assert refused(shared_byte_server, "GET", cut, end=end)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\r\n",
        b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 2",
        b"SSH-2.0-OpenSSH_9.2",
        b"<html>",
        b"HTTP/2.0 200 OK\r\nContent-Length: 2",
        b"HTTP/0.9 200 OK\r\nContent-Length: 2",
        b"http/1.1 200 OK\r\nContent-Length: 2",
        b"HTTP/1.1  200 OK\r\nContent-Length: 2",
        b"HTTP/1.1\t200 OK\r\nContent-Length: 2",
        b" HTTP/1.1 200 OK\r\nContent-Length: 2",
        b"HTTP/1.1 20 OK\r\nContent-Length: 2",
        b"HTTP/1.1 2000 OK\r\nContent-Length: 2",
        b"HTTP/1.1 +20 OK\r\nContent-Length: 2",
        b"HTTP/1.1 \xb2\xb2\xb2 OK\r\nContent-Length: 2",
        b"HTTP/1.1 000 OK\r\nContent-Length: 2",
        b"HTTP/1.1 099 OK\r\nContent-Length: 2",
        b"HTTP/1.1 200 O\0K\r\nContent-Length: 2",
        b"HTTP/1.1 200 O\rK\r\nContent-Length: 2",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c",
        OK + b" Content-Length: 2",
        OK + b"Content-Length : 2",
        OK + b"Content-Length\t: 2",
        OK + b"Content-Length: 2\r\n folded: yes",
        OK + b"Content-Length:\r\n 2",
        OK + b"X: a\r\n\tb\r\nContent-Length: 2",
        OK + b"X: a\0b\r\nContent-Length: 2",
        OK + b"X: a\rb\r\nContent-Length: 2",
        OK + b"X: a\rContent-Length: 2",
        OK + b"no colon\r\nContent-Length: 2",
        OK + b": no name\r\nContent-Length: 2",
        OK + b"two words: x\r\nContent-Length: 2",
        OK + b"N\xe4me: x\r\nContent-Length: 2",
        OK + b"N(a): x\r\nContent-Length: 2",
        OK + b"N\0: x\r\nContent-Length: 2",
    ],
)
def test_bad_heads(byte_server: ByteServer, head: bytes) -> None:
    """A head that isn't one is refused, though a body seems to follow."""
    assert refused(byte_server, "GET", head + b"\r\n\r\nhi")


@pytest.mark.parametrize(
    "lengths",
    [
        *([b"-1"], [b"+2"], [b"0x2"], [b"2 2"], [b"2,3"], [b"2", b"3"], [b"2a"], [b""], [b"2;2"]),
        *([b"2.0"], [b"1_0"], [b"\xb2"], [b"2, -2"], [b"2", b""], [b"2", b"abc"], [b"2 ,x"]),
        *([b"9" * 19], [b"9" * 25], [b"9" * 5000], [b"1e1"], [b"0", b"2"], [b"2", b"0"]),
        *([b"18446744073709551618"], [b"4294967298"]),
    ],
)
def test_bad_lengths(byte_server: ByteServer, lengths: list[bytes]) -> None:
    """A length that isn't one, or isn't the only one, is refused."""
    fields = b"".join(b"Content-Length: " + length + b"\r\n" for length in lengths)
    assert refused(byte_server, "GET", OK + fields + b"\r\nhi")


@pytest.mark.parametrize(
    "fields",
    [
        b"Transfer-Encoding: chunked\r\nContent-Length: 2",
        b"Content-Length: 2\r\nTransfer-Encoding: chunked",
        b"Content-Length: 0\r\ntransfer-encoding: chunked",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: identity, chunked",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding: identity\r\nContent-Length: 2",
        b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: gzip",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: chunkedx",
        b"Transfer-Encoding: chunked;q=1",
        b'Transfer-Encoding: "chunked"',
        b"Transfer-Encoding: chun ked",
        b"Transfer-Encoding: \x0bchunked",
        b"Transfer-Encoding: chunked\x0b",
        b"Transfer-Encoding : chunked",
        b"Transfer-Encoding:",
        b"Transfer-Encoding: \r\n chunked",
    ],
)
def test_bad_transfer_codings(byte_server: ByteServer, fields: bytes) -> None:
    """Codings that we didn't ask for, or that contradict a length, are refused."""
    assert refused(byte_server, "GET", OK + fields + b"\r\n\r\n2\r\nhi\r\n0\r\n\r\n")


def test_chunks_from_an_old_server(byte_server: ByteServer) -> None:
    """HTTP/1.0 has no chunks: such framing can't be trusted."""
    old = b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    assert refused(byte_server, "GET", old)


@pytest.mark.parametrize(
    "body",
    [
        *(b"-2\r\nhi\r\n", b"+2\r\nhi\r\n", b"0x2\r\nhi\r\n", b" 2\r\nhi\r\n", b"\r\n2\r\nhi\r\n"),
        *(b"2_\r\nhi\r\n", b"0_2\r\nhi\r\n", b"g\r\nhi\r\n", b";x\r\nhi\r\n", b"2 3\r\nhi\r\n"),
        *(b"\xb2\r\nhi\r\n", b"2,\r\nhi\r\n", b"2\nhi\r\n", b"2\rhi\r\n", b"2\r\nhi\n", b"2\r\nhi"),
        *(b"2\r\nhiX\n", b"2\r\nhi\rX", b"1\r\nhi\r\n", b"3\r\nhi\r\n", b"2\0\r\nhi\r\n"),
        *(b"2;a\0b\r\nhi\r\n", b"2;a\nb\r\nhi\r\n", b"2;a\rb\r\nhi\r\n", b"2.0\r\nhi\r\n"),
        *(b"f" * 16 + b"\r\nhi\r\n", b"f" * 17 + b"\r\nhi\r\n", b"0" * 70000 + b"2\r\nhi\r\n"),
        *(b"10000000000000002\r\nhi\r\n", b"-0\r\n\r\n", b"2\r\nhi\r\n0 0\r\n\r\n"),
    ],
)
def test_bad_chunks(byte_server: ByteServer, body: bytes) -> None:
    """A chunk that isn't one is refused, though a last chunk follows."""
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    assert refused(byte_server, "GET", head + body + b"0\r\n\r\n")


@pytest.mark.parametrize(
    "trailers", [b"no colon\r\n", b" folded: x\r\n", b"A: \0\r\n", b"A: b\rc\r\n", b"a b: c\r\n"]
)
def test_bad_trailers(byte_server: ByteServer, trailers: bytes) -> None:
    """Trailers that no head could have are refused."""
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"
    assert refused(byte_server, "GET", head + trailers + b"\r\n")


@pytest.mark.parametrize(
    "whole",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("extra", [POISON, b"x", b"\r\n", b"HTTP/1.1 408 Timeout\r\n\r\n"])
def test_bytes_after_an_answer(
    plain_and_tls_server: ByteServer, whole: bytes, extra: bytes
) -> None:
    """What follows an answer unasked is never taken for the next one, by a layer of TLS neither."""
    server, verify = plain_and_tls_server, plain_and_tls_server.verify
    url, after = server.give(Reply(whole + extra)), server.fresh_url()
    adapter = HttpAdapter()
    try:
        seen = outcome(adapter, "GET", url, verify=verify)
        assert seen is None or seen[1] == (b"hi" if b"hi" in whole else b"")
        assert outcome(adapter, "GET", after, verify=verify) == (200, SENTINEL)
    finally:
        adapter.close()
    first, second = server.connections_for(url, after)
    assert first != second


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified", b"200 OK"])
def test_body_where_none_may_be(
    plain_and_tls_server: ByteServer, method: str, status: bytes
) -> None:
    """A body after an answer that has none is never taken for the next answer."""
    sent = b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n\r\n" % len(POISON) + POISON
    check(plain_and_tls_server, method, [sent], End.KEEP)
