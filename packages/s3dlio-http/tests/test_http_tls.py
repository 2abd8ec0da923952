"""TLS: who is trusted, who is refused, and what passes.

Tests that take `session` run over our adapter and over requests' own, and want the same of both.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import ssl
import warnings
from typing import TYPE_CHECKING, Any

import pytest
import requests
import requests.exceptions
import urllib3.exceptions
from tests.servers.byte_server import SENTINEL, ByteServer, Conversation, End, Reply, answer
from tests.servers.certificates import HOST, server_context
from tests.servers.tcp_listener import TcpListener

from s3dlio_http.errors import TlsBrokenError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from requests.adapters import BaseAdapter
    from tests.servers.certificates import Certificates

SSLError = requests.exceptions.SSLError


def get(adapter: BaseAdapter, url: str, **settings: Any) -> requests.Response:
    """Send a GET without a session."""
    prepared = requests.Request("GET", url).prepare()
    return adapter.send(prepared, timeout=60, **settings)


@pytest.mark.parametrize("as_directory", [False, True])
@pytest.mark.parametrize("host", ["127.0.0.1", HOST])
def test_authority_of_ones_own(
    tls_server: ByteServer,
    session: requests.Session,
    certificates: Certificates,
    as_directory: bool,
    host: str,
) -> None:
    """An authority is trusted that is given as a file, or as a directory of hashed names."""
    session.verify = str(certificates.ca_directory if as_directory else certificates.ca)
    for _ in range(3):
        assert session.get(tls_server.fresh_url().replace("127.0.0.1", host)).content == SENTINEL
    assert len({request.connection for request in tls_server.requests}) == 1


def test_host_with_a_dot_at_its_end(
    tls_server: ByteServer, session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dot is for the resolver; the certificate has the name without it."""
    resolve = socket.getaddrinfo

    def resolve_dotless(host: str, *rest: Any) -> Any:
        # Not each resolver knows this name with a dot.
        return resolve(host.rstrip("."), *rest)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_dotless)
    session.verify = tls_server.verify
    url = tls_server.fresh_url().replace("127.0.0.1", f"{HOST}.")
    assert session.get(url).content == SENTINEL


def test_unknown_authority_is_refused(tls_server: ByteServer, session: requests.Session) -> None:
    """By default only the authorities of certifi are trusted."""
    with pytest.raises(SSLError, match="certificate verify failed") as raised:
        session.get(tls_server.fresh_url(), timeout=60)
    assert raised.value.request is not None
    assert tls_server.requests == []


@pytest.mark.parametrize("kind", ["wrong_host", "expired", "self_signed"])
def test_bad_certificates_are_refused(
    session: requests.Session, certificates: Certificates, kind: str
) -> None:
    """A certificate for another host, an old one, and one that nobody signed are refused."""
    context = server_context(getattr(certificates, kind))
    with ByteServer(certificates=certificates, context=context) as server:
        session.verify = server.verify
        with pytest.raises(SSLError, match="certificate verify failed"):
            session.get(server.fresh_url(), timeout=60)
        assert server.requests == []


def test_verification_can_be_switched_off(
    session: requests.Session, certificates: Certificates
) -> None:
    """Without verification any certificate will do, and a warning is given."""
    context = server_context(certificates.wrong_host)
    with (
        ByteServer(certificates=certificates, context=context) as server,
        pytest.warns(urllib3.exceptions.InsecureRequestWarning, match="Unverified"),
    ):
        assert session.get(server.fresh_url(), verify=False).content == SENTINEL


def test_unverified_connection_isnt_used_for_a_verified_request(
    tls_server: ByteServer, adapter: BaseAdapter
) -> None:
    """What was connected to without verification serves only requests without it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
        assert get(adapter, tls_server.fresh_url(), verify=False).content == SENTINEL
    with pytest.raises(SSLError, match="certificate verify failed"):
        get(adapter, tls_server.fresh_url(), verify=True)
    assert get(adapter, tls_server.fresh_url(), verify=tls_server.verify).content == SENTINEL
    first, second = [request.connection for request in tls_server.requests]
    assert first != second


def test_changed_authority_is_read_again(
    tls_server: ByteServer, adapter: BaseAdapter, certificates: Certificates, tmp_path: Path
) -> None:
    """A file of authorities that changes is read again for the next connection."""
    path = tmp_path / "ca.pem"
    path.write_bytes(certificates.self_signed.read_bytes())
    with pytest.raises(SSLError):
        get(adapter, tls_server.fresh_url(), verify=str(path))
    shutil.copy(certificates.ca, path)
    assert get(adapter, tls_server.fresh_url(), verify=str(path)).content == SENTINEL


def test_missing_files(tls_server: ByteServer, session: requests.Session, tmp_path: Path) -> None:
    """A file that isn't there is named, before anything is sent."""
    missing = str(tmp_path / "missing.pem")
    with pytest.raises(OSError, match=missing):
        session.get(tls_server.fresh_url(), verify=missing)
    with pytest.raises(OSError, match=missing):
        session.get(tls_server.fresh_url(), cert=missing, verify=tls_server.verify)
    with pytest.raises(OSError, match=missing):
        session.get(tls_server.fresh_url(), cert=(missing, missing), verify=tls_server.verify)
    assert tls_server.requests == []


