"""An object on its way whose size isn't known: whole with one `put`, or in parts by workers.

Rules that hold in this file:
- Parts are sent while the next is filled. All buffers together keep to one budget; a part that is
  larger than it waits until nothing else is on its way.
- Nothing is visible before `put` or `complete`, and nothing is left after `abort`. An abort waits
  for requests under way, and for its own answer, but not forever.
- What begins or commits the object is asked for in a thread of its own: KeyboardInterrupt, or what
  else is raised in the caller's, doesn't tear an answer off that says what there is to abort.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from s3dlio_core.errors import IntegrityError, ObjectTooLargeError, S3dlioError
from s3dlio_core.logs import get_logger
from s3dlio_core.streams.ownership import Owner
from s3dlio_core.streams.part_sizes import part_size_at
from s3dlio_core.streams.untorn import Untorn
from s3dlio_core.streams.workers import Workers
from s3dlio_core.transfer.buffers import BUDGET_BYTES, BufferPool
from s3dlio_core.transfer.events import CancelToken

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3dlio_core.store import (
        Attributes,
        Condition,
        MultipartUpload,
        ObjectInfo,
        ObjectStore,
        Part,
    )
    from s3dlio_core.transfer.buffers import Lease

__all__ = ["GRACE_S", "PARTS_AT_ONCE", "StreamUpload"]

_log = get_logger("streams")

#: How long an abort waits for requests under way, and as long for its own answer.
GRACE_S = 5.0
#: Parts on their way at the most; the budget allows fewer of the usual size.
PARTS_AT_ONCE = 16


class StreamUpload:
    """One object on its way. For one caller, but `abort` may be called by any thread."""

    def __init__(
        self,
        store: ObjectStore,
        key: str,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
        part_size_bytes: int | None = None,
        parts_at_once: int = PARTS_AT_ONCE,
        cancel: CancelToken | None = None,
        at_end: Callable[[], None] | None = None,
        sent: Callable[[int], None] | None = None,
    ) -> None:
        """Prepare; no request is made.

        Args:
            store: where to.
            key: the object's key.
            attributes: what it is written with.
            condition: checked when it is committed.
            part_size_bytes: of the first parts; see `part_sizes`.
            parts_at_once: requests at the same time, at the most.
            cancel: ends requests when it is set.
            at_end: is called at the end, once, however it ends.
            sent: is told the size of each part that was sent; never by two threads at once.
        """
        self.owner = Owner()
        self.uri = store.uri_of(key)
        self._store = store
        self._key = key
        self._attributes = attributes
        self._condition = condition
        self._wanted_bytes = part_size_bytes
        self._cancel = (cancel or CancelToken()).child()
        self._at_end = at_end
        self._sent = sent
        self._buffers = BufferPool(BUDGET_BYTES)
        self._workers = Workers(parts_at_once, "s3dlio-write")
        self._upload: MultipartUpload | None = None
        self._beginning: Untorn[MultipartUpload] | None = None
        self._commit: Untorn[ObjectInfo] | None = None
        self._sent_bytes = 0
        self._part_count = 0
        self._changed = threading.Condition()
        self._running = 0
        self._parts: list[Part] = []
        self._error: BaseException | None = None
        self._ended = False

    def remarks(self) -> tuple[str, ...]:
        """Return what the store remarks; see `ObjectStore.remarks`."""
        return self._store.remarks()

    @property
    def in_parts(self) -> bool:
        """Whether a part was sent, so that it can't be sent whole any more."""
        return self._upload is not None

    def lend(self, *, ahead: int = 0) -> Lease:
        """Wait for the memory of the next part.

        Args:
            ahead: parts before it that were filled, but not sent yet.

        Raises:
            S3dlioError: a part has failed.
            ObjectTooLargeError: there are no more parts.
        """
        self._raise_error()
        number = self._part_count + ahead + 1
        limits = self._store.limits
        if number > limits.part_count_max:
            raise ObjectTooLargeError(
                f"{self._sent_bytes} bytes were sent in {self._part_count} parts, and there can be "
                "no more",
                operation="put",
                uri=self.uri,
                hint="Give a larger part size",
            )
        size_bytes = part_size_at(number, limits, self._wanted_bytes)
        if number == 1:
            size_bytes = min(size_bytes, limits.put_size_max_bytes)
        lease = self._buffers.lend(size_bytes, self._cancel)
        try:
            self._raise_error()
        except BaseException:
            lease.give_back()
            raise
        return lease

    def send(self, lease: Lease, size_bytes: int) -> None:
        """Send the beginning of a buffer as the next part; the lease is given back when it is."""
        upload = self._begun()
        self._part_count += 1
        number, offset = self._part_count, self._sent_bytes
        self._sent_bytes += size_bytes
        with self._changed:
            self._running += 1
        self._workers.run(lambda: self._send(upload, number, offset, lease, size_bytes))

    def _begun(self) -> MultipartUpload:
        if self._upload is None:
            limits = self._store.limits
            # Where they needn't be of one size they may grow.
            equal_bytes = (
                part_size_at(1, limits, self._wanted_bytes) if limits.equal_parts else None
            )
            self._beginning = Untorn(
                lambda: self._store.create_multipart(
                    self._key,
                    part_size_bytes=equal_bytes,
                    attributes=self._attributes,
                    condition=self._condition,
                )
            )
            self._upload = self._beginning.result()
        return self._upload

    def _send(
        self, upload: MultipartUpload, number: int, offset: int, lease: Lease, size_bytes: int
    ) -> None:
        """Send one part; a worker's task."""
        part: Part | None = None
        error: BaseException | None = None
        try:
            self._cancel.raise_if_cancelled("put", self.uri)
            if self._error is None:
                part = upload.put_part(number, offset, lease.view[:size_bytes])
        except BaseException as caught:  # noqa: BLE001 - raised again by the caller's next step
            error = caught
        lease.give_back()
        with self._changed:
            self._running -= 1
            self._error = self._error or error
            if part is not None:
                self._parts.append(part)
                if self._sent is not None:
                    self._sent(size_bytes)
            self._changed.notify_all()

    def put(self, view: memoryview) -> ObjectInfo:
        """Commit the object whole."""

        def put() -> ObjectInfo:
            return self._store.put(
                self._key, view, attributes=self._attributes, condition=self._condition
            )

        return self._committed(put, len(view), len(view))

    def complete(self) -> ObjectInfo:
        """Wait for all parts, and commit the object."""
        with self._changed:
            while self._running:
                self._changed.wait()
        self._raise_error()
        self._parts.sort(key=lambda part: part.number)
        upload = self._begun()
        return self._committed(lambda: upload.complete(self._parts), self._sent_bytes, 0)

    def _committed(
        self, commit: Callable[[], ObjectInfo], size_bytes: int, untold_bytes: int
    ) -> ObjectInfo:
        """Commit the object, and check what the destination says that it holds."""
        self._commit = Untorn(commit)
        written = self._commit.result()
        if untold_bytes and self._sent is not None:
            self._sent(untold_bytes)
        if written.size_bytes != size_bytes:
            raise IntegrityError(
                f"the destination holds {written.size_bytes} bytes, {size_bytes} were sent",
                operation="put",
                uri=self.uri,
                retryable=False,
            )
        self._ended = True
        self._release()
        return written

    def _raise_error(self) -> None:
        self._cancel.raise_if_cancelled("put", self.uri)
        if self._error is not None:
            raise self._error

    def abort(self) -> None:
        """Discard everything; nothing happens after the end, or in a child process."""
        if self._ended or not self.owner.is_here:
            return
        self._ended = True
        self._cancel.cancel()
        self._workers.close()
        is_over = self._workers.join(GRACE_S)
        if not is_over:
            _log.info("left requests behind that don't end: %s", self.uri)
        try:
            if self._was_committed():
                _log.warning("it came too late to stop it: %s was written", self.uri)
            elif (upload := self._left_upload()) is not None:
                _abort(upload, self.uri)
        finally:
            self._release()

    def _was_committed(self) -> bool:
        """Whether a commit that nobody waited for any more has written the object."""
        return (
            self._commit is not None
            and not self._commit.was_told
            and self._commit.outcome(GRACE_S) is not None
        )

    def _left_upload(self) -> MultipartUpload | None:
        """Return the upload that there is, also one whose beginning nobody waited for."""
        if self._upload is not None or self._beginning is None:
            return self._upload
        upload = self._beginning.outcome(GRACE_S)
        if self._beginning.is_open:
            _log.warning("an unfinished upload may be left at %s: it was about to begin", self.uri)
        return upload

    def _release(self) -> None:
        self._workers.close()
        self._buffers.close()
        if self._at_end is not None:
            self._at_end()


def _abort(upload: MultipartUpload, uri: str) -> None:
    """Abort an upload; a server that doesn't answer holds nobody up."""

    def run() -> str:
        try:
            upload.abort()
        except S3dlioError as error:
            return str(error)
        return ""

    problem = Untorn(run).begin().outcome(GRACE_S)
    if problem != "":
        _log.warning(
            "an unfinished upload may be left at %s: %s", uri, problem or "no answer to its abort"
        )
