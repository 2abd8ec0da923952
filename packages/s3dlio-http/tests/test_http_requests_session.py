"""A plain `requests.Session` with the adapter mounted: all that users of requests know works.

Each test runs over our adapter and over requests' own, and wants the same of both.
"""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import pickle
import shutil
import zlib
from typing import TYPE_CHECKING, Any

import pytest
import requests
from tests.servers.byte_server import SENTINEL, ByteServer, Reply, answer, echo

from s3dlio_http import HttpAdapter

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich\n" * 200


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"])
def test_json(byte_server: ByteServer, session: requests.Session, method: str) -> None:
    """JSON goes there and comes back, with any method, query and header."""
    response = session.request(
        method,
        byte_server.give(echo),
        params={"a": "b c", "ä": ["1", "2"]},
        headers={"X-Own": "yes"},
        json={"name": "ä", "values": [1, 2]},
    )
    said = response.json()
    assert (200, "OK", True) == (response.status_code, response.reason, response.ok)
    assert said["method"] == method
    assert said["target"].partition("?")[2] == "a=b+c&%C3%A4=1&%C3%A4=2"
    assert json.loads(said["body"]) == {"name": "ä", "values": [1, 2]}
    assert said["headers"]["x-own"] == "yes"
    assert said["headers"]["content-type"] == "application/json"
    assert said["headers"]["host"] == byte_server.host


def test_plain_request_heads_are_equal(byte_server: ByteServer) -> None:
    """What goes over the wire is the same as from requests' own adapter, names' case included."""
    url = byte_server.give(echo)
    with requests.Session() as session:
        session.trust_env = False
        stock = _wire_of(session, byte_server, url)
        session.mount("http://", HttpAdapter())
        assert stock == _wire_of(session, byte_server, url)


def _wire_of(session: requests.Session, server: ByteServer, url: str) -> list[list[bytes]]:
    server.requests.clear()
    session.get(f"{url}?x=1", headers={"X-a": "1", "x-B": "2"})
    session.post(url, data={"form": "ä"})
    session.put(url, data=b"")
    session.delete(url)
    session.head(url)
    return [sorted(request.head.raw.split(b"\r\n")) for request in server.requests]


