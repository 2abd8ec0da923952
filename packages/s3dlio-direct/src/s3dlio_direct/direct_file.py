"""DirectFile: an open file whose bytes go straight between its device and the caller's buffer.

Rules that hold in this file:
- A buffer at an aligned address is what the kernel gets. What isn't aligned, and the edges of a
  range that isn't, go through a bounce buffer of the calling thread.
- A block that two parts own is written by one thread at a time; C keeps other open files out, and
  what a forked child inherited is opened anew there, since it would count as the parent's.
- Nothing waits for another process without end: it may have been stopped.
- What fails is an OSError; where the kernel refuses a call for its alignment, that is named.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.file_store.data_file import DataFile
from s3dlio_direct import native

if TYPE_CHECKING:
    from s3dlio_core.store import Buffer
    from s3dlio_direct._native import Geometry
    from s3dlio_direct.shared import Shared

__all__ = ["BOUNCE_BYTES", "DirectFile", "bounce_memory"]

#: Of each thread that moves unaligned bytes; only what is used of it takes memory.
BOUNCE_BYTES = 1024**2

#: A block is locked for one read and one write: who has it this long was stopped, or hangs.
_PATIENCE_S = 30.0
_PAUSE_MIN_S = 0.0002
_PAUSE_MAX_S = 0.01

_thread = threading.local()


def bounce_memory(block_bytes: int = 0) -> native.Memory:
    """Return the bounce buffer of the calling thread, two blocks or more; it goes with it."""
    memory: native.Memory | None = getattr(_thread, "memory", None)
    if memory is None or memory.size_bytes < 2 * block_bytes:
        memory = _thread.memory = native.Memory(max(BOUNCE_BYTES, 2 * block_bytes))
    return memory


class DirectFile(DataFile):
    """An open regular file with O_DIRECT."""

    __slots__ = ("_counters", "_end_bytes", "_fork_count", "_geometry", "_shared")

    def __init__(self, fd: int, geometry: Geometry, shared: Shared) -> None:
        super().__init__(fd)
        self._geometry = geometry
        self._shared = shared
        self._counters = shared.native
        self._end_bytes = -1
        self._fork_count = shared.fork_count

    def readinto(self, offset_bytes: int, buffer: memoryview) -> int:
        """Read what lies at an offset: see `DataFile`."""
        try:
            return native.read(
                self.fd,
                self._geometry,
                buffer,
                offset_bytes,
                bounce_memory(self._geometry.block_bytes),
                self._counters,
            )
        except OSError as error:
            raise self._named(error, "read", offset_bytes, buffer.nbytes) from None

    def write(self, offset_bytes: int, buffer: Buffer) -> None:
        """Write a whole buffer at an offset: see `DataFile`.

        Blocks that others may own a part of are written under a lock, and what is between them
        without it.
        """
        view = memoryview(buffer).cast("B")
        block_bytes = self._geometry.block_bytes
        stop = offset_bytes + len(view)
        first = -(-offset_bytes // block_bytes) * block_bytes  # of the whole blocks
        last = stop // block_bytes * block_bytes
        if first == offset_bytes and last == stop:
            self._write(offset_bytes, view, -1)
        elif first >= last or (first == offset_bytes and stop == self._end_bytes):
            self._write_shared(offset_bytes, view)
        else:
            if first > offset_bytes:
                self._write_shared(offset_bytes, view[: first - offset_bytes])
            self._write(first, view[first - offset_bytes : last - offset_bytes], -1)
            if stop > last:
                self._write_shared(last, view[last - offset_bytes :])

    def write_whole(self, buffer: Buffer) -> None:
        """Write all that a new file will have: see `DataFile`."""
        view = memoryview(buffer).cast("B")
        size_bytes = len(view)
        if size_bytes:
            self._write(0, view, size_bytes)
            if size_bytes % self._geometry.block_bytes:
                self.cut(size_bytes)

    def reserve(self, size_bytes: int) -> None:
        """Have space set aside, and know which part is the last."""
        native.reserve(self.fd, size_bytes)
        self._end_bytes = size_bytes

    def cut(self, size_bytes: int) -> None:
        """Give the file its size; no page of it stays in the cache."""
        native.cut(self.fd, self._geometry, size_bytes)

    def _write_shared(self, offset_bytes: int, view: memoryview) -> None:
        with self._shared.lock_of(self.fd):
            if self._fork_count != self._shared.fork_count:
                self._open_anew()
            if offset_bytes + len(view) > self._end_bytes:
                self._end_bytes = -1  # it was wrong: what lies behind it isn't padding
            self._write_unlocked(offset_bytes, view)

    def _write_unlocked(self, offset_bytes: int, view: memoryview) -> None:
        """Write as soon as no other open file has a block at an edge locked."""
        deadline_s = time.monotonic() + _PATIENCE_S
        pause_s = _PAUSE_MIN_S
        while True:
            try:
                return self._write(offset_bytes, view, self._end_bytes)
            except BlockingIOError as error:
                if time.monotonic() > deadline_s:
                    raise OSError(
                        error.errno,
                        f"another process, which may have been stopped, has a block locked that "
                        f"parts share, at offset {offset_bytes} or {offset_bytes + len(view)}",
                    ) from None
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _PAUSE_MAX_S)

    def _open_anew(self) -> None:
        """Have an open file of this process: what was inherited has the locks of the parent."""
        access = fcntl.fcntl(self.fd, fcntl.F_GETFL) & os.O_ACCMODE
        try:
            fd = os.open(f"/proc/self/fd/{self.fd}", access | os.O_DIRECT | os.O_CLOEXEC)
        except FileNotFoundError:
            raise errors.NotSupportedError(
                "a forked process can't write to a block that parts share without /proc",
                hint="Mount /proc, or resume the upload in the new process",
            ) from None
        try:
            os.dup2(fd, self.fd, inheritable=False)  # reads of other threads go on with it
        finally:
            os.close(fd)
        self._fork_count = self._shared.fork_count

    def _write(self, offset_bytes: int, view: memoryview, end_bytes: int) -> None:
        try:
            native.write(
                self.fd,
                self._geometry,
                view,
                offset_bytes,
                end_bytes,
                bounce_memory(self._geometry.block_bytes),
                self._counters,
            )
        except OSError as error:
            raise self._named(error, "write", offset_bytes, len(view)) from None

    def _named(self, error: OSError, what: str, offset_bytes: int, size_bytes: int) -> OSError:
        """Say what was refused where the operating system's own words don't."""
        if error.errno == errno.ENOLCK:
            return OSError(error.errno, "parts share a block, and the file system has no locks")
        if error.errno not in {errno.EINVAL, errno.EOPNOTSUPP}:
            return error
        geometry = self._geometry
        return OSError(
            error.errno,
            f"the file system refused a direct {what} of {size_bytes} bytes at offset "
            f"{offset_bytes}, aligned to {geometry.offset_bytes} bytes in memory to "
            f"{geometry.memory_bytes}, as it had asked: {error.strerror}",
        )
