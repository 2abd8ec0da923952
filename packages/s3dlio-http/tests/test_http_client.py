"""The client over its own adapter: answers, their ends, and what is told of failures."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import pytest
from tests.servers.byte_server import ByteServer, End, Reply, answer

from s3dlio_http.client import HttpClient, HttpRequest
from s3dlio_http.wire_errors import WireError, WireErrorKind

if TYPE_CHECKING:
    from collections.abc import Iterator


class FailedError(Exception):
    """What the tests' clients raise."""

    def __init__(self, request: HttpRequest, error: WireError) -> None:
        super().__init__(error.said)
        self.request = request
        self.error = error


def make_client() -> HttpClient:
    """A client."""
    return HttpClient(
        connect_timeout_s=30,
        read_timeout_s=30,
        max_pool_size=4,
        verify=True,
        translate=FailedError,
    )


@pytest.fixture
def client() -> Iterator[HttpClient]:
    """A client."""
    client = make_client()
    yield client
    client.close()


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


def test_large_answers_fill_the_callers_buffer(server: ByteServer, client: HttpClient) -> None:
    """To the last byte, and the connection serves the next request."""
    content = bytes(range(256)) * 12_000
    url = server.give(Reply(answer(content)))
    buffer = bytearray(len(content) + 10)
    for _ in range(2):
        read = client.send(request(url))
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
    server: ByteServer, client: HttpClient, sent: bytes, in_pieces: bool
) -> None:
    """Also where the caller knows the length, and the last chunk comes later."""
    url = server.give(Reply(*([sent[:-5], sent[-5:]] if in_pieces else [sent])))
    for _ in range(3):
        read = client.send(request(url))
        buffer = memoryview(bytearray(3))
        done = 0
        while done < 3:
            done += read.readinto(buffer[done:])
        read.finish()
        assert bytes(buffer) == b"abc"
    assert len(set(server.connections_for(url))) == 1


def test_unfinished_answers_cut_their_connection(server: ByteServer, client: HttpClient) -> None:
    """The rest of an answer is never the beginning of another."""
    url = server.give(Reply(answer(bytes(1_000_000))))
    read = client.send(request(url))
    read.readinto(memoryview(bytearray(10)))
    read.close()
    assert client.send(request(url)).status == 200
    assert len(set(server.connections_for(url))) == 2


def test_put_is_never_repeated(server: ByteServer, client: HttpClient) -> None:
    """Whether it was done is for the caller to find out."""
    first = server.give(Reply(answer(b"a")))
    lost = server.give(Reply(end=End.CLOSE))
    assert client.send(request(first)).read(10) == b"a"
    with pytest.raises(FailedError) as raised:
        client.send(request(lost, "PUT", b"x"))
    assert WireErrorKind.CONNECTION_CUT is raised.value.error.kind
    assert raised.value.error.maybe_done
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
    client = make_client()
    with pytest.raises(FailedError) as raised:
        client.send(refused)
    client.close()
    assert WireErrorKind.UNSENDABLE is raised.value.error.kind
    assert "SECRET" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("adapter", ["s3dlio", "requests"])
@pytest.mark.parametrize("proxy", ["", "http://127.0.0.1:1"])
def test_a_signature_in_the_url_isnt_shown(
    monkeypatch: pytest.MonkeyPatch, adapter: str, proxy: str
) -> None:
    """What the stack below says quotes the URL; the operating system's own words are kept."""
    monkeypatch.setenv("S3DLIO_HTTP_ADAPTER", adapter)
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("no_proxy", "" if proxy else "*")
    client, sent = make_client(), request("http://127.0.0.1:1/b/k?sig=SECRET")
    with pytest.raises(FailedError, match="refused") as raised:
        client.send(sent)
    client.close()
    assert "SECRET" not in "".join(traceback.format_exception(raised.value))


def test_repr_tells_no_secret() -> None:
    """Headers, queries and bodies don't stand in a repr, which logs and tracebacks show."""
    headers = {"authorization": "SECRET"}
    shown = repr(HttpRequest("put", "u", "PUT", "o", "/t?sig=SECRET", headers, b"CONTENT"))
    assert "PUT" in shown
    assert "SECRET" not in shown
    assert "CONTENT" not in shown


def test_wrong_switch_is_the_users_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter that nobody knows is told as what it is."""
    monkeypatch.setenv("S3DLIO_HTTP_ADAPTER", "nonsense")
    with pytest.raises(FailedError, match="S3DLIO_HTTP_ADAPTER is 'nonsense'") as raised:
        make_client()
    assert WireErrorKind.UNKNOWN_ADAPTER is raised.value.error.kind


@pytest.mark.parametrize("adapter", ["s3dlio", "requests"])
def test_server_without_an_answer(
    server: ByteServer, monkeypatch: pytest.MonkeyPatch, adapter: str
) -> None:
    """What is told says so in words."""
    monkeypatch.setenv("S3DLIO_HTTP_ADAPTER", adapter)
    client = make_client()
    with pytest.raises(FailedError, match=r"without (an answer|response)") as raised:
        client.send(request(server.give(Reply(end=End.CLOSE))))
    # A GET does nothing.
    assert not raised.value.error.maybe_done
    client.close()


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
    client: HttpClient, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """Such a URL in the environment is refused, and not quoted: it may have a password."""
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(FailedError) as raised:
        client.send(request("https://s3.test/b/k"))
    assert WireErrorKind.BAD_PROXY is raised.value.error.kind
    assert "SECRET" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(("method", "maybe_done"), [("GET", False), ("PUT", True)])
def test_cut_body(server: ByteServer, client: HttpClient, method: str, maybe_done: bool) -> None:
    """What may have been done is told also where the answer breaks off, with its request."""
    url = server.give(Reply(answer(b"abcdef")[:-3], end=End.CLOSE))
    sent = request(url, method, b"x" if maybe_done else None)
    with pytest.raises(FailedError) as raised:
        client.send(sent).read(10)
    assert raised.value.request is sent
    assert WireErrorKind.ANSWER_CUT_SHORT is raised.value.error.kind
    assert raised.value.error.maybe_done == maybe_done
    shown = "".join(traceback.format_exception(raised.value))
    assert "urllib3.exceptions" not in shown


@pytest.mark.parametrize("target", ["/b/a/../c", "/b/.", "/b/./c?x=/"])
def test_path_that_a_proxy_would_rewrite(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """It isn't sent: a proxy for http would make another object of it."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with pytest.raises(FailedError) as raised:
        client.send(request(f"http://s3.test{target}"))
    assert WireErrorKind.PROXY_REWRITES_PATH is raised.value.error.kind
    assert not raised.value.error.maybe_done
