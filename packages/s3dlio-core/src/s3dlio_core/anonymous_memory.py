"""Memory for bytes on their way: page-aligned, and never seen by a forked child.

Rules that hold in this file:
- The memory is private: what is shared with children costs half as much again when it is touched
  first.
- A forked child finds zeros in it (Linux: MADV_WIPEONFORK, madvise(2)). So parent and child share
  no page that the next write would have to copy: what O_DIRECT moves while another thread forks
  goes to and from the page that it began with (open(2), "NOTES"). The mapping itself is there in
  the child, whose memory is given back as usual. Kernels before 4.14 don't know of this.
"""

from __future__ import annotations

import contextlib
import mmap
import sys

__all__ = ["anonymous_memory"]

#: Linux's <asm-generic/mman-common.h>; Python has no name for it.
_MADV_WIPEONFORK = 18


def anonymous_memory(size_bytes: int) -> mmap.mmap:
    """Return new memory, filled with zeros, that begins at a page and goes with its last reference.

    Args:
        size_bytes: how much; more than 0.

    Raises:
        OSError: there is none.
    """
    memory = mmap.mmap(-1, size_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANON)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # EINVAL: an old kernel
            memory.madvise(_MADV_WIPEONFORK)
    return memory
