"""`S3Store`: one bucket behind the store contract.

Rules that hold in this file:
- Keys go to the service as they are: "//", "." and ".." included.
- Making a store sends nothing and needs no credentials.

Sources of the limits: Amazon S3 User Guide, "Amazon S3 multipart upload limits" and "Uploading
objects"; Amazon S3 API Reference, DeleteObjects (1,000 keys), ListObjectsV2 (1,000 keys);
"Differences for directory buckets" (their listings have no order and no StartAfter).
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from s3dlio_core.errors import (
    IntegrityError,
    InvalidKeyError,
    NotSupportedError,
    ObjectNotFoundError,
    PermissionDeniedError,
    UploadNotFoundError,
)
from s3dlio_core.presigned import check_presigned
from s3dlio_core.rest.paging import all_pages
from s3dlio_core.rest.parts import check_object_size, failed_condition
from s3dlio_core.rest.percent import is_utf8
from s3dlio_core.rest.range_reader import open_range
from s3dlio_core.rest.store_checks import (
    check_condition,
    check_listing,
    check_put_size,
    known_options,
)
from s3dlio_core.store import (
    Capabilities,
    ChecksumType,
    Condition,
    CopySource,
    DeleteError,
    Limits,
    ListOrder,
    MultipartInfo,
    ObjectInfo,
    ObjectStore,
    Page,
    check_version,
)
from s3dlio_s3.checksums import ALGORITHMS, find, for_requests, installed
from s3dlio_s3.client import S3Client
from s3dlio_s3.config_options import OPTION_NAMES, current_config
from s3dlio_s3.copies import access_of, check_source, copy_object
from s3dlio_s3.deletes import delete_batch
from s3dlio_s3.headers import written_object_info
from s3dlio_s3.keys import key_flaw
from s3dlio_s3.multipart import S3MultipartUpload, make_token
from s3dlio_s3.presigning import presigned_url
from s3dlio_s3.reader import S3Object, check_of
from s3dlio_s3.wire_xml import UploadsPage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from typing_extensions import Self

    from s3dlio_core.content_check import ContentCheck
    from s3dlio_core.store import (
        Attributes,
        Buffer,
        MultipartUpload,
        ObjectReader,
    )
    from s3dlio_s3.config import S3Config
    from s3dlio_s3.wire_xml import UploadEntry

__all__ = ["S3Store"]

LIST_PAGE_MAX = 1000
PART_COUNT_MAX = 10_000
PART_SIZE_MIN_BYTES = 5 * 1024**2
PART_SIZE_MAX_BYTES = 5 * 1024**3
PUT_SIZE_MAX_BYTES = 5 * 1024**3
DELETE_BATCH_MAX = 1000

LIMITS = Limits(
    put_size_max_bytes=PUT_SIZE_MAX_BYTES,
    # 48.8 TiB: as many parts as there may be, each as large as it may be.
    object_size_max_bytes=PART_COUNT_MAX * PART_SIZE_MAX_BYTES,
    part_size_min_bytes=PART_SIZE_MIN_BYTES,
    part_size_max_bytes=PART_SIZE_MAX_BYTES,
    part_count_max=PART_COUNT_MAX,
    delete_batch_max=DELETE_BATCH_MAX,
)


class S3Store(ObjectStore):
    """One bucket.

    Attributes:
        bucket: its name.
        client: the client that it uses.
    """

    def __init__(self, client: S3Client, bucket: str, *, owns_client: bool = False) -> None:
        """Bind a client to a bucket.

        Args:
            client: sends the requests.
            bucket: the bucket; it may not exist.
            owns_client: whether `close` closes the client too.

        Raises:
            UsageError: no bucket can have this name, or it doesn't go with the configuration.
            NotSupportedError: it names something that isn't served.
        """
        config = client.sender.config
        config.address(bucket)
        self.client = client
        self.bucket = bucket
        self._owns_client = owns_client
        self.limits = LIMITS
        # On AWS they are refused; another endpoint may well hand requests on to one.
        is_directory = bucket.endswith("--x-s3")
        self.capabilities = Capabilities(
            put_if_absent=config.put_if_absent,
            put_if_match=config.put_if_match,
            read_if_match=config.read_if_match,
            # "Anonymous users cannot copy objects", nor begin multipart uploads.
            copy=not config.anonymous,
            copy_if_match=config.trusts_copies,
            copy_if_absent=config.trusts_copies and config.put_if_absent,
            copy_part=config.copy_part,
            tags=config.object_tags and not config.settings.tags,
            list_order=ListOrder.UNSPECIFIED if is_directory else ListOrder.UTF8,
            start_after=not is_directory,
            etag_changes=config.etag_changes,
            versions=config.versions,
            checksums=installed() if config.sends_checksums else frozenset(),
            read_checksums=config.reads_checksums,
            md5_etags=True,
        )

    @classmethod
    def connect(cls, bucket: str, config: S3Config | None = None, **options: str) -> Self:
        """Make a store of its own, for programs that use this backend alone.

        Args:
            bucket: the bucket.
            config: the whole configuration, or None: options, environment and profile.
            options: names of `S3Provider.option_names`, e.g. endpoint_url="http://...".
        """
        if config is None:
            config = current_config(known_options(options, OPTION_NAMES))
        return cls(S3Client(config), bucket, owns_client=True)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self).connect, (self.bucket, self.client.sender.config))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.uri!r})"

    @property
    def uri(self) -> str:
        """The bucket's URI."""
        return f"s3://{self.bucket}"

    def check_key(self, key: str) -> None:
        """Check its length and that it is Unicode."""
        self._check_key("put", key)

    def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
        """Describe an object, attributes included."""
        self._check_key("head", key)
        check_version(self, "head", key, version)
        if self.capabilities.read_checksums:
            # A checksum of an object under SSE-KMS takes the permission to decrypt it, too.
            with contextlib.suppress(PermissionDeniedError):
                return self.client.head_object(self.bucket, key, version=version, checksums=True)
        return self.client.head_object(self.bucket, key, version=version)

    def list_page(
        self,
        prefix: str = "",
        *,
        delimiter: str = "",
        token: str | None = None,
        start_after: str = "",
        page_size: int | None = None,
    ) -> Page:
        """List one page of the keys that begin with a prefix."""
        check_listing(
            self,
            delimiter,
            start_after,
            page_size,
            no_start_after="directory buckets have no StartAfter",
        )
        if not is_utf8(prefix + start_after):
            # No key of this store can begin with it.
            return Page(())
        return self.client.list_objects_v2(
            self.bucket,
            prefix=prefix,
            delimiter=delimiter,
            token=token,
            start_after=start_after,
            max_keys=None if page_size is None else min(page_size, LIST_PAGE_MAX),
        )

    def open_reader(
        self,
        key: str,
        start: int = 0,
        stop: int | None = None,
        *,
        if_match: str | None = None,
        version: str | None = None,
    ) -> ObjectReader:
        """Open bytes [start, stop) for reading."""
        self._check_key("read", key)
        if if_match is not None and not self.capabilities.read_if_match:
            raise NotSupportedError(
                "the server ignores If-Match on reads", operation="read", uri=self.uri_of(key)
            )
        check_version(self, "read", key, version)
        return open_range(S3Object(self.client, self.bucket, key, version), start, stop, if_match)

    def put(
        self,
        key: str,
        buffer: Buffer,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Store a whole object, atomically."""
        self._check_key("put", key)
        check_condition(self, "put", key, condition)
        size_bytes = memoryview(buffer).nbytes
        check_put_size(self, key, size_bytes)
        try:
            answer = self.client.put_object(
                self.bucket, key, buffer, attributes=attributes, condition=condition
            )
        except ObjectNotFoundError as error:
            # If-Match on a missing key is answered NoSuchKey.
            raise failed_condition(error) from error
        except IntegrityError as error:
            # What the service got is stored, so the same condition would fail.
            if error.maybe_done and condition is not None:
                error.retryable = False
            raise
        info = written_object_info(key, answer.headers, size_bytes, attributes)
        # A server without usable ETags may give one here that it never gives again.
        return info if self.capabilities.etag_changes else replace(info, etag=None)

    def create_multipart(
        self,
        key: str,
        *,
        size_bytes: int | None = None,
        part_size_bytes: int | None = None,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
        checksum: str | None = None,
    ) -> MultipartUpload:
        """Begin an upload in parts."""
        operation, uri = "create multipart upload", self.uri_of(key)
        self._check_key(operation, key)
        check_condition(self, operation, key, condition)
        crc = for_requests(self.client.sender.config) if checksum is None else find(checksum)
        is_known = crc is not None and checksum in self.capabilities.checksums
        if checksum is not None and not is_known:
            raise NotSupportedError(f"no checksum {checksum}", operation=operation, uri=uri)
        check_object_size(self.limits, operation, uri, size_bytes)
        created = self.client.create_multipart_upload(
            self.bucket, key, attributes=attributes, checksum=crc
        )
        token = make_token(
            created.upload_id,
            part_size_bytes,
            condition,
            has_md5_etags=created.has_md5_etags,
            checksum="" if crc is None else crc.name,
        )
        return S3MultipartUpload(self, key, token)

    def resume_multipart(self, key: str, token: str) -> MultipartUpload:
        """Go on with an upload; that it is gone shows at its first use."""
        self._check_key("resume", key)
        return S3MultipartUpload(self, key, token)

    def list_multiparts(self, prefix: str = "") -> Iterator[MultipartInfo]:
        """Yield the unfinished uploads of keys that begin with a prefix."""
        pages = all_pages(
            lambda markers: self._uploads_page(prefix, markers),
            lambda page: page.next_markers,
            operation="list multipart uploads",
            uri=self.uri,
        )
        for page in pages:
            for upload in page.uploads:
                # Some servers ignore the prefix, and a caller may abort what is listed.
                if upload.key.startswith(prefix):
                    token = make_token(upload.upload_id, checksum=_checksum_of(upload))
                    yield MultipartInfo(upload.key, token, upload.initiated)

    def copy_source(
        self, key: str, etag: str | None = None, version: str | None = None
    ) -> CopySource:
        """Describe a key of this store for a copy."""
        access = access_of(self.client.sender.config.settings)
        return CopySource(
            "s3", self._endpoint, self.bucket, key, etag, self._identity, version, access
        )

    def copy_from(
        self,
        source: CopySource,
        key: str,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Copy an object server-side, atomically."""
        self._check_key("copy", key)
        self.check_copy_source("copy", source, key)
        check_condition(self, "copy", key, condition)
        return copy_object(self, source, key, attributes, condition)

    def delete(self, key: str) -> None:
        """Delete exactly this key."""
        self._check_key("delete", key)
        try:
            self.client.delete_object(self.bucket, key)
        except ObjectNotFoundError:
            # S3 itself answers 204; other servers may not. It is gone either way.
            return

    def delete_many(self, keys: Iterable[str]) -> Iterator[DeleteError]:
        """Delete exactly these keys, in batches as they come; yield those that failed."""
        waiting = iter(keys)
        while batch := list(islice(waiting, self.limits.delete_batch_max)):
            yield from delete_batch(self, batch)

    def tags(self, key: str, *, version: str | None = None) -> Mapping[str, str]:
        """Return an object's tags."""
        self._check_key("get tags", key)
        check_version(self, "get tags", key, version)
        if not self.client.sender.config.object_tags:
            raise NotSupportedError(
                "the server keeps no tags", operation="get tags", uri=self.uri_of(key)
            )
        return self.client.get_object_tagging(self.bucket, key, version=version)

    def content_check(self, info: ObjectInfo, *, version: str | None = None) -> ContentCheck | None:
        """Return what compares an object's bytes with the checksum that `head` told."""
        if not self.capabilities.read_checksums:
            return None
        return check_of(self.client, self.bucket, info, version)

    def presign(
        self, key: str, *, method: str = "GET", expires_s: int = 3600, version: str | None = None
    ) -> str:
        """Return a URL that signs one kind of request; see `presigning`."""
        self._check_key("presign", key)
        check_version(self, "presign", key, version)
        check_presigned(self.uri_of(key), method, expires_s, version)
        return presigned_url(self.client, self.bucket, key, method, expires_s, version)

    def close(self) -> None:
        """Close the connections, unless a provider shares them."""
        if self._owns_client:
            self.client.close()

    def check_copy_source(self, operation: str, source: CopySource, key: str) -> None:
        """Check a source of a copy to a key; see `copies.check_source`."""
        check_source(self, operation, source, key)

    @property
    def _endpoint(self) -> str:
        return self.client.sender.config.namespace

    @property
    def _identity(self) -> str:
        return self.client.sender.identity

    def _uploads_page(self, prefix: str, markers: tuple[str, str] | None) -> UploadsPage:
        try:
            return self.client.list_multipart_uploads(self.bucket, prefix=prefix, markers=markers)
        except UploadNotFoundError:
            # rclone's answer for a bucket that never had an upload.
            return UploadsPage(())

    def _check_key(self, operation: str, key: str) -> None:
        if reason := key_flaw(key):
            raise InvalidKeyError(reason, operation=operation, uri=self.uri_of(key))


def _checksum_of(upload: UploadEntry) -> str:
    """Return the algorithm that the parts of an upload need, as far as it is computed here."""
    is_ours = upload.checksum_type is ChecksumType.FULL_OBJECT and upload.checksum in ALGORITHMS
    return upload.checksum if is_ours else ""
