"""Certificates for tests of TLS: an authority of our own, and what it signed, good and bad.

Rules of this file: each certificate lies in one PEM file together with its key, as
`SSLContext.load_cert_chain` takes them. Keys are on P-256, which costs a millisecond each. The
certificates pass OpenSSL's strict check, which Python 3.13 has switched on.

Source: RFC 5280, sections 4.1 and 4.2; the names of a certificate directory's files are those of
`openssl rehash`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from pathlib import Path

#: What the good certificate is for.
ADDRESSES: Final = ("127.0.0.1", "::1")
HOST: Final = "localhost"
OTHER_HOST: Final = "elsewhere.example"
DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the certificates lie.

    Attributes:
        ca: the authority's certificate, for clients that take a file.
        ca_directory: a directory that holds it, for clients that take one.
        good: for 127.0.0.1, ::1 and localhost.
        wrong_host: signed by the authority, for another host.
        expired: signed by the authority, for the right hosts, until yesterday.
        self_signed: for the right hosts, signed by nobody else.
        client: signed by the authority, for a client.
        client_certificate, client_key: the same, in two files.
    """

    ca: Path
    ca_directory: Path
    good: Path
    wrong_host: Path
    expired: Path
    self_signed: Path
    client: Path
    client_certificate: Path
    client_key: Path

    def server_context(self) -> ssl.SSLContext:
        """A server's context with the good certificate."""
        return server_context(self.good)

    def client_context(self) -> ssl.SSLContext:
        """A client's context that trusts the authority, and nobody else."""
        return ssl.create_default_context(cafile=str(self.ca))


@dataclass(frozen=True, slots=True)
class _Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def write(self, path: Path) -> Path:
        path.write_bytes(self.certificate_pem() + self.key_pem())
        return path


def server_context(certificate: Path) -> ssl.SSLContext:
    """A server's context with a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def make_certificates(directory: Path) -> Certificates:
    """Make all of them, in files of a directory."""
    authority = _issue("s3dlio test authority", None)
    client = _issue("client", authority, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    made = Certificates(
        ca=directory / "ca.pem",
        ca_directory=directory / "ca",
        good=_issue("good", authority, _right_names()).write(directory / "good.pem"),
        wrong_host=_issue("wrong", authority, [x509.DNSName(OTHER_HOST)]).write(
            directory / "wrong_host.pem"
        ),
        expired=_issue("expired", authority, _right_names(), is_expired=True).write(
            directory / "expired.pem"
        ),
        self_signed=_issue("self", None, _right_names()).write(directory / "self_signed.pem"),
        client=client.write(directory / "client.pem"),
        client_certificate=directory / "client_certificate.pem",
        client_key=directory / "client_key.pem",
    )
    made.ca.write_bytes(authority.certificate_pem())
    made.ca_directory.mkdir()
    (made.ca_directory / _hashed_name(authority.certificate)).write_bytes(made.ca.read_bytes())
    made.client_certificate.write_bytes(client.certificate_pem())
    made.client_key.write_bytes(client.key_pem())
    return made


def _right_names() -> list[x509.GeneralName]:
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in ADDRESSES]
    return [x509.DNSName(HOST), *addresses]


def _issue(
    name: str,
    issuer: _Pair | None,
    names: list[x509.GeneralName] | None = None,
    *,
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
    is_expired: bool = False,
) -> _Pair:
    """Make a certificate; without an issuer it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer.key if issuer else key
    is_authority = issuer is None and names is None
    now = dt.datetime.now(dt.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 30 * DAY)
        .not_valid_after(now - DAY if is_expired else now + 30 * DAY)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(_key_usage(is_authority=is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if names is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if not is_authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return _Pair(builder.sign(signer, hashes.SHA256()), key)


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _hashed_name(certificate: x509.Certificate) -> str:
    # The hash is over the name without the two bytes of its outer header. OpenSSL lowers its case
    # first: ours has no capitals.
    digest = hashlib.sha1(certificate.subject.public_bytes()[2:]).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}.0"
