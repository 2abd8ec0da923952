"""Reused memory for bytes on their way, under one budget.

Buffers are anonymous memory maps (`anonymous_memory`): page-aligned, so that the same one serves a
socket and O_DIRECT, given back to the system when they are dropped, and empty in a forked child.
Each task leases exactly one, so waiting for one can't deadlock.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from s3dlio_core.anonymous_memory import HUGE_PAGE_BYTES, anonymous_memory

if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterator

    from s3dlio_core.transfer.events import CancelToken

__all__ = ["BUDGET_BYTES", "BufferPool", "Lease"]

MIB = 1024**2
#: What all buffers together may take, whatever the number of jobs.
BUDGET_BYTES = 192 * MIB
#: How often who waits for memory looks at the cancel token.
CANCEL_CHECK_S = 0.1
_SMALLEST_BYTES = 64 * 1024


class Lease:
    """Memory that is lent until it is given back.

    Attributes:
        view: of exactly the size that was asked for. Its content is undefined.
    """

    __slots__ = ("_buffer", "_capacity", "_pool", "view")

    def __init__(self, pool: BufferPool, buffer: mmap.mmap, capacity: int, size_bytes: int) -> None:
        self._pool = pool
        self._buffer: mmap.mmap | None = buffer
        self._capacity = capacity
        # Never released by hand: a caught error's frames may still hold a slice of it.
        self.view = memoryview(buffer)[:size_bytes]

    def give_back(self) -> None:
        """End the lease; a second time nothing happens. Nobody may use the view afterwards."""
        buffer, self._buffer = self._buffer, None
        if buffer is not None:
            self._pool.take_back(buffer, self._capacity)


class BufferPool:
    """Leases buffers; thread-safe."""

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        """Make an empty pool.

        Args:
            budget_bytes: at most this much is allocated, except that one buffer larger than it is
                leased when nothing else is.
        """
        self.budget_bytes = budget_bytes
        self._free: dict[int, list[mmap.mmap]] = {}
        self._allocated_bytes = 0
        self._leased_count = 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def lease(self, size_bytes: int, cancel: CancelToken | None = None) -> Iterator[memoryview]:
        """Wait for memory, and lend a view of exactly this size. Its content is undefined.

        Raises:
            CancelledError: the token was set while waiting.
        """
        lease = self.lend(size_bytes, cancel)
        try:
            yield lease.view
        finally:
            lease.give_back()

    def lend(self, size_bytes: int, cancel: CancelToken | None = None) -> Lease:
        """Wait for memory, and lend it until it is given back, by whichever thread.

        Raises:
            CancelledError: the token was set while waiting.
        """
        capacity = _capacity(size_bytes)
        return Lease(self, self._take(capacity, cancel), capacity, size_bytes)

    def _take(self, capacity: int, cancel: CancelToken | None) -> mmap.mmap:
        with self._changed:
            while True:
                free = self._free.get(capacity)
                if free:
                    self._leased_count += 1
                    return free.pop()
                if self._allocated_bytes + capacity > self.budget_bytes:
                    self._drop_free(capacity)
                fits = self._allocated_bytes + capacity <= self.budget_bytes
                if fits or not self._leased_count:
                    self._allocated_bytes += capacity
                    self._leased_count += 1
                    break
                self._changed.wait(None if cancel is None else CANCEL_CHECK_S)
                if cancel is not None:
                    cancel.raise_if_cancelled()
        try:
            return anonymous_memory(capacity)
        except BaseException:
            with self._changed:
                self._allocated_bytes -= capacity
                self._leased_count -= 1
                self._changed.notify_all()
            raise

    def _drop_free(self, needed_bytes: int) -> None:
        """Give unused buffers of other sizes back to the system until there is room."""
        for capacity, free in self._free.items():
            while free and self._allocated_bytes + needed_bytes > self.budget_bytes:
                free.pop()
                self._allocated_bytes -= capacity

    def take_back(self, buffer: mmap.mmap, capacity: int) -> None:
        """Keep a buffer for the next who asks; for `Lease`."""
        with self._changed:
            self._leased_count -= 1
            self._free.setdefault(capacity, []).append(buffer)
            # Those who wait want different sizes: the first may find no room where others do.
            self._changed.notify_all()

    def close(self) -> None:
        """Give the unused buffers back to the system."""
        with self._changed:
            self._drop_free(self.budget_bytes + 1)


def _capacity(size_bytes: int) -> int:
    """Round up to a power of two below 1 MiB, to whole huge pages above: few sizes, many reuses."""
    if size_bytes <= _SMALLEST_BYTES:
        return _SMALLEST_BYTES
    if size_bytes < MIB:
        return 1 << (size_bytes - 1).bit_length()
    return -(-size_bytes // HUGE_PAGE_BYTES) * HUGE_PAGE_BYTES
