"""The transport over its own adapter: answers, their ends, and what failures become."""

from __future__ import annotations

import ssl
import traceback
from typing import TYPE_CHECKING

import pytest
import requests.exceptions
import urllib3.exceptions
from tests.servers.byte_server import ByteServer, End, Reply, answer

from s3dlio_core.errors import (
    ConnectionFailedError,
    IntegrityError,
    RequestTimeoutError,
    S3dlioError,
    UsageError,
)
from s3dlio_http.errors import (
    MalformedAnswerError,
    MissingFileError,
    NoAnswerError,
    TlsBrokenError,
    TooSlowError,
    cut_short,
)
from s3dlio_s3.request import S3Request
from s3dlio_s3.transport import HttpRequest, Transport
from s3dlio_s3.transport_errors import error_of_exception

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTION = requests.exceptions.ConnectionError
TIMEOUT = requests.exceptions.ReadTimeout
TLS = requests.exceptions.SSLError


def _cut_short_under_tls() -> Exception:
    error = cut_short(3, 4)
    error.__cause__ = ssl.SSLEOFError(8, "EOF occurred in violation of protocol")
    return error


@pytest.mark.parametrize(
    ("error", "cls", "said", "retryable", "maybe_done"),
    [
        (
            TIMEOUT(TooSlowError("http://h", 5, 60)),
            RequestTimeoutError,
            "http://h took or sent too few bytes for too long",
            True,
            True,
        ),
        (
            CONNECTION(MalformedAnswerError("the answer has a malformed header line")),
            ConnectionFailedError,
            "http://h sent no valid HTTP: the answer has a malformed header line",
            True,
            True,
        ),
        (
            CONNECTION(NoAnswerError("Connection aborted.", ConnectionResetError(104, "reset"))),
            ConnectionFailedError,
            "the connection to http://h was cut: reset",
            True,
            True,
        ),
        (
            TLS(TlsBrokenError(ssl.SSLError(1, "bad record"))),
            ConnectionFailedError,
            "the connection to http://h was cut: bad record",
            True,
            True,
        ),
        (
            TlsBrokenError(ssl.SSLError(1, "bad record")),
            ConnectionFailedError,
            "the connection to http://h was cut: bad record",
            True,
            True,
        ),
        (
            MissingFileError("no authorities in /etc/ca.pem"),
            UsageError,
            "no TLS connection to http://h: no authorities in /etc/ca.pem",
            False,
            False,
        ),
        (
            TLS(urllib3.exceptions.SSLError(ssl.SSLError(1, "bad"))),
            ConnectionFailedError,
            "TLS",
            False,
            False,
        ),
        (cut_short(3, 4), IntegrityError, "cut the answer short", True, True),
        (_cut_short_under_tls(), IntegrityError, "cut the answer short", True, True),
        (requests.exceptions.InvalidHeader("x"), UsageError, "can't be sent", False, False),
    ],
)
def test_failures(
    error: Exception, cls: type[S3dlioError], said: str, retryable: bool, maybe_done: bool
) -> None:
    """What the adapter raises, and whether the service may have had the request."""
    translated = error_of_exception(error, "http://h")
    assert type(translated) is cls
    assert said in str(translated)
    assert (translated.retryable, translated.maybe_done) == (retryable, maybe_done)


@pytest.fixture
def transport() -> Iterator[Transport]:
    """A transport."""
    transport = Transport(connect_timeout_s=30, read_timeout_s=30, max_pool_size=4, verify=True)
    yield transport
    transport.close()


@pytest.fixture
def server() -> Iterator[ByteServer]:
    """A server that answers as it is told."""
    with ByteServer() as server:
        yield server


def request(url: str, method: str = "GET", body: bytes | None = None) -> HttpRequest:
    """A request as the sender makes them."""
    origin, target = url[: url.index("/", 8)], url[url.index("/", 8) :]
    headers = {} if body is None else {"Content-Length": str(len(body))}
    view = None if body is None else memoryview(body)
    return HttpRequest("read", "s3://b/k", method, origin, target, headers, view)


def test_large_answers_fill_the_callers_buffer(server: ByteServer, transport: Transport) -> None:
    """To the last byte, and the connection serves the next request."""
    content = bytes(range(256)) * 12_000
    url = server.give(Reply(answer(content)))
    buffer = bytearray(len(content) + 10)
    for _ in range(2):
        read = transport.send(request(url))
        view, done = memoryview(buffer), 0
        while count := read.readinto(view[done:]):
            done += count
        read.finish()
        assert buffer[:done] == content
    assert len(set(server.connections_for(url))) == 1


