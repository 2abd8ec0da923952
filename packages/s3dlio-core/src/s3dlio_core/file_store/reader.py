"""Reading local files, and noticing when they change meanwhile."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.anonymous_memory import HUGE_PAGE_BYTES, anonymous_memory
from s3dlio_core.file_store.paths import as_ours, from_os_error
from s3dlio_core.mtimes import mtime_attributes
from s3dlio_core.store import ObjectInfo, ObjectReader

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from s3dlio_core.file_store.data_file import DataFile
    from s3dlio_core.file_store.store import FileStore
    from s3dlio_core.store import Attributes


def etag_of(status: os.stat_result) -> str:
    """Return a tag that changes with the file: device, inode, time of change in ns, size."""
    return f"{status.st_dev:x}-{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"


def info_of(key: str, status: os.stat_result) -> ObjectInfo:
    """Describe a file as a listing does."""
    return ObjectInfo(key, status.st_size, status.st_mtime, etag_of(status))


def described(key: str, status: os.stat_result) -> ObjectInfo:
    """Describe a file with what a copy of it is to have."""
    return ObjectInfo(
        key,
        status.st_size,
        status.st_mtime,
        etag_of(status),
        attributes=kept_of(status),
    )


def kept_of(status: os.stat_result) -> Attributes:
    """Return what a copy of a file keeps: its exact time and its permissions."""
    return replace(mtime_attributes(status.st_mtime_ns), mode=status.st_mode & 0o777)


def check_regular(status: os.stat_result) -> None:
    """Check that this is a file that can be copied.

    Raises:
        ObjectNotFoundError: a directory, fifo, socket or device.
    """
    if not stat.S_ISREG(status.st_mode):
        what = "a directory" if stat.S_ISDIR(status.st_mode) else "no regular file"
        raise errors.ObjectNotFoundError(f"it is {what}")


def open_regular(store: FileStore, path: str) -> tuple[DataFile, os.stat_result]:
    """Open a regular file for reading, as a store does.

    O_NONBLOCK keeps a fifo from blocking here; it means nothing for a regular file.

    Raises:
        ObjectNotFoundError: a directory, fifo, socket or device.
        LocalIOError: a file that doesn't tell its size, as in /proc.
        OSError: what the operating system says.
    """
    file = store.open_data(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(file.fd)
        check_regular(status)
        if not status.st_size:
            _check_empty(file)
    except BaseException:
        file.close()
        raise
    return file, status


def _check_empty(file: DataFile) -> None:
    """Check that a file that says so is empty: one of /proc, or of some mounts, isn't."""
    if file.readinto(0, memoryview(bytearray(1))) and not os.fstat(file.fd).st_size:
        raise errors.LocalIOError(
            "the file says that it has 0 bytes, and has more",
            hint='Read it as a stream: "s3-cli put FILE URI" does',
        )


class FileReader(ObjectReader):
    """Bytes [start, stop) of an open file."""

    def __init__(
        self,
        file: DataFile,
        status: os.stat_result,
        info: ObjectInfo,
        uri: str,
        start: int,
        stop: int,
    ) -> None:
        super().__init__()
        self._file = file
        self._identity = _identity(status)
        self._info = info
        self._uri = uri
        self._offset_bytes = start
        self._left_bytes = stop - start
        if not self._left_bytes:
            self._check_unchanged()

    @property
    def info(self) -> ObjectInfo:
        """The file as it was when it was opened."""
        return self._info

    def readinto(self, buffer: Buffer) -> int:
        """Fill the buffer straight from the file."""
        view = memoryview(buffer).cast("B")
        if len(view) > self._left_bytes:
            view = view[: self._left_bytes]
        if not view:
            return 0
        if self.closed:
            raise ValueError("read from a closed file")
        count = self._read(view)
        if not count:
            raise self._changed("it became shorter")
        self._offset_bytes += count
        self._left_bytes -= count
        if not self._left_bytes:
            self._check_unchanged()
        return count

    def readall(self) -> bytes:
        """Read the rest at one go; by itself Python asks for 8 KiB at a time."""
        # Aligned memory spares O_DIRECT a copy, but new pages cost more than that if they are few.
        is_long = self._left_bytes > HUGE_PAGE_BYTES
        new = anonymous_memory if is_long else bytearray
        view = memoryview(new(self._left_bytes))
        filled = 0
        while filled < len(view):
            filled += self.readinto(view[filled:])
        return bytes(view)

    def _read(self, view: memoryview) -> int:
        try:
            return self._file.readinto(self._offset_bytes, view)
        except errors.S3dlioError as error:
            as_ours(error, "read", self._uri)
            raise
        except OSError as error:
            raise from_os_error(error, "read", self._uri) from error

    def _check_unchanged(self) -> None:
        if _identity(os.fstat(self._file.fd)) != self._identity:
            raise self._changed("it was written to")

    def _changed(self, how: str) -> errors.SourceChangedError:
        return errors.SourceChangedError(
            f"the file changed while it was read: {how}",
            operation="read",
            uri=self._uri,
            hint="Copy it again when nothing writes to it",
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
