"""Copies that the destination makes by itself: no byte of an object passes through this machine.

A service copies its own objects (CopyObject, UploadPartCopy), a kernel its own files
(copy_file_range). Whether it can is told by data: both stores name the same scheme, endpoint and
identity, and the capabilities say the rest.

Rules that hold in this file:
- The source's ETag is always a condition, so what is copied is what was listed. A source without
  one is streamed, where each answer tells what it is about.
- Where a destination only looks at the ETag before each part (`Capabilities.copy_if_match`), the
  source is looked at once more before the object is completed: it may have been replaced between
  the last look and the last part, and an object is never of two states.
- Each pair of stores is compared once, not once for each object.
- What the destination finds it can't copy after all is streamed, and so is all else of that source.
- Where the bandwidth is limited, files are streamed; what a service copies needs none of it.
- A conditional copy whose answer was lost, and that is refused when it is made again, is told by
  its checksum; where there is none it has failed, and isn't taken for somebody else's object.
- Nobody here saw the bytes: they are compared with a checksum only where both sides tell one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from s3dlio_core.content_check import Outcome
from s3dlio_core.errors import (
    IntegrityError,
    NotSupportedError,
    ObjectNotFoundError,
    PreconditionFailedError,
    S3dlioError,
)
from s3dlio_core.identity import same_account
from s3dlio_core.logs import get_logger
from s3dlio_core.store import ChecksumType
from s3dlio_core.transfer.object_copy import (
    Copied,
    CopyContext,
    changed,
    check_size,
    check_unchanged,
    looked_at_anew,
)
from s3dlio_core.transfer.parted_copy import PartedCopy
from s3dlio_core.transfer.plan import copy_part_size_for, part_size_for

if TYPE_CHECKING:
    from s3dlio_core.store import CopySource, ObjectInfo, ObjectStore, Part
    from s3dlio_core.transfer.plan import CopyItem

__all__ = ["WithinStore"]

_log = get_logger("transfer")


class WithinStore:
    """Copies what the destination of a run can copy by itself; thread-safe."""

    def __init__(self, context: CopyContext, part_size_bytes: int | None = None) -> None:
        """Begin with nothing known of any source.

        Args:
            context: of the run.
            part_size_bytes: overrides the default of `plan.copy_part_size_for`.
        """
        self._context = context
        self._part_size_bytes = part_size_bytes
        self._reached: dict[ObjectStore, bool] = {}
        condition, capabilities = context.condition, context.destination.capabilities
        self._copies_whole = condition is None or capabilities.copy_if_absent

    def copy(self, item: CopyItem) -> Copied | PartedCopy | None:
        """Copy an object, or return what copies its parts; None: it is to be streamed.

        Raises:
            SourceChangedError: the source isn't what was listed.
            S3dlioError: what the stores raise.
        """
        if not self._reaches(item.source) or item.info.etag is None:
            return None
        part_size_bytes = self._part_size(item)
        if part_size_bytes is not None:
            can_copy_parts = self._context.destination.capabilities.copy_part
            return PartsWithin(item, part_size_bytes, self._context) if can_copy_parts else None
        if not self._copies_whole:
            return None
        try:
            return _copy_whole(item, self._context)
        except NotSupportedError as error:
            self._give_up(item.source, error)
            return None

    def is_to_be_streamed(self, parted: PartedCopy, error: S3dlioError) -> bool:
        """Whether a copy of parts ended because the store can't copy them, so that others might."""
        can_not = isinstance(error, NotSupportedError) and error is parted.error
        if not can_not or not isinstance(parted, PartsWithin):
            return False
        self._give_up(parted.item.source, error)
        return True

    def _reaches(self, source: ObjectStore) -> bool:
        reached = self._reached.get(source)
        if reached is None:
            destination = self._context.destination
            can_copy = destination.capabilities.copy and source.capabilities.etag_changes
            if self._context.bandwidth is not None and destination.capabilities.directories:
                can_copy = False  # the kernel's copies would keep to no limit
            reached = can_copy and same_account(source, destination)
            # Another worker may have found out meanwhile that it can't.
            reached = self._reached.setdefault(source, reached)
        return reached

    def _give_up(self, source: ObjectStore, error: S3dlioError) -> None:
        self._reached[source] = False
        _log.info("objects of %s are streamed: %s", source.uri, error)

    def _part_size(self, item: CopyItem) -> int | None:
        size_bytes, limits = item.info.size_bytes, self._context.destination.limits
        wanted_bytes = self._part_size_bytes
        if not self._copies_whole:
            # The end of an upload can have the condition that a copy can't, but isn't worth it for
            # what goes in one piece.
            streamed_bytes = part_size_for(size_bytes, item.source.limits, limits, wanted_bytes)
            if streamed_bytes is None:
                return None
            limits = replace(limits, copy_size_max_bytes=0)
        return copy_part_size_for(size_bytes, limits, wanted_bytes)


