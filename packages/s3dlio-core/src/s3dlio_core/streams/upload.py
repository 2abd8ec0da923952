"""An object on its way whose size isn't known: whole with one `put`, or in parts by workers.

Rules that hold in this file:
- Parts are sent while the next is filled. All buffers together keep to one budget; a part that is
  larger than it waits until nothing else is on its way.
- Nothing is visible before `finish`, and nothing is left after `abort`. An abort waits for requests
  under way, and for its own answer, but not forever.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from s3dlio_core.errors import IntegrityError, ObjectTooLargeError, S3dlioError
from s3dlio_core.logs import get_logger
from s3dlio_core.streams.ownership import Owner
from s3dlio_core.streams.part_sizes import part_size_at
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
        self._sent_bytes = 0
        self._part_count = 0
        self._changed = threading.Condition()
        self._running = 0
        self._parts: list[Part] = []
        self._error: BaseException | None = None
        self._ended = False

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
            self._upload = self._store.create_multipart(
                self._key,
                part_size_bytes=equal_bytes,
                attributes=self._attributes,
                condition=self._condition,
            )
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
        written = self._store.put(
            self._key, view, attributes=self._attributes, condition=self._condition
        )
        if self._sent is not None:
            self._sent(len(view))
        return self._end(written, len(view))

    def complete(self) -> ObjectInfo:
        """Wait for all parts, and commit the object."""
        with self._changed:
            while self._running:
                self._changed.wait()
        self._raise_error()
        self._parts.sort(key=lambda part: part.number)
        return self._end(self._begun().complete(self._parts), self._sent_bytes)

    def _end(self, written: ObjectInfo, size_bytes: int) -> ObjectInfo:
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
            if self._upload is not None:
                _abort(self._upload, self.uri)
        finally:
            self._release()

    def _release(self) -> None:
        self._workers.close()
        self._buffers.close()
        if self._at_end is not None:
            self._at_end()


def _abort(upload: MultipartUpload, uri: str) -> None:
    """Abort an upload, in a thread: a server that doesn't answer holds nobody up."""
    problems = ["no answer to its abort"]

    def run() -> None:
        try:
            upload.abort()
        except S3dlioError as error:
            problems[0] = str(error)
        else:
            problems.clear()

    thread = threading.Thread(target=run, name="s3dlio-abort", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the interpreter ends, or the system gives no more threads
        run()
    else:
        thread.join(GRACE_S)
    for problem in tuple(problems):
        _log.warning("an unfinished upload may be left at %s: %s", uri, problem)
