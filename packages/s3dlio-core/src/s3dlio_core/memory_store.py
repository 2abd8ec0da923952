"""`memory://`: objects in this process's memory, the reference implementation of the contract.

Rules that hold in this file:
- Exact: every rule of `s3dlio_core.store` holds here literally, so that a test against it means
  something. It serves tests, examples and small scratch data.
- `memory://name/a` is the same object from everywhere in a process, and a store pickles as its
  name. A container must be created first. Another process has its own containers; a forked one
  has copies.
- An ETag is a number that is never used twice in a process, so each overwrite changes it.
- A store that declares versions keeps what it wrote until the container is deleted; `memory://`
  itself declares none.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from typing import TYPE_CHECKING, NoReturn

from s3dlio_core import _memory_container as memory
from s3dlio_core._memory_container import Container, Handle, Stored, Upload
from s3dlio_core.errors import (
    ContainerNotFoundError,
    InvalidPartError,
    InvalidRangeError,
    ObjectTooLargeError,
    PreconditionFailedError,
    S3dlioError,
    Scope,
    UploadNotFoundError,
)
from s3dlio_core.sorted_page import page_of
from s3dlio_core.store import (
    Attributes,
    Buffer,
    Capabilities,
    Condition,
    ContainerInfo,
    CopySource,
    DeleteError,
    Limits,
    MultipartInfo,
    MultipartUpload,
    ObjectInfo,
    ObjectReader,
    ObjectStore,
    Page,
    Part,
    StoreProvider,
    check_version,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from _typeshed import WriteableBuffer
    from typing_extensions import Self

__all__ = ["MEMORY_LIMITS", "PAGE_SIZE_MAX", "MemoryProvider", "MemoryStore"]

#: The same as Amazon S3's, but that parts may be of any size.
MEMORY_LIMITS = Limits(put_size_max_bytes=5 * 1024**3, delete_batch_max=1000)

#: All that a container of this process can do.
MEMORY_CAPABILITIES = Capabilities(tags=True)

#: Objects and prefixes in a page of a listing.
PAGE_SIZE_MAX = 1000


class MemoryReader(ObjectReader):
    """Reads the bytes that the object had when it was opened."""

    def __init__(self, stored: Stored, start: int, stop: int) -> None:
        super().__init__()
        self._info = stored.info
        self._rest = memoryview(stored.content)[start:stop]

    @property
    def info(self) -> ObjectInfo:
        """The object as it was when it was opened."""
        return self._info

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill the buffer; return how many bytes it got, 0 at the end."""
        if self.closed:
            raise ValueError("the reader is closed")
        target = memoryview(buffer).cast("B")
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


