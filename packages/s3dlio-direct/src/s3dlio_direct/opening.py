"""Opening files with O_DIRECT, and what is done with those that can't be opened so.

Rules that hold in this file:
- A file without O_DIRECT is handed out only where the user asked for that; then one warning for
  each file system says so, and a remark of each store.
- Alignment is what the kernel says of each file; where it says nothing it is found by trying, once
  for each device.
- What can't be handed out isn't left behind.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Literal, TypeAlias, cast, get_args

from s3dlio_core import errors
from s3dlio_core.file_store.reader import check_regular
from s3dlio_direct import native
from s3dlio_direct.buffered_file import BufferedFile
from s3dlio_direct.direct_file import DirectFile, bounce_memory
from s3dlio_direct.file_systems import file_system_of
from s3dlio_direct.shared import Shared

if TYPE_CHECKING:
    from s3dlio_core.file_store.data_file import DataFile
    from s3dlio_direct._native import Geometry
    from s3dlio_direct.devices import Devices

__all__ = ["Fallback", "Opener", "check_fallback"]

#: What is done where a file system refuses O_DIRECT.
Fallback: TypeAlias = Literal["refuse", "buffered"]

_MODE = 0o600
_NEW = os.O_CREAT | os.O_EXCL
#: btrfs(5), "CHECKSUM ALGORITHMS": a caller could change the bytes after they were summed.
_BTRFS = (
    "may take direct writes through the page cache, since Linux 6.14: those of files with checksums"
)
_HINT = (
    "Use file://, a directory on another file system, or S3DLIO_DIRECT_FALLBACK=buffered "
    "(--option direct_fallback=buffered) to go through the page cache"
)


def check_fallback(named: str, value: str) -> Fallback:
    """Return what is chosen, if it is one of the choices.

    Raises:
        UsageError: it isn't; `named` is what the user gave it to.
    """
    if value not in get_args(Fallback):
        raise errors.UsageError(f'{named} is "refuse" or "buffered", not "{value}"')
    return cast("Fallback", value)


class Opener:
    """Opens the files of one store.

    Attributes:
        fallback: what is done where O_DIRECT is refused.
        devices: what is known of where they lie.
        shared: what the files share.
    """

    def __init__(self, fallback: Fallback, devices: Devices) -> None:
        check_fallback("fallback", fallback)
        self.fallback = fallback
        self.devices = devices
        self.shared = Shared()
        self._remarks: dict[tuple[int, str], str] = {}  # by device and what was done
        self._written: set[int] = set()  # devices that don't tell their alignment

    @property
    def remarks(self) -> tuple[str, ...]:
        """What users should know of how the files were opened so far, each text once."""
        return tuple(dict.fromkeys(self._remarks.copy().values()))

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
            device = self._find_geometry(fd, geometry, is_new=flags & _NEW == _NEW)
        except OSError as error:
            file.close()
            if flags & _NEW == _NEW:
                os.unlink(path, dir_fd=dir_fd)
            if error.errno != errno.EOPNOTSUPP:
                raise
            return self._without(path, flags, dir_fd)
        if flags & os.O_ACCMODE != os.O_RDONLY and device not in self._written:
            self._written.add(device)
            self._caution(fd, device)
        return file

    def _find_geometry(self, fd: int, geometry: Geometry, *, is_new: bool) -> int:
        """Set the geometry of a file whose alignment the kernel doesn't tell; return its device."""
        status = os.fstat(fd)
        known = self.devices.geometries.get(status.st_dev)
        if known is not None:
            native.assign(geometry, known)
            return status.st_dev
        native.probe(fd, geometry, bounce_memory(), writable=is_new)
        if is_new or status.st_size:  # of an empty file anything can be read
            self.devices.geometries[status.st_dev] = geometry
        return status.st_dev

    def _caution(self, fd: int, device: int) -> None:
        """Tell of a file system that takes O_DIRECT, and doesn't always mean it."""
        name = file_system_of(fd)
        if name.startswith("btrfs "):
            text = f"{name} {_BTRFS}"
            self.devices.warn(text)
            self._remarks[device, "written"] = text

    def _without(self, path: str, flags: int, dir_fd: int | None) -> DataFile:
        """Open a file through the page cache, if that is allowed."""
        if self.fallback != "buffered":
            raise _refusal(path, flags, dir_fd)
        fd = os.open(path, flags, _MODE, dir_fd=dir_fd)
        file = BufferedFile(fd, self.shared)
        done = "read" if flags & os.O_ACCMODE == os.O_RDONLY else "written"
        of = (os.fstat(fd).st_dev, done)
        if of not in self._remarks:
            refusal = _refusal(path, flags, dir_fd).reason
            self.devices.warn(f"{refusal}: what it refuses goes through the page cache")
            self._remarks[of] = f"{refusal}: files were {done} through the page cache"
        return file


def _refusal(path: str, flags: int, dir_fd: int | None) -> errors.NotSupportedError:
    """Say what is refused: all of a file system, or some files (those that ext4 has in inodes)."""
    some = flags & _NEW != _NEW and _can_be_direct(path, dir_fd)
    return errors.NotSupportedError(
        f"{_file_system_of(path, dir_fd)} refuses O_DIRECT{' for some of its files' * some}",
        hint=_HINT,
        scope=errors.Scope.OBJECT if some else errors.Scope.CONTAINER,
    )


def _can_be_direct(path: str, dir_fd: int | None) -> bool:
    """Try whether the file system knows O_DIRECT."""
    flags = os.O_RDONLY | os.O_DIRECT | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        os.close(os.open(path, flags, dir_fd=dir_fd))
    except OSError:
        return False
    return True


def _file_system_of(path: str, dir_fd: int | None) -> str:
    """Name the file system of a file that exists, or of the directory where it doesn't."""
    if dir_fd is not None:
        return file_system_of(dir_fd)
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        return file_system_of(fd)
    finally:
        os.close(fd)
