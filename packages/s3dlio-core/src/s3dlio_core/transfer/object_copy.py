"""Copying one object between any two stores: whole, or in parts.

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
from s3dlio_core.transfer.plan import part_count

if TYPE_CHECKING:
    from s3dlio_core.content_check import ContentCheck, Outcome
    from s3dlio_core.store import (
        Capabilities,
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

__all__ = ["Copied", "CopyContext", "PartedCopy", "copy_whole", "fill", "looked_at_anew"]

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

    def attributes_of(self, item: CopyItem, source: Attributes | None) -> Attributes | None:
        """Return what an object is written with: what the caller asked for, else its source's.

        Args:
            item: what is copied.
            source: its source's attributes, if they are known.
        """
        capabilities = self.destination.capabilities
        if not _has_attributes(capabilities):
            return None
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


def copy_whole(item: CopyItem, context: CopyContext) -> Copied:
    """Copy an object with one read and one `put`."""
    size_bytes = item.info.size_bytes
    with context.buffers.lease(size_bytes, context.cancel) as view:
        with item.source.open_reader(item.info.key, version=item.version) as reader:
            _check_unchanged(item, reader.info)
            fill(reader, view, context.cancel)
            attributes, check = reader.info.attributes, reader.check
        written = context.destination.put(
            item.key,
            view,
            attributes=context.attributes_of(item, attributes),
            condition=context.condition,
        )
    _check_size(written, size_bytes, context.destination.uri_of(item.key))
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


def _has_attributes(capabilities: Capabilities) -> bool:
    return capabilities.attributes or capabilities.mtime


def fill(reader: ObjectReader, view: memoryview, cancel: CancelToken) -> None:
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


def _check_unchanged(item: CopyItem, now: ObjectInfo) -> None:
    if not same_object(now, item.info):
        raise _changed(item)


def _changed(item: CopyItem) -> SourceChangedError:
    return SourceChangedError(
        "it changed since it was listed",
        operation="read",
        uri=item.source.uri_of(item.info.key),
        hint="Run the command again, or let it try again with retries (--retries)",
    )


def _check_size(written: ObjectInfo, size_bytes: int, uri: str) -> None:
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
        source, destination, info = self.item.source, self._context.destination, self.item.info
        attributes = info.attributes
        lacks_attributes = (
            attributes is None
            and _has_attributes(source.capabilities)
            and _has_attributes(destination.capabilities)
        )
        if lacks_attributes or source.capabilities.read_checksums:
            described = source.head(info.key, version=self.item.version)
            _check_unchanged(self.item, described)
            attributes = described.attributes if lacks_attributes else attributes
            self._check = source.content_check(described, version=self.item.version)
        self._upload = destination.create_multipart(
            self.item.key,
            size_bytes=info.size_bytes,
            part_size_bytes=self._part_size_bytes,
            attributes=self._context.attributes_of(self.item, attributes),
            condition=self._context.condition,
        )

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
            part = self._copy(number)
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

    def _copy(self, number: int) -> Part:
        item, context = self.item, self._context
        start = (number - 1) * self._part_size_bytes
        stop = min(start + self._part_size_bytes, item.info.size_bytes)
        with context.buffers.lease(stop - start, context.cancel) as view:
            with self._open(start, stop) as reader:
                _check_unchanged(item, reader.info)
                fill(reader, view, context.cancel)
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
            raise _changed(item) from error

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
        _check_size(written, self.item.info.size_bytes, uri)
        return Copied(written, None if self._check is None else self._check.outcome)

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
