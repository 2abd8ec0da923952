"""A directory whose file system really does O_DIRECT, found by trying.

A file system that takes any alignment (tmpfs; btrfs for some writes) goes through the page cache
whatever the flag says: a test there would pass and prove nothing.
"""

from __future__ import annotations

import errno
import mmap
import os
import tempfile
from pathlib import Path
from typing import Final

from tests.disks.page_cache import cached_pages

__all__ = ["DIRECTORY_VARIABLE", "find_direct", "why_not_direct"]

DIRECTORY_VARIABLE: Final = "S3DLIO_DIRECT_DIR"
#: Where /tmp lives in memory, this mostly doesn't (Filesystem Hierarchy Standard 5.15).
_SECOND: Final = Path("/var/tmp")
_PROBE_BYTES: Final = 64 * 1024


def find_direct(first: Path, environ: dict[str, str]) -> tuple[Path | None, str]:
    """Find a directory for O_DIRECT: the one of the environment, else `first` or /var/tmp.

    Returns:
        The directory, and ""; or None, and why there is none.
    """
    named = environ.get(DIRECTORY_VARIABLE, "")
    reasons = []
    for directory in [Path(named)] if named else [first, _SECOND]:
        reason = why_not_direct(directory)
        if not reason:
            return directory, ""
        reasons.append(f"{directory} {reason}")
    return None, f"{'; '.join(reasons)}; {DIRECTORY_VARIABLE} may name another directory"


def why_not_direct(directory: Path) -> str:
    """Return why O_DIRECT can't be tested in a directory; "" if it can."""
    if not hasattr(os, "O_DIRECT"):
        return "is on a system without O_DIRECT"
    try:
        with tempfile.NamedTemporaryFile(dir=directory) as file:
            return _try(Path(file.name))
    except OSError as error:
        return f"can't be written to: {error.strerror}"


def _try(path: Path) -> str:
    try:
        fd = os.open(path, os.O_RDWR | os.O_DIRECT | os.O_CLOEXEC)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return "refuses O_DIRECT"
    try:
        with mmap.mmap(-1, _PROBE_BYTES) as memory, memoryview(memory) as view:
            if os.pwritev(fd, [view], 0) != _PROBE_BYTES:
                return "cuts direct writes short"
            if cached_pages(path) or _takes(fd, view[1:513]):
                return "takes any alignment: it goes through the page cache"
    finally:
        os.close(fd)
    return ""


def _takes(fd: int, unaligned: memoryview) -> bool:
    with unaligned:
        try:
            os.pwritev(fd, [unaligned], 1)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return False
    return True
