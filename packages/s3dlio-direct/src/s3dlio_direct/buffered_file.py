"""BufferedFile: a file that its file system moves through the page cache, and that is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.file_store.data_file import DataFile

if TYPE_CHECKING:
    from s3dlio_core.store import Buffer
    from s3dlio_direct.shared import Shared

__all__ = ["BufferedFile"]


class BufferedFile(DataFile):
    """An open regular file without O_DIRECT, where the user allows it."""

    __slots__ = ("_shared",)

    def __init__(self, fd: int, shared: Shared) -> None:
        super().__init__(fd)
        self._shared = shared

    def readinto(self, offset_bytes: int, buffer: memoryview) -> int:
        """Read what lies at an offset: see `DataFile`."""
        count = super().readinto(offset_bytes, buffer)
        self._shared.add_buffered(read_bytes=count)
        return count

    def write(self, offset_bytes: int, buffer: Buffer) -> None:
        """Write a whole buffer at an offset: see `DataFile`."""
        super().write(offset_bytes, buffer)
        self._shared.add_buffered(written_bytes=memoryview(buffer).nbytes)

    def write_whole(self, buffer: Buffer) -> None:
        """Write all that a new file will have: see `DataFile`."""
        self.write(0, buffer)
