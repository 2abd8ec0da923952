"""A WSGI layer that verifies Signature Version 4 the way Amazon S3 does.

Fake S3 servers that check no signature make a wrong signer look right; this layer goes in front of
one. It rebuilds the canonical request from what came over the wire and lets botocore compute the
signature, so that it shares no code with the client under test.

Rules of this file: what S3 canonicalises, this does: the path and the query are percent-decoded and
encoded again once, a `+` in the query is a space, and in the path is itself; the path is never
normalised (`//`, `.`, `..` stay). Only signed headers count, `host` and every `x-amz-*` header must
be signed. A security token that is sent must be the known one. The order of the checks is S3's:
form, access key, token, date, signature, payload.

Sources: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)": "Signature
calculations for the authorization header" and "Authenticating requests: using query parameters".
"""

from __future__ import annotations

import hashlib
import hmac
import io
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote, unquote_plus, unquote_to_bytes

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.servers.s3_error import S3Error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from botocore.compat import HTTPHeaders

ALGORITHM: Final = "AWS4-HMAC-SHA256"
SKEW_MAX: Final = timedelta(minutes=15)
PRESIGNED_EXPIRY_MAX_S: Final = 7 * 24 * 3600  # "X-Amz-Expires … maximum 604800 (seven days)"
UNSIGNED_PAYLOAD: Final = "UNSIGNED-PAYLOAD"
# The framing of these is the storage server's to undo; the literal itself is what is signed.
STREAMING_PAYLOADS: Final = frozenset({"STREAMING-UNSIGNED-PAYLOAD-TRAILER"})
TIMESTAMP_FORMAT: Final = "%Y%m%dT%H%M%SZ"
UNRESERVED: Final = "-_.~"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says about its own signature."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    payload_hash: str
    expires_s: int | None
    token: str | None


