"""A source for tests of scale: any number of objects of any size, in flat memory.

Rules that hold in this file:
- An object's bytes follow from its key and the offset alone, so that any range can be checked
  without the rest. They are cut out of one table of a prime length: a part that lands at a wrong
  offset, or in a wrong object, shows.
- Keys ascend; a page of a listing is cut out of a sequence that is computed, not held.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn, overload

from s3dlio_core.errors import (
    InvalidRangeError,
    NotSupportedError,
    ObjectNotFoundError,
    PreconditionFailedError,
)
from s3dlio_core.sorted_page import page_of
from s3dlio_core.store import (
    Attributes,
    Buffer,
    Capabilities,
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
    check_version,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from _typeshed import WriteableBuffer

__all__ = ["READ_ONLY", "SIZE_MAX_BYTES", "GeneratedSource", "matches", "refuse"]

PAGE_SIZE = 1000
_KEYS_PER_DIRECTORY = 1000
_TABLE_SIZE_BYTES = 1_048_573  # the largest prime below 2**20
#: The largest offset that a file could have (loff_t).
SIZE_MAX_BYTES = 2**63 - 1
#: What a store can do that keeps nothing.
READ_ONLY = Capabilities(
    put_if_absent=False,
    put_if_match=False,
    copy=False,
    copy_part=False,
    resume_multipart=False,
    attributes=False,
)


def _make_table() -> bytes:
    table = hashlib.shake_128(b"s3dlio").digest(_TABLE_SIZE_BYTES)
    return table + table


_TABLE = memoryview(_make_table())


def _fill(view: memoryview, key: str, offset_bytes: int) -> None:
    """Fill a view with an object's bytes from an offset on."""
    done = 0
    while done < len(view):
        expected = _piece(key, offset_bytes + done, len(view) - done)
        view[done : done + len(expected)] = expected
        done += len(expected)


def _piece(key: str, offset_bytes: int, size_bytes: int) -> memoryview:
    """Return the object's bytes at an offset: as many as asked for, or a table's length."""
    begin = (offset_bytes + zlib.crc32(key.encode())) % _TABLE_SIZE_BYTES
    return _TABLE[begin : begin + min(size_bytes, _TABLE_SIZE_BYTES)]


def matches(key: str, offset_bytes: int, buffer: Buffer) -> bool:
    """Return whether a buffer is what a GeneratedSource has under a key at an offset."""
    view = memoryview(buffer).cast("B")
    done = 0
    while done < len(view):
        expected = _piece(key, offset_bytes + done, len(view) - done)
        if view[done : done + len(expected)] != expected:
            return False
        done += len(expected)
    return True


class _Keys(Sequence[str]):
    """The keys "000000/000000" …: a thousand to a directory, in ascending order."""

    def __init__(self, prefix: str, count: int) -> None:
        self._prefix = prefix
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(self._count))]
        if not 0 <= index < self._count:
            raise IndexError(index)
        directory, number = divmod(index, _KEYS_PER_DIRECTORY)
        return f"{self._prefix}{directory:06d}/{number:06d}"

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str):
            return False
        directory, _, number = key.removeprefix(self._prefix).partition("/")
        if not (directory.isdecimal() and number.isdecimal()):
            return False
        index = int(directory) * _KEYS_PER_DIRECTORY + int(number)
        return index < self._count and self[index] == key


class GeneratedSource(ObjectStore):
    """A read-only store of many objects that exist nowhere.

    Args:
        count: how many objects.
        size_bytes: the size of each.
        prefix: what their keys begin with.
    """

    limits = Limits(put_size_max_bytes=SIZE_MAX_BYTES)
    capabilities = READ_ONLY

    def __init__(self, count: int, size_bytes: int, prefix: str = "") -> None:
        self._keys = _Keys(prefix, count)
        self._size_bytes = size_bytes

    @property
    def uri(self) -> str:
        """A URI for messages; nothing can be opened by it."""
        return "generated://source"

    @property
    def keys(self) -> Sequence[str]:
        """All keys, in order; computed, not held."""
        return self._keys

    def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
        """Describe an object."""
        check_version(self, "head", key, version)
        return self._find("head", key)

    def list_page(
        self,
        prefix: str = "",
        *,
        delimiter: str = "",
        token: str | None = None,
        start_after: str = "",
        page_size: int | None = None,
    ) -> Page:
        """List a page in a time that doesn't grow with the number of objects."""
        return page_of(
            self._keys,
            self._describe,
            self.uri,
            prefix=prefix,
            delimiter=delimiter,
            token=token,
            start_after=start_after,
            page_size=PAGE_SIZE if page_size is None else min(page_size, PAGE_SIZE),
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
        """Open bytes that are made as they are read."""
        check_version(self, "read", key, version)
        info = self._find("read", key)
        if if_match is not None and if_match != info.etag:
            raise PreconditionFailedError(
                "the object has another ETag", operation="read", uri=self.uri_of(key)
            )
        if not 0 <= start <= info.size_bytes or (stop is not None and stop < start):
            raise InvalidRangeError(
                f"no bytes [{start}, {stop})", operation="read", uri=self.uri_of(key)
            )
        end = info.size_bytes if stop is None else min(stop, info.size_bytes)
        return GeneratedReader(info, start, end)

    def put(
        self,
        key: str,
        buffer: Buffer,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Refuse."""
        del buffer, attributes, condition
        refuse("put", self.uri_of(key))

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
        """Refuse."""
        del size_bytes, part_size_bytes, attributes, condition, checksum
        refuse("create_multipart", self.uri_of(key))

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
        return CopySource("generated", "", "source", key, etag, version=version)

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
        """Refuse."""
        refuse("delete", self.uri_of(key))

    def delete_many(self, keys: Iterable[str]) -> Iterator[DeleteError]:
        """Refuse."""
        del keys
        refuse("delete_many", self.uri)

    def _find(self, operation: str, key: str) -> ObjectInfo:
        if key not in self._keys:
            raise ObjectNotFoundError("no such object", operation=operation, uri=self.uri_of(key))
        return self._describe(key)

    def _describe(self, key: str) -> ObjectInfo:
        return ObjectInfo(key, self._size_bytes, 0.0, f"{zlib.crc32(key.encode()):08x}")


class GeneratedReader(ObjectReader):
    """Makes an object's bytes."""

    def __init__(self, info: ObjectInfo, start: int, stop: int) -> None:
        super().__init__()
        self._info = info
        self._at = start
        self._stop = stop

    @property
    def info(self) -> ObjectInfo:
        """The object."""
        return self._info

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill the buffer; 0 at the end."""
        if self.closed:
            raise ValueError("the reader is closed")
        view = memoryview(buffer).cast("B")[: self._stop - self._at]
        _fill(view, self._info.key, self._at)
        self._at += len(view)
        return len(view)


def refuse(operation: str, uri: str) -> NoReturn:
    """Raise NotSupportedError."""
    raise NotSupportedError(f"{operation} isn't supported here", operation=operation, uri=uri)
