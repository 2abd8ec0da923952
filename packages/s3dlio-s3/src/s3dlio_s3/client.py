"""The S3 API: one method for each operation that s3dlio uses.

Rules that hold in this file and its two neighbours:
- A method makes one request (a HEAD that is refused makes a second, see `sender`), and gives back
  values. Pages stay pages; loops over them are `bucket`'s.
- Nothing here retries.

Source: Amazon S3 API Reference, one page for each operation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.errors import UsageError
from s3dlio_s3 import wire_xml
from s3dlio_s3.client_multipart import MultipartOperations
from s3dlio_s3.client_objects import ObjectOperations
from s3dlio_s3.endpoints import DEFAULT_REGION
from s3dlio_s3.request import S3Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_core.store import Page

__all__ = ["S3Client"]


class S3Client(ObjectOperations, MultipartOperations):
    """An S3 service, as one configuration reaches it. Thread-safe, fork-safe, picklable."""

    def list_buckets(self, *, token: str | None = None) -> wire_xml.BucketsPage:
        """List a page of the account's buckets (ListBuckets)."""
        query = (("continuation-token", token),) if token else ()
        request = S3Request("list buckets", "GET", query=query, api="ListBuckets")
        return self.sender.send_for_value(request, wire_xml.parse_list_buckets)

    def create_bucket(self, bucket: str) -> None:
        """Create a bucket in the configured region (CreateBucket)."""
        body = None
        # us-east-1 is the one region that must not be named (CreateBucket, LocationConstraint).
        region = self.sender.config.signing_region
        if region != DEFAULT_REGION:
            body = wire_xml.create_bucket_body(region)
        self.sender.send_for_nothing(
            S3Request("create bucket", "PUT", bucket, body=body, hash_body=True, api="CreateBucket")
        )

    def delete_bucket(self, bucket: str) -> None:
        """Delete an empty bucket (DeleteBucket)."""
        self.sender.send_for_nothing(
            S3Request("delete bucket", "DELETE", bucket, api="DeleteBucket")
        )

    def head_bucket(self, bucket: str) -> None:
        """Raise unless the bucket exists and may be read (HeadBucket)."""
        self.sender.send_for_nothing(S3Request("head bucket", "HEAD", bucket, api="HeadBucket"))

    def list_objects_v2(
        self,
        bucket: str,
        *,
        prefix: str = "",
        delimiter: str = "",
        token: str | None = None,
        start_after: str = "",
        max_keys: int | None = None,
    ) -> Page:
        """List a page of a bucket's objects (ListObjectsV2)."""
        query = [("list-type", "2"), ("encoding-type", "url"), ("prefix", prefix)]
        if delimiter:
            query.append(("delimiter", delimiter))
        if token:
            query.append(("continuation-token", token))
        elif start_after:
            query.append(("start-after", start_after))
        if max_keys is not None:
            query.append(("max-keys", str(max_keys)))
        request = S3Request("list", "GET", bucket, query=tuple(query), api="ListObjectsV2")
        return self.sender.send_for_value(request, wire_xml.parse_list_objects)

    def presign(
        self,
        method: str,
        bucket: str,
        key: str = "",
        *,
        expires_s: int = 3600,
        query: Mapping[str, str] | None = None,
    ) -> str:
        """Return a URL with which anybody can make one request until it expires.

        Args:
            method: the HTTP method that the URL is for.
            bucket: the bucket.
            key: the key, or "".
            expires_s: how long the URL works, in seconds, at most seven days.
            query: further parameters, e.g. {"partNumber": "1", "uploadId": ...}.

        Raises:
            UsageError: anonymous, or `expires_s` is out of range.
        """
        asked = S3Request(
            "presign", method, bucket, key, query=tuple(sorted((query or {}).items()))
        )
        credentials = self.sender.credentials
        if credentials is None:
            raise UsageError(
                "anonymous requests can't be presigned",
                operation="presign",
                uri=asked.uri,
                hint="Give credentials, or leave out no_sign_request",
            )
        try:
            return self.sender.presign(asked, credentials, expires_s)
        except ValueError as error:
            raise UsageError(
                str(error),
                operation="presign",
                uri=asked.uri,
                hint="A URL works for one second to seven days",
            ) from None
