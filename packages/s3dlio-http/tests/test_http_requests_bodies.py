"""What a plain `requests.Session` sends: bodies of every kind, files, forms, credentials.

Each test runs over our adapter and over requests' own, and wants the same of both.
"""

from __future__ import annotations

import array
import gzip
import hashlib
import io
import mmap
import re
from typing import TYPE_CHECKING, Any

import pytest
import requests
import requests.auth
from requests.structures import CaseInsensitiveDict
from tests.servers.byte_server import SENTINEL, ByteServer, Conversation, End, Reply, answer, echo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CONTENT = bytes(range(256)) * 1000


def _map() -> mmap.mmap:
    mapped = mmap.mmap(-1, len(CONTENT))
    mapped.write(CONTENT)
    return mapped


BUFFERS: dict[str, Callable[[], Any]] = {
    "bytes": lambda: CONTENT,
    "bytearray": lambda: bytearray(CONTENT),
    "memoryview": lambda: memoryview(CONTENT),
    "writable memoryview": lambda: memoryview(bytearray(CONTENT)),
    "part of a memoryview": lambda: memoryview(b"before" + CONTENT + b"after")[6:-5],
    "memoryview of words": lambda: memoryview(array.array("I", CONTENT)),
    "memoryview of a map": lambda: memoryview(_map()),
}


@pytest.mark.parametrize("kind", BUFFERS)
def test_buffers(
    byte_server: ByteServer, any_adapter: requests.adapters.BaseAdapter, kind: str
) -> None:
    """A prepared request's body may be any buffer, however many bytes its items have."""
    body = BUFFERS[kind]()
    prepared = requests.PreparedRequest()
    prepared.method, prepared.url = "PUT", byte_server.give(echo)
    prepared.headers = CaseInsensitiveDict({"Content-Length": str(len(CONTENT))})
    prepared.body = body
    said = any_adapter.send(prepared, timeout=60).json()
    assert said["body"].encode("latin-1") == CONTENT
    assert said["headers"]["content-length"] == str(len(CONTENT))


