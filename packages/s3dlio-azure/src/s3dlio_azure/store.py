"""`AzureStore`: one container behind the store contract.

Rules that hold in this file:
- Keys go to the service as they are; those that it would take for others are refused by every
  operation (see `keys`).
- Making a store sends nothing and needs no credential.
- An empty blob that stands for a directory is no object, unless the configuration shows such.

Sources of the limits: Azure Storage, "Scalability and performance targets for Blob storage" and
Put Blob, Put Block, Put Block List; List Blobs (5,000 in a page); Blob Batch (256 requests).
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from s3dlio_azure.batch import BATCH_MAX
from s3dlio_azure.checksums import content_check, declared
from s3dlio_azure.client import BlobClient
from s3dlio_azure.config_options import OPTION_NAMES, current_config
from s3dlio_azure.copies import TAGS_HINT, copy_object
from s3dlio_azure.deletes import delete_batch, is_gone
from s3dlio_azure.headers import is_directory, written_object_info
from s3dlio_azure.keys import container_flaw, key_flaw, prefix_flaw
from s3dlio_azure.list_xml import LIST_PAGE_MAX
from s3dlio_azure.multipart import AzureMultipartUpload, new_upload
from s3dlio_azure.presigning import presigned_url
from s3dlio_azure.reading import open_blob
from s3dlio_azure.unfinished import unfinished_uploads
from s3dlio_core.errors import (
    InvalidKeyError,
    ObjectNotFoundError,
    PermissionDeniedError,
    S3dlioError,
    UsageError,
)
from s3dlio_core.presigned import check_presigned
from s3dlio_core.rest.parts import check_object_size
from s3dlio_core.rest.store_checks import check_listing, check_put_size, known_options
from s3dlio_core.store import (
    Capabilities,
    CopySource,
    Limits,
    ListOrder,
    ObjectStore,
    Page,
    check_version,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from typing_extensions import Self

    from s3dlio_azure.config import AzureConfig
    from s3dlio_core.content_check import ContentCheck
    from s3dlio_core.store import (
        Attributes,
        Buffer,
        Condition,
        DeleteError,
        MultipartInfo,
        MultipartUpload,
        ObjectInfo,
        ObjectReader,
    )

__all__ = ["AzureStore"]

_MIB = 1024**2
PUT_SIZE_MAX_BYTES = 5000 * _MIB
BLOCK_SIZE_MAX_BYTES = 4000 * _MIB
BLOCK_COUNT_MAX = 50_000
#: Of a source that Copy Blob From URL reads.
COPY_SIZE_MAX_BYTES = 256 * _MIB

LIMITS = Limits(
    put_size_max_bytes=PUT_SIZE_MAX_BYTES,
    # 190.7 TiB: as many blocks as there may be, each as large as it may be.
    object_size_max_bytes=BLOCK_COUNT_MAX * BLOCK_SIZE_MAX_BYTES,
    part_size_max_bytes=BLOCK_SIZE_MAX_BYTES,
    part_count_max=BLOCK_COUNT_MAX,
    copy_size_max_bytes=COPY_SIZE_MAX_BYTES,
    delete_batch_max=BATCH_MAX,
)


class AzureStore(ObjectStore):
    """One container.

    Attributes:
        container: its name.
        client: the client that it uses.
    """

    def __init__(self, client: BlobClient, container: str, *, owns_client: bool = False) -> None:
        """Bind a client to a container.

        Args:
            client: sends the requests.
            container: the container; it may not exist.
            owns_client: whether `close` closes the client too.

        Raises:
            UsageError: no container can have this name.
        """
        if flaw := container_flaw(container):
            raise UsageError(flaw, uri=client.config.account_uri + container)
        self.client = client
        self.container = container
        self._owns_client = owns_client
        self.limits = LIMITS
        self.capabilities = Capabilities(
            parallel_uploads=False,
            tags=client.config.blob_tags and not client.config.tags,
            list_order=ListOrder.UNSPECIFIED,
            start_after=False,
            checksums=declared(client.config),
            read_checksums=client.config.validate_content,
            versions=client.config.versions,
        )

    @classmethod
    def connect(cls, container: str, config: AzureConfig | None = None, **options: str) -> Self:
        """Make a store of its own, for programs that use this backend alone.

        Args:
            container: the container.
            config: the whole configuration, or None: options, then the environment.
            options: names of `AzureProvider.option_names`, e.g. account="...".
        """
        if config is None:
            config = current_config(known_options(options, OPTION_NAMES))
        return cls(BlobClient(config), container, owns_client=True)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self).connect, (self.container, self.client.config))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.uri!r})"

    @property
    def uri(self) -> str:
        """The container's URI."""
        return self.client.config.account_uri + self.container

    def check_key(self, key: str) -> None:
        """Check that a blob can have this name; see `keys`."""
        self._check_key("put", key)

    def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
        """Describe a blob, attributes included."""
        self._check_key("head", key)
        check_version(self, "head", key, version)
        info = self.client.head_blob(self.container, key, version=version)
        self.check_is_object("head", info)
        return info

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
        check_listing(self, delimiter, start_after, page_size)
        if prefix_flaw(prefix):
            # No key of this store can begin with it.
            return Page(())
        return self.client.list_blobs(
            self.container,
            prefix=prefix,
            delimiter=delimiter,
            marker=token,
            page_size=None if page_size is None else min(page_size, LIST_PAGE_MAX),
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
        check_version(self, "read", key, version)
        return open_blob(self, key, start, stop, if_match, version)

    def put(
        self,
        key: str,
        buffer: Buffer,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Store a whole blob, atomically."""
        self._check_key("put", key)
        size_bytes = memoryview(buffer).nbytes
        check_put_size(self, key, size_bytes)
        answer = self.client.put_blob(
            self.container, key, buffer, attributes=attributes, condition=condition
        )
        return written_object_info(key, answer.headers, size_bytes, attributes)

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
        """Begin an upload in parts. No request is made: it is there with its first part."""
        operation = "create multipart upload"
        self._check_key(operation, key)
        check_object_size(self.limits, operation, self.uri_of(key), size_bytes)
        return new_upload(
            self,
            key,
            part_size_bytes=part_size_bytes,
            attributes=attributes,
            condition=condition,
            checksum=checksum,
        )

    def resume_multipart(self, key: str, token: str) -> MultipartUpload:
        """Go on with an upload; that it is gone shows at its first use."""
        self._check_key("resume", key)
        return AzureMultipartUpload(self, key, token)

    def list_multiparts(self, prefix: str = "") -> Iterator[MultipartInfo]:
        """Yield the unfinished uploads of keys that begin with a prefix; see `unfinished`."""
        if prefix_flaw(prefix):
            return iter(())
        return unfinished_uploads(self, prefix)

    def copy_source(
        self, key: str, etag: str | None = None, version: str | None = None
    ) -> CopySource:
        """Describe a key of this store for a copy."""
        config, identity = self.client.config, self.client.sender.identity
        return CopySource("az", config.namespace, self.container, key, etag, identity, version)

    def copy_from(
        self,
        source: CopySource,
        key: str,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Copy a blob server-side, atomically; see `copies`."""
        self._check_key("copy", key)
        return copy_object(self, key, source, attributes, condition)

    def delete(self, key: str) -> None:
        """Delete exactly this key."""
        self._check_key("delete", key)
        try:
            self.client.delete_blob(self.container, key)
        except S3dlioError as error:
            if not is_gone(error):
                raise

    def delete_many(self, keys: Iterable[str]) -> Iterator[DeleteError]:
        """Delete exactly these keys, in batches as they come; yield those that failed."""
        waiting = iter(keys)
        while batch := list(islice(waiting, self.limits.delete_batch_max)):
            yield from delete_batch(self, batch)

    def tags(self, key: str, *, version: str | None = None) -> Mapping[str, str]:
        """Return a blob's tags."""
        self._check_key("get tags", key)
        check_version(self, "get tags", key, version)
        if not self.client.config.blob_tags:
            return super().tags(key, version=version)
        try:
            return self.client.get_tags(self.container, key, version=version)
        except PermissionDeniedError as error:
            error.hint = TAGS_HINT
            raise

    def content_check(self, info: ObjectInfo, *, version: str | None = None) -> ContentCheck | None:
        """Return what compares a blob's bytes with the MD5 that a description of it tells."""
        del version
        if not self.capabilities.read_checksums:
            return None
        return content_check(info, self.uri_of(info.key))

    def presign(
        self, key: str, *, method: str = "GET", expires_s: int = 3600, version: str | None = None
    ) -> str:
        """Return a URL with which anybody can make a request until it expires: a secret."""
        self._check_key("presign", key)
        check_presigned(self.uri_of(key), method, expires_s, version)
        check_version(self, "presign", key, version)
        return presigned_url(self.client.sender, self.container, key, method, expires_s, version)

    def close(self) -> None:
        """Close the connections, unless a provider shares them."""
        if self._owns_client:
            self.client.close()

    def check_is_object(self, operation: str, info: ObjectInfo) -> None:
        """Check that a blob is an object of this store.

        Raises:
            ObjectNotFoundError: it stands for a directory.
        """
        if is_directory(info) and not self.client.config.include_directory_stubs:
            raise ObjectNotFoundError(
                "it stands for a directory",
                operation=operation,
                uri=self.uri_of(info.key),
                hint=f"Write {self.uri_of(info.key)}/ for what lies below it",
            )

    def _check_key(self, operation: str, key: str) -> None:
        if reason := key_flaw(key):
            raise InvalidKeyError(reason, operation=operation, uri=self.uri_of(key))
