"""The calls into native/: the one place that knows of C.

Rules that hold in this file:
- What C reports as -errno is raised as that OSError.
- cffi lets other threads run while a call lasts; the memory of a buffer stays where it is as long
  as the call, since the call holds the buffer.
- Buffers are contiguous; one that isn't is refused as `memoryview.cast` does.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from s3dlio_core.anonymous_memory import anonymous_memory
from s3dlio_direct._native import ffi, lib

if TYPE_CHECKING:
    from s3dlio_direct._native import Counters, Geometry

__all__ = [
    "Memory",
    "assign",
    "cut",
    "new_counters",
    "open_direct",
    "probe",
    "read",
    "reserve",
    "write",
]


class Memory:
    """Page-aligned memory for C, given back to the system with this object.

    Attributes:
        pointer: to its first byte.
        size_bytes: its size.
    """

    __slots__ = ("pointer", "size_bytes")

    def __init__(self, size_bytes: int) -> None:
        self.pointer = ffi.from_buffer(anonymous_memory(size_bytes))
        self.size_bytes = size_bytes


def new_counters() -> Counters:
    """Return counters that C adds to, from any thread."""
    counters: Counters = ffi.new("struct s3dlio_counters *")
    return counters


def open_direct(path: str, flags: int, mode: int, dir_fd: int | None) -> tuple[int, Geometry]:
    """Open a file with O_DIRECT.

    Returns:
        A descriptor, and what the kernel says about alignment: all zero where it says nothing.

    Raises:
        OSError: EOPNOTSUPP where this file can't be opened so; then nothing was created.
        ValueError: the path has a null byte.
    """
    geometry: Geometry = ffi.new("struct s3dlio_geometry *")
    directory = lib.AT_FDCWD if dir_fd is None else dir_fd
    name = os.fsencode(path)
    if b"\0" in name:  # where C would end it
        raise ValueError("embedded null byte")
    return _checked(lib.s3dlio_open(directory, name, flags, mode, geometry)), geometry


def probe(fd: int, geometry: Geometry, scratch: Memory, *, writable: bool) -> None:
    """Find by trying what alignment a file wants.

    Args:
        fd: a file with O_DIRECT.
        geometry: what is found.
        scratch: memory to read into or write from.
        writable: whether to write: to a new and empty file, which is empty again afterwards.
    """
    _checked(lib.s3dlio_probe(fd, writable, scratch.pointer, scratch.size_bytes, geometry))


def assign(geometry: Geometry, known: Geometry) -> None:
    """Set one geometry to another."""
    geometry.memory_bytes = known.memory_bytes
    geometry.offset_bytes = known.offset_bytes
    geometry.block_bytes = known.block_bytes
    geometry.touches_memory = known.touches_memory


def read(
    fd: int,
    geometry: Geometry,
    buffer: memoryview,
    offset_bytes: int,
    bounce: Memory,
    counters: Counters,
) -> int:
    """Fill a buffer from any offset; return the number of bytes, fewer only at the end."""
    return _checked(
        lib.s3dlio_read(
            fd,
            geometry,
            ffi.from_buffer(buffer, require_writable=True),
            buffer.nbytes,
            offset_bytes,
            bounce.pointer,
            bounce.size_bytes,
            counters,
        )
    )


def write(
    fd: int,
    geometry: Geometry,
    buffer: memoryview,
    offset_bytes: int,
    end_bytes: int,
    bounce: Memory,
    counters: Counters,
) -> None:
    """Write a whole buffer at any offset; `end_bytes` is what the file will have, or -1."""
    _checked(
        lib.s3dlio_write(
            fd,
            geometry,
            ffi.from_buffer(buffer),
            buffer.nbytes,
            offset_bytes,
            end_bytes,
            bounce.pointer,
            bounce.size_bytes,
            counters,
        )
    )


def reserve(fd: int, size_bytes: int) -> None:
    """Have the file system set space aside for a file of this size, where it can."""
    _checked(lib.s3dlio_reserve(fd, size_bytes))


def cut(fd: int, geometry: Geometry, size_bytes: int) -> None:
    """Give a file its size, and leave no page of it in the cache."""
    _checked(lib.s3dlio_cut(fd, geometry, size_bytes))


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result
