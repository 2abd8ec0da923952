"""The S3 operations on whole objects; a part of `client`."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from s3dlio_core.checksums import CRC32
from s3dlio_core.errors import ServiceError
from s3dlio_core.rest.checksums import reject_other
from s3dlio_core.rest.headers import byte_range, condition_headers, content_length
from s3dlio_s3 import wire_xml
from s3dlio_s3.answers import check_describes_object, check_encrypted
from s3dlio_s3.checksums import for_requests, request_headers
from s3dlio_s3.copies import access_headers
from s3dlio_s3.headers import (
    attribute_headers,
    check_answered_version,
    copy_headers,
    object_info,
    version_query,
)
from s3dlio_s3.request import S3Request
from s3dlio_s3.sender import S3Sender
from s3dlio_s3.tagging import parse_tag_set

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from s3dlio_core.store import Attributes, Buffer, Condition, CopySource, ObjectInfo
    from s3dlio_http.client import HttpAnswer
    from s3dlio_s3.config import S3Config

__all__ = ["ObjectOperations"]

#: Without it an answer has no checksums (Amazon S3 API Reference, GetObject).
CHECKSUM_MODE = {"x-amz-checksum-mode": "ENABLED"}


class ObjectOperations:
    """GetObject to DeleteObjects, and GetObjectTagging."""

    def __init__(self, config: S3Config, sender: S3Sender | None = None) -> None:
        self.sender = sender or S3Sender(config)

    def close(self) -> None:
        """Close the pooled connections."""
        self.sender.transport.close()

    def get_object(
        self,
        bucket: str,
        key: str,
        *,
        start: int = 0,
        stop: int | None = None,
        if_match: str | None = None,
        version: str | None = None,
        checksums: bool = False,
    ) -> HttpAnswer:
        """Begin to read an object (GetObject). Not every server honours range and if_match.

        Args:
            bucket: the bucket.
            key: the key.
            start: first byte.
            stop: end of the range, exclusive, above `start`; None is the end of the object.
            if_match: read only this ETag.
            version: read this version.
            checksums: ask for the object's checksums, of which a range has none.

        Returns:
            The answer; the caller reads it to its end or closes it.
        """
        headers = condition_headers("read", f"s3://{bucket}/{key}", if_match=if_match)
        if start or stop is not None:
            headers["range"] = byte_range(start, stop)
        if checksums:
            headers.update(CHECKSUM_MODE)
        query = version_query(version)
        request = S3Request(
            "read", "GET", bucket, key, query=query, headers=headers, api="GetObject"
        )
        answer = self.sender.send(request)
        try:
            check_describes_object(self.sender.config, request, answer)
            check_answered_version(request.operation, request.uri, version, answer.headers)
        except BaseException:
            answer.close()
            raise
        return answer

    def head_object(
        self,
        bucket: str,
        key: str,
        *,
        if_match: str | None = None,
        version: str | None = None,
        checksums: bool = False,
    ) -> ObjectInfo:
        """Describe an object (HeadObject), on request with its checksums."""
        mode = CHECKSUM_MODE if checksums else {}
        answered = self._head(bucket, key, (), mode, if_match=if_match, version=version)
        if content_length(answered) is None:
            raise ServiceError(
                "the answer doesn't say how long the object is",
                operation="head",
                uri=f"s3://{bucket}/{key}",
            )
        return object_info(key, answered)

    def head_part(
        self,
        bucket: str,
        key: str,
        number: int,
        *,
        if_match: str | None = None,
        version: str | None = None,
    ) -> int | None:
        """Return the size of one of an object's parts, or None (HeadObject with a part number).

        A service that doesn't know the parameter describes the whole object, and no count of parts.
        """
        query = (("partNumber", str(number)),)
        answered = self._head(bucket, key, query, {}, if_match=if_match, version=version)
        return content_length(answered) if "x-amz-mp-parts-count" in answered else None

    def _head(
        self,
        bucket: str,
        key: str,
        query: tuple[tuple[str, str], ...],
        headers: Mapping[str, str],
        *,
        if_match: str | None,
        version: str | None,
    ) -> Mapping[str, str]:
        conditions = condition_headers("head", f"s3://{bucket}/{key}", if_match=if_match)
        request = S3Request(
            "head",
            "HEAD",
            bucket,
            key,
            query=(*query, *version_query(version)),
            headers={**headers, **conditions},
            api="HeadObject",
        )
        answer = self.sender.send_for_nothing(request)
        check_describes_object(self.sender.config, request, answer)
        check_answered_version(request.operation, request.uri, version, answer.headers)
        return answer.headers

    def put_object(
        self,
        bucket: str,
        key: str,
        buffer: Buffer,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> HttpAnswer:
        """Store an object (PutObject); return the head of the answer.

        Raises:
            IntegrityError: the service got other bytes.
        """
        uri = f"s3://{bucket}/{key}"
        sent = request_headers(for_requests(self.sender.config), buffer)
        request = S3Request(
            "put",
            "PUT",
            bucket,
            key,
            headers={
                **attribute_headers(attributes, "put", uri),
                **condition_headers("put", uri, condition),
                **sent,
            },
            body=buffer,
            api="PutObject",
        )
        answer = self.sender.send_for_nothing(request)
        check_describes_object(self.sender.config, request, answer)
        check_encrypted(self.sender.config, request, answer.headers)
        reject_other(sent, answer.headers, request.operation, request.uri)
        return answer

    def copy_object(
        self,
        bucket: str,
        key: str,
        source: CopySource,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> wire_xml.CopyResult:
        """Copy an object within the service (CopyObject).

        Args:
            bucket: the destination's bucket.
            key: the destination's key.
            source: what to copy; its `etag` is a condition.
            attributes: replaces the source's; None keeps them. Tags are kept unless some are given,
                or the configuration does without any.
            condition: on the destination.
        """
        uri = f"s3://{bucket}/{key}"
        headers = {
            **copy_headers(source, "copy"),
            **access_headers(self.sender.config.settings, source.access),
            **condition_headers("copy", uri, condition),
        }
        if attributes is not None:
            headers["x-amz-metadata-directive"] = "REPLACE"
            headers.update(attribute_headers(attributes, "copy", uri))
        if (attributes is not None and attributes.tags) or not self.sender.config.object_tags:
            headers["x-amz-tagging-directive"] = "REPLACE"
        request = S3Request("copy", "PUT", bucket, key, headers=headers, api="CopyObject")
        result, answered = self.sender.send_for_document(
            request, lambda body: wire_xml.parse_copy_result(body, "CopyObject")
        )
        check_encrypted(self.sender.config, request, answered)
        return result

    def get_object_tagging(
        self, bucket: str, key: str, *, version: str | None = None
    ) -> Mapping[str, str]:
        """Return an object's tags (GetObjectTagging)."""
        request = S3Request(
            "get tags",
            "GET",
            bucket,
            key,
            query=(("tagging", ""), *version_query(version)),
            api="GetObjectTagging",
        )
        tags, answered = self.sender.send_for_document(request, parse_tag_set)
        check_answered_version(request.operation, request.uri, version, answered)
        return tags

    def delete_object(self, bucket: str, key: str) -> None:
        """Delete an object (DeleteObject); a missing one is no error to S3."""
        self.sender.send_for_nothing(S3Request("delete", "DELETE", bucket, key, api="DeleteObject"))

    def delete_objects(self, bucket: str, keys: Sequence[str]) -> list[wire_xml.ErrorBody]:
        """Delete up to 1,000 objects (DeleteObjects); return the errors, each with its key.

        Args:
            bucket: the bucket.
            keys: keys that XML can carry.
        """
        body = wire_xml.delete_body(keys)
        headers = {"content-type": "application/xml"}
        # The operation needs a checksum; MD5 is the one that every server knows.
        if self.sender.config.sends_checksums:
            headers.update(request_headers(CRC32, body))
        else:
            digest = hashlib.md5(body, usedforsecurity=False).digest()
            headers["content-md5"] = base64.b64encode(digest).decode()
        request = S3Request(
            "delete",
            "POST",
            bucket,
            query=(("delete", ""),),
            headers=headers,
            body=body,
            hash_body=True,
            api="DeleteObjects",
        )
        return self.sender.send_for_value(request, wire_xml.parse_delete_errors)
