"""Whether a directory takes names that differ in case alone for one name.

Rules that hold in this file:
- Nothing is written to find out: the same is asked of a source, and of the destination of a run
  that only shows what it would do.
- What can't be told is taken for case-sensitive, as most file systems are.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path

__all__ = ["folds_case"]

#: A directory without a letter in so many names is asked otherwise.
_NAMES_LOOKED_AT_MAX = 100
#: Linux's names of file systems that fold case unless they are told not to.
_FOLDING_TYPES = frozenset(
    {"vfat", "msdos", "exfat", "ntfs", "ntfs3", "hfs", "hfsplus", "apfs", "cifs", "smb3"}
)
_MOUNTS = Path("/proc/self/mountinfo")


def folds_case(directory: str) -> bool:
    """Return whether a directory folds case, by other names of what is there.

    Args:
        directory: its path. For one that is empty or doesn't exist, those above decide that lie on
            the same file system.
    """
    with contextlib.suppress(OSError):
        while not os.path.lexists(directory):
            directory = os.path.dirname(directory)
        device = os.stat(directory).st_dev
        for one in (Path(directory), *Path(directory).parents):
            if one.stat().st_dev != device:
                break
            name = _name_with_letter(one)
            if name:
                return _is_one_name(one, name)
        return _type_folds(device)
    return False


def _has_letter(name: str) -> bool:
    return name.isascii() and name != name.swapcase()


def _name_with_letter(directory: Path) -> str:
    """Return a name in a directory that has another case, or ""."""
    with os.scandir(directory) as scan:
        names = (entry.name for entry in itertools.islice(scan, _NAMES_LOOKED_AT_MAX))
        return next(filter(_has_letter, names), "")


def _is_one_name(directory: Path, name: str) -> bool:
    """Whether a name and the same in the other case lead to one entry of the directory."""
    swapped = name.swapcase()
    try:
        there = os.lstat(os.path.join(directory, swapped))
    except FileNotFoundError:
        return False
    same = os.path.samestat(there, os.lstat(os.path.join(directory, name)))
    return same and swapped not in os.listdir(directory)  # it may be a hard link of its own


def _type_folds(device: int) -> bool:
    """Whether Linux says that the file system of a device is one that folds case.

    The third field is the device; the type follows the "-" (proc_pid_mountinfo(5)).
    """
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        fields = line.split(" ")
        if fields[2] == wanted:
            return fields[fields.index("-") + 1] in _FOLDING_TYPES
    return False
