"""Headers of HTTP that all stores read and write alike.

Rules that hold in this file:
- Pure.
- Names are lower case. A value that a header can't carry is an error, never altered.
- What a server sends is hostile until read: a length or date that makes no sense is none.

Sources: RFC 9110 sections 5.5, 5.6.7, 8.8, 10.2.3, 13.1 and 14.4.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from s3dlio_core.errors import NotSupportedError, PreconditionFailedError
from s3dlio_core.store import Attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from s3dlio_core.store import Condition

__all__ = [
    "ContentRange",
    "attributes_of",
    "byte_range",
    "check_sendable",
    "condition_headers",
    "content_headers",
    "content_length",
    "content_range",
    "http_date",
    "quoted_etag",
    "retry_after_s",
    "strip_etag",
    "whole_number",
]

_CONTENT_HEADERS = (
    "content_type",
    "cache_control",
    "content_encoding",
    "content_language",
    "content_disposition",
)
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# HTTP takes blanks at the ends away (RFC 9110 section 5.5).
_VALUE = re.compile("(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?")
# 19 digits hold every length of 63 bits; int() would take ever longer over more, and then refuse.
_LENGTH = re.compile(r"[0-9]{1,19}")
_IMF_FIXDATE = re.compile(
    r"[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19}|\*)")
# Quoted as it should be, or bare as some servers send it.
_ETAG = re.compile(r'"([!#-~]+)"|([!#-~]+)')


@dataclass(frozen=True, slots=True)
class ContentRange:
    """A Content-Range: bytes [start, stop) of an object.

    Attributes:
        size_bytes: the whole object's size, or None when the server doesn't say.
    """

    start: int
    stop: int
    size_bytes: int | None


def byte_range(start: int, stop: int | None) -> str:
    """Return the Range that asks for bytes [start, stop), or to the end; stop is above start."""
    return f"bytes={start}-" if stop is None else f"bytes={start}-{stop - 1}"


def content_headers(attributes: Attributes, prefix: str = "") -> dict[str, str]:
    """Return the headers of what attributes say of an object's content.

    Args:
        attributes: their metadata and the like aren't looked at.
        prefix: what a service has before each name.
    """
    return {
        prefix + name.replace("_", "-"): value
        for name in _CONTENT_HEADERS
        if (value := getattr(attributes, name))
    }


def attributes_of(
    headers: Mapping[str, str],
    metadata_prefix: str,
    read_metadata: Callable[[Mapping[str, str]], Mapping[str, str]] | None = None,
) -> Attributes:
    """Return the attributes that the headers of a HEAD or GET tell.

    Args:
        headers: of the answer, names in lower case.
        metadata_prefix: what the names of the user's metadata begin with.
        read_metadata: makes of the metadata as they are kept those that were given.
    """
    get = headers.get
    metadata: Mapping[str, str] = {
        name[len(metadata_prefix) :]: value
        for name, value in headers.items()
        if name.startswith(metadata_prefix)
    }
    return Attributes(
        content_type=get("content-type", ""),
        cache_control=get("cache-control", ""),
        content_encoding=get("content-encoding", ""),
        content_language=get("content-language", ""),
        content_disposition=get("content-disposition", ""),
        metadata=metadata if read_metadata is None else read_metadata(metadata),
    )


def check_sendable(
    headers: Mapping[str, str], service: str, operation: str = "", uri: str = ""
) -> None:
    """Check that a request can carry headers that a user has a say in.

    Args:
        headers: names and values.
        service: the service's name, for messages.
        operation: what is asked for.
        uri: what it is asked of.

    Raises:
        NotSupportedError: a name or value that a header can't carry.
    """
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            flaw = (
                "isn't printable ASCII"
                if value.strip(" \t") == value
                else "begins or ends with a blank"
            )
            raise NotSupportedError(
                f"{name} can't be sent to {service}: {value[:100]!r} {flaw}"
                if _TOKEN.fullmatch(name)
                else f"{name[:100]!r} is no name for metadata in {service}",
                operation=operation,
                uri=uri,
                hint="Encode the value, or leave it out",
            )


def condition_headers(
    operation: str, uri: str, condition: Condition | None = None, *, if_match: str | None = None
) -> dict[str, str]:
    """Return the headers of a condition, or of an `if_match` alone.

    Raises:
        PreconditionFailedError: the condition names an ETag that no object can have.
    """
    etag = if_match if condition is None else condition.if_match
    if etag is not None:
        return {"if-match": quoted_etag(etag, operation, uri)}
    return {"if-none-match": "*"} if condition is not None and condition.if_absent else {}


def quoted_etag(etag: str, operation: str, uri: str) -> str:
    """Return an ETag as a condition has it.

    Raises:
        PreconditionFailedError: no object can have it.
    """
    # A weak tag, or one that would end the quotes or the line, must not be sent as a strong one.
    quoted = f'"{etag}"'
    if strip_etag(quoted) != etag:
        raise PreconditionFailedError(
            f"no object has the ETag {etag[:100]!r}: it isn't a strong one",
            operation=operation,
            uri=uri,
        )
    return quoted


def strip_etag(text: str) -> str | None:
    """Return an entity tag without its quotes, or None when it is none that proves anything.

    That is: an empty one, a weak one (RFC 9110 section 8.8.1: other bytes may have the same), and
    one with other characters than section 8.8.3 allows. Of those only ASCII is taken: a signature
    over any other header value depends on how each side encodes it.
    """
    found = _ETAG.fullmatch(text.strip())
    return None if found is None else found[1] or found[2]


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


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return how long a service asks to wait, or None where it doesn't."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    seconds = whole_number(text)
    if seconds is not None:
        return float(seconds)
    # Against the server's own clock: ours may be off.
    until_s, now_s = http_date(text), http_date(headers.get("date", ""))
    return None if until_s is None or now_s is None else max(0.0, until_s - now_s)