@pytest.mark.parametrize("size_bytes", [0, 1, 16_384, 16_385, 65_536, 1 << 20, 9_999_999])
def test_sizes(byte_server: ByteServer, session: requests.Session, size_bytes: int) -> None:
    """A body of any size arrives whole."""
    body = (CONTENT * (size_bytes // len(CONTENT) + 1))[:size_bytes]
    url = byte_server.give(Reply(answer(b"done")))
    assert session.put(url, data=body).content == b"done"
    received = byte_server.requests[-1]
    assert bytes(received.body) == body
    assert received.head.length_bytes == size_bytes


def test_text(byte_server: ByteServer, session: requests.Session) -> None:
    """Text is sent as UTF-8, and a form as a form."""
    url = byte_server.give(echo)
    assert session.post(url, data="ä€").json()["body"].encode("latin-1") == "ä€".encode()
    said = session.post(url, data={"a": "1 2", "b": ["x", "y"]}).json()
    assert said["body"] == "a=1+2&b=x&b=y"
    assert said["headers"]["content-type"] == "application/x-www-form-urlencoded"


def test_no_body_has_a_length(byte_server: ByteServer, session: requests.Session) -> None:
    """A POST without a body says so; a GET says nothing."""
    url = byte_server.give(echo)
    assert session.post(url).json()["headers"]["content-length"] == "0"
    assert "content-length" not in session.get(url).json()["headers"]


def test_files_as_a_form(
    byte_server: ByteServer, session: requests.Session, tmp_path: Path
) -> None:
    """Files are uploaded as parts of a form."""
    path = tmp_path / "ä.bin"
    path.write_bytes(CONTENT)
    with path.open("rb") as file:
        files: dict[str, Any] = {
            "file": ("name.bin", file, "application/x-test"),
            "other": ("b", b"content"),
        }
        said = session.post(byte_server.give(echo), files=files, data={"field": "x"}).json()
    kind, boundary = said["headers"]["content-type"].split("; boundary=")
    parts = said["body"].encode("latin-1").split(b"--" + boundary.encode())
    assert (kind, len(parts)) == ("multipart/form-data", 5)
    assert CONTENT in parts[2]
    assert b"Content-Type: application/x-test" in parts[2]


def test_file_object(byte_server: ByteServer, session: requests.Session, tmp_path: Path) -> None:
    """An open file is sent from where it stands, with its length."""
    path = tmp_path / "file"
    path.write_bytes(b"skipped" + CONTENT)
    with path.open("rb") as file:
        file.seek(7)
        said = session.put(byte_server.give(echo), data=file).json()
    assert said["body"].encode("latin-1") == CONTENT
    assert said["headers"]["content-length"] == str(len(CONTENT))
    in_memory = io.BytesIO(CONTENT)
    assert session.put(byte_server.give(echo), data=in_memory).json()["body"] == said["body"]


def test_generator(byte_server: ByteServer, session: requests.Session) -> None:
    """What a generator yields is sent in chunks."""

    def produce() -> Iterator[bytes]:
        yield b"one "
        yield b"two"

    said = session.post(byte_server.give(_unchunked), data=produce())
    assert said.content == b"one two"
    assert byte_server.requests[-1].head.is_chunked
    assert session.get(byte_server.fresh_url()).content == SENTINEL


def _unchunked(talk: Conversation) -> None:
    """Answer with the content of a chunked request."""
    talk.read_body()
    chunks = re.findall(rb"[0-9a-f]+\r\n([^\r]*)\r\n", bytes(talk.request.body))
    talk.wire.send(answer(b"".join(chunks)))


def test_redirected_file_is_sent_again(byte_server: ByteServer, session: requests.Session) -> None:
    """A file that was sent is sent again, from its beginning, where a 307 leads."""
    moved = answer(status="307 Temporary Redirect", Location=byte_server.give(echo))
    said = session.put(byte_server.give(Reply(moved)), data=io.BytesIO(CONTENT)).json()
    assert said["body"].encode("latin-1") == CONTENT


def test_basic_authentication(byte_server: ByteServer, session: requests.Session) -> None:
    """A session's user and password are sent with each request."""
    session.auth = ("me", "pässword")
    said = session.get(byte_server.give(echo)).json()
    assert said["headers"]["authorization"] == "Basic bWU6cORzc3dvcmQ="


def test_digest_authentication(byte_server: ByteServer, session: requests.Session) -> None:
    """A digest challenge is answered, over the connection on which it came."""
    challenge = 'Digest realm="r", nonce="n0nce", qop="auth", algorithm=MD5'
    refused = answer(b"who?", status="401 Unauthorized", WWW_Authenticate=challenge)
    url = byte_server.give(Reply(refused), echo)
    response = session.put(url, data=b"body", auth=requests.auth.HTTPDigestAuth("me", "secret"))
    said = response.json()
    given = dict(re.findall(r'(\w+)="?([^",]*)"?', said["headers"]["authorization"]))
    ha1 = hashlib.md5(b"me:r:secret").hexdigest()
    ha2 = hashlib.md5(f"PUT:{given['uri']}".encode()).hexdigest()
    text = f"{ha1}:n0nce:{given['nc']}:{given['cnonce']}:auth:{ha2}"
    assert given["response"] == hashlib.md5(text.encode()).hexdigest()
    assert (said["body"], [401]) == ("body", [step.status_code for step in response.history])
    assert len({request.connection for request in byte_server.requests}) == 1


def test_compressed_upload(byte_server: ByteServer, session: requests.Session) -> None:
    """A body that says of itself that it is compressed is left as it is."""
    packed = gzip.compress(CONTENT)
    url = byte_server.give(Reply(answer()))
    session.put(url, data=packed, headers={"Content-Encoding": "gzip"})
    assert bytes(byte_server.requests[-1].body) == packed


@pytest.mark.parametrize(
    "headers", [{"X": "a\r\nInjected: yes"}, {"X": "a\nb"}, {"X\r\nInjected": "a"}, {" X": "a"}]
)
def test_headers_cant_be_injected(
    byte_server: ByteServer, session: requests.Session, headers: dict[str, str]
) -> None:
    """A header that would make two is refused before anything is sent."""
    with pytest.raises(requests.exceptions.InvalidHeader):
        session.get(byte_server.fresh_url(), headers=headers)
    assert byte_server.requests == []


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://", requests.exceptions.InvalidURL),
        ("no-scheme", requests.exceptions.MissingSchema),
        ("gopher://h/", requests.exceptions.InvalidSchema),
        ("http://127.0.0.1:99999/", requests.exceptions.InvalidURL),
        ("http://[::1/", requests.exceptions.InvalidURL),
        ("http://no-such-host.invalid/", requests.exceptions.ConnectionError),
        ("http://127.0.0.1:1/", requests.exceptions.ConnectionError),
    ],
)
def test_unreachable(
    session: requests.Session, url: str, error: type[requests.exceptions.RequestException]
) -> None:
    """What can't be reached is the same error as ever, and knows its request."""
    with pytest.raises(error) as raised:
        session.get(url, timeout=60)
    assert type(raised.value) is error
    if error is requests.exceptions.ConnectionError:
        assert raised.value.request is not None
        assert raised.value.request.url == url


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(end=End.CLOSE), requests.exceptions.ConnectionError),
        (Reply(end=End.RESET), requests.exceptions.ConnectionError),
        (Reply(b"nonsense\r\n\r\n", end=End.CLOSE), requests.exceptions.ConnectionError),
        (Reply(b"HTTP/1.1 2xx OK\r\n\r\n", end=End.CLOSE), requests.exceptions.ConnectionError),
        (
            Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", end=End.CLOSE),
            requests.exceptions.ChunkedEncodingError,
        ),
        (
            Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", end=End.RESET),
            (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError),
        ),
        (
            Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", end=End.CLOSE),
            requests.exceptions.ChunkedEncodingError,
        ),
        (
            Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nh", end=End.CLOSE),
            requests.exceptions.ChunkedEncodingError,
        ),
        (Reply(), requests.exceptions.ReadTimeout),
        (
            Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi"),
            requests.exceptions.ConnectionError,
        ),
    ],
)
def test_broken_answers_are_the_same_errors(
    byte_server: ByteServer,
    session: requests.Session,
    reply: Reply,
    error: type[Exception] | tuple[type[Exception], ...],
) -> None:
    """What breaks an answer is the error that users of requests know for it."""
    timeout_s = 60 if reply.end is not End.KEEP else 0.1
    with pytest.raises(error) as raised:
        session.get(byte_server.give(reply), timeout=(60, timeout_s))
    if isinstance(error, type):
        assert type(raised.value) is error


@pytest.mark.parametrize("timeout", [0.1, (60, 0.1), (None, 0.1)])
def test_read_timeouts(byte_server: ByteServer, session: requests.Session, timeout: Any) -> None:
    """The read timeout is a number, or the second of a pair."""
    with pytest.raises(requests.exceptions.ReadTimeout) as raised:
        session.get(byte_server.give(Reply()), timeout=timeout)
    assert isinstance(raised.value, requests.exceptions.Timeout)


@pytest.mark.parametrize("timeout", [None, 60, (60, 60), (None, None), (60, None)])
def test_timeouts_that_dont_matter(
    byte_server: ByteServer, session: requests.Session, timeout: Any
) -> None:
    """A timeout may be left out, in whole or in part."""
    assert session.get(byte_server.fresh_url(), timeout=timeout).content == SENTINEL


@pytest.mark.parametrize("timeout", [(1, 2, 3), "soon", 0, -1])
def test_timeouts_that_arent(
    byte_server: ByteServer, session: requests.Session, timeout: Any
) -> None:
    """What is no timeout is refused before anything is sent."""
    with pytest.raises(ValueError, match=r"(?i)timeout"):
        session.get(byte_server.fresh_url(), timeout=timeout)
    assert byte_server.requests == []
