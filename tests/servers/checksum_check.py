"""A WSGI layer that verifies x-amz-checksum-* headers the way Amazon S3 does.

Fake S3 servers keep the checksum that a client claims without looking at the bytes; this layer goes
in front of moto. It computes with moto's and awscrt's code, and over whole contents, so that it
shares nothing with the client under test.

Rules of this file:
- A body must have the checksum of its header. Bodies in chunks with trailers pass unchecked.
- The parts of an upload carry the algorithm that it was created with. A composite one can't be
  completed without the parts' checksums; the size and the checksum of the whole must be right.
- Answers tell what was computed: for a stored object or part, and for a completed upload.
- What moto's HEAD and GET leave out of a checksum, its kind and the number of parts, is added.
- The object is looked up again after moto's answer: only behind `OneAtATime` is it still the same.
- HEAD of a part tells the object's ETag, and compares with that one; moto takes the part's.

Sources: Amazon S3 API Reference, PutObject, UploadPart, CompleteMultipartUpload, DeleteObjects;
Amazon S3 User Guide, "Checking object integrity in Amazon S3".
"""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree as ET

import awscrt.checksums
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.s3.utils import compute_checksum

from tests.servers.s3_error import S3Error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from moto.s3.models import FakeKey, FakeMultipart

_Headers: TypeAlias = "list[tuple[str, str]]"
_Answer: TypeAlias = "tuple[str, _Headers, bytes]"

ALGORITHMS: Final = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")


def checksum_of(body: bytes, algorithm: str) -> bytes:
    """The checksum of a body; moto takes CRC-32 for CRC-32C where it lacks a library."""
    if algorithm == "CRC32C":
        return int(awscrt.checksums.crc32c(body)).to_bytes(4, "big")
    return compute_checksum(body, algorithm, encode_base64=False)


def checksum_text(body: bytes, algorithm: str) -> str:
    """The checksum of a body as a header has it."""
    return _text(checksum_of(body, algorithm))


def _text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


@dataclass(frozen=True, slots=True)
class _Request:
    """What is looked at in a request."""

    environ: WSGIEnvironment
    body: bytes

    @property
    def names(self) -> tuple[str, str]:
        """Bucket and key."""
        bucket, _, key = self.environ["RAW_URI"].partition("?")[0][1:].partition("/")
        return unquote(bucket), unquote(key)

    def parameter(self, name: str) -> str | None:
        """A parameter of the query, or None."""
        query = self.environ["RAW_URI"].partition("?")[2]
        found = parse_qs(query, keep_blank_values=True).get(name)
        return found[0] if found else None

    def header(self, name: str) -> str:
        """A header, or ""."""
        value: str = self.environ.get(f"HTTP_{name.upper().replace('-', '_')}", "")
        return value

    @property
    def stored(self) -> FakeKey | None:
        """The object that the request names, or None."""
        bucket, key = self.names
        version = self.parameter("versionId")
        return s3_backends[DEFAULT_ACCOUNT_ID]["aws"].get_object(bucket, key, version)

    @property
    def checksums(self) -> dict[str, str]:
        """The checksum headers, by algorithm."""
        found = {name: self.header(f"x-amz-checksum-{name}") for name in ALGORITHMS}
        return {name: value for name, value in found.items() if value}

    @property
    def is_head_of_part(self) -> bool:
        """Whether a part is to be described."""
        return self.environ["REQUEST_METHOD"] == "HEAD" and bool(self.parameter("partNumber"))

    @property
    def upload(self) -> FakeMultipart | None:
        """The upload that the request names, or None."""
        bucket = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets.get(self.names[0])
        upload_id = self.parameter("uploadId")
        return bucket.multiparts.get(upload_id) if bucket is not None and upload_id else None


