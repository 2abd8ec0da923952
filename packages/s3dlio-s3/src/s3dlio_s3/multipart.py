"""Multipart uploads: parts in any order, completed at once, resumable by a token.

Rules that hold in this file:
- The token is JSON: the upload's id, the size of its parts when they are equal, the condition that
  the caller gave at the beginning, since S3 takes it only at the end, whether ETags are made of MD5
  digests, and the algorithm of the parts' checksums. It holds no secret.
- What `complete` returns was measured by the service.

Source: Amazon S3 User Guide, "Uploading and copying objects using multipart upload".
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from s3dlio_core.errors import (
    IntegrityError,
    NotSupportedError,
    ObjectNotFoundError,
    UploadNotFoundError,
)
from s3dlio_core.rest.checksums import reject_other
from s3dlio_core.rest.paging import all_pages
from s3dlio_core.rest.parts import (
    check_order,
    check_part,
    condition_of_token,
    condition_values,
    failed_condition,
    looked_at,
    placed,
)
from s3dlio_core.store import ChecksumType, MultipartUpload, ObjectInfo, Part
from s3dlio_s3.checksums import composite, full_object, needed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from s3dlio_core.checksums import Crc
    from s3dlio_core.store import Buffer, Condition, CopySource
    from s3dlio_s3.bucket import S3Store
    from s3dlio_s3.wire_xml import CopyResult

__all__ = ["S3MultipartUpload", "make_token"]

_MD5 = re.compile("[0-9a-f]{32}")


def make_token(
    upload_id: str,
    part_size_bytes: int | None = None,
    condition: Condition | None = None,
    *,
    has_md5_etags: bool = False,
    checksum: str = "",
) -> str:
    """Write a token."""
    values: dict[str, object] = {"upload_id": upload_id}
    if checksum:
        values["checksum"] = checksum
    if has_md5_etags:
        values["md5_etags"] = True
    if part_size_bytes is not None:
        values["part_size_bytes"] = part_size_bytes
    return json.dumps({**values, **condition_values(condition)})


class S3MultipartUpload(MultipartUpload):
    """An upload in parts to one key of one bucket."""

    def __init__(self, store: S3Store, key: str, token: str) -> None:
        """Read a token of `make_token`.

        Raises:
            UploadNotFoundError: the token isn't one of this backend.
        """
        self._store = store
        self._key = key
        self._token = token
        try:
            values = json.loads(token)
            self._upload_id = str(values["upload_id"])
            self._part_size_bytes: int | None = values.get("part_size_bytes")
            self._has_md5_etags = bool(values.get("md5_etags"))
            self._algorithm = str(values.get("checksum", ""))
            self._condition = condition_of_token(values)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise UploadNotFoundError(
                "the token names no upload", operation="resume", uri=store.uri_of(key)
            ) from None

    @property
    def key(self) -> str:
        """The key that the object will have."""
        return self._key

    @property
    def token(self) -> str:
        """Enough to go on in another process."""
        return self._token

    def put_part(self, number: int, offset_bytes: int, buffer: Buffer) -> Part:
        """Store a part."""
        view = memoryview(buffer).cast("B")
        check_part(self._store.limits, "put part", self._uri, number, view.nbytes)
        stored = self._store.client.upload_part(
            self._store.bucket, self._key, self._upload_id, number, view, checksum=self._checksum
        )
        return Part(number, view.nbytes, stored.etag or "", offset_bytes, stored.checksums)

    def copy_part(
        self, number: int, offset_bytes: int, source: CopySource, start: int, stop: int
    ) -> Part:
        """Store bytes [start, stop) of another object as a part, server-side."""
        if not self._store.capabilities.copy_part:
            raise NotSupportedError(
                "the server has no UploadPartCopy", operation="copy part", uri=self._uri
            )
        self._store.check_copy_source("copy part", source, self._key)
        check_part(self._store.limits, "copy part", self._uri, number, stop - start)
        try:
            stored = self._store.client.upload_part_copy(
                self._store.bucket,
                self._key,
                self._upload_id,
                number,
                source,
                start=start,
                stop=stop,
            )
        except ObjectNotFoundError as error:
            error.uri = f"s3://{source.container}/{source.key}"
            raise
        return Part(number, stop - start, stored.etag or "", offset_bytes, stored.checksums)

    def parts(self) -> Iterator[Part]:
        """Yield the parts that the store holds, by ascending number."""
        pages = all_pages(
            lambda marker: self._store.client.list_parts(
                self._store.bucket, self._key, self._upload_id, marker=marker
            ),
            lambda page: page.next_marker,
            operation="list parts",
            uri=self._uri,
        )
        for page in pages:
            for part in page.parts:
                yield placed(part, self._part_size_bytes)

    def complete(self, parts: Sequence[Part]) -> ObjectInfo:
        """Make the object of these parts, atomically."""
        check_order(parts, "complete multipart upload", self._uri)
        try:
            result = self._store.client.complete_multipart_upload(
                self._store.bucket,
                self._key,
                self._upload_id,
                parts,
                condition=self._condition,
                checksum=self._checksum,
            )
        except ObjectNotFoundError as error:
            # If-Match on a missing key is answered NoSuchKey.
            raise failed_condition(error) from error
        self._check_result(result, parts)
        # Who may only write still gets what S3 said: it checked each part's ETag.
        size_bytes = sum(part.size_bytes for part in parts)
        info = looked_at(
            lambda: self._store.client.head_object(self._store.bucket, self._key),
            ObjectInfo(self._key, size_bytes, etag=result.etag),
        )
        return replace(info, checksums=result.checksums, checksum_type=result.checksum_type)

    def _check_result(self, result: CopyResult, parts: Sequence[Part]) -> None:
        """Compare the finished object's checksum with that of the parts, as it is of that kind."""
        if self._checksum is None:
            return
        kind = result.checksum_type
        whole = (composite if kind is ChecksumType.COMPOSITE else full_object)(
            self._checksum, parts
        )
        if whole is None:
            return
        try:
            reject_other(
                {self._checksum.name: whole},
                result.checksums,
                "complete multipart upload",
                self._uri,
            )
        except IntegrityError as error:
            # The upload is over: there is nothing to complete again.
            error.retryable = False
            raise

    def expected_etag(self, parts: Sequence[Part]) -> str | None:
        """Return the ETag of the finished object: the MD5 of the parts' MD5s, and their count."""
        if not self._has_md5_etags or not all(_MD5.fullmatch(part.etag) for part in parts):
            return None
        digests = b"".join(bytes.fromhex(part.etag) for part in parts)
        return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"

    def is_result(self, info: ObjectInfo, parts: Sequence[Part]) -> bool:
        """Compare the ETag, or, as encrypted objects have other ones, size and checksum."""
        if super().is_result(info, parts):
            return True
        crc = self._checksum
        if crc is None or info.checksum_type is not ChecksumType.FULL_OBJECT:
            return False
        whole = full_object(crc, parts)
        same_size = info.size_bytes == sum(part.size_bytes for part in parts)
        return whole is not None and same_size and info.checksums.get(crc.name) == whole

    def abort(self) -> None:
        """Discard the upload and its parts."""
        try:
            self._store.client.abort_multipart_upload(
                self._store.bucket, self._key, self._upload_id
            )
        except (UploadNotFoundError, ObjectNotFoundError):
            # Aborted or completed before; some servers call that NoSuchKey.
            return

    @property
    def _checksum(self) -> Crc | None:
        """What computes the checksums of the parts. To abort, nothing needs to be computed.

        Raises:
            UsageError: it isn't installed here.
        """
        return needed(self._algorithm) if self._algorithm else None

    @property
    def _uri(self) -> str:
        return self._store.uri_of(self._key)
