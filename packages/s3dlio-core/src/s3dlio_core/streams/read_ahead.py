"""Ranges of an object that are on their way before they are asked for, handed out in order.

Rules that hold in this file:
- Each range is read by a worker into a buffer of its own; the bytes are handed out where they lie.
- So many ranges at a time that the pool's memory always suffices: nobody waits for memory that only
  he himself could give back.
- A check that needs order takes notice of bytes as they are handed out, any other of each range as
  soon as it is read.
- A range that nobody wants any more gives its buffer back when its worker is done with it.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from typing import TYPE_CHECKING

from s3dlio_core.transfer.object_copy import fill
from s3dlio_core.transfer.plan import PART_SIZE_BYTES

if TYPE_CHECKING:
    from s3dlio_core.content_check import ContentCheck
    from s3dlio_core.store import ObjectReader
    from s3dlio_core.streams.pinned import PinnedObject
    from s3dlio_core.streams.workers import Workers
    from s3dlio_core.transfer.buffers import BufferPool, Lease
    from s3dlio_core.transfer.events import CancelToken

__all__ = ["FIRST_RANGE_BYTES", "Range", "ReadAhead"]

#: A stream that is read on may end soon: the first range is short, each further one twice as long.
FIRST_RANGE_BYTES = 1024**2


class Range:
    """One range, from its request until nobody needs it any more.

    Attributes:
        start: its first byte.
        stop: its end, exclusive.
    """

    __slots__ = (
        "_abandoned",
        "_check",
        "_done",
        "_error",
        "_lease",
        "_lock",
        "start",
        "stop",
    )

    def __init__(self, start: int, stop: int, lease: Lease) -> None:
        self.start = start
        self.stop = stop
        self._lease = lease
        self._done = threading.Event()
        self._error: BaseException | None = None
        self._abandoned = False
        #: Takes notice of the bytes when they are handed out.
        self._check: ContentCheck | None = None
        self._lock = threading.Lock()

    def read(
        self,
        source: PinnedObject,
        opened: ObjectReader | None,
        check: ContentCheck | None,
        cancel: CancelToken,
    ) -> None:
        """Read it; a worker's task."""
        try:
            cancel.raise_if_cancelled("read", source.uri)
            with contextlib.closing(opened or source.open(self.start, self.stop)) as reader:
                fill(reader, self._lease.view, cancel)
            if check is not None and check.needs_order:
                self._check = check
            elif check is not None:
                check.add(self.start, self._lease.view)
        except BaseException as error:  # noqa: BLE001 - raised again where the bytes are asked for
            self._error = error
        with self._lock:
            self._done.set()
            if self._abandoned:
                self._lease.give_back()

    def view(self) -> memoryview:
        """Wait for its bytes; they are valid until `drop`.

        Raises:
            S3dlioError: they can't be had.
        """
        self._done.wait()
        if self._error is not None:
            raise self._error
        check, self._check = self._check, None
        if check is not None:
            check.add(self.start, self._lease.view)
        return self._lease.view

    def drop(self) -> None:
        """Need it no more."""
        with self._lock:
            self._abandoned = True
            if self._done.is_set():
                self._lease.give_back()


class ReadAhead:
    """The ranges from one place of an object to another."""

    def __init__(
        self,
        source: PinnedObject,
        start: int,
        stop: int,
        *,
        workers: Workers,
        buffers: BufferPool,
        cancel: CancelToken,
        ahead_max: int,
        check: ContentCheck | None = None,
        opened: ObjectReader | None = None,
        at_once: bool = False,
    ) -> None:
        """Prepare; the first call of `take` requests the first ranges.

        Args:
            source: what is read.
            start: the first byte.
            stop: the end, exclusive.
            workers: read.
            buffers: the memory.
            cancel: ends what is on its way.
            ahead_max: ranges on their way at the most.
            check: takes notice of all bytes.
            opened: a reader that stands at `start`; it is closed.
            at_once: everything will be wanted, so don't begin small.
        """
        self._source = source
        self._next = start
        self._stop = stop
        self._workers = workers
        self._buffers = buffers
        self._cancel = cancel.child()
        self._ahead_max = ahead_max
        self._check = check
        self._opened = opened
        self._growth = PART_SIZE_BYTES if at_once else 2
        self._ahead = ahead_max if at_once else 1
        self._size_bytes = FIRST_RANGE_BYTES
        self._ranges: deque[Range] = deque()

    def take(self) -> Range | None:
        """Return the next range, whose bytes may still be on their way; None at the end."""
        self._top_up()
        if not self._ranges:
            return None
        taken = self._ranges.popleft()
        self._ahead = min(self._ahead * 2, self._ahead_max)
        self._top_up()
        return taken

    def holds(self, position: int) -> bool:
        """Whether a position lies in what is on its way, or is where the next range begins."""
        if position == self._next:
            return position < self._stop
        return bool(self._ranges) and self._ranges[0].start <= position < self._next

    def _top_up(self) -> None:
        while self._next < self._stop and len(self._ranges) < self._ahead:
            stop = min(self._next + self._size_bytes, self._stop)
            wanted = Range(self._next, stop, self._buffers.lend(stop - self._next, self._cancel))
            self._request(wanted)
            self._ranges.append(wanted)
            self._next = stop
            self._size_bytes = min(self._size_bytes * self._growth, PART_SIZE_BYTES)

    def _request(self, wanted: Range) -> None:
        opened, self._opened = self._opened, None
        source, check, cancel = self._source, self._check, self._cancel
        self._workers.run(lambda: wanted.read(source, opened, check, cancel))

    def close(self) -> None:
        """Want nothing any more."""
        self._cancel.cancel()
        while self._ranges:
            self._ranges.popleft().drop()
        if self._opened is not None:
            self._opened.close()
            self._opened = None
