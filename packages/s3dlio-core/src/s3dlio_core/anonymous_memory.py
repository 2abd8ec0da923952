"""Memory for bytes on their way: page-aligned, and never seen by a forked child.

Rules that hold in this file:
- The memory is private: what is shared with children costs half as much again when it is touched
  first.
- A forked child finds zeros in it (Linux: MADV_WIPEONFORK, madvise(2)). So parent and child share
  no page that the next write would have to copy: what O_DIRECT moves while another thread forks
  goes to and from the page that it began with (open(2), "NOTES"). The mapping itself is there in
  the child, whose memory is given back as usual. Kernels before 4.14 don't know of this.
- From `HUGE_PAGE_BYTES` on, huge pages lie under it where Linux has them for those who ask
  (MADV_HUGEPAGE). A disk is told each piece of memory that isn't beside the last: 1024 pieces for
  4 MiB in ordinary pages, with which O_DIRECT on a virtual disk took twice as long and more.
"""

from __future__ import annotations

import contextlib
import mmap
import sys

__all__ = ["HUGE_PAGE_BYTES", "anonymous_memory"]

#: The size of huge pages on nearly all machines; where they are larger, there are just none here.
HUGE_PAGE_BYTES = 2 * 1024**2
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
        _advise(memory, _MADV_WIPEONFORK)
        if size_bytes >= HUGE_PAGE_BYTES:
            _advise(memory, mmap.MADV_HUGEPAGE)
    return memory


def _advise(memory: mmap.mmap, advice: int) -> None:
    """Advise the kernel, which may be too old for it, or built without it (EINVAL)."""
    with contextlib.suppress(OSError):
        memory.madvise(advice)
