"""Whether a destination has its source's bytes already, as checksums tell it.

Rules that hold in this file:
- Two stores that tell checksums are asked for them, where listings don't tell them. Where one tells
  them, or each those of other algorithms, the bytes of the other are read and compared with its
  checksum: a source's wherever a copy would read them as well; a destination's only where it is a
  file.
- An object without such a checksum is compared with a file by its ETag, which is often the MD5 of
  its bytes (`Capabilities.md5_etags`): bytes with that MD5 are the same. The ETags of two stores
  aren't compared, since nobody knows that both are of bytes.
- Two files are compared byte by byte.
- What can't be compared isn't the same.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from s3dlio_core.anonymous_memory import anonymous_memory
from s3dlio_core.content_check import Outcome
from s3dlio_core.errors import IntegrityError
from s3dlio_core.identity import same_account
from s3dlio_core.store import ChecksumType, ObjectInfo
from s3dlio_core.transfer.object_copy import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_core.content_check import ContentCheck
    from s3dlio_core.store import ObjectReader, ObjectStore
    from s3dlio_core.transfer.events import CancelToken
    from s3dlio_core.transfer.plan import CopyItem

__all__ = ["same_bytes", "same_content"]

_CHUNK_BYTES = 1024**2
#: What an MD5 looks like; the ETag of a multipart upload has "-" and a number behind.
_MD5 = re.compile(r"[0-9a-f]{32}")


def same_content(item: CopyItem, destination: ObjectStore, cancel: CancelToken) -> bool | None:
    """Return whether the destination of an item, which exists, has the same bytes.

    Args:
        item: what would be copied; both objects have its size.
        destination: where to.
        cancel: stops the reading.

    Returns:
        None: it can't be told, since there is nothing to compare.

    Raises:
        S3dlioError: a store can't be asked, or an object not be read.
    """
    source, key, version = item.source, item.info.key, item.version
    told_by_source = source.capabilities.read_checksums
    told_by_destination = destination.capabilities.read_checksums
    if told_by_source and told_by_destination:
        is_same = _same_checksum(_source_of(item), _destination_of(item, destination))
        if is_same is not None or same_account(source, destination):
            return is_same
    source_is_file = source.capabilities.directories
    destination_is_file = destination.capabilities.directories
    if source_is_file and destination_is_file:
        return same_bytes(item, destination, cancel)
    if told_by_destination or source_is_file:
        described = _destination_of(item, destination)
        with source.open_reader(key, version=version) as reader:
            return _same_as(destination, described, None, reader, cancel)
    if destination_is_file:
        described = _source_of(item)
        with destination.open_reader(item.key) as reader:
            return _same_as(source, described, version, reader, cancel)
    return None


def same_bytes(item: CopyItem, destination: ObjectStore, cancel: CancelToken) -> bool:
    """Read an item and its destination, which exists, and return whether their bytes are the same.

    Args:
        item: what is compared; both objects have its size.
        destination: where the other one is.
        cancel: stops the reading.

    Raises:
        S3dlioError: one can't be read.
    """
    with (
        item.source.open_reader(item.info.key) as one,
        destination.open_reader(item.key) as other,
    ):
        chunks = zip(_chunks(one, cancel), _chunks(other, cancel), strict=True)
        return one.info.size_bytes == other.info.size_bytes and all(
            mine == theirs for mine, theirs in chunks
        )


def _source_of(item: CopyItem) -> ObjectInfo:
    """Describe a source with its checksums, as far as its store tells them."""
    known = item.info
    return known if known.checksums else item.source.head(known.key, version=item.version)


def _destination_of(item: CopyItem, destination: ObjectStore) -> ObjectInfo:
    """Describe a destination likewise."""
    known = item.existing
    if isinstance(known, ObjectInfo) and known.checksums:
        return known
    return destination.head(item.key)


def _same_checksum(one: ObjectInfo, other: ObjectInfo) -> bool | None:
    """Whether both have one checksum; None when that can't be told.

    Two of parts that differ tell nothing: the same bytes may have been written in other parts.
    """
    common = one.checksums.keys() & other.checksums.keys()
    if one.checksum_type is not other.checksum_type or not common:
        return None
    if any(one.checksums[algorithm] == other.checksums[algorithm] for algorithm in common):
        return True
    return None if one.checksum_type is ChecksumType.COMPOSITE else False


def _same_as(
    store: ObjectStore,
    described: ObjectInfo,
    version: str | None,
    reader: ObjectReader,
    cancel: CancelToken,
) -> bool | None:
    """Read an object and return whether its bytes are those of another that a store describes."""
    check = store.content_check(described, version=version)
    if check is not None and _outcome(check) is Outcome.UNREAD:
        return _passes(check, reader, cancel)
    if store.capabilities.md5_etags and _MD5.fullmatch(described.etag or ""):
        md5 = hashlib.md5(usedforsecurity=False)
        for chunk in _chunks(reader, cancel):
            md5.update(chunk)
        # That of an encrypted object is none, so that it is copied though it may be the same.
        return md5.hexdigest() == described.etag
    return None


def _passes(check: ContentCheck, reader: ObjectReader, cancel: CancelToken) -> bool:
    """Read an object and return whether its bytes have another's checksum."""
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
    # Where it is worth it, aligned memory, which O_DIRECT reads into straight.
    is_short = left_bytes < _CHUNK_BYTES
    buffer = memoryview(bytearray(left_bytes) if is_short else anonymous_memory(_CHUNK_BYTES))
    while left_bytes:
        view = buffer[:left_bytes]
        fill(reader, view, cancel)
        yield view
        left_bytes -= len(view)