class _ClaimedAuth(S3SigV4Auth):  # type: ignore[misc]  # botocore has no types
    """botocore's signer over exactly the headers that a request claims to have signed."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        """All of them: the request was built from the claimed headers alone."""
        return request.headers


class SignatureCheck:
    """WSGI middleware: answers a badly signed request with S3's error, passes the others on.

    The body of a request is read whole before the check ends, so the connection can be kept.

    Args:
        app: the storage behind the check; it gets the body as a fresh stream.
        access_key: the one access key that is known.
        secret_key: its secret.
        session_token: what a request with temporary credentials must name; others need none.
        region: the region that must have been signed for.
        now: the clock, in UTC.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        access_key: str,
        secret_key: str,
        session_token: str = "",
        region: str,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._app = app
        self._credentials = Credentials(access_key, secret_key)
        self._session_token = session_token
        self._region = region
        self._now = now

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Check one request."""
        try:
            body = read_body(environ)
            self.check(environ, body)
        except S3Error as error:
            headers = [
                ("Content-Type", "application/xml"),
                ("Content-Length", str(len(error.body))),
            ]
            start_response(error.status_line, headers)
            return [error.body]
        environ["wsgi.input"] = io.BytesIO(body)
        environ["wsgi.input_terminated"] = True  # werkzeug then reads it at once, not by 64 KiB
        return self._app(environ, start_response)

    def check(self, environ: WSGIEnvironment, body: bytes) -> None:
        """Raise S3Error unless the request is rightly signed, now, over this body."""
        claim = read_claim(environ)
        self._check_scope(claim)
        self._check_date(claim)
        self._check_signed_headers(claim, environ)
        expected = self._signature(claim, environ)
        if not hmac.compare_digest(expected, claim.signature):
            raise S3Error(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
            )
        _check_payload(claim, body)

    def _check_scope(self, claim: Claim) -> None:
        if claim.access_key != self._credentials.access_key:
            raise S3Error(
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
                {"AWSAccessKeyId": claim.access_key},
            )
        if claim.token is not None and claim.token != self._session_token:
            raise S3Error("InvalidToken", "The provided token is malformed or otherwise invalid.")
        code = (
            "AuthorizationHeaderMalformed"
            if claim.expires_s is None
            else "AuthorizationQueryParametersError"
        )
        if claim.region != self._region:
            raise S3Error(
                code,
                f"The authorization header is malformed; the region '{claim.region}' is wrong; "
                f"expecting '{self._region}'",
                {"Region": self._region},
            )
        if claim.service != "s3":
            raise S3Error(code, f"incorrect service '{claim.service}'; expecting 's3'")
        if claim.date != claim.timestamp[:8]:
            raise S3Error(code, f"invalid credential date '{claim.date}'")

    def _check_date(self, claim: Claim) -> None:
        signed_at = parse_timestamp(claim.timestamp)
        now = self._now()
        if claim.expires_s is None:
            if abs(now - signed_at) > SKEW_MAX:
                raise S3Error(
                    "RequestTimeTooSkewed",
                    "The difference between the request time and the current time is too large.",
                    {"RequestTime": claim.timestamp, "ServerTime": now.strftime(TIMESTAMP_FORMAT)},
                )
        elif now > signed_at + timedelta(seconds=claim.expires_s):
            raise S3Error("AccessDenied", "Request has expired")
        elif signed_at > now + SKEW_MAX:
            raise S3Error("AccessDenied", "Request is not yet valid")

    @staticmethod
    def _check_signed_headers(claim: Claim, environ: WSGIEnvironment) -> None:
        present = {name for name in header_names(environ) if name.startswith("x-amz-")}
        missing = sorted((present | {"host"}) - set(claim.signed_headers))
        if missing:
            raise S3Error(
                "AccessDenied",
                "There were headers present in the request which were not signed",
                {"HeadersNotSigned": ", ".join(missing)},
            )

    def _signature(self, claim: Claim, environ: WSGIEnvironment) -> str:
        path, query = raw_target(environ)
        url = f"http://host{canonical_path(path)}"
        canonical_query = canonical_query_without_signature(query)
        request = AWSRequest(environ["REQUEST_METHOD"], f"{url}?{canonical_query}")
        for name in claim.signed_headers:
            request.headers[name] = header(environ, name) or ""
        request.context["timestamp"] = claim.timestamp
        auth = _ClaimedAuth(self._credentials, claim.service, claim.region)
        # Asked only where no header says it: a presigned URL's payload.
        auth.payload = lambda _request: claim.payload_hash
        canonical_request = auth.canonical_request(request)
        string_to_sign = auth.string_to_sign(request, canonical_request)
        return str(auth.signature(string_to_sign, request))


def read_body(environ: WSGIEnvironment) -> bytes:
    """The request's body, whole.

    Raises:
        S3Error: it has no length, or it ended early.
    """
    if environ.get("HTTP_TRANSFER_ENCODING"):
        raise S3Error(
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
            {"Header": "Transfer-Encoding"},
        )
    length = environ.get("CONTENT_LENGTH")
    if not length:
        if environ["REQUEST_METHOD"] == "PUT":
            raise S3Error(
                "MissingContentLength", "You must provide the Content-Length HTTP header."
            )
        return b""
    body: bytes = environ["wsgi.input"].read(int(length))
    if len(body) != int(length):
        raise S3Error("IncompleteBody", "The request body terminated unexpectedly")
    return body


def read_claim(environ: WSGIEnvironment) -> Claim:
    """The signature's parts, from the Authorization header or else from the query.

    Raises:
        S3Error: the request is not signed, or not in this form.
    """
    authorization = header(environ, "authorization")
    _, query = raw_target(environ)
    if authorization is not None:
        return _claim_of_header(authorization, environ)
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    if "X-Amz-Algorithm" in parameters:
        return _claim_of_query(parameters, environ)
    raise S3Error("AccessDenied", "Access Denied")


def _claim_of_header(authorization: str, environ: WSGIEnvironment) -> Claim:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise S3Error("InvalidRequest", f"Please use {ALGORITHM}.")
    fields = dict(re.findall(r"\s*(\w+)=([^,]*)", rest))
    payload_hash = header(environ, "x-amz-content-sha256")
    if payload_hash is None:
        raise S3Error(
            "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"
        )
    try:
        credential, signed = fields["Credential"], fields["SignedHeaders"]
        signature = fields["Signature"]
    except KeyError as missing:
        raise S3Error(
            "AuthorizationHeaderMalformed", f"The authorization header lacks {missing}"
        ) from missing
    access_key, date, region, service = _parse_scope(credential, "AuthorizationHeaderMalformed")
    return Claim(
        access_key=access_key,
        date=date,
        region=region,
        service=service,
        signed_headers=tuple(signed.split(";")),
        signature=signature,
        timestamp=_header_timestamp(environ),
        payload_hash=payload_hash,
        expires_s=None,
        token=header(environ, "x-amz-security-token"),
    )


def _claim_of_query(parameters: dict[str, str], environ: WSGIEnvironment) -> Claim:
    code = "AuthorizationQueryParametersError"
    needed = ("Credential", "Date", "Expires", "SignedHeaders", "Signature")
    missing = [name for name in needed if f"X-Amz-{name}" not in parameters]
    if missing or parameters["X-Amz-Algorithm"] != ALGORITHM:
        raise S3Error(code, f"Query-string authentication version 4 requires {', '.join(needed)}")
    expires = parameters["X-Amz-Expires"]
    if not expires.isdecimal() or not 1 <= int(expires) <= PRESIGNED_EXPIRY_MAX_S:
        raise S3Error(code, "X-Amz-Expires must be between 1 and 604800 seconds")
    access_key, date, region, service = _parse_scope(parameters["X-Amz-Credential"], code)
    return Claim(
        access_key=access_key,
        date=date,
        region=region,
        service=service,
        signed_headers=tuple(parameters["X-Amz-SignedHeaders"].split(";")),
        signature=parameters["X-Amz-Signature"],
        timestamp=parameters["X-Amz-Date"],
        payload_hash=header(environ, "x-amz-content-sha256") or UNSIGNED_PAYLOAD,
        expires_s=int(expires),
        token=parameters.get("X-Amz-Security-Token"),
    )


def _parse_scope(credential: str, code: str) -> tuple[str, str, str, str]:
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request":
        raise S3Error(code, f"the Credential is mal-formed: {credential}")
    return parts[0], parts[1], parts[2], parts[3]


def _header_timestamp(environ: WSGIEnvironment) -> str:
    """X-Amz-Date, or else Date, as an ISO 8601 basic timestamp."""
    amz_date = header(environ, "x-amz-date")
    if amz_date is not None:
        return amz_date
    try:
        date = parsedate_to_datetime(header(environ, "date") or "")
    except ValueError as error:
        raise S3Error("AccessDenied", "AWS authentication requires a valid Date") from error
    return date.astimezone(timezone.utc).strftime(TIMESTAMP_FORMAT)


def _check_payload(claim: Claim, body: bytes) -> None:
    if claim.payload_hash == UNSIGNED_PAYLOAD or claim.payload_hash in STREAMING_PAYLOADS:
        return
    if claim.payload_hash.startswith("STREAMING-"):
        raise S3Error("NotImplemented", f"{claim.payload_hash} is not implemented")
    actual = hashlib.sha256(body).hexdigest()
    if actual != claim.payload_hash:
        raise S3Error(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
            {"ClientComputedContentSHA256": claim.payload_hash, "S3ComputedContentSHA256": actual},
        )


def parse_timestamp(timestamp: str) -> datetime:
    """The moment that an ISO 8601 basic timestamp names.

    Raises:
        S3Error: it is not one.
    """
    try:
        return datetime.strptime(timestamp, TIMESTAMP_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise S3Error("AccessDenied", "X-Amz-Date must be in ISO8601 basic format") from error


def raw_target(environ: WSGIEnvironment) -> tuple[str, str]:
    """Path and query as they came over the wire, in Latin-1."""
    path, _, query = environ["RAW_URI"].partition("?")
    return path, query


def canonical_path(path: str) -> str:
    """Every byte of the decoded path encoded once, but for the unreserved ones and `/`."""
    return quote(unquote_to_bytes(path.encode("latin-1")), safe="/" + UNRESERVED)


def canonical_query_without_signature(query: str) -> str:
    """The query's parameters, decoded and encoded once, without the signature; not yet sorted."""
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    return "&".join(
        f"{_canonical_parameter(name)}={_canonical_parameter(value)}"
        for name, _, value in pairs
        if name != "X-Amz-Signature"
    )


def _canonical_parameter(text: str) -> str:
    decoded = unquote_plus(text, encoding="latin-1").encode("latin-1")
    return quote(decoded, safe=UNRESERVED)


def header(environ: WSGIEnvironment, name: str) -> str | None:
    """A header's value; UTF-8 where its bytes are, else Latin-1."""
    key = name.upper().replace("-", "_")
    if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        key = f"HTTP_{key}"
    value: Any = environ.get(key)
    if value is None:
        return None
    try:
        return str(value).encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return str(value)


def header_names(environ: WSGIEnvironment) -> list[str]:
    """The names of the request's headers, in lower case, as WSGI folds them (`_` is `-`)."""
    return [key[5:].lower().replace("_", "-") for key in environ if key.startswith("HTTP_")]
