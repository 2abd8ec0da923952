"""A small S3 client that shares no code with the project: botocore's signer over `http.client`.

Tests use it to write and read behind a store's back, and to send what no right client would.

Rules of this file: the target goes over the wire exactly as it was signed; nothing is retried,
followed or decoded.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.servers.closing import Closing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.servers.endpoint import S3Endpoint

TIMESTAMP_FORMAT: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer, its body read. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error_code(self) -> str | None:
        """The `Code` of an S3 error answer."""
        _, found, rest = self.body.partition(b"<Code>")
        return rest.partition(b"</Code>")[0].decode() if found else None

    def expect(self, status: int) -> HttpAnswer:
        """The answer itself, if it has this status.

        Raises:
            AssertionError: it has another.
        """
        if self.status != status:
            raise AssertionError(f"expected {status}, got {self.status}: {self.body[:2000]!r}")
        return self


class SignedClient(Closing):
    """One keep-alive connection to a server, which signs what it sends.

    Args:
        server: where to send to, and with which credentials.
        host: `address:port` to connect to instead, such as a proxy's.
        access_key: instead of the server's.
        secret_key: instead of the server's.
        signed_at: the signature's time instead of now, in UTC.
    """

    def __init__(
        self,
        server: S3Endpoint,
        *,
        host: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
        signed_at: datetime | None = None,
    ) -> None:
        self._host = host or server.host
        self._credentials = Credentials(
            access_key or server.access_key, secret_key or server.secret_key
        )
        self._region = server.region
        self._signed_at = signed_at
        self._connection = server.connection(self._host)

    def request(
        self,
        method: str,
        target: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """Sign a request and send it.

        Args:
            method: the HTTP method.
            target: path and query, percent-encoded as S3 canonicalises them.
            body: the body, whole.
            headers: further headers; all of them are signed.
        """
        signed = self.signed_headers(method, target, body=body, headers=headers)
        return self.send(method, target, body=body, headers=signed)

    def signed_headers(
        self,
        method: str,
        target: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """The headers of a signed request, Authorization among them."""
        request = AWSRequest(method, f"http://{self._host}{target}")
        for name, value in (headers or {}).items():
            request.headers[name] = value
        request.headers["Host"] = self._host
        if "x-amz-content-sha256" not in request.headers:
            request.headers["x-amz-content-sha256"] = hashlib.sha256(body).hexdigest()
        request.headers["x-amz-date"] = request.context["timestamp"] = self._timestamp()
        auth = S3SigV4Auth(self._credentials, "s3", self._region)
        string_to_sign = auth.string_to_sign(request, auth.canonical_request(request))
        signature = auth.signature(string_to_sign, request)
        signed = auth.signed_headers(auth.headers_to_sign(request))
        request.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, "
            f"SignedHeaders={signed}, Signature={signature}"
        )
        return dict(request.headers.items())

    def presigned_target(self, method: str, target: str, *, expires_s: int = 900) -> str:
        """The target with a presigned signature in its query."""
        request = AWSRequest(method, f"http://{self._host}{target}")
        request.context["timestamp"] = self._timestamp()
        auth = S3SigV4QueryAuth(self._credentials, "s3", self._region, expires=expires_s)
        auth._modify_request_before_signing(request)
        string_to_sign = auth.string_to_sign(request, auth.canonical_request(request))
        auth._inject_signature_to_request(request, auth.signature(string_to_sign, request))
        return str(request.url).removeprefix(f"http://{self._host}")

    def send(
        self,
        method: str,
        target: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """Send a request as it is and read the answer."""
        if self._connection.sock is None:
            self._connection.connect()
        self._connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        all_headers = {"Host": self._host, "Content-Length": str(len(body)), **(headers or {})}
        for name, value in all_headers.items():
            self._connection.putheader(name, value)
        self._connection.endheaders(body or None)
        with self._connection.getresponse() as response:
            content = response.read()
            answered = {name.lower(): value for name, value in response.getheaders()}
            return HttpAnswer(response.status, answered, content)

    def create_bucket(self, bucket: str) -> None:
        """Create a bucket in the endpoint's region, which must be the one without a location."""
        self.request("PUT", f"/{bucket}").expect(200)

    def put_object(self, bucket: str, key: str, content: bytes) -> HttpAnswer:
        """Store an object."""
        return self.request("PUT", object_target(bucket, key), body=content).expect(200)

    def get_object(self, bucket: str, key: str) -> bytes:
        """The content of an object."""
        return self.request("GET", object_target(bucket, key)).expect(200).body

    def _timestamp(self) -> str:
        return (self._signed_at or datetime.now(timezone.utc)).strftime(TIMESTAMP_FORMAT)

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        self._connection.close()


def object_target(bucket: str, key: str) -> str:
    """The path of an object, encoded as S3 canonicalises it."""
    return f"/{bucket}/{quote(key, safe='/-_.~')}"
