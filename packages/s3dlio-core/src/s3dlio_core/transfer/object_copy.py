"""Copying one object between any two stores, through this machine: what all ways have in common.

The same code serves every pair: bytes go from the source's reader into one leased buffer and from
there to `put` or `put_part`. What is checked: the source is in the state it was listed in, each
range arrives in full, the bytes have the checksum that the source tells, where it does, and the
destination reports the size that was sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from s3dlio_core.bandwidth import paced
from s3dlio_core.content_types import with_content_type
from s3dlio_core.errors import IntegrityError, SourceChangedError
from s3dlio_core.identity import same_object
from s3dlio_core.mtimes import kept_mtime_ns, mtime_attributes, mtime_ns_of
from s3dlio_core.store import Attributes

if TYPE_CHECKING:
    from s3dlio_core.bandwidth import Bandwidth, Readable
    from s3dlio_core.content_check import Outcome
    from s3dlio_core.store import (
        Condition,
        ObjectInfo,
        ObjectStore,
    )
    from s3dlio_core.transfer.buffers import BufferPool
    from s3dlio_core.transfer.events import CancelToken
    from s3dlio_core.transfer.plan import CopyItem

__all__ = [
    "Copied",
    "CopyContext",
    "changed",
    "check_size",
    "check_unchanged",
    "copy_whole",
    "fill",
    "looked_at_anew",
]


@dataclass(frozen=True, slots=True)
class Copied:
    """What has become of an object.

    Attributes:
        info: the object at the destination, as the store reports it.
        outcome: how its bytes compared with the source's checksum; None: nothing to compare.
    """

    info: ObjectInfo
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class CopyContext:
    """What all copies of a run share."""

    destination: ObjectStore
    buffers: BufferPool
    cancel: CancelToken
    attributes: Attributes | None = None
    condition: Condition | None = None
    guess_content_type: bool = True
    bandwidth: Bandwidth | None = None

    def paced(self, reader: Readable) -> Readable:
        """Return a reader that keeps to the run's bandwidth, if that is limited."""
        return paced(reader, self.bandwidth, self.cancel)

    @property
    def takes_attributes(self) -> bool:
        """Whether what is written can have any attributes."""
        capabilities = self.destination.capabilities
        return capabilities.attributes or capabilities.mtime

    def taken_over(self, item: CopyItem, described: ObjectInfo) -> Attributes | None:
        """Return what a copy takes over from its source: attributes, and tags if it has any.

        Args:
            item: what is copied.
            described: its source, as a description tells it.

        Raises:
            S3dlioError: the source can't be asked for its tags.
        """
        attributes = described.attributes
        can_have_tags = item.source.capabilities.tags and self.destination.capabilities.tags
        if not described.tag_count or not can_have_tags:
            return attributes
        if self.attributes is not None and self.attributes.tags:
            return attributes
        tags = item.source.tags(item.info.key, version=item.version)
        return replace(attributes or Attributes(), tags=tags)

    def attributes_of(self, item: CopyItem, source: Attributes | None) -> Attributes | None:
        """Return what an object is written with: what the caller asked for, else its source's.

        Args:
            item: what is copied.
            source: its source's attributes, if they are known.
        """
        if not self.takes_attributes:
            return None
        capabilities = self.destination.capabilities
        wanted = source if self.attributes is None else self.attributes.over(source)
        if capabilities.mtime and not item.source.capabilities.mtime:
            wanted = _with_mtime(wanted, item.info.mtime)
        if capabilities.attributes and self.guess_content_type:
            wanted = with_content_type(wanted, item.key, item.info.key)
        return wanted


def looked_at_anew(item: CopyItem) -> CopyItem:
    """Return an item with its source as it is now."""
    info = item.source.head(item.info.key, version=item.version)
    return replace(item, info=info, stale=False)


def copy_whole(item: CopyItem, context: CopyContext) -> Copied:
    """Copy an object with one read and one `put`."""
    size_bytes = item.info.size_bytes
    with context.buffers.lease(size_bytes, context.cancel) as view:
        with item.source.open_reader(item.info.key, version=item.version) as reader:
            check_unchanged(item, reader.info)
            fill(context.paced(reader), view, context.cancel)
            described, check = reader.info, reader.check
        written = context.destination.put(
            item.key,
            view,
            attributes=context.attributes_of(item, context.taken_over(item, described)),
            condition=context.condition,
        )
    check_size(written, size_bytes, context.destination.uri_of(item.key))
    return Copied(written, None if check is None else check.outcome)


def _with_mtime(attributes: Attributes | None, mtime_s: float | None) -> Attributes | None:
    if mtime_s is None or kept_mtime_ns(attributes) is not None:
        return attributes
    return mtime_attributes(mtime_ns_of(mtime_s)).over(attributes)


def fill(reader: Readable, view: memoryview, cancel: CancelToken) -> None:
    """Fill a view from a reader, to the view's end.

    Raises:
        IntegrityError: the reader ends before.
    """
    position = 0
    while position < len(view):
        cancel.raise_if_cancelled()
        count = reader.readinto(view[position:])
        if not count:
            raise IntegrityError(f"the source ends after {position} of {len(view)} bytes")
        position += count


def check_unchanged(item: CopyItem, now: ObjectInfo) -> None:
    """Check that a source is in the state that it was listed in.

    Raises:
        SourceChangedError: it isn't.
    """
    if not same_object(now, item.info):
        raise changed(item)


def changed(item: CopyItem) -> SourceChangedError:
    """Return the error of a source that isn't in the state that it was listed in."""
    return SourceChangedError(
        "it changed since it was listed",
        operation="read",
        uri=item.source.uri_of(item.info.key),
        hint="Run the command again, or let it try again with retries (--retries)",
    )


def check_size(written: ObjectInfo, size_bytes: int, uri: str) -> None:
    """Check the size that a destination reports.

    Raises:
        IntegrityError: it isn't the source's.
    """
    if written.size_bytes != size_bytes:
        raise IntegrityError(
            f"the destination holds {written.size_bytes} bytes, {size_bytes} were sent",
            operation="put",
            uri=uri,
            retryable=False,
        )
