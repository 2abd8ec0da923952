"""The XML bodies of the S3 API: parsed into values, built from values.

Rules that hold in this file:
- Pure. Bodies arrive whole; whoever reads them bounds their size by the constants here.
- Documents are parsed by `s3dlio_core.rest.xml`, which bounds and checks them.
- With encoding-type=url names are decoded as forms are: "+" is a space and a literal plus arrives
  as %2B. AWS and rclone send "+" for a space, others %20; this reads both.

Source: Amazon S3 API Reference, response syntax of ListObjectsV2, ListBuckets, ListParts,
ListMultipartUploads, DeleteObjects, CompleteMultipartUpload, CopyObject; "Error responses".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from s3dlio_core.rest import xml
from s3dlio_core.rest.headers import strip_etag
from s3dlio_core.rest.xml import (
    MalformedXmlError,
    XmlTree,
    checked_rows,
    escape,
    expect,
    number,
    parse_time,
)
from s3dlio_core.store import ChecksumType, ContainerInfo, ObjectInfo, Page, Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "RESULT_BODY_MAX_BYTES",
    "BucketsPage",
    "CopyResult",
    "ErrorBody",
    "PartsPage",
    "UploadEntry",
    "UploadsPage",
    "checksum_type",
    "complete_body",
    "create_bucket_body",
    "delete_body",
    "parse_copy_result",
    "parse_delete_errors",
    "parse_error",
    "parse_list_buckets",
    "parse_list_objects",
    "parse_list_parts",
    "parse_list_uploads",
    "parse_root",
    "parse_upload_id",
]

#: A page of a listing. The largest that is legal has 1,000 uploads: a key of 1,024 bytes, each
#: written as a character reference of 6 bytes (percent-encoding needs 3), and less than 2 KiB for
#: the upload's id, initiator, owner, times and tags, so 8,192 bytes each; 192 KiB stay for the
#: head. Ten thousand buckets (ListBuckets) take less than 4 MiB.
RESULT_BODY_MAX_BYTES = 1000 * 8 * 1024 + 192 * 1024
#: Tags of a page: an element costs 25 times its 4 bytes. Ten thousand buckets have 5 elements
#: each, a thousand objects or uploads about 20.
TAG_COUNT_MAX = 200_000

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_CHECKSUM = re.compile("Checksum[A-Z0-9]+")
_CODE = re.compile(rb"<Code>([A-Za-z0-9._]+)</Code>")
_MESSAGE = re.compile(rb"<Message>([^<&]*)</Message>")
_REQUEST_ID = re.compile(rb"<RequestId>([A-Za-z0-9+/=-]+)</RequestId>")


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """An S3 error document.

    Attributes:
        code: the service's error code, or "".
        message: its explanation.
        request_id: the request's id.
        region: the right region, where the error is about that.
        key: the key, in the errors of DeleteObjects.
    """

    code: str
    message: str = ""
    request_id: str = ""
    region: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class CopyResult:
    """The outcome of CopyObject, UploadPart, UploadPartCopy or CompleteMultipartUpload.

    Attributes:
        etag: of the object or part.
        mtime: when it was made, in seconds since the epoch.
        checksums: algorithm → base64 value.
        checksum_type: what they cover.
    """

    etag: str | None
    mtime: float | None = None
    checksums: Mapping[str, str] = field(default_factory=dict)
    checksum_type: ChecksumType | None = None


@dataclass(frozen=True, slots=True)
class BucketsPage:
    """A page of ListBuckets."""

    buckets: Sequence[ContainerInfo]
    next_token: str | None = None


@dataclass(frozen=True, slots=True)
class PartsPage:
    """A page of ListParts."""

    parts: Sequence[Part]
    next_marker: str | None = None


@dataclass(frozen=True, slots=True)
class UploadEntry:
    """An unfinished multipart upload.

    Attributes:
        checksum: the algorithm of its checksum, or "".
        checksum_type: what that will cover, or None.
    """

    key: str
    upload_id: str
    initiated: float | None = None
    checksum: str = ""
    checksum_type: ChecksumType | None = None


@dataclass(frozen=True, slots=True)
class UploadsPage:
    """A page of ListMultipartUploads."""

    uploads: Sequence[UploadEntry]
    next_markers: tuple[str, str] | None = None


def parse_root(body: bytes) -> XmlTree:
    """Parse an answer of S3; see `s3dlio_core.rest.xml.parse_root`."""
    return xml.parse_root(body, size_max_bytes=RESULT_BODY_MAX_BYTES, tag_count_max=TAG_COUNT_MAX)


def _expect(body: bytes, stem: str) -> XmlTree:
    return expect(parse_root(body), stem)


def parse_error(body: bytes) -> ErrorBody | None:
    """Parse an error document; None when the body isn't one."""
    try:
        tree = parse_root(body)
    except MalformedXmlError:
        return _scan_error(body)
    inner = next(tree.root.iter(tree.namespace + "Error"), None)
    if inner is None:
        return None
    found = XmlTree(inner)
    return ErrorBody(
        code=found.text("Code"),
        message=found.text("Message"),
        request_id=found.text("RequestId") or tree.text("RequestId"),
        region=found.text("Region"),
    )


