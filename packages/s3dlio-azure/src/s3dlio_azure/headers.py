"""Headers of the Blob service: attributes and conditions out, descriptions of blobs in.

Rules that hold in this file:
- Pure. Names are lower case. A value that a header can't carry is an error, never altered.
- What a server sends is hostile until read: a length or date that makes no sense is none.

Sources: Azure Storage, Put Blob, Put Block List, Get Blob, Get Blob Properties; "Setting and
retrieving properties and metadata for Blob service resources"; RFC 9110 section 13.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_azure.metadata_names import decode_name, encode_name
from s3dlio_azure.mtime_metadata import decode_mtime, encode_mtime
from s3dlio_azure.tagging import format_tags
from s3dlio_core.errors import NotSupportedError, UsageError
from s3dlio_core.mtimes import MTIME
from s3dlio_core.rest import store_checks
from s3dlio_core.rest.headers import (
    attributes_of,
    check_sendable,
    content_headers,
    content_length,
    http_date,
    strip_etag,
    whole_number,
)
from s3dlio_core.store import ChecksumType, ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_core.store import Attributes

__all__ = [
    "METADATA_PREFIX",
    "attribute_headers",
    "check_answered_version",
    "checked_tier",
    "is_directory",
    "md5_checksums",
    "object_info",
    "read_metadata",
    "version_query",
    "written_object_info",
]

METADATA_PREFIX = "x-ms-meta-"
#: Names and values together ("Setting and retrieving properties and metadata").
METADATA_MAX_BYTES = 8 * 1024
#: What marks an empty blob that stands for a directory: Hadoop's drivers write it, and accounts
#: with a hierarchical namespace tell it of their directories.
DIRECTORY_MARK = "hdi_isfolder"

#: What stands before the names of headers that a blob is to have.
CONTENT_PREFIX = "x-ms-blob-"
#: Of block blobs.
ACCESS_TIERS = ("Hot", "Cool", "Cold", "Archive")


def attribute_headers(
    attributes: Attributes | None,
    operation: str,
    uri: str,
    *,
    access_tier: str = "",
    tags: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the headers of a blob's attributes.

    Args:
        attributes: what the blob is to have.
        operation: for messages.
        uri: the blob's, for messages.
        access_tier: the tier of blobs whose attributes name none.
        tags: the tags of blobs whose attributes have none.

    Raises:
        NotSupportedError: a name or value that a header can't carry, or too much metadata.
        UsageError: there is no such tier.
    """
    headers: dict[str, str] = {}
    if attributes is not None:
        headers = content_headers(attributes, CONTENT_PREFIX)
        if attributes.metadata:
            headers.update(_metadata_headers(attributes.metadata, operation, uri))
        tags = attributes.tags or tags
        access_tier = attributes.storage_class or access_tier
    if access_tier:
        headers["x-ms-access-tier"] = checked_tier(access_tier)
    if tags:
        headers["x-ms-tags"] = format_tags(tags, operation, uri)
    check_sendable(headers, "Azure", operation, uri)
    return headers


def _metadata_headers(metadata: Mapping[str, str], operation: str, uri: str) -> dict[str, str]:
    encoded = {
        encode_name(name): encode_mtime(value) if name.lower() == MTIME else value
        for name, value in metadata.items()
    }
    if "" in encoded:
        raise NotSupportedError("metadata can't have an empty name", operation=operation, uri=uri)
    size_bytes = sum(len(name) + len(value) for name, value in encoded.items())
    if size_bytes > METADATA_MAX_BYTES:
        raise NotSupportedError(
            f"the metadata has {size_bytes} bytes, and Azure keeps {METADATA_MAX_BYTES}",
            operation=operation,
            uri=uri,
            hint="Leave some of it out",
        )
    return {METADATA_PREFIX + name: value for name, value in encoded.items()}


def checked_tier(name: str) -> str:
    """Return an access tier as the service writes it; "" stays.

    Raises:
        UsageError: there is no such. The service would say so when all blocks were sent.
    """
    tier = name.capitalize()
    if tier not in {"", *ACCESS_TIERS}:
        raise UsageError(
            f"no access tier {name[:100]!r}",
            hint=f"The storage class is one of {', '.join(ACCESS_TIERS)} here",
        )
    return tier


def version_query(version: str | None) -> tuple[tuple[str, str], ...]:
    """Return the parameters that name a version of a blob."""
    return () if version is None else (("versionid", version),)


def check_answered_version(
    operation: str, uri: str, version: str | None, headers: Mapping[str, str]
) -> None:
    """Check that an answer is about the version that was asked for.

    Raises:
        NotSupportedError: it is about another one, so the server ignored the parameter.
    """
    answered = headers.get("x-ms-version-id") or "(none)"
    store_checks.check_answered_version(operation, uri, version, answered, keeper="account")


def object_info(key: str, headers: Mapping[str, str], size_bytes: int | None = None) -> ObjectInfo:
    """Describe a blob by the headers of a HEAD or GET.

    Args:
        key: the blob's key.
        headers: of the answer, names in lower case.
        size_bytes: the blob's size; None takes the Content-Length.
    """
    get = headers.get
    checksums = md5_checksums(_md5_of_blob(headers))
    return ObjectInfo(
        key=key,
        size_bytes=(content_length(headers) or 0) if size_bytes is None else size_bytes,
        mtime=http_date(get("last-modified", "")),
        etag=strip_etag(get("etag", "")),
        version=get("x-ms-version-id") or None,
        checksums=checksums,
        checksum_type=ChecksumType.FULL_OBJECT if checksums else None,
        attributes=attributes_of(headers, METADATA_PREFIX, read_metadata),
        storage_class=get("x-ms-access-tier", ""),
        encryption=get("x-ms-encryption-scope", ""),
        # Told of blobs that have any.
        tag_count=whole_number(get("x-ms-tag-count", "0")),
    )


def read_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return metadata under the names, and the time in the form, that they have in other stores."""
    found = {decode_name(name): value for name, value in metadata.items()}
    if MTIME in found:
        found[MTIME] = decode_mtime(found[MTIME])
    return found


def _md5_of_blob(headers: Mapping[str, str]) -> str:
    """Return the MD5 of the whole blob, in base64, or ""."""
    # Beside a range Content-MD5 would be the range's.
    own = "" if "content-range" in headers else headers.get("content-md5", "")
    return headers.get("x-ms-blob-content-md5", own)


def md5_checksums(md5: str) -> dict[str, str]:
    """Return the checksums of a blob whose MD5 is told, in base64; "" is none."""
    return {"MD5": md5} if md5 else {}


def written_object_info(
    key: str, headers: Mapping[str, str], size_bytes: int, attributes: Attributes | None
) -> ObjectInfo:
    """Describe a new blob by the headers of the answer to its PUT, and by what was sent."""
    return ObjectInfo(
        key=key,
        size_bytes=size_bytes,
        mtime=http_date(headers.get("last-modified", "")),
        etag=strip_etag(headers.get("etag", "")),
        version=headers.get("x-ms-version-id") or None,
        attributes=attributes,
    )


def is_directory(info: ObjectInfo, resource_type: str = "") -> bool:
    """Return whether a blob stands for a directory, and is no object.

    Args:
        info: the blob.
        resource_type: what an account with a hierarchical namespace says that it is.
    """
    if info.size_bytes:
        return False
    if resource_type == "directory":
        return True
    attributes = info.attributes
    return attributes is not None and attributes.metadata.get(DIRECTORY_MARK, "").lower() == "true"
