"""TLS: certificates are verified, unless told otherwise."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
import urllib3.exceptions
from tests.servers.byte_server import ByteServer, Conversation, answer
from tests.servers.certificates import server_context

from s3dlio_core.errors import ConnectionFailedError
from s3dlio_core.retry import RetryingStore
from s3dlio_s3 import Credentials, CustomerKey, RequestSettings, S3Config, S3Store

if TYPE_CHECKING:
    from tests.servers.certificates import Certificates

KEY_HEADER = "x-amz-server-side-encryption-customer-key"


def take(talk: Conversation) -> None:
    """Take an object, and answer with the payload hash that was sent."""
    talk.read_body()
    headers = talk.request.head.headers
    digest = headers.get(f"{KEY_HEADER}-md5")
    told = {f"{KEY_HEADER}-MD5": digest} if digest else {}
    talk.wire.send(answer(b"", ETag=headers["x-amz-content-sha256"], **told))


@pytest.fixture
def server(tls_server: ByteServer) -> ByteServer:
    """A server with a good certificate that takes the object "k"."""
    tls_server.on("/b/k", take)
    return tls_server


def config_of(server: ByteServer, **switches: str | bool | RequestSettings) -> S3Config:
    """Return the configuration that reaches a server."""
    return S3Config(
        endpoint_url=server.url(""),
        credentials=Credentials("AKID", "secret"),
        **switches,  # type: ignore[arg-type] # whatever a test sets
    )


def put(server: ByteServer, **switches: str | bool) -> str | None:
    """Put an object; return the ETag, which is the payload hash that was sent."""
    with S3Store.connect("b", config_of(server, **switches)) as store:
        return RetryingStore(store).put("k", b"content").etag


def check_refused(server: ByteServer, **switches: str | bool) -> None:
    """Check that a certificate is refused: one clear line, at the first attempt."""
    with pytest.raises(ConnectionFailedError) as raised:
        put(server, **switches)
    said = str(raised.value)
    assert "certificate verify failed" in said
    assert "set ca_bundle" in said
    assert "\n" not in said
    assert (False, False) == (raised.value.retryable, raised.value.maybe_done)
    assert (1, []) == (server.accepted_count, server.requests)


def test_unknown_authority_is_refused(server: ByteServer) -> None:
    """A certificate that nobody known vouches for is one clear error that isn't retried."""
    check_refused(server)


@pytest.mark.parametrize("kind", ["wrong_host", "expired", "self_signed"])
def test_bad_certificates_are_refused(certificates: Certificates, kind: str) -> None:
    """So is one for another host, an old one, and one that nobody signed."""
    context = server_context(getattr(certificates, kind))
    with ByteServer(certificates=certificates, context=context) as server:
        check_refused(server, ca_bundle=str(certificates.ca))


def test_ca_bundle_is_trusted(server: ByteServer, certificates: Certificates) -> None:
    """A CA bundle of one's own is trusted, file or directory; the body isn't hashed over https."""
    for bundle in (certificates.ca, certificates.ca_directory):
        assert put(server, ca_bundle=str(bundle)) == "UNSIGNED-PAYLOAD"


def test_verification_can_be_switched_off(server: ByteServer) -> None:
    """Without verification the request is made, and Python warns."""
    with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
        assert put(server, verify=False) == "UNSIGNED-PAYLOAD"


def test_customer_key_goes_over_tls(server: ByteServer, certificates: Certificates) -> None:
    """A key of one's own arrives there, and only after the certificate was checked."""
    key = CustomerKey(b"k" * 32)
    config = config_of(server, settings=RequestSettings(customer_key=key))
    with S3Store.connect("b", config) as store, pytest.raises(ConnectionFailedError):
        store.put("k", b"content")
    assert server.requests == []
    trusting = dataclasses.replace(config, ca_bundle=str(certificates.ca))
    with S3Store.connect("b", trusting) as store:
        store.put("k", b"content")
    assert [key.encoded] == [request.head.headers[KEY_HEADER] for request in server.requests]