class MemoryStore(ObjectStore):
    """One container of this process's memory.

    Args:
        name: the container's name. It need not exist yet.
        limits: what to accept; tests make it small.
        capabilities: what to declare; a call that needs a missing one is refused.
        page_size_max: objects and prefixes in a page of a listing.
    """

    def __init__(
        self,
        name: str,
        *,
        limits: Limits = MEMORY_LIMITS,
        capabilities: Capabilities | None = None,
        page_size_max: int = PAGE_SIZE_MAX,
    ) -> None:
        self.limits = limits
        self.capabilities = MEMORY_CAPABILITIES if capabilities is None else capabilities
        self._page_size_max = page_size_max
        self._handle = Handle(name, self.limits, self.capabilities)

    @property
    def uri(self) -> str:
        """The container's URI."""
        return self._handle.uri_of(None)

    def check_key(self, key: str) -> None:
        """Check that it isn't empty, and is Unicode."""
        self._handle.check_key("put", key)

    def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
        """Describe an object."""
        check_version(self, "head", key, version)
        return self._handle.find("head", key, version).info

    def list_page(
        self,
        prefix: str = "",
        *,
        delimiter: str = "",
        token: str | None = None,
        start_after: str = "",
        page_size: int | None = None,
    ) -> Page:
        """List one page, as it is at this moment."""
        if start_after:
            self._handle.need("start_after", "list", self.capabilities.start_after)
        if page_size is None:
            page_size = self._page_size_max
        with self._handle.locked("list") as container:
            return page_of(
                container.keys,
                lambda key: dataclasses.replace(
                    container.objects[key].info, attributes=None, tag_count=None
                ),
                self.uri,
                prefix=prefix,
                delimiter=delimiter,
                token=token,
                start_after=start_after,
                page_size=min(page_size, self._page_size_max),
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
        """Open bytes [start, stop) of the object as it is now."""
        if if_match is not None:
            self._handle.need("if_match", "read", self.capabilities.read_if_match, key)
        check_version(self, "read", key, version)
        stored = self._handle.find("read", key, version)
        if if_match is not None and if_match != stored.info.etag:
            reason = "the object has another ETag"
            self._handle.fail(PreconditionFailedError, reason, "read", key)
        return MemoryReader(stored, *self._handle.cut("read", stored, start, stop))

    def put(
        self,
        key: str,
        buffer: Buffer,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Store a whole object: one copy, then one swap."""
        self._handle.check_write("put", key, condition)
        size_bytes = memoryview(buffer).nbytes
        if size_bytes > self.limits.put_size_max_bytes:
            reason = f"{size_bytes} bytes are more than {self.limits.put_size_max_bytes}"
            self._handle.fail(ObjectTooLargeError, reason, "put", key)
        content = bytes(buffer)
        with self._handle.locked("put", key) as container:
            return self._handle.write(container, "put", key, content, attributes, condition)

    def create_multipart(
        self,
        key: str,
        *,
        size_bytes: int | None = None,  # noqa: ARG002 - nothing is reserved in memory
        part_size_bytes: int | None = None,  # noqa: ARG002 - complete looks at the parts
        attributes: Attributes | None = None,
        condition: Condition | None = None,
        checksum: str | None = None,
    ) -> MultipartUpload:
        """Begin an upload whose parts wait beside the objects."""
        operation, handle = "create_multipart", self._handle
        handle.check_write(operation, key, condition)
        if checksum is not None:
            handle.need(checksum, operation, checksum in self.capabilities.checksums, key)
        token = f"upload-{memory.new_number()}"
        with handle.locked(operation, key) as container:
            container.uploads[token] = Upload(key, handle.kept(attributes), condition, time.time())
        return MemoryUpload(handle, key, token)

    def resume_multipart(self, key: str, token: str) -> MultipartUpload:
        """Go on with an upload of this process."""
        operation = "resume_multipart"
        self._handle.need(operation, operation, self.capabilities.resume_multipart, key)
        upload = MemoryUpload(self._handle, key, token)
        upload.check(operation)
        return upload

    def list_multiparts(self, prefix: str = "") -> Iterator[MultipartInfo]:
        """Yield the unfinished uploads, by key and then by age."""
        operation = "list_multiparts"
        self._handle.need(operation, operation, self.capabilities.resume_multipart)
        with self._handle.locked(operation) as container:
            found = [
                MultipartInfo(upload.key, token, upload.initiated)
                for token, upload in container.uploads.items()
                if upload.key.startswith(prefix)
            ]
        return iter(sorted(found, key=lambda info: info.key))

    def tags(self, key: str, *, version: str | None = None) -> Mapping[str, str]:
        """Return an object's tags."""
        self._handle.need("tags", "get tags", self.capabilities.tags, key)
        check_version(self, "get tags", key, version)
        return self._handle.find("get tags", key, version).tags

    def copy_source(
        self, key: str, etag: str | None = None, version: str | None = None
    ) -> CopySource:
        """Describe a key; it can be copied within this process."""
        return CopySource(
            "memory", memory.endpoint(), self._handle.name, key, etag, version=version
        )

    def copy_from(
        self,
        source: CopySource,
        key: str,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Give the source's bytes to another key; they never change, so they are shared."""
        handle = self._handle
        handle.need("copy_from", "copy", self.capabilities.copy, key)
        if condition is not None and condition.if_absent:
            handle.need("if_absent", "copy", self.capabilities.copy_if_absent, key)
        handle.check_write("copy", key, condition)
        handle.container("copy", key)
        stored = handle.find_source("copy", key, source)
        kept = attributes or stored.info.attributes or Attributes()
        if not kept.tags:
            kept = dataclasses.replace(kept, tags=stored.tags)
        with handle.locked("copy", key) as container:
            return handle.write(container, "copy", key, stored.content, kept, condition)

    def delete(self, key: str) -> None:
        """Delete exactly this key."""
        self._handle.check_key("delete", key)
        with self._handle.locked("delete", key) as container:
            container.discard(key)

    def delete_many(self, keys: Iterable[str]) -> Iterator[DeleteError]:
        """Delete each key as it comes; yield those that no object can have."""
        for key in keys:
            try:
                self.delete(key)
            except S3dlioError as error:
                if error.scope is not Scope.OBJECT:
                    raise
                yield DeleteError(key, error)


class MemoryUpload(MultipartUpload):
    """An upload whose parts wait in the container. Any number of these may share one token."""

    def __init__(self, handle: Handle, key: str, token: str) -> None:
        self._handle = handle
        self._key = key
        self._token = token

    @property
    def key(self) -> str:
        """The key that the object will have."""
        return self._key

    @property
    def token(self) -> str:
        """The name of the upload within its container."""
        return self._token

    def check(self, operation: str) -> None:
        """Raise UploadNotFoundError when the upload is gone."""
        self._find(self._handle.container(operation, self._key), operation)

    def put_part(self, number: int, offset_bytes: int, buffer: Buffer) -> Part:
        """Keep a copy of the part."""
        return self._keep("put_part", number, offset_bytes, bytes(buffer))

    def copy_part(
        self, number: int, offset_bytes: int, source: CopySource, start: int, stop: int
    ) -> Part:
        """Keep a slice of another object as a part."""
        operation, handle = "copy_part", self._handle
        handle.need(operation, operation, handle.capabilities.copy_part, self._key)
        self.check(operation)
        stored = handle.find_source(operation, self._key, source)
        start, end = handle.cut(operation, stored, start, stop)
        if end < stop:
            self._fail(InvalidRangeError, f"the source ends at byte {end}", operation)
        return self._keep(operation, number, offset_bytes, stored.content[start:end])

    def parts(self) -> Iterator[Part]:
        """Yield the parts that are there now, by ascending number."""
        with self._handle.locked("parts", self._key) as container:
            held = self._find(container, "parts").parts
            return iter([held[number][0] for number in sorted(held)])

    def complete(self, parts: Sequence[Part]) -> ObjectInfo:
        """Join the parts. When it fails, the upload stays as it was."""
        with self._handle.locked("complete", self._key) as container:
            upload = self._find(container, "complete")
            content = b"".join(self._contents(upload, parts))
            info = self._handle.write(
                container, "complete", self._key, content, upload.attributes, upload.condition
            )
            del container.uploads[self._token]
        return info

    def abort(self) -> None:
        """Forget the upload and its parts."""
        gone = contextlib.suppress(ContainerNotFoundError)
        with gone, self._handle.locked("abort", self._key) as container:
            container.uploads.pop(self._token, None)

    def _fail(self, cls: type[S3dlioError], reason: str, operation: str) -> NoReturn:
        self._handle.fail(cls, reason, operation, self._key)

    def _find(self, container: Container, operation: str) -> Upload:
        upload = container.uploads.get(self._token)
        if upload is None or upload.key != self._key:
            self._fail(UploadNotFoundError, "no such multipart upload", operation)
        return upload

    def _keep(self, operation: str, number: int, offset_bytes: int, content: bytes) -> Part:
        limits = self._handle.limits
        if not 1 <= number <= limits.part_count_max:
            reason = f"part number {number} isn't within 1 to {limits.part_count_max}"
            self._fail(InvalidPartError, reason, operation)
        if not 0 < len(content) <= limits.part_size_max_bytes:
            self._fail(InvalidPartError, f"a part can't have {len(content)} bytes", operation)
        part = Part(number, len(content), memory.new_etag(), offset_bytes)
        with self._handle.locked(operation, self._key) as container:
            self._find(container, operation).parts[number] = (part, content)
        return part

    def _contents(self, upload: Upload, parts: Sequence[Part]) -> Iterator[bytes]:
        """Yield the contents of the parts that `complete` was given, after checking each."""
        if not parts:
            self._fail(InvalidPartError, "an object needs at least one part", "complete")
        limits = self._handle.limits
        end = 0
        for index, part in enumerate(parts):
            held, content = upload.parts.get(part.number, (None, b""))
            last = index == len(parts) - 1
            if held is None:
                reason = "was never stored"
            elif held.etag != part.etag:
                reason = "has another ETag"
            elif index and part.number <= parts[index - 1].number:
                reason = "is out of order"
            elif held.offset_bytes != end:
                reason = f"begins at {held.offset_bytes}, but those before it end at {end}"
            elif not last and held.size_bytes < limits.part_size_min_bytes:
                reason = f"has less than {limits.part_size_min_bytes} bytes"
            elif not last and limits.equal_parts and held.size_bytes != parts[0].size_bytes:
                reason = "has another size than the first"
            else:
                end += held.size_bytes
                yield content
                continue
            self._fail(InvalidPartError, f"part {part.number} {reason}", "complete")


class MemoryProvider(StoreProvider):
    """All containers of this process."""

    @classmethod
    def from_options(cls, scheme: str, options: Mapping[str, str], host: str = "") -> Self:  # noqa: ARG003 - nothing to configure
        """Make a provider; there is nothing to configure."""
        return cls()

    def open(self, container: str) -> ObjectStore:
        """Return the store of a container."""
        return MemoryStore(container)

    def list_containers(self) -> Iterator[ContainerInfo]:
        """Yield the containers of this process, by name."""
        return iter(memory.container_infos())

    def create_container(self, name: str) -> None:
        """Create a container."""
        memory.create_container(name)

    def delete_container(self, name: str) -> None:
        """Delete an empty container, with its unfinished uploads."""
        memory.delete_container(name)

    def container_exists(self, name: str) -> bool:
        """Return whether it exists."""
        return memory.container_exists(name)