class ChecksumCheck:
    """WSGI middleware: answers a request with a wrong checksum with S3's error.

    Args:
        app: the storage behind the check.
        call: runs a WSGI application to its end.
    """

    def __init__(
        self,
        app: WSGIApplication,
        call: Callable[[WSGIApplication, WSGIEnvironment], _Answer],
    ) -> None:
        self._app = app
        self._call = call

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Check one request, and complete its answer."""
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        request = _Request(environ, body)
        completed = None
        try:
            _check_head_of_part(request)
            if "aws-chunked" not in request.header("content-encoding"):
                _check_body(request)
            upload = request.upload
            if upload is not None and environ["REQUEST_METHOD"] == "PUT":
                _check_part(request, upload)
            elif upload is not None and environ["REQUEST_METHOD"] == "POST":
                completed = _check_complete(request, upload)
        except S3Error as error:
            start_response(error.status_line, [("Content-Type", "application/xml")])
            return [error.body]
        status, headers, content = self._call(self._app, environ)
        if status.startswith("2"):
            headers, content = _completed(request, completed, headers, content)
        start_response(status, headers)
        return [content]


def _check_head_of_part(request: _Request) -> None:
    if request.is_head_of_part and request.stored is not None:
        etag = request.environ.pop("HTTP_IF_MATCH", request.stored.etag)
        if etag != request.stored.etag:
            raise S3Error("PreconditionFailed", "At least one of the conditions did not hold")


def _check_body(request: _Request) -> None:
    for name, told in request.checksums.items():
        if request.environ["REQUEST_METHOD"] == "POST" and request.parameter("uploadId"):
            continue  # of the object, not of this body
        if told != checksum_text(request.body, name):
            raise S3Error(
                "BadDigest", f"The {name} you specified did not match the calculated checksum."
            )
    named = request.header("x-amz-sdk-checksum-algorithm")
    if named and named not in request.checksums and not request.header("x-amz-trailer"):
        raise S3Error(
            "InvalidRequest",
            "x-amz-sdk-checksum-algorithm specified, but no corresponding "
            "x-amz-checksum-* or x-amz-trailer headers were found.",
        )
    if request.parameter("delete") is not None:
        _check_deletion(request)


def _check_deletion(request: _Request) -> None:
    md5 = request.header("content-md5")
    if not md5 and not request.checksums:
        raise S3Error("InvalidRequest", "Missing required header for this request: Content-MD5")
    if md5 and md5 != _text(hashlib.md5(request.body).digest()):
        raise S3Error("BadDigest", "The Content-MD5 you specified did not match what we received.")


def _algorithm_of(upload: FakeMultipart) -> str:
    return upload.metadata.get("x-amz-checksum-algorithm") or ""


def _type_of(upload: FakeMultipart) -> str:
    default = "FULL_OBJECT" if _algorithm_of(upload) == "CRC64NVME" else "COMPOSITE"
    return upload.metadata.get("x-amz-checksum-type") or default


def _check_part(request: _Request, upload: FakeMultipart) -> None:
    expected = _algorithm_of(upload)
    for name in request.checksums:
        if name != expected:
            raise S3Error(
                "InvalidRequest",
                f"Checksum Type mismatch occurred, expected checksum Type: {expected.lower()}, "
                f"actual checksum Type: {name.lower()}",
            )


def _check_complete(request: _Request, upload: FakeMultipart) -> dict[str, str] | None:
    """Check the request that completes an upload; return what its answer tells."""
    algorithm, kind = _algorithm_of(upload), _type_of(upload)
    if not algorithm:
        return None
    bodies = _bodies_of_parts(request, upload, algorithm, needs_checksums=kind == "COMPOSITE")
    size = request.header("x-amz-mp-object-size")
    if size and int(size) != sum(len(body) for body in bodies):
        raise S3Error("InvalidRequest", "The size of the object isn't x-amz-mp-object-size.")
    told_kind = request.header("x-amz-checksum-type")
    if kind == "FULL_OBJECT":
        whole = checksum_text(b"".join(bodies), algorithm)
    else:
        joined = b"".join(checksum_of(body, algorithm) for body in bodies)
        whole = f"{checksum_text(joined, algorithm)}-{len(bodies)}"
    told = request.checksums.get(algorithm, whole)
    if told_kind not in {"", kind} or told != whole or set(request.checksums) - {algorithm}:
        raise S3Error("BadDigest", f"The {algorithm} you specified isn't that of the object.")
    return {f"Checksum{algorithm}": whole, "ChecksumType": kind}


def _bodies_of_parts(
    request: _Request, upload: FakeMultipart, algorithm: str, *, needs_checksums: bool
) -> list[bytes]:
    bodies = []
    for element in ET.fromstring(request.body):
        row = {child.tag.rpartition("}")[2]: child.text or "" for child in element}
        number = int(row["PartNumber"])
        part = upload.parts.get(number)
        if part is None:
            raise S3Error("InvalidPart", f"Part {number} could not be found.")
        body: bytes = part.value
        told = row.get(f"Checksum{algorithm}", "")
        if needs_checksums and not told:
            raise S3Error(
                "InvalidRequest",
                f"The upload was created using a {algorithm.lower()} checksum. The complete "
                "request must include the checksum for each part. It was missing for part "
                f"{number} in the request.",
            )
        if told and told != checksum_text(body, algorithm):
            raise S3Error("InvalidPart", f"The checksum of part {number} is another one.")
        bodies.append(body)
    return bodies


def _completed(
    request: _Request, completed: dict[str, str] | None, headers: _Headers, content: bytes
) -> tuple[_Headers, bytes]:
    """An answer with what moto leaves out."""
    if completed is not None:
        _keep(request, completed)
        elements = "".join(f"<{name}>{text}</{name}>" for name, text in completed.items())
        head, end, rest = content.rpartition(b"</CompleteMultipartUpload")
        return headers, head + elements.encode() + end + rest
    if request.environ["REQUEST_METHOD"] == "PUT":
        echoed = {
            f"x-amz-checksum-{name.lower()}": value for name, value in request.checksums.items()
        }
        return _with(headers, echoed), content
    if request.is_head_of_part and request.stored is not None:
        return _with(headers, {"etag": request.stored.etag}), content
    if request.environ["REQUEST_METHOD"] in {"GET", "HEAD"} and request.names[1]:
        return _with(headers, _told_of_object(request, headers)), content
    return headers, content


def _keep(request: _Request, completed: dict[str, str]) -> None:
    """Let moto keep the right checksum: it computes CRC32C only with a library of its own."""
    key = request.stored
    if key is not None:
        key.checksum_value = next(iter(completed.values())).partition("-")[0]


def _told_of_object(request: _Request, headers: _Headers) -> dict[str, str]:
    """The checksum of an object, where the answer has one, as Amazon S3 tells it."""
    told = {name.lower() for name, _ in headers}
    key = request.stored
    if key is None or key.checksum_algorithm is None:
        return {}
    header = f"x-amz-checksum-{key.checksum_algorithm.lower()}"
    if header not in told:
        return {}
    kind = key.checksum_type or "FULL_OBJECT"
    count = f"-{key.checksum_parts}" if kind == "COMPOSITE" else ""
    return {header: f"{_plain(key.checksum_value)}{count}", "x-amz-checksum-type": kind}


def _plain(value: str | bytes | None) -> str:
    """Moto's value, which is text or, of an object of parts, bytes."""
    return value.decode() if isinstance(value, bytes) else value or ""


def _with(headers: _Headers, more: dict[str, str]) -> _Headers:
    kept = [(name, value) for name, value in headers if name.lower() not in more]
    return [*kept, *more.items()]