def _scan_error(body: bytes) -> ErrorBody | None:
    """Find the code in an error document that is no XML: servers quote any key in it."""
    code = _CODE.search(body)
    if code is None or b"<Error>" not in body or b"<!DOCTYPE" in body:
        return None
    message, request_id = _MESSAGE.search(body), _REQUEST_ID.search(body)
    return ErrorBody(
        code[1].decode(),
        message[1].decode("utf-8", "replace") if message else "",
        request_id[1].decode() if request_id else "",
    )


def parse_list_objects(body: bytes) -> Page:
    """Parse a page of ListObjectsV2."""
    tree = _expect(body, "ListBucket")
    url_encoded = tree.text("EncodingType") == "url"
    objects = [
        ObjectInfo(
            key=_name(row["Key"], url_encoded=url_encoded),
            size_bytes=number(row["Size"]),
            mtime=parse_time(row.get("LastModified", "")),
            etag=strip_etag(row.get("ETag", "")),
            storage_class=row.get("StorageClass", ""),
        )
        for row in checked_rows(tree, "Contents", ("Key", "Size"))
    ]
    prefixes = [
        _name(row["Prefix"], url_encoded=url_encoded)
        for row in checked_rows(tree, "CommonPrefixes", ("Prefix",))
    ]
    token = tree.text("NextContinuationToken") if tree.text("IsTruncated") == "true" else None
    if token == "":
        # A listing that stops here would silently lose the rest.
        raise MalformedXmlError("the list is truncated, but has no NextContinuationToken")
    return Page(objects, prefixes, token)


def parse_list_buckets(body: bytes) -> BucketsPage:
    """Parse a page of ListBuckets."""
    tree = _expect(body, "ListAllMyBuckets")
    buckets = [
        ContainerInfo(row["Name"], parse_time(row.get("CreationDate", "")))
        for row in checked_rows(tree, "Bucket", ("Name",))
    ]
    return BucketsPage(buckets, tree.text("ContinuationToken") or None)


def parse_list_parts(body: bytes) -> PartsPage:
    """Parse a page of ListParts."""
    tree = _expect(body, "ListParts")
    parts = [
        Part(
            number(row["PartNumber"]),
            number(row["Size"]),
            strip_etag(row["ETag"]) or "",
            checksums=_checksums(row),
        )
        for row in checked_rows(tree, "Part", ("PartNumber", "Size", "ETag"))
    ]
    if tree.text("IsTruncated") != "true":
        return PartsPage(parts)
    marker = tree.text("NextPartNumberMarker")
    if not marker:
        raise MalformedXmlError("the list is truncated, but has no NextPartNumberMarker")
    return PartsPage(parts, marker)


