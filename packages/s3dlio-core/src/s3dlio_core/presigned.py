"""What a presigned URL may be asked for. Pure.

Source: Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters".
"""

from __future__ import annotations

from s3dlio_core.errors import UsageError

__all__ = ["METHODS", "check_presigned"]

#: What a URL alone can do with an object; browser forms (POST) take more than a URL.
METHODS = ("GET", "HEAD", "PUT", "DELETE")


def check_presigned(uri: str, method: str, expires_s: int, version: str | None) -> None:
    """Check the arguments of `ObjectStore.presign`, whatever the store.

    Raises:
        UsageError: another method, or a version that isn't read.
        TypeError: a life that isn't a whole number of seconds.
    """
    if isinstance(expires_s, bool) or not isinstance(expires_s, int):
        raise TypeError(f"expires_s is an int, not {expires_s!r}")
    if method not in METHODS:
        raise UsageError(
            f"no URL is presigned for {str(method)[:20]!r}",
            operation="presign",
            uri=uri,
            hint=f"Use {', '.join(METHODS)}",
        )
    if version is not None and method not in {"GET", "HEAD"}:
        raise UsageError(
            f"a version can be read, and {method} reads none",
            operation="presign",
            uri=uri,
            hint="Leave out the version, or use GET",
        )
