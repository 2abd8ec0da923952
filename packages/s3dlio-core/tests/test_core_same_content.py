"""What the checksums of two stores tell of their bytes."""

from __future__ import annotations

import dataclasses
import hashlib
import uuid
from typing import TYPE_CHECKING

import pytest

from s3dlio_core.content_check import DigestCheck
from s3dlio_core.memory_store import MEMORY_CAPABILITIES, MemoryProvider, MemoryStore
from s3dlio_core.store import ChecksumType, ObjectInfo
from s3dlio_core.transfer.events import CancelToken
from s3dlio_core.transfer.plan import CopyItem
from s3dlio_core.transfer.same_content import same_content

if TYPE_CHECKING:
    from s3dlio_core.content_check import ContentCheck
    from s3dlio_core.store import CopySource

WHOLE, PARTS = ChecksumType.FULL_OBJECT, ChecksumType.COMPOSITE


class Telling(MemoryStore):
    """Tells a checksum of each object."""

    def __init__(self, value: str, kind: ChecksumType) -> None:
        name = uuid.uuid4().hex
        MemoryProvider().create_container(name)
        super().__init__(
            name, capabilities=dataclasses.replace(MEMORY_CAPABILITIES, read_checksums=True)
        )
        self._value, self._kind = value, kind
        self.put("k", b"content")

    def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
        """Describe an object with the checksum."""
        info = super().head(key, version=version)
        return dataclasses.replace(info, checksums={"CRC32": self._value}, checksum_type=self._kind)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("a", WHOLE), ("a", WHOLE), True),
        (("a", WHOLE), ("b", WHOLE), False),
        (("a-2", PARTS), ("a-2", PARTS), True),
        (("a-2", PARTS), ("b-2", PARTS), None),
        (("a-2", PARTS), ("b-3", PARTS), None),
        (("a", WHOLE), ("a", PARTS), None),
    ],
)
def test_two_checksums_tell_what_they_can(
    one: tuple[str, ChecksumType], other: tuple[str, ChecksumType], *, expected: bool | None
) -> None:
    """Of parts only that they are alike: the same bytes may lie in other parts."""
    source, destination = Telling(*one), Telling(*other)
    item = CopyItem(source, source.head("k"), "k")
    assert same_content(item, destination, CancelToken()) is expected


class Digesting(Telling):
    """Tells the MD5 of each object; another service than the other stores."""

    heads = 0

    def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
        """Describe an object with the MD5, and count."""
        self.heads += 1
        info = MemoryStore.head(self, key, version=version)
        return dataclasses.replace(info, checksums={"MD5": self._value}, checksum_type=self._kind)

    def content_check(self, info: ObjectInfo, *, version: str | None = None) -> ContentCheck:
        """Compare with the MD5."""
        digest = bytes.fromhex(info.checksums["MD5"])
        return DigestCheck("MD5", digest, info.size_bytes, uri=self.uri_of(info.key))

    def copy_source(
        self, key: str, etag: str | None = None, version: str | None = None
    ) -> CopySource:
        """Describe a key of another service."""
        return dataclasses.replace(super().copy_source(key, etag, version), endpoint="elsewhere")


@pytest.mark.parametrize("content", [b"content", b"another"])
def test_checksums_of_two_algorithms_make_the_source_be_read(content: bytes) -> None:
    """Its bytes are compared with what the other one tells: to copy would read them as well."""
    source = Telling("a", WHOLE)
    destination = Digesting(hashlib.md5(content, usedforsecurity=False).hexdigest(), WHOLE)
    item = CopyItem(source, source.head("k"), "k")
    assert same_content(item, destination, CancelToken()) is (content == b"content")


def test_within_a_service_nothing_is_read_for_it() -> None:
    """It copies by itself, for less than it costs to read."""
    source = Telling("a", WHOLE)
    destination = Telling("a", PARTS)
    item = CopyItem(source, source.head("k"), "k")
    destination.content_check = source.open_reader = pytest.fail  # type: ignore[assignment, method-assign]
    assert same_content(item, destination, CancelToken()) is None


def test_what_listings_tell_is_not_asked_for() -> None:
    """Two of the same service, or a source of another one: no request for a description."""
    md5 = hashlib.md5(b"content", usedforsecurity=False).hexdigest()
    one, other = Digesting(md5, WHOLE), Digesting(md5, WHOLE)
    item = CopyItem(one, one.head("k"), "k", existing=other.head("k"))
    assert same_content(item, other, CancelToken())
    plain = MemoryStore(one.uri.removeprefix("memory://"))
    assert same_content(dataclasses.replace(item, source=plain), other, CancelToken())
    assert (one.heads, other.heads) == (1, 1)
