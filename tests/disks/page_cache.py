"""How much of a file the kernel keeps in the page cache.

Rules that hold in this file:
- Asking changes nothing: a mapping alone brings no page in, and the calls only look.
- cachestat(2) is asked where it is (Linux 6.5). mincore(2) doesn't see a page that is dirty, but
  not whole, as truncating a file inside a block leaves on ext4.
- The file must be the asker's own, or mincore(2) calls every page resident (Linux 5.2 and later).
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import tempfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["cached_pages", "drop_cached", "sees_partial_pages", "write_uncached"]

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_LIBC.mmap.restype = ctypes.c_void_p
_LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
_LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_LIBC.syscall.restype = ctypes.c_long
_LIBC.syscall.argtypes = [ctypes.c_long, ctypes.c_int, *[ctypes.c_void_p] * 2, ctypes.c_uint]
_LIBC.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
_CACHESTAT_NUMBER: Final = 451  # asm-generic/unistd.h
_MAP_FAILED: Final = ctypes.c_void_p(-1).value


def cached_pages(path: Path) -> int:
    """Return how many pages of a file are in the page cache.

    Raises:
        OSError: it can't be told.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = _counted(fd)
        size_bytes = os.fstat(fd).st_size
        return _resident(fd, size_bytes) if found is None and size_bytes else found or 0
    finally:
        os.close(fd)


def sees_partial_pages() -> bool:
    """Return whether this kernel counts pages that aren't whole, too."""
    with tempfile.TemporaryFile() as file:
        return _counted(file.fileno()) is not None


def drop_cached(path: Path) -> None:
    """Write a file to its disk and take it out of the page cache.

    Raises:
        OSError: pages stay, as on a file system that lives in memory.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)
    left = cached_pages(path)
    if left:
        raise OSError(f"{left} pages of {path} stay in the page cache")


def write_uncached(path: Path, content: bytes) -> None:
    """Write a file of which nothing is in the page cache afterwards."""
    path.write_bytes(content)
    drop_cached(path)


def _counted(fd: int) -> int | None:
    """Ask cachestat(2); None where it isn't to be had."""
    if sys.platform != "linux":
        return None
    everything = (ctypes.c_uint64 * 2)()  # offset, and length: 0 is to the end
    found = (ctypes.c_uint64 * 5)()  # in the cache, dirty, being written, evicted, of late
    if _LIBC.syscall(_CACHESTAT_NUMBER, fd, everything, found, 0):
        return None
    return int(found[0])


def _resident(fd: int, size_bytes: int) -> int:
    address = _LIBC.mmap(None, size_bytes, mmap.PROT_READ, mmap.MAP_SHARED, fd, 0)
    if address == _MAP_FAILED:
        raise _last_error("mmap")
    try:
        pages = ctypes.create_string_buffer(-(-size_bytes // mmap.PAGESIZE))
        if _LIBC.mincore(address, size_bytes, pages):
            raise _last_error("mincore")
        return sum(page & 1 for page in pages.raw)
    finally:
        _LIBC.munmap(address, size_bytes)


def _last_error(call: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{call}: {os.strerror(number)}")
