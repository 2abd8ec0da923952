"""Copying one object between any two stores, through this machine: whole, or in parts.

The same code serves every pair: bytes go from the source's reader into one leased buffer and from
there to `put` or `put_part`. What is checked: the source is in the state it was listed in, each
range arrives in full, the bytes have the checksum that the source tells, where it does, and the
destination reports the size that was sent. An object of several parts is compared before it is
completed, so that wrong bytes are never seen under its key.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from s3dlio_core.bandwidth import paced
from s3dlio_core.content_types import guess_content_type
from s3dlio_core.errors import (
    IntegrityError,
    PreconditionFailedError,
    S3dlioError,
    SourceChangedError,
)
from s3dlio_core.identity import same_object
from s3dlio_core.logs import get_logger
from s3dlio_core.mtimes import kept_mtime_ns, mtime_attributes, mtime_ns_of
from s3dlio_core.store import Attributes
from s3dlio_core.transfer.plan import part_count, part_size_for

if TYPE_CHECKING:
    from s3dlio_core.bandwidth import Bandwidth, Readable
    from s3dlio_core.content_check import ContentCheck, Outcome
    from s3dlio_core.store import (
        Condition,
        MultipartUpload,
        ObjectInfo,
        ObjectReader,
        ObjectStore,
        Part,
    )
    from s3dlio_core.transfer.buffers import BufferPool
    from s3dlio_core.transfer.events import CancelToken
    from s3dlio_core.transfer.plan import CopyItem

__all__ = [
    "Copied",
    "CopyContext",
    "PartedCopy",
    "changed",
    "check_size",
    "check_unchanged",
    "copy_streamed",
    "copy_whole",
    "fill",
    "looked_at_anew",
]

_log = get_logger("transfer")


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
        if not described.tag_count or not self.destination.capabilities.tags:
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
            wanted = _with_content_type(wanted, item)
        return wanted


def looked_at_anew(item: CopyItem) -> CopyItem:
    """Return an item with its source as it is now."""
    info = item.source.head(item.info.key, version=item.version)
    return replace(item, info=info, stale=False)


def copy_streamed(
    item: CopyItem, context: CopyContext, part_size_bytes: int | None
) -> Copied | PartedCopy:
    """Copy an object with one read and one `put`, or return what copies its parts.

    Args:
        item: the object.
        context: of the run.
        part_size_bytes: overrides the default of `plan.part_size_for`.
    """
    size_bytes = part_size_for(
        item.info.size_bytes, item.source.limits, context.destination.limits, part_size_bytes
    )
    return (
        copy_whole(item, context) if size_bytes is None else PartedCopy(item, size_bytes, context)
    )


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


def _with_content_type(attributes: Attributes | None, item: CopyItem) -> Attributes | None:
    if attributes is not None and attributes.content_type:
        return attributes
    guessed = guess_content_type(item.key) or guess_content_type(item.info.key)
    return Attributes(content_type=guessed).over(attributes) if guessed else attributes


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


class PartedCopy:
    """A copy in parts, carried out by many workers.

    Life: `begin` once; then `claim` and `copy_part`, concurrently, until `claim` gives None; the
    worker whose call of `copy_part` returns True was the last and calls `end`.
    """

    def __init__(self, item: CopyItem, part_size_bytes: int, context: CopyContext) -> None:
        """Prepare a copy.

        Args:
            item: the object.
            part_size_bytes: the size of all parts but the last.
            context: of the run.
        """
        self.item = item
        self.error: S3dlioError | None = None
        self.done_bytes = 0
        #: Set by who calls `end`, before: from then on an abort could meet a finished object.
        self.ending = False
        self._context = context
        self._part_size_bytes = part_size_bytes
        self.count = part_count(item.info.size_bytes, part_size_bytes)
        self._claimed = 0
        self._running = 0
        self._parts: list[Part] = []
        self._upload: MultipartUpload | None = None
        self._check: ContentCheck | None = None
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Create the multipart upload at the destination."""
        context = self._context
        attributes = context.taken_over(self.item, self._described())
        self._upload = context.destination.create_multipart(
            self.item.key,
            size_bytes=self.item.info.size_bytes,
            part_size_bytes=self._part_size_bytes,
            attributes=context.attributes_of(self.item, attributes),
            condition=context.condition,
        )

    def _described(self) -> ObjectInfo:
        """Return the source as it is to be known before its parts are copied."""
        source, described = self.item.source, self.item.info
        if self._lacks_attributes() or source.capabilities.read_checksums:
            described = self._looked_at()
            self._check = source.content_check(described, version=self.item.version)
        return described

    def _lacks_attributes(self) -> bool:
        source = self.item.source.capabilities
        return (
            self.item.info.attributes is None
            and self._context.takes_attributes
            and (source.attributes or source.mtime)
        )

    def _looked_at(self) -> ObjectInfo:
        described = self.item.source.head(self.item.info.key, version=self.item.version)
        check_unchanged(self.item, described)
        return described

    @property
    def begun(self) -> bool:
        """Whether `begin` has returned."""
        return self._upload is not None

    def claim(self) -> int | None:
        """Take the number of a part to copy; None when all are taken or one has failed."""
        with self._lock:
            if self._claimed >= self.count or self.error is not None:
                return None
            self._claimed += 1
            self._running += 1
            return self._claimed

    def copy_part(self, number: int) -> tuple[int, bool]:
        """Copy one part.

        Returns:
            The bytes copied (0 when it failed: see `error`) and whether nothing is left to do but
            `end`.
        """
        copied_bytes = 0
        part: Part | None = None
        error: S3dlioError | None = None
        try:
            start = (number - 1) * self._part_size_bytes
            stop = min(start + self._part_size_bytes, self.item.info.size_bytes)
            part = self._copy(number, start, stop)
            copied_bytes = part.size_bytes
        except S3dlioError as caught:
            error = caught
        with self._lock:
            self._running -= 1
            if part is not None:
                self._parts.append(part)
                self.done_bytes += copied_bytes
            self.error = self.error or error
            over = self._claimed >= self.count or self.error is not None
            return copied_bytes, over and not self._running

    def _copy(self, number: int, start: int, stop: int) -> Part:
        item, context = self.item, self._context
        with context.buffers.lease(stop - start, context.cancel) as view:
            with self._open(start, stop) as reader:
                check_unchanged(item, reader.info)
                fill(context.paced(reader), view, context.cancel)
            if self._check is not None:
                self._check.add(start, view)
            return self._started().put_part(number, start, view)

    def _open(self, start: int, stop: int) -> ObjectReader:
        item = self.item
        pin = item.info.etag if item.source.capabilities.read_if_match else None
        try:
            return item.source.open_reader(
                item.info.key, start, stop, if_match=pin, version=item.version
            )
        except PreconditionFailedError as error:
            raise changed(item) from error

    def end(self) -> Copied:
        """Compare and complete the upload, or abort it and raise what went wrong."""
        try:
            if self.error is not None:
                raise self.error
            if self._check is not None:
                self._check.finish()
            self._parts.sort(key=lambda part: part.number)
            written = self._started().complete(self._parts)
        except BaseException as error:
            self._abort_after(error)
            raise
        uri = self._context.destination.uri_of(self.item.key)
        check_size(written, self.item.info.size_bytes, uri)
        return Copied(written, self._outcome(written))

    def _outcome(self, written: ObjectInfo) -> Outcome | None:
        """Return how the copy compared with its source's checksum."""
        del written
        return None if self._check is None else self._check.outcome

    def _abort_after(self, error: BaseException) -> None:
        """Discard the upload because of an error, which counts more than one of the abort."""
        try:
            self.abort()
        except S3dlioError as failed:
            _log.warning("an unfinished upload could not be aborted: %s", failed)
            if isinstance(error, S3dlioError):
                left = "An unfinished upload is left"
                if failed.reason != error.reason:  # mostly nothing answers any more, here as there
                    left = f"{left}: {failed}"
                error.hint = f"{error.hint}. {left}" if error.hint else left

    def abort(self) -> None:
        """Discard the upload, if it was begun. Raises what the store raises."""
        if self._upload is not None:
            self._upload.abort()

    def _started(self) -> MultipartUpload:
        if self._upload is None:
            raise AssertionError("begin() comes first")
        return self._upload
