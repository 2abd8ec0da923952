"""Memory at addresses that a test chooses, and where it lies."""

from __future__ import annotations

import ctypes
import mmap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["address_of", "memory_at", "placed"]

#: Room for a Py_buffer, whose first field is the address (Python's C API, "Buffer Protocol").
_BufferFields = ctypes.c_void_p * 16
_GET: Final = ctypes.pythonapi.PyObject_GetBuffer
_GET.argtypes = [ctypes.py_object, _BufferFields, ctypes.c_int]
_RELEASE: Final = ctypes.pythonapi.PyBuffer_Release
_RELEASE.argtypes = [_BufferFields]


def memory_at(shift_bytes: int, size_bytes: int) -> memoryview:
    """Return writable memory that begins so many bytes behind a page's boundary."""
    return memoryview(mmap.mmap(-1, shift_bytes + size_bytes + 1))[shift_bytes:][:size_bytes]


def placed(content: bytes, shift_bytes: int) -> memoryview:
    """Return a copy of a content in such memory."""
    view = memory_at(shift_bytes, len(content))
    view[:] = content
    return view


def address_of(buffer: Buffer) -> int:
    """Return where a buffer's bytes lie; one that can't be written to, too."""
    fields = _BufferFields()
    _GET(buffer, fields, 0)  # PyBUF_SIMPLE: raises what is wrong with the buffer
    try:
        return fields[0] or 0
    finally:
        _RELEASE(fields)
