"""The S3 operations of multipart uploads; a part of `client`."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3dlio_core.errors import NotSupportedError, ServiceError
from s3dlio_core.rest.checksums import reject_other
from s3dlio_core.rest.headers import byte_range, condition_headers, strip_etag
from s3dlio_core.store import ChecksumType
from s3dlio_s3 import wire_xml
from s3dlio_s3.answers import check_encrypted
from s3dlio_s3.checksums import full_object, header_of, request_headers
from s3dlio_s3.copies import access_headers
from s3dlio_s3.encryption import ENCRYPTION_HEADER
from s3dlio_s3.headers import attribute_headers, copy_headers
from s3dlio_s3.request import S3Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3dlio_core.checksums import Crc
    from s3dlio_core.store import Attributes, Buffer, Condition, CopySource, Part
    from s3dlio_s3.sender import S3Sender

__all__ = ["CreatedUpload", "MultipartOperations"]


@dataclass(frozen=True, slots=True)
class CreatedUpload:
    """A new multipart upload.

    Attributes:
        upload_id: its id.
        has_md5_etags: whether its ETags are made of MD5 digests; not so under SSE-KMS and
            SSE-C (Amazon S3 API Reference, "Object", ETag).
    """

    upload_id: str
    has_md5_etags: bool


class MultipartOperations:
    """CreateMultipartUpload to ListMultipartUploads."""

    sender: S3Sender

    def create_multipart_upload(
        self,
        bucket: str,
        key: str,
        *,
        attributes: Attributes | None = None,
        checksum: Crc | None = None,
    ) -> CreatedUpload:
        """Begin an upload in parts (CreateMultipartUpload), whose parts carry this checksum."""
        operation = "create multipart upload"
        headers = attribute_headers(attributes, operation, f"s3://{bucket}/{key}")
        if checksum is not None:
            headers["x-amz-checksum-algorithm"] = checksum.name
            headers["x-amz-checksum-type"] = ChecksumType.FULL_OBJECT.value
        request = S3Request(
            operation,
            "POST",
            bucket,
            key,
            query=(("uploads", ""),),
            headers=headers,
            api="CreateMultipartUpload",
        )
        upload_id, answered = self.sender.send_for_document(request, wire_xml.parse_upload_id)
        try:
            check_encrypted(self.sender.config, request, answered)
        except ServiceError:
            self.abort_multipart_upload(bucket, key, upload_id)
            raise
        encryption = answered.get(ENCRYPTION_HEADER, "")
        has_own_key = f"{ENCRYPTION_HEADER}-customer-algorithm" in answered
        return CreatedUpload(
            upload_id, has_md5_etags=not has_own_key and not encryption.startswith("aws:kms")
        )

    def upload_part(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        number: int,
        buffer: Buffer,
        *,
        checksum: Crc | None = None,
    ) -> wire_xml.CopyResult:
        """Store a part; return its ETag, and its checksum by this algorithm (UploadPart).

        Raises:
            IntegrityError: the service got other bytes.
        """
        sent = request_headers(checksum, buffer)
        request = S3Request(
            "put part",
            "PUT",
            bucket,
            key,
            query=_part_query(upload_id, number),
            headers=sent,
            body=buffer,
            api="UploadPart",
        )
        answer = self.sender.send_for_nothing(request)
        reject_other(sent, answer.headers, request.operation, request.uri)
        etag = _needed_etag(strip_etag(answer.headers.get("etag", "")), request)
        sums = {} if checksum is None else {checksum.name: sent[header_of(checksum)]}
        return wire_xml.CopyResult(etag, checksums=sums)

    def upload_part_copy(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        number: int,
        source: CopySource,
        *,
        start: int,
        stop: int,
    ) -> wire_xml.CopyResult:
        """Store bytes [start, stop) of another object as a part; return what the service says.

        (UploadPartCopy. `source.etag` is a condition.)

        Raises:
            NotSupportedError: the server took it for an UploadPart, which is answered without a
                body, and holds an empty part now.
        """
        request = S3Request(
            "copy part",
            "PUT",
            bucket,
            key,
            query=_part_query(upload_id, number),
            headers={
                **copy_headers(source, "copy part"),
                **access_headers(self.sender.config.settings, source.access),
                "x-amz-copy-source-range": byte_range(start, stop),
            },
            api="UploadPartCopy",
        )
        result = self.sender.send_for_value(
            request, functools.partial(_copied_part, request.operation, request.uri)
        )
        _needed_etag(result.etag, request)
        return result

    def complete_multipart_upload(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        parts: Sequence[Part],
        *,
        condition: Condition | None = None,
        checksum: Crc | None = None,
    ) -> wire_xml.CopyResult:
        """Make the object of its parts (CompleteMultipartUpload).

        Args:
            bucket: the bucket.
            key: the key.
            upload_id: the upload.
            parts: its parts, by number.
            condition: on the object that may be there.
            checksum: what the upload was created with; the object's is sent for the service to
                compare, when all parts have theirs.
        """
        operation = "complete multipart upload"
        conditions = condition_headers(operation, f"s3://{bucket}/{key}", condition)
        request = S3Request(
            operation,
            "POST",
            bucket,
            key,
            query=(("uploadId", upload_id),),
            headers={
                "content-type": "application/xml",
                **conditions,
                **_whole_headers(checksum, parts),
            },
            body=wire_xml.complete_body(parts),
            hash_body=True,
            api="CompleteMultipartUpload",
        )
        return self.sender.send_for_value(
            request,
            lambda body: wire_xml.parse_copy_result(body, "CompleteMultipartUpload"),
        )

    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """Discard an upload and its parts (AbortMultipartUpload)."""
        self.sender.send_for_nothing(
            S3Request(
                "abort multipart upload",
                "DELETE",
                bucket,
                key,
                query=(("uploadId", upload_id),),
                api="AbortMultipartUpload",
            )
        )

    def list_parts(
        self, bucket: str, key: str, upload_id: str, *, marker: str | None = None
    ) -> wire_xml.PartsPage:
        """List a page of an upload's parts (ListParts)."""
        query = [("uploadId", upload_id)]
        if marker:
            query.append(("part-number-marker", marker))
        request = S3Request("list parts", "GET", bucket, key, query=tuple(query), api="ListParts")
        return self.sender.send_for_value(request, wire_xml.parse_list_parts)

    def list_multipart_uploads(
        self, bucket: str, *, prefix: str = "", markers: tuple[str, str] | None = None
    ) -> wire_xml.UploadsPage:
        """List a page of a bucket's unfinished uploads (ListMultipartUploads)."""
        query = [("uploads", ""), ("encoding-type", "url"), ("prefix", prefix)]
        if markers is not None:
            query.append(("key-marker", markers[0]))
            if markers[1]:
                query.append(("upload-id-marker", markers[1]))
        request = S3Request(
            "list multipart uploads", "GET", bucket, query=tuple(query), api="ListMultipartUploads"
        )
        return self.sender.send_for_value(request, wire_xml.parse_list_uploads)


def _whole_headers(checksum: Crc | None, parts: Sequence[Part]) -> dict[str, str]:
    """Return what the service is to compare the finished object with."""
    if checksum is None:
        return {}
    headers = {
        "x-amz-checksum-type": ChecksumType.FULL_OBJECT.value,
        "x-amz-mp-object-size": str(sum(part.size_bytes for part in parts)),
    }
    whole = full_object(checksum, parts)
    return headers if whole is None else {**headers, header_of(checksum): whole}


def _copied_part(operation: str, uri: str, body: bytes) -> wire_xml.CopyResult:
    if not body:
        raise NotSupportedError("the server has no UploadPartCopy", operation=operation, uri=uri)
    return wire_xml.parse_copy_result(body, "CopyPart")


def _part_query(upload_id: str, number: int) -> tuple[tuple[str, str], ...]:
    return (("partNumber", str(number)), ("uploadId", upload_id))


def _needed_etag(etag: str | None, request: S3Request) -> str:
    if etag is None:
        raise ServiceError(
            "the answer has no usable ETag, without which the upload can't be completed",
            operation=request.operation,
            uri=request.uri,
            maybe_done=True,
        )
    return etag
