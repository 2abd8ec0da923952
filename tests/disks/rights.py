"""Root without its right to open everything, so that permissions mean something.

Source: capabilities(7), capset(2).
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["bound_by_permissions"]

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
#: _LINUX_CAPABILITY_VERSION_3, and 0: the calling thread.
_Header = ctypes.c_uint32 * 2
#: Twice: effective, permitted, inheritable.
_Sets = ctypes.c_uint32 * 6
#: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH.
_OPENS_EVERYTHING: Final = 1 << 1 | 1 << 2


@contextmanager
def bound_by_permissions() -> Iterator[None]:
    """Let the calling thread open only what its user may."""
    if sys.platform != "linux":
        yield
        return
    header, sets = _Header(0x20080522, 0), _Sets()
    _checked(_LIBC.capget(header, sets))
    before = sets[0]
    sets[0] = before & ~_OPENS_EVERYTHING
    _checked(_LIBC.capset(header, sets))
    try:
        yield
    finally:
        sets[0] = before
        _checked(_LIBC.capset(header, sets))


def _checked(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
