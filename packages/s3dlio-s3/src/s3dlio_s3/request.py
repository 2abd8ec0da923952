"""An S3 operation as a value: what is asked for, before anybody knows where or who signs.

Rules that hold in this file:
- Pure.
- Nobody changes a request; to freeze it would cost a microsecond.

Source: Amazon S3 API Reference, "Actions" and "Common request headers".
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from s3dlio_core.rest.percent import encode_key
from s3dlio_http.client import may_change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_core.store import Buffer
    from s3dlio_s3.settings import Api

__all__ = ["S3Request"]


@dataclass(slots=True)
class S3Request:
    """An S3 operation before it is signed.

    Its repr tells no header, and so no secret.

    Attributes:
        operation: what it is called in errors.
        method: the HTTP method.
        bucket: the bucket, or "" for the service.
        key: the key, or "".
        query: parameters, not encoded.
        headers: those that matter to the operation, names in lower case; all are signed.
        body: the body, or None.
        hash_body: whether the body is small enough to be hashed in any case.
        api: the operation as the API Reference calls it; it decides which of the configuration's
            settings go with the request. What `headers` says wins.
    """

    operation: str
    method: str
    bucket: str = ""
    key: str = ""
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Buffer | None = field(default=None, repr=False)
    hash_body: bool = False
    api: Api | None = None

    @property
    def changes(self) -> bool:
        """Whether it may change what the service holds."""
        return may_change(self.method)

    @property
    def uri(self) -> str:
        """The URI of what the request names, for messages."""
        return f"s3://{self.bucket}/{self.key}" if self.key else f"s3://{self.bucket}"

    def path(self, base_path: str) -> str:
        """Return the path of what the request names, percent-encoded, below the bucket's own."""
        if self.key:
            return f"{base_path}/{encode_key(self.key)}"
        return base_path or "/"

    def as_get(self) -> S3Request:
        """Return the small GET that is refused for the same reason as this HEAD."""
        if self.key:
            return replace(self, method="GET", headers={"range": "bytes=0-0"}, api="GetObject")
        query = (("list-type", "2"), ("max-keys", "0"))
        return replace(self, method="GET", query=query, api="ListObjectsV2")
