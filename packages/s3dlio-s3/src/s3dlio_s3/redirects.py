"""What a refusal says of where a bucket is.

Rules that hold in this file:
- Pure.
- A region is all that is taken from an answer. Where requests then go is decided in `endpoints`: a
  Location leads nowhere by itself, and counts only when its host is one of Amazon S3's own.

Sources: Amazon S3 API Reference, "Request routing" (301, 307, and 400 for regions launched since
2019), "Error responses", HeadBucket (x-amz-bucket-region).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from s3dlio_s3.partitions import region_of_host

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_s3.wire_xml import ErrorBody

__all__ = ["TEMPORARY_REDIRECT", "is_elsewhere", "location_host", "told_region"]

REDIRECT_STATUSES = frozenset({301, 302, 307, 308})
TEMPORARY_REDIRECT = 307

# Codes of a request that came to the wrong region, or was signed for it.
_ELSEWHERE_CODES = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "PermanentRedirect",
        "TemporaryRedirect",
    }
)


def is_elsewhere(status: int, error: ErrorBody | None) -> bool:
    """Return whether a refusal means that the bucket is in another region.

    Args:
        status: the HTTP status.
        error: the parsed error document, or None where there was none: the answer to a HEAD.
    """
    if status in REDIRECT_STATUSES:
        return True
    return status == 400 and (error is None or error.code in _ELSEWHERE_CODES)


def told_region(headers: Mapping[str, str], error: ErrorBody | None) -> str:
    """Return the region that a refusal names; "" where it names none.

    Args:
        headers: of the answer; looked up without regard to case.
        error: the parsed error document, or None.
    """
    region = headers.get("x-amz-bucket-region", "") or (error.region if error else "")
    return region or region_of_host(location_host(headers, schemes=("https",)))


def location_host(headers: Mapping[str, str], schemes: tuple[str, ...] = ("https", "http")) -> str:
    """Return the host, with its port, that an answer redirects to; "" where it names none.

    Args:
        headers: of the answer; looked up without regard to case.
        schemes: those that count.
    """
    try:
        parts = urlsplit(headers.get("location", ""))
    except ValueError:
        return ""
    return parts.netloc.rpartition("@")[2].lower() if parts.scheme in schemes else ""
