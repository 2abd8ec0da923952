"""What the files of one store share: locks, and counters of how their bytes were moved."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from s3dlio_core.forks import renew_in_children
from s3dlio_direct import native

__all__ = ["Counters", "Shared"]


@dataclass(frozen=True, slots=True)
class Counters:
    """How many bytes of a store's files went which way so far.

    Attributes:
        read_direct_bytes: from the device into the caller's buffer.
        read_bounced_bytes: from the device, and copied to where the caller wanted them.
        read_buffered_bytes: through the page cache.
        written_direct_bytes: from the caller's buffer to the device.
        written_bounced_bytes: copied first, then written to the device.
        written_buffered_bytes: through the page cache.
    """

    read_direct_bytes: int
    read_bounced_bytes: int
    read_buffered_bytes: int
    written_direct_bytes: int
    written_bounced_bytes: int
    written_buffered_bytes: int


_LOCK_COUNT = 64


class Shared:
    """See the module's docstring.

    Attributes:
        native: the counters that C adds to.
        fork_count: how many forks there were since.
    """

    def __init__(self) -> None:
        self.native = native.new_counters()
        self._read_buffered_bytes = 0
        self._written_buffered_bytes = 0
        self.fork_count = -1
        self.renew_after_fork()
        renew_in_children(self)

    def renew_after_fork(self) -> None:
        """Take new locks."""
        self.fork_count += 1
        self._locks = [threading.Lock() for _ in range(_LOCK_COUNT)]
        self._counting = threading.Lock()

    def lock_of(self, fd: int) -> threading.Lock:
        """Return the lock that who writes a part of a block of this file holds."""
        return self._locks[fd % _LOCK_COUNT]

    def add_buffered(self, *, read_bytes: int = 0, written_bytes: int = 0) -> None:
        """Count bytes that went through the page cache."""
        with self._counting:
            self._read_buffered_bytes += read_bytes
            self._written_buffered_bytes += written_bytes

    def counters(self) -> Counters:
        """Return the counters as they are now."""
        return Counters(
            read_direct_bytes=self.native.read_direct_bytes,
            read_bounced_bytes=self.native.read_bounced_bytes,
            read_buffered_bytes=self._read_buffered_bytes,
            written_direct_bytes=self.native.written_direct_bytes,
            written_bounced_bytes=self.native.written_bounced_bytes,
            written_buffered_bytes=self._written_buffered_bytes,
        )
