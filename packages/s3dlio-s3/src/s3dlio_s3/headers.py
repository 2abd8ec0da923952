"""S3's headers: attributes, conditions and copy sources out, object descriptions in.

Rules that hold in this file:
- Pure.
- Names are lower case. A value that a header can't carry is an error, never altered.
- What a server sends is hostile until read: a length or date that makes no sense is none.

Sources: Amazon S3 API Reference, PutObject, HeadObject, CopyObject; Amazon S3 User Guide, "Working
with object metadata"; RFC 9110 sections 5.5, 13.1 and 14.4.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from s3dlio_core.errors import NotSupportedError, PreconditionFailedError
from s3dlio_core.store import Attributes, ObjectInfo
from s3dlio_s3.arns import ARN_PREFIX, parse_access_point
from s3dlio_s3.encryption import ENCRYPTION_HEADER
from s3dlio_s3.tagging import format_tagging
from s3dlio_s3.wire_xml import checksum_type, strip_etag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_core.store import Condition, CopySource

__all__ = [
    "ContentRange",
    "attribute_headers",
    "check_answered_version",
    "condition_headers",
    "content_length",
    "content_range",
    "copy_headers",
    "http_date",
    "object_info",
    "version_query",
    "whole_number",
    "written_object_info",
]

METADATA_PREFIX = "x-amz-meta-"
CHECKSUM_PREFIX = "x-amz-checksum-"
_ABOUT_CHECKSUMS = frozenset({"x-amz-checksum-type", "x-amz-checksum-algorithm"})

_CONTENT_HEADERS = (
    "content_type",
    "cache_control",
    "content_encoding",
    "content_language",
    "content_disposition",
)
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile("[\t\x20-\x7e]*")
# 19 digits hold every length of 63 bits; int() would take ever longer over more, and then refuse.
_LENGTH = re.compile(r"[0-9]{1,19}")
_IMF_FIXDATE = re.compile(
    r"[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19}|\*)")


@dataclass(frozen=True, slots=True)
class ContentRange:
    """A Content-Range: bytes [start, stop) of an object.

    Attributes:
        size_bytes: the whole object's size, or None when the server doesn't say.
    """

    start: int
    stop: int
    size_bytes: int | None


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
    headers = {
        name.replace("_", "-"): value
        for name in _CONTENT_HEADERS
        if (value := getattr(attributes, name))
    }
    for name, value in attributes.metadata.items():
        headers[METADATA_PREFIX + name.lower()] = value
    if attributes.storage_class:
        headers["x-amz-storage-class"] = attributes.storage_class
    if attributes.tags:
        headers["x-amz-tagging"] = format_tagging(attributes.tags)
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise NotSupportedError(
                f"{name} can't be sent to S3: {value[:100]!r} isn't printable ASCII"
                if _TOKEN.fullmatch(name)
                else f"{name[:100]!r} is no name for metadata in S3",
                operation=operation,
                uri=uri,
                hint="Encode the value, or leave it out",
            )
    return headers


def condition_headers(
    operation: str, uri: str, condition: Condition | None = None, *, if_match: str | None = None
) -> dict[str, str]:
    """Return the headers of a condition, or of an `if_match` alone.

    Raises:
        PreconditionFailedError: the condition names an ETag that no object can have.
    """
    etag = if_match if condition is None else condition.if_match
    if etag is not None:
        return {"if-match": _quoted(etag, operation, uri)}
    return {"if-none-match": "*"} if condition is not None and condition.if_absent else {}


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
        headers["x-amz-copy-source-if-match"] = _quoted(source.etag, operation, uri)
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
    if version is not None and answered != version:
        raise NotSupportedError(
            f"the server answered with the version {answered}, not {version[:100]!r}",
            operation=operation,
            uri=uri,
            hint="Ask for versions only where the bucket keeps them",
        )


def _quoted(etag: str, operation: str, uri: str) -> str:
    # A weak tag, or one that would end the quotes or the line, must not be sent as a strong one.
    quoted = f'"{etag}"'
    if strip_etag(quoted) != etag:
        raise PreconditionFailedError(
            f"no object has the ETag {etag[:100]!r}: it isn't a strong one",
            operation=operation,
            uri=uri,
        )
    return quoted


def content_range(headers: Mapping[str, str]) -> ContentRange | None:
    """Return the Content-Range, or None when there is none that can be read."""
    found = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    if found is None:
        return None
    size_bytes = None if found[3] == "*" else int(found[3])
    return ContentRange(int(found[1]), int(found[2]) + 1, size_bytes)


def content_length(headers: Mapping[str, str]) -> int | None:
    """Return the Content-Length, or None when there is none that can be read."""
    return whole_number(headers.get("content-length", ""))


def whole_number(text: str) -> int | None:
    """Return a whole number of at most 19 digits, or None."""
    text = text.strip()
    return int(text) if _LENGTH.fullmatch(text) else None


# Many objects are written within one second.
@functools.lru_cache(maxsize=1024)
def http_date(text: str) -> float | None:
    """Return the seconds since the epoch of an HTTP date, or None when it can't be read."""
    try:
        fixed = _IMF_FIXDATE.fullmatch(text)
        if fixed is not None:
            # The form that services send (RFC 9110 section 5.6.7), read at a third of the cost.
            day, month, year, hour, minute, second = fixed.groups()
            date = (
                int(year),
                _MONTHS.index(month) // 4 + 1,
                int(day),
                int(hour),
                int(minute),
                int(second),
            )
            return datetime(*date, tzinfo=timezone.utc).timestamp()
        found = parsedate_to_datetime(text)
        # "-0000" is UTC without a word about the sender's zone (RFC 5322 section 3.3).
        return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


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
        attributes=Attributes(
            content_type=get("content-type", ""),
            cache_control=get("cache-control", ""),
            content_encoding=get("content-encoding", ""),
            content_language=get("content-language", ""),
            content_disposition=get("content-disposition", ""),
            metadata={
                name[len(METADATA_PREFIX) :]: value
                for name, value in headers.items()
                if name.startswith(METADATA_PREFIX)
            },
        ),
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