def raw_deflate(content: bytes) -> bytes:
    """Compress without zlib's head, as some servers do. Python 3.10's `compress` can't."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(content) + compressor.flush()


@pytest.mark.parametrize(
    ("coding", "encode"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("gzip, deflate", lambda data: zlib.compress(gzip.compress(data))),
        ("identity", bytes),
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
def test_content_codings(
    byte_server: ByteServer,
    session: requests.Session,
    coding: str,
    encode: Callable[[bytes], bytes],
    chunked: bool,
) -> None:
    """Compressed bodies are unpacked on the way, whichever way they are read."""
    sent = encode(TEXT.encode())
    url = byte_server.give(Reply(_coded(sent, coding, chunked=chunked)))
    assert session.get(url).text == TEXT
    assert list(session.get(url, stream=True).iter_lines(decode_unicode=True)) == TEXT.splitlines()
    assert b"".join(session.get(url, stream=True).iter_content(7)) == TEXT.encode()
    assert session.get(url, stream=True).raw.read(decode_content=True) == TEXT.encode()
    assert session.get(url, stream=True).raw.read() == sent
    assert session.get(url, stream=True).raw.read(10) == sent[:10]


def _coded(sent: bytes, coding: str, *, chunked: bool) -> bytes:
    fields = f"Content-Encoding: {coding}\r\nContent-Type: text/plain; charset=utf-8\r\n"
    if not chunked:
        return f"HTTP/1.1 200 OK\r\nContent-Length: {len(sent)}\r\n{fields}\r\n".encode() + sent
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{fields}\r\n".encode()
    return head + b"5\r\n" + sent[:5] + b"\r\n%x\r\n" % len(sent[5:]) + sent[5:] + b"\r\n0\r\n\r\n"


def test_broken_compression_is_an_error(byte_server: ByteServer, session: requests.Session) -> None:
    """A body that can't be unpacked is requests' error for that."""
    url = byte_server.give(Reply(answer(b"not gzip at all", Content_Encoding="gzip")))
    with pytest.raises(requests.exceptions.ContentDecodingError):
        session.get(url)


@pytest.mark.parametrize(
    ("status", "method", "method_after", "body_after"),
    [
        ("301 Moved Permanently", "GET", "GET", ""),
        ("301 Moved Permanently", "POST", "GET", ""),
        ("302 Found", "POST", "GET", ""),
        ("302 Found", "PUT", "GET", ""),
        ("303 See Other", "PUT", "GET", ""),
        ("307 Temporary Redirect", "POST", "POST", "body"),
        ("308 Permanent Redirect", "PUT", "PUT", "body"),
    ],
)
def test_redirects(
    byte_server: ByteServer,
    session: requests.Session,
    status: str,
    method: str,
    method_after: str,
    body_after: str,
) -> None:
    """Redirects are followed, with the method and body that each status stands for."""
    last = byte_server.give(echo)
    moved = answer(b"moved", status=status, Location=last.removeprefix(byte_server.url("")))
    response = session.request(method, byte_server.give(Reply(moved)), data=b"body")
    said = response.json()
    assert (said["method"], said["body"]) == (method_after, body_after)
    assert [status[:3]] == [str(step.status_code) for step in response.history]
    assert (response.url, response.history[0].content) == (last, b"moved")
    assert response.history[0].is_redirect
    assert {0} == {
        request.connection - byte_server.requests[0].connection for request in byte_server.requests
    }


def test_redirect_to_another_host_drops_the_credentials(
    byte_server: ByteServer, session: requests.Session
) -> None:
    """A redirect is followed to another host, and what was for the first isn't told there."""
    with ByteServer() as other:
        moved = answer(status="302 Found", Location=other.give(echo))
        response = session.get(byte_server.give(Reply(moved)), auth=("me", "secret"))
        assert "authorization" not in response.json()["headers"]
        assert "authorization" in byte_server.requests[0].head.headers


@pytest.mark.parametrize("rest", ["", "?x=1", "?x=/1", "#part", "#part/1"])
def test_url_without_a_path(byte_server: ByteServer, session: requests.Session, rest: str) -> None:
    """A session follows such a Location as it stands: to that host, with the path "/"."""
    target = "/" + rest.partition("#")[0]
    byte_server.on(target, echo)
    response = session.get(byte_server.give(Reply(_moved(byte_server.url("") + rest))))
    assert (response.json()["target"], response.json()["headers"]["host"]) == (
        target,
        byte_server.host,
    )
    prepared = requests.PreparedRequest()
    prepared.prepare(method="GET", url=byte_server.url("/"))
    prepared.url = byte_server.url("") + rest
    assert session.send(prepared).json()["target"] == target


def test_endless_redirects_end(byte_server: ByteServer, session: requests.Session) -> None:
    """Redirects in a circle are given up."""
    url = byte_server.give(Reply(answer(status="302 Found", Location="")))
    byte_server.on(url.removeprefix(byte_server.url("")), Reply(_moved(url)))
    session.max_redirects = 5
    with pytest.raises(requests.exceptions.TooManyRedirects):
        session.get(url)
    assert session.get(url, allow_redirects=False).status_code == 302


def _moved(url: str) -> bytes:
    return answer(status="302 Found", Location=url)


