"""Opening files with O_DIRECT, and what is done with those that can't be opened so.

Rules that hold in this file:
- A file without O_DIRECT is handed out only where the user asked for that; then one warning says
  so, and a remark.
- Alignment is what the kernel says of each file; where it says nothing it is found by trying, once
  for each device.
- What can't be handed out isn't left behind.
"""

from __future__ import annotations

import errno
import os
import threading
from typing import TYPE_CHECKING, Literal, TypeAlias

from s3dlio_core import errors
from s3dlio_core.file_store.reader import check_regular
from s3dlio_core.forks import renew_in_children
from s3dlio_core.logs import get_logger
from s3dlio_direct import native
from s3dlio_direct.buffered_file import BufferedFile
from s3dlio_direct.direct_file import DirectFile, bounce_memory
from s3dlio_direct.file_systems import file_system_of
from s3dlio_direct.shared import Shared

if TYPE_CHECKING:
    from s3dlio_core.file_store.data_file import DataFile
    from s3dlio_direct._native import Geometry

__all__ = ["Fallback", "Opener"]

#: What is done where a file system refuses O_DIRECT.
Fallback: TypeAlias = Literal["refuse", "buffered"]

_MODE = 0o600
_NEW = os.O_CREAT | os.O_EXCL
_HINT = (
    "Use file://, a directory on another file system, or S3DLIO_DIRECT_FALLBACK=buffered "
    "(--option direct_fallback=buffered) to go through the page cache"
)
_log = get_logger("direct")


class Opener:
    """Opens the files of one store.

    Attributes:
        fallback: what is done where O_DIRECT is refused.
        shared: what the files share.
    """

    def __init__(self, fallback: Fallback) -> None:
        self.fallback = fallback
        self.shared = Shared()
        self._geometries: dict[int, Geometry] = {}  # by device
        self._remarks: dict[tuple[int, str], str] = {}  # by device and what was done
        self.renew_after_fork()
        renew_in_children(self)

    def renew_after_fork(self) -> None:
        """Take a new lock."""
        self._remarking = threading.Lock()

    @property
    def remarks(self) -> tuple[str, ...]:
        """What users should know of how the files were opened so far, each text once."""
        return tuple(dict.fromkeys(self._remarks.values()))

    def open(self, path: str, flags: int, dir_fd: int | None) -> DataFile:
        """Open a file: see `DirectStore.open_data`."""
        try:
            fd, geometry = native.open_direct(path, flags, _MODE, dir_fd)
        except OSError as error:
            if error.errno == errno.EOPNOTSUPP:
                return self._without(path, flags, dir_fd)
            if error.errno in {errno.EINVAL, errno.EISDIR}:
                check_regular(os.stat(path, dir_fd=dir_fd))
            raise
        file = DirectFile(fd, geometry, self.shared)
        if geometry.block_bytes:
            return file
        try:
            self._find_geometry(fd, geometry, is_new=flags & _NEW == _NEW)
        except OSError as error:
            file.close()
            if flags & _NEW == _NEW:
                os.unlink(path, dir_fd=dir_fd)
            if error.errno != errno.EOPNOTSUPP:
                raise
            return self._without(path, flags, dir_fd)
        return file

    def _find_geometry(self, fd: int, geometry: Geometry, *, is_new: bool) -> None:
        """Set the geometry of a file whose alignment the kernel doesn't tell."""
        status = os.fstat(fd)
        known = self._geometries.get(status.st_dev)
        if known is not None:
            native.assign(geometry, known)
            return
        native.probe(fd, geometry, bounce_memory(), writable=is_new)
        if is_new or status.st_size:  # of an empty file anything can be read
            self._geometries[status.st_dev] = geometry

    def _without(self, path: str, flags: int, dir_fd: int | None) -> DataFile:
        """Open a file through the page cache, if that is allowed."""
        if self.fallback != "buffered":
            raise errors.NotSupportedError(
                f"{_file_system_of(path, dir_fd)} refuses O_DIRECT",
                hint=_HINT,
                scope=errors.Scope.CONTAINER,
            )
        fd = os.open(path, flags, _MODE, dir_fd=dir_fd)
        file = BufferedFile(fd, self.shared)
        is_written = flags & os.O_ACCMODE != os.O_RDONLY
        self._remark(fd, "written" if is_written else "read")
        return file

    def _remark(self, fd: int, done: str) -> None:
        of = (os.fstat(fd).st_dev, done)
        if of in self._remarks:
            return
        text = f"{file_system_of(fd)} refuses O_DIRECT: files were {done} through the page cache"
        with self._remarking:
            if not self._remarks:
                _log.warning("%s", text)
            self._remarks[of] = text


def _file_system_of(path: str, dir_fd: int | None) -> str:
    """Name the file system of a file that exists, or of the directory where it doesn't."""
    if dir_fd is not None:
        return file_system_of(dir_fd)
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        return file_system_of(fd)
    finally:
        os.close(fd)
