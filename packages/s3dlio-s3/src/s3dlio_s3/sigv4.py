"""AWS Signature Version 4 as Amazon S3 has it: canonical request, string to sign, key, signature.

Rules that hold in this file:
- Pure: no clock, no environment, no network. The date is an argument.
- S3's own rules: the path is percent-encoded once and never normalised ("//", "." and ".." stay),
  which is not what other AWS services do. Where the path is "/" there is no difference, and
  AWS STS, which has no other, is signed for here, too.
- Every header that is passed in is signed. Header names are lower case.

Source: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)".
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from s3dlio_core.store import Buffer
    from s3dlio_s3.credentials import Credentials

__all__ = [
    "EMPTY_PAYLOAD_HASH",
    "PRESIGN_EXPIRES_MAX_S",
    "UNSIGNED_PAYLOAD",
    "canonical_query",
    "canonical_request",
    "payload_hash",
    "presign_url",
    "sign_headers",
    "signing_key",
    "string_to_sign",
]

ALGORITHM = "AWS4-HMAC-SHA256"
#: The payload hash of a request whose body isn't signed.
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
#: The SHA-256 of nothing.
EMPTY_PAYLOAD_HASH = hashlib.sha256(b"").hexdigest()
#: A body up to this size is hashed while other threads can't run, in some ten microseconds: to wait
#: for the interpreter's lock afterwards would take longer.
_SHORT_BODY_BYTES = 16 * 1024
#: What hashlib hashes without giving the lock up.
_LOCKED_HASH_BYTES = 2047
#: The longest life of a presigned URL, in seconds: seven days.
#: (Amazon S3 User Guide, "Download and upload objects with presigned URLs".)
PRESIGN_EXPIRES_MAX_S = 604_800


def amz_date(second: int) -> str:
    """Return seconds since the epoch as a signature has them."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))


def payload_hash(body: Buffer) -> str:
    """Return the hex SHA-256 of a body."""
    view = memoryview(body).cast("B")
    if len(view) > _SHORT_BODY_BYTES:
        return hashlib.sha256(view).hexdigest()
    digest = hashlib.sha256()
    for start in range(0, len(view), _LOCKED_HASH_BYTES):
        digest.update(view[start : start + _LOCKED_HASH_BYTES])
    return digest.hexdigest()


def canonical_query(query: Collection[tuple[str, str]]) -> str:
    """Encode and sort query parameters; also the form in which they are sent."""
    if not query:
        return ""
    pairs = [(quote(name, safe=""), quote(value, safe="")) for name, value in query]
    pairs.sort()
    return "&".join([f"{name}={value}" for name, value in pairs])


def canonical_request(
    method: str, path: str, query: str, headers: Mapping[str, str], payload_hash: str
) -> tuple[str, str]:
    """Build the canonical request.

    Args:
        method: the HTTP method, upper case.
        path: the path as it is sent, already percent-encoded.
        query: from `canonical_query`.
        headers: the headers to sign, names in lower case.
        payload_hash: hex SHA-256 of the body, or `UNSIGNED_PAYLOAD`.

    Returns:
        The canonical request, and the names of the signed headers joined by ";".
    """
    names = sorted(headers)
    signed = ";".join(names)
    lines = "".join([f"{name}:{' '.join(headers[name].split())}\n" for name in names])
    return f"{method}\n{path}\n{query}\n{lines}\n{signed}\n{payload_hash}", signed


