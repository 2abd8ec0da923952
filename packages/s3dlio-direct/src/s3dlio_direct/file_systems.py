"""Which file system a file lies on, for messages.

Source: proc(5), /proc/pid/mountinfo and /proc/pid/fdinfo.
"""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["file_system_of"]

_MOUNT_ID = re.compile(r"^mnt_id:\s*(\d+)", re.MULTILINE)
_OCTAL = re.compile(r"\\([0-7]{3})")


def file_system_of(fd: int) -> str:
    """Name the type and the mount point of an open file's file system.

    Args:
        fd: a descriptor, also of O_PATH.

    Returns:
        For example "ramfs at /mnt", or "the file system" where the system doesn't tell.
    """
    try:
        found = _MOUNT_ID.search(Path(f"/proc/self/fdinfo/{fd}").read_text(encoding="ascii"))
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        found, mounts = None, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if found and fields[0] == found[1]:
            kind = fields[fields.index("-") + 1]
            return f"{kind} at {_unescaped(fields[4])}"
    return "the file system"


def _unescaped(name: str) -> str:
    """Undo what the kernel does to space, tab, newline and backslash."""
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), name)