def test_cookies(byte_server: ByteServer, session: requests.Session) -> None:
    """Cookies are kept, sent where they belong, overwritten, and forgotten when they expire."""
    lines = "Set-Cookie: a=1; Path=/\r\nset-cookie: b=2; Path=/elsewhere\r\nSet-Cookie: c=3\r\n"
    given = f"HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n".encode()
    response = session.get(byte_server.give(Reply(given)))
    assert {"a": "1", "b": "2", "c": "3"} == dict(response.cookies)
    url = byte_server.give(echo)
    assert session.get(url).json()["headers"]["cookie"] == "a=1; c=3"
    gone = "a=; Max-Age=0; Path=/"
    session.get(byte_server.give(Reply(answer(Set_Cookie=gone))))
    assert session.get(url, cookies={"d": "4"}).json()["headers"]["cookie"] == "c=3; d=4"


def test_cookies_of_a_redirect(byte_server: ByteServer, session: requests.Session) -> None:
    """A cookie that comes with a redirect is sent to where it leads."""
    last = byte_server.give(echo)
    moved = answer(status="303 See Other", Location=last, Set_Cookie="login=ok; Path=/")
    response = session.post(byte_server.give(Reply(moved)), data={"user": "me"})
    assert response.json()["headers"]["cookie"] == "login=ok"


def test_streaming(byte_server: ByteServer, session: requests.Session) -> None:
    """A streamed body comes piece by piece, and the connection is then used again."""
    url = byte_server.give(Reply(answer(b"one\ntwo\r\nthree", Content_Type="text/plain")))
    with session.get(url, stream=True) as response:
        assert list(response.iter_lines()) == [b"one", b"two", b"three"]
    with session.get(url, stream=True) as response:
        assert [response.raw.read(4), response.raw.read(2)] == [b"one\n", b"tw"]
        assert response.raw.read() == b"o\r\nthree"
        assert response.raw.read() == b""
    assert session.get(byte_server.fresh_url()).content == SENTINEL
    assert len({request.connection for request in byte_server.requests}) == 1


def test_raw_is_a_file(byte_server: ByteServer, session: requests.Session) -> None:
    """The raw body can be handed to what takes files."""
    url = byte_server.give(Reply(answer(json.dumps({"a": [1, 2]}).encode())))
    with session.get(url, stream=True) as response:
        assert json.load(response.raw) == {"a": [1, 2]}
    zipped = byte_server.give(Reply(answer(gzip.compress(b"line\n" * 3))))
    with session.get(zipped, stream=True) as response, gzip.open(response.raw) as lines:
        assert list(lines) == [b"line\n"] * 3


@pytest.mark.parametrize("decoded", [False, True])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    "read",
    [
        lambda raw: raw.read(),
        lambda raw: b"".join(iter(lambda: raw.read(7), b"")),
        lambda raw: io.BufferedReader(raw, 16).read(),
        lambda raw: b"".join(iter(raw.readline, b"")),
        lambda raw: _copied(raw),  # noqa: PLW0108 - it is defined below
    ],
)
def test_raw_decodes_when_told_so(
    byte_server: ByteServer,
    session: requests.Session,
    read: Callable[[Any], bytes],
    chunked: bool,
    decoded: bool,
) -> None:
    """Whichever way a file is read: with `decode_content` it is the content, else what came."""
    content = b"".join(b"line %d\n" % number for number in range(200))
    zipped = gzip.compress(content)
    if chunked:
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        sent = head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(zipped), zipped)
    else:
        sent = answer(zipped, Content_Encoding="gzip")
    with session.get(byte_server.give(Reply(sent)), stream=True) as response:
        assert response.raw.decode_content is False
        response.raw.decode_content = decoded
        assert read(response.raw) == (content if decoded else zipped)


def _copied(raw: Any) -> bytes:
    target = io.BytesIO()
    shutil.copyfileobj(raw, target)
    return target.getvalue()


def test_raw_behaves_as_a_file(byte_server: ByteServer, session: requests.Session) -> None:
    """One that is read line by line, once, from its beginning, and closed by `with`."""
    url = byte_server.give(Reply(answer(b"one\ntwo\nthree")))
    with session.get(url, stream=True).raw as raw:
        assert (raw.readable(), raw.writable(), raw.seekable()) == (True, False, False)
        assert [raw.readline(), raw.readline(2), raw.readlines()] == [
            b"one\n",
            b"tw",
            [b"o\n", b"three"],
        ]
    with session.get(url, stream=True).raw as raw:
        assert raw.read(1) == b"o"
    assert raw.closed


