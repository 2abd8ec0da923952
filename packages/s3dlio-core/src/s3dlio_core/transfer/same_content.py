"""Whether a destination has its source's bytes already, as checksums tell it.

Rules that hold in this file:
- Two stores that tell checksums are asked for them. Where one tells them, the bytes of the other
  are read and compared with its checksum: a source's always, since a copy would read them as well;
  a destination's only where it is a file.
- Two files are compared byte by byte.
- What can't be compared isn't the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.content_check import Outcome
from s3dlio_core.errors import IntegrityError
from s3dlio_core.transfer.object_copy import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_core.content_check import ContentCheck
    from s3dlio_core.store import ObjectInfo, ObjectReader, ObjectStore
    from s3dlio_core.transfer.events import CancelToken
    from s3dlio_core.transfer.plan import CopyItem

__all__ = ["same_content"]

_CHUNK_BYTES = 1024**2


def same_content(item: CopyItem, destination: ObjectStore, cancel: CancelToken) -> bool:
    """Return whether the destination of an item, which exists, has the same bytes.

    Args:
        item: what would be copied; both objects have its size.
        destination: where to.
        cancel: stops the reading.

    Raises:
        S3dlioError: a store can't be asked, or an object not be read.
    """
    source, key, version = item.source, item.info.key, item.version
    told_by_source = source.capabilities.read_checksums
    told_by_destination = destination.capabilities.read_checksums
    if told_by_source and told_by_destination:
        return _same_checksum(source.head(key, version=version), destination.head(item.key))
    if told_by_destination:
        check = destination.content_check(destination.head(item.key))
        with source.open_reader(key, version=version) as reader:
            return _passes(check, reader, cancel)
    if not destination.capabilities.directories:
        return False
    if told_by_source:
        check = source.content_check(source.head(key, version=version), version=version)
        with destination.open_reader(item.key) as reader:
            return _passes(check, reader, cancel)
    if not source.capabilities.directories:
        return False
    with source.open_reader(key) as one, destination.open_reader(item.key) as other:
        chunks = zip(_chunks(one, cancel), _chunks(other, cancel), strict=True)
        return one.info.size_bytes == other.info.size_bytes and all(
            mine == theirs for mine, theirs in chunks
        )


def _same_checksum(one: ObjectInfo, other: ObjectInfo) -> bool:
    """Whether both have one checksum; two of parts are equal only when the parts are."""
    return one.checksum_type is other.checksum_type and any(
        other.checksums.get(algorithm) == value for algorithm, value in one.checksums.items()
    )


def _passes(check: ContentCheck | None, reader: ObjectReader, cancel: CancelToken) -> bool:
    """Read an object and return whether its bytes have another's checksum."""
    if check is None or _outcome(check) is not Outcome.UNREAD:
        return False  # nothing to compare with
    position = 0
    for chunk in _chunks(reader, cancel):
        check.add(position, chunk)
        position += len(chunk)
    try:
        check.finish()
    except IntegrityError:
        return False
    return _outcome(check) is Outcome.VERIFIED


def _outcome(check: ContentCheck) -> Outcome:
    return check.outcome


def _chunks(reader: ObjectReader, cancel: CancelToken) -> Iterator[memoryview]:
    """Yield an object's bytes, the last piece shorter; each is valid until the next."""
    left_bytes = reader.info.size_bytes
    buffer = memoryview(bytearray(min(left_bytes, _CHUNK_BYTES)))
    while left_bytes:
        view = buffer[:left_bytes]
        fill(reader, view, cancel)
        yield view
        left_bytes -= len(view)
