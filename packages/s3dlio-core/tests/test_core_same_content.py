"""What the checksums of two stores tell of their bytes."""

from __future__ import annotations

import dataclasses
import uuid

import pytest

from s3dlio_core.memory_store import MEMORY_CAPABILITIES, MemoryProvider, MemoryStore
from s3dlio_core.store import ChecksumType, ObjectInfo
from s3dlio_core.transfer.events import CancelToken
from s3dlio_core.transfer.plan import CopyItem
from s3dlio_core.transfer.same_content import same_content

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