def test_descriptions(byte_server: ByteServer, session: requests.Session) -> None:
    """Response objects tell what they always tell."""
    fields = {"Content_Type": "text/html; charset=iso-8859-1", "Link": '<http://h/2>; rel="next"'}
    url = byte_server.give(
        Reply(answer("é".encode("latin-1"), status="404 Gone Fishing", **fields))
    )
    response = session.get(url)
    assert (404, "Gone Fishing", False) == (response.status_code, response.reason, response.ok)
    assert ("iso-8859-1", "é") == (response.encoding, response.text)
    assert response.elapsed > dt.timedelta(0)
    assert (response.url, response.request.method, response.history) == (url, "GET", [])
    assert response.links["next"]["url"] == "http://h/2"
    assert (response.headers["content-TYPE"], "x" in response.headers) == (
        "text/html; charset=iso-8859-1",
        False,
    )
    with pytest.raises(requests.exceptions.HTTPError, match="404 Client Error: Gone Fishing"):
        response.raise_for_status()


def test_response_pickles(byte_server: ByteServer, session: requests.Session) -> None:
    """A response that was read can be pickled, as with requests' own adapter."""
    given = session.get(byte_server.give(Reply(answer(b"body", Set_Cookie="a=1"))))
    copy = pickle.loads(pickle.dumps(given))
    assert (copy.status_code, copy.content, copy.url) == (200, b"body", given.url)
    assert (dict(copy.cookies), dict(copy.headers)) == ({"a": "1"}, dict(given.headers))


def test_head(byte_server: ByteServer, session: requests.Session) -> None:
    """HEAD has the headers of a body that doesn't come, and isn't redirected by itself."""
    url = byte_server.give(
        Reply(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 99\r\n\r\n")
    )
    response = session.head(url)
    assert (302, "99", b"") == (
        response.status_code,
        response.headers["Content-Length"],
        response.content,
    )
    assert session.get(byte_server.fresh_url()).content == SENTINEL


def test_hooks_and_connection(byte_server: ByteServer, session: requests.Session) -> None:
    """Hooks are called, and find the adapter as the response's connection."""
    seen: list[Any] = []
    hooks = {"response": lambda response, **_: seen.append((response.connection, response.content))}
    session.get(byte_server.fresh_url(), hooks=hooks)
    assert seen == [(session.adapters["http://"], SENTINEL)]


def test_odd_urls(byte_server: ByteServer, session: requests.Session) -> None:
    """A user in the URL becomes an Authorization, a fragment isn't sent, paths are as prepared."""
    url = byte_server.give(echo)
    said = session.get(url.replace("://", "://me:pass%20word@") + "?q#part").json()
    assert said["headers"]["authorization"] == "Basic bWU6cGFzcyB3b3Jk"
    assert said["target"].endswith("?q")
    assert session.get(byte_server.url("")).content == SENTINEL
    assert byte_server.requests[-1].target == "/"


def test_localhost_by_name(byte_server: ByteServer, session: requests.Session) -> None:
    """A host's name is resolved; where one of its addresses refuses the next is tried."""
    url = byte_server.fresh_url().replace("127.0.0.1", "localhost")
    assert session.get(url).content == SENTINEL
    assert byte_server.requests[0].head.headers["host"] == f"localhost:{byte_server.port}"


def test_large_body(byte_server: ByteServer, session: requests.Session) -> None:
    """A large body is whole, however it is read."""
    expected = bytes(range(256)) * 32768
    url = byte_server.give(Reply(answer(expected)))
    assert session.get(url).content == expected
    assert b"".join(session.get(url, stream=True).iter_content(100_001)) == expected
