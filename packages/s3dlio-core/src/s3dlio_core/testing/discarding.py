"""A sink for tests of scale: takes everything, keeps counts, and may compare with the source.

Rules that hold in this file:
- Memory doesn't grow with what was stored: an upload is forgotten at its end.
- With `verify` each byte is compared with what a `GeneratedSource` has under that key.
"""

from __future__ import annotations

import collections
import threading
import time
from typing import TYPE_CHECKING

from s3dlio_core.errors import (
    IntegrityError,
    InvalidPartError,
    ObjectNotFoundError,
    UploadNotFoundError,
)
from s3dlio_core.store import (
    Attributes,
    Buffer,
    Condition,
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
    check_version,
)
from s3dlio_core.testing.generated import READ_ONLY, SIZE_MAX_BYTES, matches, refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["DiscardingSink"]


class DiscardingSink(ObjectStore):
    """A store that takes everything and keeps nothing but counts.

    Args:
        verify: compare all bytes with those of a GeneratedSource; a difference is an error.
        prefix: taken from the front of each key before it is compared.
        limits: what to accept.
    """

    capabilities = READ_ONLY

    def __init__(
        self, *, verify: bool = False, prefix: str = "", limits: Limits | None = None
    ) -> None:
        self.limits = limits or Limits(
            put_size_max_bytes=SIZE_MAX_BYTES, part_size_max_bytes=SIZE_MAX_BYTES
        )
        self._verify = verify
        self._prefix = prefix
        self._lock = threading.Lock()
        self.object_count = 0
        self.object_bytes = 0
        self.part_count = 0
        self.open_upload_count = 0

    @property
    def uri(self) -> str:
        """A URI for messages; nothing can be opened by it."""
        return "generated://sink"

    def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
        """Find nothing."""
        check_version(self, "head", key, version)
        raise ObjectNotFoundError("nothing is kept", operation="head", uri=self.uri_of(key))

    def list_page(
        self,
        prefix: str = "",
        *,
        delimiter: str = "",
        token: str | None = None,
        start_after: str = "",
        page_size: int | None = None,
    ) -> Page:
        """List nothing."""
        del prefix, delimiter, token, start_after, page_size
        return Page(())

    def open_reader(
        self,
        key: str,
        start: int = 0,
        stop: int | None = None,
        *,
        if_match: str | None = None,
        version: str | None = None,
    ) -> ObjectReader:
        """Find nothing."""
        del start, stop, if_match
        check_version(self, "read", key, version)
        raise ObjectNotFoundError("nothing is kept", operation="read", uri=self.uri_of(key))

    def put(
        self,
        key: str,
        buffer: Buffer,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Count an object and forget it."""
        del attributes
        if condition is not None:
            refuse("a condition", self.uri_of(key))
        self.check(key, 0, buffer)
        return self.count(key, memoryview(buffer).nbytes)

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
        """Begin an upload whose parts are counted."""
        del size_bytes, part_size_bytes, attributes
        if condition is not None or checksum is not None:
            refuse("a condition or checksum", self.uri_of(key))
        with self._lock:
            self.open_upload_count += 1
        return DiscardedUpload(self, key)

    def resume_multipart(self, key: str, token: str) -> MultipartUpload:
        """Refuse."""
        del token
        refuse("resume_multipart", self.uri_of(key))

    def list_multiparts(self, prefix: str = "") -> Iterator[MultipartInfo]:
        """Refuse."""
        refuse("list_multiparts", self.uri_of(prefix))

    def copy_source(
        self, key: str, etag: str | None = None, version: str | None = None
    ) -> CopySource:
        """Describe a key; no store can copy it."""
        return CopySource("generated", "", "sink", key, etag, version=version)

    def copy_from(
        self,
        source: CopySource,
        key: str,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Refuse."""
        del source, attributes, condition
        refuse("copy_from", self.uri_of(key))

    def delete(self, key: str) -> None:
        """Do nothing: nothing is kept."""

    def delete_many(self, keys: Iterable[str]) -> Iterator[DeleteError]:
        """Take the keys, and fail for none."""
        collections.deque(keys, maxlen=0)
        return iter(())

    def check(self, key: str, offset_bytes: int, buffer: Buffer) -> None:
        """Compare bytes with the source's, if that was asked for.

        Raises:
            IntegrityError: they differ.
        """
        if self._verify and not matches(key.removeprefix(self._prefix), offset_bytes, buffer):
            raise IntegrityError(
                f"the bytes at {offset_bytes} aren't the source's",
                operation="put",
                uri=self.uri_of(key),
                retryable=False,
            )

    def count(self, key: str, size_bytes: int) -> ObjectInfo:
        """Count an object."""
        with self._lock:
            self.object_count += 1
            self.object_bytes += size_bytes
            number = self.object_count
        return ObjectInfo(key, size_bytes, time.time(), f"{number:x}")

    def end_upload(self, part_count: int) -> None:
        """Count an upload that was completed or aborted."""
        with self._lock:
            self.open_upload_count -= 1
            self.part_count += part_count


class DiscardedUpload(MultipartUpload):
    """Knows the sizes of its parts, and nothing else."""

    def __init__(self, sink: DiscardingSink, key: str) -> None:
        self._sink = sink
        self._key = key
        self._open = True
        self._parts: dict[int, Part] = {}

    @property
    def key(self) -> str:
        """The key."""
        return self._key

    @property
    def token(self) -> str:
        """A text that nothing can be resumed by."""
        return "discarded"

    def put_part(self, number: int, offset_bytes: int, buffer: Buffer) -> Part:
        """Note a part's size."""
        self._check_open("put_part")
        self._sink.check(self._key, offset_bytes, buffer)
        part = Part(number, memoryview(buffer).nbytes, str(number), offset_bytes)
        self._parts[number] = part
        return part

    def copy_part(
        self, number: int, offset_bytes: int, source: CopySource, start: int, stop: int
    ) -> Part:
        """Refuse."""
        del number, offset_bytes, source, start, stop
        refuse("copy_part", self._sink.uri_of(self._key))

    def parts(self) -> Iterator[Part]:
        """Yield the parts so far."""
        return iter([self._parts[number] for number in sorted(self._parts)])

    def complete(self, parts: Sequence[Part]) -> ObjectInfo:
        """Count the object, if its parts lie end to end."""
        self._check_open("complete")
        end_bytes = 0
        for part in parts:
            held = self._parts.get(part.number)
            if held != part or part.offset_bytes != end_bytes:
                raise InvalidPartError(
                    f"part {part.number} isn't the one that was stored, or doesn't begin at "
                    f"{end_bytes}",
                    operation="complete",
                    uri=self._sink.uri_of(self._key),
                )
            end_bytes += part.size_bytes
        self._end()
        return self._sink.count(self._key, end_bytes)

    def abort(self) -> None:
        """Forget the parts."""
        if self._open:
            self._end()

    def _check_open(self, operation: str) -> None:
        if not self._open:
            raise UploadNotFoundError(
                "it was completed or aborted", operation=operation, uri=self._sink.uri_of(self._key)
            )

    def _end(self) -> None:
        self._open = False
        self._sink.end_upload(len(self._parts))
