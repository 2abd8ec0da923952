"""Presigned URLs of objects, and what they can't promise.

Rules that hold in this file:
- A URL is a secret: it is returned, and stands in no log and no error.
- Only what belongs into a URL is in it: the version, and who pays. Headers that a request needs,
  such as those of encryption, are its sender's to add, and S3 refuses what wasn't signed of them.

Sources: Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters"; Amazon S3 User
Guide, "Download and upload objects with presigned URLs" (a URL ends with the credentials that
signed it) and "Downloading objects from Requester Pays buckets" (the parameter of signed URLs).
"""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING

from s3dlio_core.logs import get_logger
from s3dlio_s3.credentials.value import utc_text
from s3dlio_s3.headers import version_query

if TYPE_CHECKING:
    from s3dlio_s3.client import S3Client
    from s3dlio_s3.credentials import Credentials

__all__ = ["presigned_url"]

logger = get_logger("s3")


def presigned_url(
    client: S3Client, bucket: str, key: str, method: str, expires_s: int, version: str | None
) -> str:
    """Return a URL with which anybody can make a request for an object until it expires.

    Args:
        client: whose credentials sign.
        bucket: the bucket.
        key: the key.
        method: the HTTP method that the URL is for.
        expires_s: how long the URL works, in seconds, at most seven days.
        version: read this version.

    Raises:
        UsageError: anonymous, or `expires_s` is out of range.
        CredentialsError: no credentials were found.
    """
    query = dict(version_query(version))
    if client.sender.config.settings.request_payer:
        query["x-amz-request-payer"] = "requester"
    url = client.presign(method, bucket, key, expires_s=expires_s, query=query)
    credentials = client.sender.credentials
    if credentials is not None and credentials.session_token:
        _warn_of_end(credentials, time.time() + expires_s)
    if any(segment in {".", ".."} for segment in key.split("/")):
        logger.warning(
            "most programs resolve the . and .. of a URL before they send it: "
            "who uses this one must not (curl --path-as-is)"
        )
    return url


def _warn_of_end(credentials: Credentials, url_ends_s: float) -> None:
    ends_s = credentials.expires_at_s
    if ends_s is None:
        _say_once("presigned URLs end with the temporary credentials that sign them")
    elif ends_s < url_ends_s:
        _say_once(
            f"presigned URLs end at {utc_text(ends_s)}, "
            "with the temporary credentials that sign them"
        )


@functools.lru_cache(maxsize=64)
def _say_once(text: str) -> None:
    """Warn, once in a process: a service may sign thousands of URLs."""
    logger.warning(text)
