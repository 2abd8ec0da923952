"""TLS: certificates are verified, unless told otherwise."""

from __future__ import annotations

import dataclasses
import datetime as dt
import http.server
import ipaddress
import ssl
import threading
from typing import TYPE_CHECKING

import pytest
import urllib3.exceptions
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from s3dlio_core.errors import ConnectionFailedError
from s3dlio_s3 import Credentials, CustomerKey, RequestSettings, S3Config, S3Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


#: The customer key of each request, or None.
KEYS_SEEN: list[str | None] = []


class Handler(http.server.BaseHTTPRequestHandler):
    """Takes every object, and answers with the payload hash that was sent."""

    def do_PUT(self) -> None:
        """Answer a PUT."""
        self.rfile.read(int(self.headers["Content-Length"]))
        KEYS_SEEN.append(self.headers["x-amz-server-side-encryption-customer-key"])
        self.send_response(200)
        self.send_header("ETag", self.headers["x-amz-content-sha256"])
        name = "x-amz-server-side-encryption-customer-key-MD5"
        if digest := self.headers[name]:
            self.send_header(name, digest)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - likewise
        """Say nothing."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody else trusts, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.timezone.utc)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture
def endpoint_url(certificate: Path) -> Iterator[str]:
    """A server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"https://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def put(endpoint_url: str, **switches: str | bool) -> str | None:
    """Put an object; return the ETag, which is the payload hash that was sent."""
    config = S3Config(
        endpoint_url=endpoint_url,
        credentials=Credentials("AKID", "secret"),
        **switches,  # type: ignore[arg-type] # whatever a test sets
    )
    with S3Store.connect("b", config) as store:
        return store.put("k", b"content").etag


def test_unknown_certificate_is_refused(endpoint_url: str) -> None:
    """A certificate that nobody vouches for is one clear error that isn't retried."""
    with pytest.raises(ConnectionFailedError) as raised:
        put(endpoint_url)
    assert "certificate verify failed" in str(raised.value)
    assert "set ca_bundle" in str(raised.value)
    assert (False, False) == (raised.value.retryable, raised.value.maybe_done)


def test_ca_bundle_is_trusted(endpoint_url: str, certificate: Path) -> None:
    """A CA bundle of one's own is trusted; over https the body isn't hashed."""
    assert put(endpoint_url, ca_bundle=str(certificate)) == "UNSIGNED-PAYLOAD"


def test_verification_can_be_switched_off(endpoint_url: str) -> None:
    """Without verification the request is made, and Python warns."""
    with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
        assert put(endpoint_url, verify=False) == "UNSIGNED-PAYLOAD"


def test_customer_key_goes_over_tls(endpoint_url: str, certificate: Path) -> None:
    """A key of one's own arrives there, and only after the certificate was checked."""
    KEYS_SEEN.clear()
    key = CustomerKey(b"k" * 32)
    config = S3Config(
        endpoint_url=endpoint_url,
        credentials=Credentials("AKID", "secret"),
        settings=RequestSettings(customer_key=key),
    )
    with S3Store.connect("b", config) as store, pytest.raises(ConnectionFailedError):
        store.put("k", b"content")
    assert KEYS_SEEN == []
    with S3Store.connect("b", dataclasses.replace(config, ca_bundle=str(certificate))) as store:
        store.put("k", b"content")
    assert [key.encoded] == KEYS_SEEN