def parse_list_uploads(body: bytes) -> UploadsPage:
    """Parse a page of ListMultipartUploads."""
    tree = _expect(body, "ListMultipartUploads")
    url_encoded = tree.text("EncodingType") == "url"
    uploads = [
        UploadEntry(
            _name(row["Key"], url_encoded=url_encoded),
            row["UploadId"],
            parse_time(row.get("Initiated", "")),
            row.get("ChecksumAlgorithm", ""),
            checksum_type(row.get("ChecksumType", "")),
        )
        for row in checked_rows(tree, "Upload", ("Key", "UploadId"))
    ]
    if tree.text("IsTruncated") != "true":
        return UploadsPage(uploads)
    key = _name(tree.text("NextKeyMarker"), url_encoded=url_encoded)
    if not key:
        raise MalformedXmlError("the list is truncated, but has no NextKeyMarker")
    return UploadsPage(uploads, (key, tree.text("NextUploadIdMarker")))


def parse_copy_result(body: bytes, stem: str) -> CopyResult:
    """Parse the result of a copy or a completion, whose root element begins with `stem`."""
    tree = _expect(body, stem)
    row = {child.tag[len(tree.namespace) :]: child.text or "" for child in tree.root}
    return CopyResult(
        strip_etag(row.get("ETag", "")),
        parse_time(row.get("LastModified", "")),
        _checksums(row),
        checksum_type(row.get("ChecksumType", "")),
    )


def _checksums(row: Mapping[str, str]) -> dict[str, str]:
    """Return the checksums of a part or an object: ChecksumCRC32 and so on."""
    return {
        name.removeprefix("Checksum"): value
        for name, value in row.items()
        if _CHECKSUM.fullmatch(name) and value
    }


def checksum_type(text: str) -> ChecksumType | None:
    """Return what a checksum covers, or None where that isn't said."""
    return ChecksumType(text) if text in {"FULL_OBJECT", "COMPOSITE"} else None


def parse_upload_id(body: bytes) -> str:
    """Parse the result of CreateMultipartUpload."""
    upload_id = _expect(body, "InitiateMultipartUpload").text("UploadId")
    if not upload_id:
        raise MalformedXmlError("the answer has no UploadId")
    return upload_id


def parse_delete_errors(body: bytes) -> list[ErrorBody]:
    """Parse the errors in the result of DeleteObjects."""
    tree = _expect(body, "Delete")
    return [
        ErrorBody(row.get("Code", ""), row.get("Message", ""), key=row["Key"])
        for row in checked_rows(tree, "Error", ("Key",))
    ]


def _name(text: str, *, url_encoded: bool) -> str:
    if not url_encoded or ("%" not in text and "+" not in text):
        return text
    # A name that isn't UTF-8 stays recognisable, and is refused where it is used.
    return unquote_plus(text, errors="surrogateescape")


def delete_body(keys: Iterable[str]) -> bytes:
    """Build the body of DeleteObjects in quiet mode: the answer lists errors only."""
    rows = "".join([f"<Object><Key>{escape(key)}</Key></Object>" for key in keys])
    return f'<Delete xmlns="{NAMESPACE}"><Quiet>true</Quiet>{rows}</Delete>'.encode()


def complete_body(parts: Iterable[Part]) -> bytes:
    """Build the body of CompleteMultipartUpload, with the checksums that the parts have."""
    rows = "".join(
        [
            f"<Part><ETag>&quot;{escape(part.etag)}&quot;</ETag>"
            f"<PartNumber>{part.number}</PartNumber>{_checksum_elements(part)}</Part>"
            for part in parts
        ]
    )
    return f'<CompleteMultipartUpload xmlns="{NAMESPACE}">{rows}</CompleteMultipartUpload>'.encode()


def _checksum_elements(part: Part) -> str:
    return "".join(
        [
            f"<Checksum{name}>{escape(value)}</Checksum{name}>"
            for name, value in part.checksums.items()
        ]
    )


def create_bucket_body(region: str) -> bytes:
    """Build the body of CreateBucket outside us-east-1."""
    return (
        f'<CreateBucketConfiguration xmlns="{NAMESPACE}"><LocationConstraint>{escape(region)}'
        "</LocationConstraint></CreateBucketConfiguration>"
    ).encode()