@pytest.mark.parametrize(
    "sent",
    [
        answer(b"abc"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("in_pieces", [False, True])
def test_finished_answers_free_their_connection(
    server: ByteServer, transport: Transport, sent: bytes, in_pieces: bool
) -> None:
    """Also where the caller knows the length, and the last chunk comes later."""
    url = server.give(Reply(*([sent[:-5], sent[-5:]] if in_pieces else [sent])))
    for _ in range(3):
        read = transport.send(request(url))
        buffer = memoryview(bytearray(3))
        done = 0
        while done < 3:
            done += read.readinto(buffer[done:])
        read.finish()
        assert bytes(buffer) == b"abc"
    assert len(set(server.connections_for(url))) == 1


def test_unfinished_answers_cut_their_connection(server: ByteServer, transport: Transport) -> None:
    """The rest of an answer is never the beginning of another."""
    url = server.give(Reply(answer(bytes(1_000_000))))
    read = transport.send(request(url))
    read.readinto(memoryview(bytearray(10)))
    read.close()
    assert transport.send(request(url)).status == 200
    assert len(set(server.connections_for(url))) == 2


def test_put_is_never_repeated_by_the_adapter(server: ByteServer, transport: Transport) -> None:
    """Whether it was done is for the retrying store to find out."""
    first = server.give(Reply(answer(b"a")))
    lost = server.give(Reply(end=End.CLOSE))
    assert transport.send(request(first)).read(10) == b"a"
    with pytest.raises(ConnectionFailedError) as raised:
        transport.send(request(lost, "PUT", b"x"))
    assert raised.value.maybe_done
    assert len(server.requests_for(lost)) == 1


@pytest.mark.parametrize("adapter", ["s3dlio", "requests"])
@pytest.mark.parametrize("value", ["SECRET\nx", "SECRET\N{EURO SIGN}"])
def test_refused_headers_arent_shown(
    server: ByteServer, monkeypatch: pytest.MonkeyPatch, adapter: str, value: str
) -> None:
    """What no header can carry is refused, and stands in no traceback."""
    monkeypatch.setenv("S3DLIO_HTTP_ADAPTER", adapter)
    refused = request(server.fresh_url())
    refused.headers = {"x-amz-security-token": value}
    transport = Transport(connect_timeout_s=30, read_timeout_s=30, max_pool_size=4, verify=True)
    with pytest.raises(UsageError) as raised:
        transport.send(refused)
    transport.close()
    assert "SECRET" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    "shown",
    [
        HttpRequest("put", "u", "PUT", "o", "/t", {"authorization": "SECRET"}, b"CONTENT"),
        S3Request("put", "PUT", headers={"x-amz-key": "SECRET"}, body=b"CONTENT"),
    ],
)
def test_repr_tells_no_secret(shown: object) -> None:
    """Headers and bodies of requests don't stand in a repr, which logs and tracebacks show."""
    assert "PUT" in repr(shown)
    assert "SECRET" not in repr(shown)
    assert "CONTENT" not in repr(shown)


def test_wrong_switch_is_the_users_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter that nobody knows is told as what it is."""
    monkeypatch.setenv("S3DLIO_HTTP_ADAPTER", "nonsense")
    with pytest.raises(UsageError, match="S3DLIO_HTTP_ADAPTER is 'nonsense'"):
        Transport(connect_timeout_s=30, read_timeout_s=30, max_pool_size=4, verify=True)


@pytest.mark.parametrize("adapter", ["s3dlio", "requests"])
def test_server_without_an_answer(
    server: ByteServer, monkeypatch: pytest.MonkeyPatch, adapter: str
) -> None:
    """The error says so in words."""
    monkeypatch.setenv("S3DLIO_HTTP_ADAPTER", adapter)
    transport = Transport(connect_timeout_s=30, read_timeout_s=30, max_pool_size=4, verify=True)
    with pytest.raises(ConnectionFailedError, match=r"without (an answer|response)"):
        transport.send(request(server.give(Reply(end=End.CLOSE))))
    transport.close()


@pytest.mark.parametrize(
    "proxy",
    [
        "nonsense://",
        "ftp://proxy:80",
        "http://user:SECRET@",
        "http:///path",
        "http://proxy:SECRET",
        "user:SECRET@127.0.0.1:80",
        "http://[::1:80",
    ],
)
def test_proxy_that_is_none(
    transport: Transport, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """Such a URL in the environment is refused, and not quoted: it may have a password."""
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(UsageError, match="has no valid URL") as raised:
        transport.send(request("https://s3.test/b/k"))
    assert "HTTPS_PROXY" in (raised.value.hint or "")
    assert "SECRET" not in "".join(traceback.format_exception(raised.value))
