"""DataFile: an open regular file whose bytes a store moves, here through the page cache.

A store that moves bytes in another way has a subclass of its own, which `FileStore.open_data`
returns. All bytes of objects go through one, but those that the kernel copies.

Rules that hold in this file:
- Offsets belong to calls, not to the file: threads share one.
- What fails is an OSError; `paths.Translated` names it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from s3dlio_core.file_store.paths import Descriptor

if TYPE_CHECKING:
    from s3dlio_core.store import Buffer

__all__ = ["DataFile", "write_all"]


class DataFile(Descriptor):
    """An open regular file: it is closed by `close`, else when the last reference goes."""

    __slots__ = ()

    def readinto(self, offset_bytes: int, buffer: memoryview) -> int:
        """Read what lies at an offset.

        Args:
            offset_bytes: where to begin.
            buffer: what is filled; not empty.

        Returns:
            The number of bytes, which may be fewer than fit; 0 only at the end of the file.
        """
        return os.preadv(self.fd, [buffer], offset_bytes)

    def write(self, offset_bytes: int, buffer: Buffer) -> None:
        """Write a whole buffer at an offset: a part of a file whose other parts others write.

        Concurrent calls write ranges that don't overlap, in any order.
        """
        write_all(self.fd, buffer, offset_bytes)

    def write_whole(self, buffer: Buffer) -> None:
        """Write all that a new file will have. No `cut` follows."""
        write_all(self.fd, buffer)

    def reserve(self, size_bytes: int) -> None:
        """Take note of the size that a new file will have once its parts are written."""

    def cut(self, size_bytes: int) -> None:
        """Give a file its size, once all parts are written."""
        os.ftruncate(self.fd, size_bytes)

    def close(self) -> None:
        """Close the file; a second time nothing happens. Nobody may use it afterwards."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        if self.fd >= 0:
            self.close()


def write_all(fd: int, buffer: Buffer, offset_bytes: int = 0) -> None:
    """Write a whole buffer at an offset, however many calls it takes."""
    view = memoryview(buffer).cast("B")
    written = 0
    while written < len(view):
        written += os.pwrite(fd, view[written:] if written else view, offset_bytes + written)