@pytest.fixture
def strict_server(certificates: Certificates) -> Iterator[ByteServer]:
    """A server that wants to know its clients."""
    context = certificates.server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates.ca)
    with ByteServer(certificates=certificates, context=context) as server:
        yield server


def test_client_certificate(
    strict_server: ByteServer, session: requests.Session, certificates: Certificates
) -> None:
    """A client certificate lies in one file with its key, or in two."""
    session.verify = strict_server.verify
    pair = (str(certificates.client_certificate), str(certificates.client_key))
    for cert in (str(certificates.client), pair):
        assert session.get(strict_server.fresh_url(), cert=cert).content == SENTINEL


def test_missing_client_certificate(
    strict_server: ByteServer, session: requests.Session, certificates: Certificates
) -> None:
    """Without one the server refuses, also after it took one from the same client."""
    session.verify = strict_server.verify
    url = strict_server.fresh_url()
    assert session.get(url, cert=str(certificates.client)).content == SENTINEL
    with pytest.raises(requests.exceptions.ConnectionError):
        session.get(strict_server.fresh_url(), timeout=60)
    assert len(strict_server.requests) == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_are_resumed(
    adapter: BaseAdapter, certificates: Certificates, version: ssl.TLSVersion
) -> None:
    """The second connection to a server resumes the session of the first."""
    context = certificates.server_context()
    context.minimum_version = context.maximum_version = version
    with ByteServer(certificates=certificates, context=context) as server:
        for _ in range(3):
            url = server.give(Reply(answer(b"hi"), end=End.CLOSE))
            assert get(adapter, url, verify=server.verify).content == b"hi"
            assert server.wait_until_ended(server.connections_for(url)[0])
        assert [r.is_session_reused for r in server.requests] == [False, True, True]


def test_large_bodies(tls_server: ByteServer, session: requests.Session) -> None:
    """Large bodies pass whole in both directions."""
    content = bytes(range(256)) * 65_000

    def hash_and_return(talk: Conversation) -> None:
        talk.read_body()
        body = bytes(talk.request.body)
        talk.wire.send(answer(body, X_Hash=hashlib.sha256(body).hexdigest()))

    session.verify = tls_server.verify
    response = session.put(tls_server.give(hash_and_return), data=content)
    assert response.headers["X-Hash"] == hashlib.sha256(content).hexdigest()
    assert response.content == content


def test_end_with_the_connection(tls_server: ByteServer, session: requests.Session) -> None:
    """A body that ends with its connection ends there."""
    session.verify = tls_server.verify
    url = tls_server.give(Reply(b"HTTP/1.1 200 OK\r\n\r\n", b"to the ", b"end", end=End.CLOSE))
    assert session.get(url).content == b"to the end"


def test_end_without_tls_farewell(tls_server: ByteServer, adapter: BaseAdapter) -> None:
    """Anybody on the way could have made it: it is no end."""
    url = tls_server.give(Reply(b"HTTP/1.1 200 OK\r\n\r\nto the end", end=End.CLOSE_TCP))
    response = get(adapter, url, verify=tls_server.verify, stream=True)
    assert response.raw.read(10) == b"to the end"
    with pytest.raises(urllib3.exceptions.ProtocolError, match="IncompleteRead"):
        response.raw.read()


def test_damaged_record_in_a_body(tls_server: ByteServer, adapter: BaseAdapter) -> None:
    """It isn't taken for a certificate that is refused: those come with the handshake."""

    def damage(talk: Conversation) -> None:
        talk.wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        # Around TLS, in the middle of it.
        os.write(talk.wire.socket.fileno(), b"\x17\x03\x03\x00\x20" + b"z" * 32)
        talk.read_body(1)

    response = get(adapter, tls_server.give(damage), verify=tls_server.verify, stream=True)
    with pytest.raises(TlsBrokenError):
        response.raw.read()


def test_bytes_behind_a_large_body(tls_server: ByteServer, adapter: BaseAdapter) -> None:
    """What stands in the same record as the end of a body is no answer to the next request."""
    begin, size_bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n", 200_000
    poison = answer(b"poison")
    url = tls_server.give(Reply(begin, b"x" * (size_bytes - 4000), b"x" * 4000 + poison))
    raw = get(adapter, url, verify=tls_server.verify, stream=True).raw
    view, done = memoryview(bytearray(1 << 20)), 0
    while count := raw.readinto(view):
        done += count
    assert done == size_bytes
    assert get(adapter, tls_server.fresh_url(), verify=tls_server.verify).content == SENTINEL


