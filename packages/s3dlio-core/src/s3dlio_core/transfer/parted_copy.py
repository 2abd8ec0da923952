"""Copying one object in parts, by many workers; the choice between that and one piece.

What is compared is compared before the upload is completed, so that wrong bytes are never seen
under its key.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from s3dlio_core.content_check import for_parts
from s3dlio_core.errors import PreconditionFailedError, S3dlioError
from s3dlio_core.logs import get_logger
from s3dlio_core.transfer.object_copy import (
    Copied,
    CopyContext,
    changed,
    check_size,
    check_unchanged,
    copy_whole,
    fill,
)
from s3dlio_core.transfer.plan import part_count, part_size_for

if TYPE_CHECKING:
    from s3dlio_core.content_check import ContentCheck, Outcome
    from s3dlio_core.store import MultipartUpload, ObjectInfo, ObjectReader, Part
    from s3dlio_core.transfer.plan import CopyItem

__all__ = ["PartedCopy", "copy_streamed"]

_log = get_logger("transfer")


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
        if self._lacks_attributes() or self._lacks_checksums():
            described = self._looked_at()
        if source.capabilities.read_checksums:
            check = source.content_check(described, version=self.item.version)
            self._check = for_parts(check)
        return described

    def _lacks_attributes(self) -> bool:
        source = self.item.source.capabilities
        return (
            self.item.info.attributes is None
            and self._context.takes_attributes
            and (source.attributes or source.mtime)
        )

    def _lacks_checksums(self) -> bool:
        return self.item.source.capabilities.read_checksums and not self.item.info.checksums

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
            self._compare()
            self._parts.sort(key=lambda part: part.number)
            written = self._started().complete(self._parts)
        except BaseException as error:
            self._abort_after(error)
            raise
        uri = self._context.destination.uri_of(self.item.key)
        check_size(written, self.item.info.size_bytes, uri)
        return Copied(written, self._outcome(written))

    def _compare(self) -> None:
        """Check what was copied, before it is seen.

        Raises:
            S3dlioError: it isn't what the source holds.
        """
        if self._check is not None:
            self._check.finish()

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
