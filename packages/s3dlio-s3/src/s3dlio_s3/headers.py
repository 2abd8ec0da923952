"""S3's headers: attributes and copy sources out, object descriptions in.

Rules that hold in this file:
- Pure.
- Names are lower case. A value that a header can't carry is an error, never altered.

Sources: Amazon S3 API Reference, PutObject, HeadObject, CopyObject; Amazon S3 User Guide, "Working
with object metadata".
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from s3dlio_core.rest import store_checks
from s3dlio_core.rest.headers import (
    attributes_of,
    check_sendable,
    content_headers,
    content_length,
    http_date,
    quoted_etag,
    strip_etag,
    whole_number,
)
from s3dlio_core.store import ObjectInfo
from s3dlio_s3.arns import ARN_PREFIX, parse_access_point
from s3dlio_s3.encryption import ENCRYPTION_HEADER
from s3dlio_s3.tagging import format_tagging
from s3dlio_s3.wire_xml import checksum_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_core.store import Attributes, CopySource

__all__ = [
    "attribute_headers",
    "check_answered_version",
    "copy_headers",
    "object_info",
    "version_query",
    "written_object_info",
]

METADATA_PREFIX = "x-amz-meta-"
CHECKSUM_PREFIX = "x-amz-checksum-"
_ABOUT_CHECKSUMS = frozenset({"x-amz-checksum-type", "x-amz-checksum-algorithm"})


def attribute_headers(
    attributes: Attributes | None, operation: str = "", uri: str = ""
) -> dict[str, str]:
    """Return the headers of an object's attributes.

    Raises:
        NotSupportedError: a name or value that a header can't carry.
        UsageError: more tags, or longer ones, than S3 takes.
    """
    if attributes is None:
        return {}
    headers = content_headers(attributes)
    for name, value in attributes.metadata.items():
        headers[METADATA_PREFIX + name.lower()] = value
    if attributes.storage_class:
        headers["x-amz-storage-class"] = attributes.storage_class
    if attributes.tags:
        headers["x-amz-tagging"] = format_tagging(attributes.tags)
    check_sendable(headers, "S3", operation, uri)
    return headers


def copy_headers(source: CopySource, operation: str) -> dict[str, str]:
    """Return the headers that name the source of a server-side copy.

    Raises:
        PreconditionFailedError: the source names an ETag that no object can have.
    """
    container = f"/{source.container}"
    if source.container.startswith(ARN_PREFIX):
        container = f"{parse_access_point(source.container).arn}/object"
    named = quote(f"{container}/{source.key}", safe="/")
    if source.version is not None:
        named = f"{named}?versionId={quote(source.version, safe='')}"
    headers = {"x-amz-copy-source": named}
    if source.etag is not None:
        uri = f"s3://{source.container}/{source.key}"
        headers["x-amz-copy-source-if-match"] = quoted_etag(source.etag, operation, uri)
    return headers


def version_query(version: str | None) -> tuple[tuple[str, str], ...]:
    """Return the parameters that name a version of an object."""
    return () if version is None else (("versionId", version),)


def check_answered_version(
    operation: str, uri: str, version: str | None, headers: Mapping[str, str]
) -> None:
    """Check that an answer is about the version that was asked for.

    Raises:
        NotSupportedError: it is about another one, so the server ignored the parameter.
    """
    # What was written before versions were kept has the version "null", and maybe no header.
    answered = headers.get("x-amz-version-id") or "null"
    store_checks.check_answered_version(operation, uri, version, answered, keeper="bucket")


def object_info(key: str, headers: Mapping[str, str], size_bytes: int | None = None) -> ObjectInfo:
    """Describe an object by the headers of a HEAD or GET.

    Args:
        key: the object's key.
        headers: of the answer, names in lower case.
        size_bytes: the object's size; None takes the Content-Length.
    """
    get = headers.get
    tag_count = get("x-amz-tagging-count")
    return ObjectInfo(
        key=key,
        size_bytes=(content_length(headers) or 0) if size_bytes is None else size_bytes,
        mtime=http_date(get("last-modified", "")),
        etag=strip_etag(get("etag", "")),
        version=get("x-amz-version-id") or None,
        checksums=_checksums(headers),
        checksum_type=checksum_type(get("x-amz-checksum-type", "")),
        attributes=attributes_of(headers, METADATA_PREFIX),
        storage_class=get("x-amz-storage-class", ""),
        encryption=_encryption(headers),
        tag_count=None if tag_count is None else whole_number(tag_count),
    )


def written_object_info(
    key: str, headers: Mapping[str, str], size_bytes: int, attributes: Attributes | None
) -> ObjectInfo:
    """Describe a new object by the headers of the answer to its PUT, and by what was sent."""
    return ObjectInfo(
        key=key,
        size_bytes=size_bytes,
        etag=strip_etag(headers.get("etag", "")),
        version=headers.get("x-amz-version-id") or None,
        checksums=_checksums(headers),
        checksum_type=checksum_type(headers.get("x-amz-checksum-type", "")),
        attributes=attributes,
    )


def _checksums(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name[len(CHECKSUM_PREFIX) :].upper(): value
        for name, value in headers.items()
        if name.startswith(CHECKSUM_PREFIX) and name not in _ABOUT_CHECKSUMS
    }


def _encryption(headers: Mapping[str, str]) -> str:
    if f"{ENCRYPTION_HEADER}-customer-algorithm" in headers:
        return "SSE-C"
    return headers.get(ENCRYPTION_HEADER, "")
