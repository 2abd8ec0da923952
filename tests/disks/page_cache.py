"""How much of a file the kernel keeps in the page cache.

Rules that hold in this file:
- Asking changes nothing: a mapping alone brings no page in, and mincore(2) only looks.
- The file must be the asker's own, or mincore(2) calls every page resident (Linux 5.2 and later).
"""

from __future__ import annotations

import ctypes
import mmap
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["cached_pages", "drop_cached", "write_uncached"]

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_LIBC.mmap.restype = ctypes.c_void_p
_LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
_LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_LIBC.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
_MAP_FAILED: Final = ctypes.c_void_p(-1).value


def cached_pages(path: Path) -> int:
    """Return how many pages of a file are in the page cache.

    Raises:
        OSError: it can't be told.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size_bytes = os.fstat(fd).st_size
        return _resident(fd, size_bytes) if size_bytes else 0
    finally:
        os.close(fd)


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