def _source_of(item: CopyItem) -> CopySource:
    source = item.source.copy_source(item.info.key, item.info.etag, item.version)
    return replace(source, tag_count=item.info.tag_count)


def _copy_whole(item: CopyItem, context: CopyContext) -> Copied:
    """Copy an object with one request.

    The service keeps all that its source has, unless the caller asked for something.
    """
    described, attributes = item.info, None
    if context.attributes is not None and context.takes_attributes:
        described = looked_at_anew(item).info
        check_unchanged(item, described)
        attributes = context.attributes_of(item, described.attributes)
    try:
        written = context.destination.copy_from(
            _source_of(item), item.key, attributes=attributes, condition=context.condition
        )
    except PreconditionFailedError as error:
        if context.condition is None:
            raise changed(item) from error
        found = _copied_before(item, context, described) if error.maybe_done else None
        if found is None:
            # Either of two conditions: only the source can tell.
            check_unchanged(item, looked_at_anew(item).info)
            raise
        written = found
    uri = context.destination.uri_of(item.key)
    check_size(written, item.info.size_bytes, uri)
    return Copied(written, _compared(described, written, uri))


def _copied_before(
    item: CopyItem, context: CopyContext, described: ObjectInfo
) -> ObjectInfo | None:
    """Return the copy, if an attempt whose answer was lost has made it; its checksum tells."""
    try:
        found = context.destination.head(item.key)
        compared = _compared(described, found, context.destination.uri_of(item.key))
    except (IntegrityError, ObjectNotFoundError):
        return None
    is_copy = compared is Outcome.VERIFIED and found.size_bytes == item.info.size_bytes
    return found if is_copy else None


def _compared(source: ObjectInfo, written: ObjectInfo, uri: str) -> Outcome | None:
    """Compare the checksums of whole objects; None when there are no two of one algorithm.

    Raises:
        IntegrityError: they differ.
    """
    if {source.checksum_type, written.checksum_type} != {ChecksumType.FULL_OBJECT}:
        return None
    names = source.checksums.keys() & written.checksums.keys()
    if not names:
        return None
    for name in sorted(names):
        if source.checksums[name] != written.checksums[name]:
            raise IntegrityError(
                f"the copy has the {name} {written.checksums[name]}, and its source "
                f"{source.checksums[name]}",
                operation="copy",
                uri=uri,
                retryable=False,
            )
    return Outcome.VERIFIED


class PartsWithin(PartedCopy):
    """A copy whose parts the destination copies by itself."""

    def _described(self) -> ObjectInfo:
        # An upload in parts knows nothing of its source, so what is to be kept is read first.
        if self._lacks_attributes() or self._lacks_checksums():
            self._source = self._looked_at()
        else:
            self._source = self.item.info
        return self._source

    def _copy(self, number: int, start: int, stop: int) -> Part:
        self._context.cancel.raise_if_cancelled()
        try:
            return self._started().copy_part(number, start, _source_of(self.item), start, stop)
        except PreconditionFailedError as error:
            raise changed(self.item) from error

    def _compare(self) -> None:
        super()._compare()
        if not self._context.destination.capabilities.copy_if_match:
            self._looked_at()

    def _outcome(self, written: ObjectInfo) -> Outcome | None:
        return _compared(self._source, written, self._context.destination.uri_of(self.item.key))