@functools.lru_cache(maxsize=64)
def signing_key(secret_access_key: str, date: str, region: str, service: str = "s3") -> bytes:
    """Derive the key of a day and region. Cached: it costs four times as much as a signature.

    Args:
        secret_access_key: the account's secret.
        date: the day, "YYYYMMDD".
        region: the region's name.
        service: the name under which the service is signed for.
    """
    key = f"AWS4{secret_access_key}".encode()
    for step in (date, region, service, "aws4_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    return key


def string_to_sign(amz_date: str, region: str, request: str, service: str = "s3") -> str:
    """Build the string to sign from a canonical request.

    Args:
        amz_date: the time, "YYYYMMDDTHHMMSSZ".
        region: the region's name.
        request: from `canonical_request`.
        service: the name under which the service is signed for.
    """
    digest = hashlib.sha256(request.encode()).hexdigest()
    return f"{ALGORITHM}\n{amz_date}\n{_scope(amz_date, region, service)}\n{digest}"


def sign_headers(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    *,
    payload_hash: str,
    credentials: Credentials,
    region: str,
    amz_date: str,
    service: str = "s3",
) -> dict[str, str]:
    """Sign a request in its headers.

    Args:
        method: the HTTP method, upper case.
        path: the path as it is sent, already percent-encoded.
        query: from `canonical_query`.
        headers: the headers to sign, "host" among them; names in lower case.
        payload_hash: hex SHA-256 of the body, or `UNSIGNED_PAYLOAD`.
        credentials: who signs.
        region: the region's name.
        amz_date: the time, "YYYYMMDDTHHMMSSZ".
        service: the name under which the service is signed for.

    Returns:
        The given headers and those that carry the signature.
    """
    signed = dict(headers)
    signed["x-amz-content-sha256"] = payload_hash
    signed["x-amz-date"] = amz_date
    if credentials.session_token:
        signed["x-amz-security-token"] = credentials.session_token
    request, names = canonical_request(method, path, query, signed, payload_hash)
    signature = _signature(credentials, region, amz_date, request, service)
    signed["authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key_id}/{_scope(amz_date, region, service)}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return signed


def presign_url(
    method: str,
    origin: str,
    path: str,
    *,
    credentials: Credentials,
    region: str,
    amz_date: str,
    expires_s: int,
    query: Collection[tuple[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> str:
    """Sign a request in its URL, so that whoever holds the URL can make it until it expires.

    Args:
        method: the HTTP method that the URL is for, upper case.
        origin: scheme and host, e.g. "https://bucket.s3.eu-west-1.amazonaws.com".
        path: the path, already percent-encoded.
        credentials: who signs.
        region: the region's name.
        amz_date: the time from which it is valid, "YYYYMMDDTHHMMSSZ".
        expires_s: how long it is valid, in seconds.
        query: further parameters, not encoded.
        headers: headers that the request must then carry, names in lower case, without "host".

    Raises:
        ValueError: `expires_s` is out of range.
    """
    if not 1 <= expires_s <= PRESIGN_EXPIRES_MAX_S:
        raise ValueError(f"a URL lasts 1 to {PRESIGN_EXPIRES_MAX_S} seconds, not {expires_s}")
    signed = {**(headers or {}), "host": origin.partition("://")[2]}
    pairs = [
        *query,
        ("X-Amz-Algorithm", ALGORITHM),
        ("X-Amz-Credential", f"{credentials.access_key_id}/{_scope(amz_date, region)}"),
        ("X-Amz-Date", amz_date),
        ("X-Amz-Expires", str(expires_s)),
        ("X-Amz-SignedHeaders", ";".join(sorted(signed))),
    ]
    if credentials.session_token:
        pairs.append(("X-Amz-Security-Token", credentials.session_token))
    encoded = canonical_query(pairs)
    request, _ = canonical_request(method, path, encoded, signed, UNSIGNED_PAYLOAD)
    signature = _signature(credentials, region, amz_date, request)
    return f"{origin}{path}?{encoded}&X-Amz-Signature={signature}"


def _scope(amz_date: str, region: str, service: str = "s3") -> str:
    return f"{amz_date[:8]}/{region}/{service}/aws4_request"


def _signature(
    credentials: Credentials, region: str, amz_date: str, request: str, service: str = "s3"
) -> str:
    key = signing_key(credentials.secret_access_key, amz_date[:8], region, service)
    text = string_to_sign(amz_date, region, request, service)
    return hmac.digest(key, text.encode(), "sha256").hex()