@pytest.mark.parametrize("end", [End.CLOSE, End.CLOSE_TCP, End.RESET])
@pytest.mark.parametrize(
    "cut",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ],
)
def test_cut_answers(
    tls_server: ByteServer, session: requests.Session, cut: bytes, end: End
) -> None:
    """An answer that is cut is an error, whichever way it is cut."""
    session.verify = tls_server.verify
    with pytest.raises(
        (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)
    ):
        session.get(tls_server.give(Reply(cut, end=end)), timeout=60)
    assert session.get(tls_server.fresh_url()).content == SENTINEL


@pytest.mark.parametrize("end", [End.CLOSE, End.CLOSE_TCP, End.RESET])
def test_stale_connection_is_noticed(
    tls_server: ByteServer, adapter: BaseAdapter, end: End
) -> None:
    """A connection that was closed while idle is dropped, though a POST can't be sent twice."""
    url, after = tls_server.give(Reply(answer(b"hi"), end=end)), tls_server.fresh_url()
    assert get(adapter, url, verify=tls_server.verify).content == b"hi"
    assert tls_server.wait_until_ended(tls_server.connections_for(url)[0])
    prepared = requests.Request("POST", after, data=b"x").prepare()
    assert adapter.send(prepared, timeout=60, verify=tls_server.verify).content == SENTINEL
    assert len(tls_server.requests_for(after)) == 1


def test_unread_body_cuts_the_connection(tls_server: ByteServer, adapter: BaseAdapter) -> None:
    """A body that isn't read to its end takes its connection with it."""
    url, after = tls_server.give(Reply(answer(b"x" * 3_000_000))), tls_server.fresh_url()
    response = get(adapter, url, verify=tls_server.verify, stream=True)
    assert response.raw.read(10) == b"x" * 10
    response.close()
    assert get(adapter, after, verify=tls_server.verify).content == SENTINEL
    first, second = tls_server.connections_for(url, after)
    assert first != second
    assert tls_server.wait_until_ended(first)


@pytest.mark.parametrize("end", [End.CLOSE_TCP, End.HALF_CLOSE])
@pytest.mark.parametrize("limit_bytes", [0, 5_000_000])
def test_early_answer(
    tls_server: ByteServer, adapter: BaseAdapter, end: End, limit_bytes: int
) -> None:
    """An answer that comes while a large body is being sent is seen."""
    refusal = Reply(answer(b"no", status="403 No"), end=end, body_limit_bytes=limit_bytes)
    prepared = requests.Request("PUT", tls_server.give(refusal), data=bytes(64 << 20)).prepare()
    response = adapter.send(prepared, timeout=60, verify=tls_server.verify)
    assert (response.status_code, response.content) == (403, b"no")


def test_plain_server(session: requests.Session) -> None:
    """A server that doesn't speak TLS is refused."""

    def complain(connection: socket.socket) -> None:
        connection.recv(10_000)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    listener = TcpListener(complain)
    try:
        with pytest.raises(SSLError):
            session.get(f"https://127.0.0.1:{listener.port}/", timeout=60)
    finally:
        listener.close()


def test_plain_client(tls_server: ByteServer, session: requests.Session) -> None:
    """A server that speaks TLS isn't understood without it."""
    with pytest.raises(requests.exceptions.ConnectionError):
        session.get(tls_server.fresh_url().replace("https:", "http:"), timeout=60)


def test_stalled_handshake(session: requests.Session) -> None:
    """A server that takes the connection and then says nothing costs the timeout."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(requests.exceptions.Timeout):
            session.get(url, timeout=0.2)


@pytest.mark.parametrize("timeout", [0.2, (60, 0.2)])
def test_read_timeout(tls_server: ByteServer, session: requests.Session, timeout: Any) -> None:
    """A server that doesn't answer costs the read timeout."""
    session.verify = tls_server.verify
    assert session.get(tls_server.fresh_url()).content == SENTINEL
    with pytest.raises(requests.exceptions.ReadTimeout):
        session.get(tls_server.give(Reply()), timeout=timeout)


def test_ipv6(session: requests.Session, certificates: Certificates) -> None:
    """A certificate for an IPv6 address is that address's."""
    try:
        server = ByteServer(address="::1", certificates=certificates)
    except OSError:
        pytest.skip("ipv6: this machine has none")
    with server:
        session.verify = server.verify
        assert session.get(server.fresh_url()).content == SENTINEL
