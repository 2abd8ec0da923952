"""Putting whole objects: contents, buffers, attributes, atomicity."""

from __future__ import annotations

import array
import mmap
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from s3dlio_core.errors import InvalidKeyError, ObjectTooLargeError
from s3dlio_core.store import Attributes, Buffer, ObjectStore
from s3dlio_core.testing.conformance.base import (
    ConformanceBase,
    content,
    digest,
    exists,
    list_pages,
    listed,
    needs,
    objects_of,
    read,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3dlio_core.store import ObjectInfo

_SIZES_BYTES = (0, 1, 2, 255, 4095, 4096, 4097, 65_537, 1024**2 + 1)
_HEADERS = ("cache_control", "content_encoding", "content_language", "content_disposition")
#: Beyond this, the test of the largest put would cost more than it tells.
_LARGEST_TRIED_BYTES = 64 * 1024**2


def _mmap_view(data: bytes, stack: ExitStack) -> memoryview:
    mapped = stack.enter_context(mmap.mmap(-1, len(data)))
    mapped[:] = data
    return stack.enter_context(memoryview(mapped))


def _offset_view(data: bytes, stack: ExitStack) -> memoryview:
    return stack.enter_context(memoryview(bytearray(b"xyz" + data + b"xyz")))[3:-3]


def _word_view(data: bytes, stack: ExitStack) -> memoryview:
    return stack.enter_context(memoryview(array.array("I", data)))


_BUFFERS: dict[str, Callable[[bytes, ExitStack], Buffer]] = {
    "bytes": lambda data, _: data,
    "bytearray": lambda data, _: bytearray(data),
    "memoryview": lambda data, _: memoryview(bytearray(data)),
    "read-only slice": lambda data, _: memoryview(b"xyz" + data + b"xyz")[3:-3],
    "writable slice": _offset_view,
    "mmap": _mmap_view,
    "view of 4-byte words": _word_view,
}


class PutTests(ConformanceBase):
    """What `put` stores, and what it answers."""

    @pytest.mark.parametrize("size_bytes", _SIZES_BYTES)
    def test_put_stores_these_bytes(self, store: ObjectStore, prefix: str, size_bytes: int) -> None:
        """An object of any size is stored byte for byte."""
        data = content("put", size_bytes)
        store.put(f"{prefix}object", data)
        assert digest(data) == digest(self.raw_get(store, f"{prefix}object"))

    @pytest.mark.parametrize("size_bytes", _SIZES_BYTES)
    def test_get_returns_what_was_put(
        self, store: ObjectStore, prefix: str, size_bytes: int
    ) -> None:
        """What was put is read back byte for byte."""
        data = content("get", size_bytes)
        store.put(f"{prefix}object", data)
        assert digest(data) == digest(read(store, f"{prefix}object"))

    @pytest.mark.parametrize("kind", sorted(_BUFFERS))
    def test_put_takes_every_buffer(self, store: ObjectStore, prefix: str, kind: str) -> None:
        """Bytes, bytearrays and memoryviews of any memory and offset are stored alike."""
        data = content("buffers", 8192)
        with ExitStack() as stack:
            store.put(f"{prefix}object", _BUFFERS[kind](data, stack))
        assert data == self.raw_get(store, f"{prefix}object")

    def test_put_keeps_no_reference_to_the_buffer(self, store: ObjectStore, prefix: str) -> None:
        """After a put the caller may overwrite and resize the buffer; the object stays."""
        buffer = bytearray(b"first" * 1000)
        store.put(f"{prefix}object", buffer)
        buffer[:] = b"other" * 1000
        buffer.clear()
        assert self.raw_get(store, f"{prefix}object") == b"first" * 1000

    @pytest.mark.parametrize("sizes_bytes", [(10, 5000), (5000, 10), (10, 0)])
    def test_put_replaces_the_object(
        self, store: ObjectStore, prefix: str, sizes_bytes: tuple[int, int]
    ) -> None:
        """A second put leaves nothing of the first, whether it is longer or shorter."""
        first, second = (content(f"v{n}", size) for n, size in enumerate(sizes_bytes))
        store.put(f"{prefix}object", first)
        store.put(f"{prefix}object", second)
        assert second == self.raw_get(store, f"{prefix}object")

    def test_put_leaves_the_neighbours(self, store: ObjectStore, prefix: str) -> None:
        """A put changes no key that begins with its own."""
        self.raw_put(store, f"{prefix}foobar", b"neighbour")
        store.put(f"{prefix}foo", b"own")
        assert self.raw_get(store, f"{prefix}foobar") == b"neighbour"
        assert [f"{prefix}foo", f"{prefix}foobar"] == listed(store, prefix)

    def test_put_describes_the_object(self, store: ObjectStore, prefix: str) -> None:
        """A put answers the object's key, its size and the ETag that head gives."""
        info = store.put(f"{prefix}object", b"12345")
        head = store.head(f"{prefix}object")
        assert (f"{prefix}object", 5, head.etag) == (info.key, info.size_bytes, info.etag)

    def test_head_describes_the_object(self, store: ObjectStore, prefix: str) -> None:
        """Head tells key and size of an object that others wrote."""
        self.raw_put(store, f"{prefix}object", b"12345")
        info = store.head(f"{prefix}object")
        assert (f"{prefix}object", 5) == (info.key, info.size_bytes)

    def test_head_gives_the_time_in_seconds(self, store: ObjectStore, prefix: str) -> None:
        """The time of modification, where there is one, is in seconds since the epoch."""
        store.put(f"{prefix}object", b"x")
        mtime = store.head(f"{prefix}object").mtime
        assert mtime is None or abs(time.time() - mtime) < 24 * 3600

    def test_etag_is_text_without_quotes_or_none(self, store: ObjectStore, prefix: str) -> None:
        """An ETag is never empty and never in quotes; a store without one says None."""
        store.put(f"{prefix}object", b"x")
        etag = store.head(f"{prefix}object").etag
        assert etag is None or etag.strip('"') == etag != ""
        assert etag is not None or not store.capabilities.etag_changes

    def test_empty_object_is_found(self, store: ObjectStore, prefix: str) -> None:
        """An object of no bytes exists, is listed, and has size 0."""
        store.put(f"{prefix}empty", b"")
        assert store.head(f"{prefix}empty").size_bytes == 0
        assert [(f"{prefix}empty", 0)] == _names_and_sizes(store, prefix)

    def test_put_refuses_an_empty_key(self, store: ObjectStore) -> None:
        """No object has an empty key."""
        with pytest.raises(InvalidKeyError):
            store.put("", b"x")

    def test_put_over_the_limit_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """A put over `put_size_max_bytes` is refused and leaves the old object."""
        size_bytes = store.limits.put_size_max_bytes + 1
        if size_bytes > _LARGEST_TRIED_BYTES:
            return
        store.put(f"{prefix}object", b"old")
        with pytest.raises(ObjectTooLargeError):
            store.put(f"{prefix}object", bytes(size_bytes))
        assert self.raw_get(store, f"{prefix}object") == b"old"

    def test_readers_never_see_half_a_put(self, store: ObjectStore, prefix: str) -> None:
        """While an object is overwritten again and again, each read finds one whole version."""
        key, size_bytes = f"{prefix}object", 256 * 1024
        versions = [bytes([letter]) * size_bytes for letter in b"ab"]
        store.put(key, versions[0])

        def overwrite() -> None:
            for number in range(1, 20):
                store.put(key, versions[number % 2])

        torn = 0
        with ThreadPoolExecutor(1) as pool:
            writer = pool.submit(overwrite)
            while not writer.done():
                torn += read(store, key) not in versions
            writer.result()
        assert torn == 0

    def test_listing_never_sees_half_a_put(self, store: ObjectStore, prefix: str) -> None:
        """While objects are put, each that is listed has its whole size."""
        size_bytes = 256 * 1024
        data = bytes(size_bytes)

        def write() -> None:
            for number in range(20):
                store.put(f"{prefix}{number}", data)

        sizes_bytes: set[int] = set()
        with ThreadPoolExecutor(1) as pool:
            writer = pool.submit(write)
            while not writer.done():
                sizes_bytes.update(size for _, size in _names_and_sizes(store, prefix))
            writer.result()
        assert sizes_bytes <= {size_bytes}


class AttributeTests(ConformanceBase):
    """Content headers and user metadata."""

    def test_content_type_is_kept(self, store: ObjectStore, prefix: str) -> None:
        """The content type that an object was put with is read back."""
        needs(store, "attributes")
        store.put(f"{prefix}object", b"{}", attributes=Attributes(content_type="text/x-tried"))
        assert _attributes(store.head(f"{prefix}object")).content_type == "text/x-tried"

    @pytest.mark.parametrize("header", _HEADERS)
    def test_content_header_is_kept(self, store: ObjectStore, prefix: str, header: str) -> None:
        """Each content header that an object was put with is read back."""
        needs(store, "attributes")
        values = {
            "cache_control": "max-age=60, private",
            "content_encoding": "gzip",
            "content_language": "de",
            "content_disposition": 'attachment; filename="a b.txt"',
        }
        attributes = Attributes(**{header: values[header]})  # type: ignore[arg-type]
        store.put(f"{prefix}object", b"not gzip at all", attributes=attributes)
        head = store.head(f"{prefix}object")
        assert values[header] == getattr(_attributes(head), header)
        assert read(store, f"{prefix}object") == b"not gzip at all"

    def test_metadata_is_kept(self, store: ObjectStore, prefix: str) -> None:
        """User metadata is read back, names in lower case."""
        needs(store, "attributes")
        metadata = {"owner": "somebody else", "run2": "a=b; c"}
        store.put(f"{prefix}object", b"x", attributes=Attributes(metadata=metadata))
        assert metadata == dict(_attributes(store.head(f"{prefix}object")).metadata)

    def test_put_replaces_attributes(self, store: ObjectStore, prefix: str) -> None:
        """A put without attributes leaves none of the object before it."""
        needs(store, "attributes")
        old = Attributes(content_type="text/x-old", metadata={"owner": "old"})
        store.put(f"{prefix}object", b"x", attributes=old)
        store.put(f"{prefix}object", b"y")
        head = _attributes(store.head(f"{prefix}object"))
        assert dict(head.metadata) == {}
        assert head.content_type != "text/x-old"

    def test_reader_tells_attributes_or_none(self, store: ObjectStore, prefix: str) -> None:
        """A reader's description has the attributes, or says None; never wrong ones."""
        needs(store, "attributes")
        metadata = {"owner": "me"}
        store.put(f"{prefix}object", b"x", attributes=Attributes(metadata=metadata))
        with store.open_reader(f"{prefix}object") as reader:
            told = reader.info.attributes
        assert told is None or metadata == dict(told.metadata)

    def test_listing_tells_attributes_or_none(self, store: ObjectStore, prefix: str) -> None:
        """A listing may leave attributes out as None, but doesn't tell wrong ones."""
        needs(store, "attributes")
        metadata = {"owner": "me"}
        store.put(f"{prefix}object", b"x", attributes=Attributes(metadata=metadata))
        (info,) = objects_of(list_pages(store, prefix))
        assert info.attributes is None or metadata == dict(info.attributes.metadata)

    def test_attributes_are_dropped_without_the_capability(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """A store that keeps no attributes drops them, and stores the object all the same."""
        if store.capabilities.attributes:
            return
        attributes = Attributes(content_type="text/plain", metadata={"owner": "me"})
        store.put(f"{prefix}object", b"content", attributes=attributes)
        assert self.raw_get(store, f"{prefix}object") == b"content"
        assert exists(store, f"{prefix}object")


def _attributes(info: ObjectInfo) -> Attributes:
    assert info.attributes is not None, "head must tell the attributes"
    return info.attributes


def _names_and_sizes(store: ObjectStore, prefix: str) -> list[tuple[str, int]]:
    return [(info.key, info.size_bytes) for info in objects_of(list_pages(store, prefix))]
