"""TLS below the adapter: contexts, sessions, early answers, late tickets."""

from __future__ import annotations

import os
import ssl
import warnings
from typing import TYPE_CHECKING

import pytest
import requests
import urllib3.exceptions
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.servers.byte_server import ByteServer, Conversation, End, Reply, answer

from s3dlio_http import HttpAdapter
from s3dlio_http.errors import MissingFileError
from s3dlio_http.tls import TlsContexts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.certificates import Certificates


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def tls_server(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[ByteServer]:
    """A server that speaks one version of TLS."""
    context = certificates.server_context()
    context.minimum_version = context.maximum_version = request.param
    with ByteServer(context=context) as server:
        yield server


@pytest.fixture
def session(certificates: Certificates) -> Iterator[requests.Session]:
    """A session over our adapter that trusts the authority."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(certificates.ca)
        session.mount("https://", HttpAdapter())
        yield session


def test_dropped_adapter_closes_its_connections(
    tls_server: ByteServer, certificates: Certificates
) -> None:
    """Nobody has to call close; nothing waits for the garbage collector."""
    adapter = HttpAdapter()
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", adapter)
        url = tls_server.give(Reply(answer(b"a")))
        session.get(url, verify=str(certificates.ca))
        session.adapters.clear()
    del adapter
    assert tls_server.wait_until_ended(tls_server.connections_for(url)[0])


def test_contexts_are_made_once(certificates: Certificates) -> None:
    """For each meaning of verify and cert."""
    contexts = TlsContexts()
    known = [
        contexts.get(True, None),
        contexts.get(False, None),
        contexts.get(str(certificates.ca), None),
        contexts.get(str(certificates.ca_directory), None),
        contexts.get(True, str(certificates.client)),
        contexts.get(True, (str(certificates.client_certificate), str(certificates.client_key))),
    ]
    assert len({id(context) for context in known}) == len(known)
    assert contexts.get(True, None) is known[0]
    assert contexts.get(str(certificates.ca), None) is known[2]


def test_contexts_verify_as_asked(certificates: Certificates) -> None:
    """Nothing but False switches it off, and old versions of TLS are never spoken."""
    contexts = TlsContexts()
    for verify in (True, str(certificates.ca), str(certificates.ca_directory)):
        context = contexts.get(verify, None)
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert contexts.get(False, None).verify_mode == ssl.CERT_NONE


def test_changed_file_makes_a_new_context(certificates: Certificates, tmp_path: Path) -> None:
    """A program that runs for months learns of a new authority."""
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(certificates.ca.read_bytes())
    contexts = TlsContexts()
    before = contexts.get(str(bundle), None)
    os.utime(bundle, ns=(1, 1))
    assert contexts.get(str(bundle), None) is not before


@pytest.mark.parametrize(
    ("verify", "cert", "told"),
    [
        ("{}/no.pem", None, "CA certificate bundle, invalid path: {}/no.pem"),
        (True, "{}/no.pem", "certificate file, invalid path: {}/no.pem"),
        (True, ("{}/good.pem", "{}/no.pem"), "key file, invalid path: {}/no.pem"),
    ],
)
def test_missing_files(
    tls_server: ByteServer,
    session: requests.Session,
    tmp_path: Path,
    verify: bool | str,
    cert: str | tuple[str, str] | None,
    told: str,
) -> None:
    """They are an OSError, as requests has it, not a broken connection."""
    (tmp_path / "good.pem").touch()
    place = str(tmp_path)
    session.verify = verify.format(place) if isinstance(verify, str) else verify
    if isinstance(cert, tuple):
        session.cert = (cert[0].format(place), cert[1].format(place))
    elif cert is not None:
        session.cert = cert.format(place)
    with pytest.raises(MissingFileError) as raised:
        session.get(tls_server.url("/"))
    assert told.format(place) in str(raised.value)


@pytest.mark.parametrize("which", ["verify", "cert"])
def test_files_that_hold_no_certificates(
    tls_server: ByteServer, session: requests.Session, tmp_path: Path, which: str
) -> None:
    """They are an SSLError."""
    empty = tmp_path / "empty.pem"
    empty.touch()
    setattr(session, which, str(empty))
    with pytest.raises(requests.exceptions.SSLError):
        session.get(tls_server.url("/"))


def test_encrypted_key_is_refused(
    tls_server: ByteServer, session: requests.Session, certificates: Certificates, tmp_path: Path
) -> None:
    """OpenSSL would ask for its password at the terminal."""
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"password"),
        )
    )
    session.cert = (str(certificates.client_certificate), str(tmp_path / "key.pem"))
    with pytest.raises(requests.exceptions.SSLError, match="key is encrypted"):
        session.get(tls_server.url("/"))


def test_sessions_are_resumed(tls_server: ByteServer, session: requests.Session) -> None:
    """The second connection costs no certificate; each adapter has its own sessions."""
    url = tls_server.give(Reply(answer(b"a"), end=End.CLOSE))
    for _ in range(3):
        assert session.get(url).content == b"a"
    session.mount("https://", HttpAdapter())
    session.get(url)
    reused = [request.is_session_reused for request in tls_server.requests_for(url)]
    assert reused == [False, True, True, False]


def test_unverified_session_is_not_resumed_by_a_verified_one(
    certificates: Certificates, session: requests.Session
) -> None:
    """A server that was never verified must not be trusted because it was met before."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.self_signed)
    with ByteServer(context=context) as server:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
            assert session.get(server.fresh_url(), verify=False).ok
        with pytest.raises(requests.exceptions.SSLError):
            session.get(server.fresh_url())


def test_early_answer(tls_server: ByteServer, session: requests.Session) -> None:
    """It is seen while the body is being sent, and the rest stays here."""
    url = tls_server.give(
        Reply(answer(b"no", status="403 Forbidden"), end=End.CLOSE, body_limit_bytes=100_000)
    )
    response = session.put(url, data=bytes(64 << 20), timeout=30)
    assert (response.status_code, response.content) == (403, b"no")
    assert len(tls_server.requests_for(url)[0].body) < 32 << 20


def test_half_an_early_answer(tls_server: ByteServer, session: requests.Session) -> None:
    """What is missing of it is waited for, also when the sending had failed."""

    def refuse(talk: Conversation) -> None:
        talk.end = End.CLOSE
        talk.read_body(100_000)
        talk.send([b"HTTP/1.1 403 Forb"])
        talk.send([b"idden\r\nContent-Length: 2\r\n\r\nno"])

    response = session.put(tls_server.give(refuse), data=bytes(64 << 20), timeout=30)
    assert (response.status_code, response.content) == (403, b"no")


@pytest.mark.parametrize("size_bytes", [0, 1, 16 * 1024, 16 * 1024 + 1, 5_000_000])
def test_bodies_of_all_sizes(
    tls_server: ByteServer, session: requests.Session, size_bytes: int
) -> None:
    """Both ways, on one connection."""
    content = os.urandom(size_bytes)

    def give_back(talk: Conversation) -> None:
        talk.read_body()
        talk.send([answer(bytes(talk.request.body))])

    url = tls_server.give(give_back)
    for _ in range(2):
        assert session.put(url, data=content).content == content
    assert len(set(tls_server.connections_for(url))) == 1


def test_idle_connection_is_used_again(tls_server: ByteServer, session: requests.Session) -> None:
    """Late session tickets make it readable, but not stale."""
    url = tls_server.give(Reply(answer(b"a")))
    for _ in range(5):
        session.get(url)
    assert len(set(tls_server.connections_for(url))) == 1


def test_stale_connection_is_noticed(tls_server: ByteServer, session: requests.Session) -> None:
    """Closed by the server while it was idle; a POST would never be sent twice."""
    url = tls_server.give(Reply(answer(b"a"), end=End.CLOSE_TCP), Reply(answer(b"b")))
    session.get(url)
    assert tls_server.wait_until_ended(tls_server.connections_for(url)[0])
    assert session.post(url, data=b"x").content == b"b"


def test_warning_leaves_no_socket(tls_server: ByteServer, session: requests.Session) -> None:
    """Where warnings are errors, nothing is left behind."""
    with pytest.raises(urllib3.exceptions.InsecureRequestWarning):
        session.get(tls_server.url("/"), verify=False)
    assert not tls_server.requests
