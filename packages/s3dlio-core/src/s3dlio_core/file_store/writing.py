"""Writing local files whole: a temporary file in the same directory, then a rename.

The temporary file has mode 0600 until it is complete; the final one the replaced file's
permissions, else those of the file that it is a copy of, or 0666, less the umask. Its modification
time is the one that it is written with.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.local_names import TEMPORARY_PREFIX
from s3dlio_core.logs import get_logger
from s3dlio_core.mtimes import kept_mtime_ns

if TYPE_CHECKING:
    from typing import TypeGuard

    from s3dlio_core.file_store.data_file import DataFile
    from s3dlio_core.file_store.store import FileStore
    from s3dlio_core.store import Attributes, Condition

_log = get_logger("file")

_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_UMASK = re.compile(r"^Umask:\s*([0-7]+)", re.MULTILINE)


def read_umask() -> int:
    """Return the process's umask, without touching it where the system tells."""
    with contextlib.suppress(OSError):
        found = _UMASK.search(Path("/proc/self/status").read_text(encoding="ascii"))
        if found:
            return int(found[1], 8)
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def create_temporary(store: FileStore, directory_fd: int) -> tuple[str, DataFile]:
    """Create a temporary file in a directory; return its name and the file."""
    name = TEMPORARY_PREFIX + secrets.token_hex(8)
    return name, store.open_data(name, _CREATE, dir_fd=directory_fd)


def set_mtime(fd: int, attributes: Attributes | None) -> None:
    """Give a complete file the time that its attributes tell, if they tell one.

    Some file systems of networks and buckets keep no times but their own: that is only logged.
    """
    mtime_ns = kept_mtime_ns(attributes)
    if mtime_ns is None:
        return
    try:
        os.utime(fd, ns=(time.time_ns(), mtime_ns))
    except (OSError, OverflowError) as error:
        _log.info("a file could not be given its time: %s", error)


def is_special(found: os.stat_result | None) -> TypeGuard[os.stat_result]:
    """Whether this is a device, fifo or socket: something to write to, not to replace."""
    return found is not None and not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode))


def existing(name: str, directory_fd: int) -> os.stat_result | None:
    """Return what stands at the destination now (not what a link points to), or None."""
    try:
        found = os.stat(name, dir_fd=directory_fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise errors.InvalidKeyError("a directory stands where the file would be")
    if stat.S_ISLNK(found.st_mode) and _leads_to_special(name, directory_fd):
        # Neither followed, since it may lead anywhere, nor replaced: it may be /dev/stdout.
        raise errors.InvalidKeyError("a symbolic link to a device, fifo or open file stands there")
    return found


#: Links below these are the system's own: /dev/stdout leads to /proc/self/fd/1, whatever that is.
_SYSTEM_DIRECTORIES = ("/proc/", "/dev/")


def _leads_to_special(name: str, directory_fd: int) -> bool:
    try:
        if os.readlink(name, dir_fd=directory_fd).startswith(_SYSTEM_DIRECTORIES):
            return True
        return is_special(os.stat(name, dir_fd=directory_fd))
    except OSError:
        return False


def mode_of(replaced: os.stat_result | None, attributes: Attributes | None, umask: int) -> int:
    """Return the permissions that a file gets; never set-user-id and its like."""
    if replaced is not None and stat.S_ISREG(replaced.st_mode):
        return replaced.st_mode & 0o777
    mode = None if attributes is None else attributes.mode
    return (0o666 if mode is None else mode & 0o777) & ~umask


def publish(
    fd: int,
    temporary: str,
    name: str,
    directory_fd: int,
    mode: int,
    condition: Condition | None,
) -> os.stat_result:
    """Give the complete temporary file its mode and its name, atomically.

    Raises:
        PreconditionFailedError: `if_absent`, and the name exists.
        OSError: the rename failed.
    """
    os.fchmod(fd, mode)
    status = os.fstat(fd)
    if condition is not None and condition.if_absent:
        rename_if_absent(temporary, directory_fd, name, directory_fd)
    else:
        os.rename(temporary, name, src_dir_fd=directory_fd, dst_dir_fd=directory_fd)
    return status


#: What `link` says where there are no hard links: exFAT, and many file systems of networks.
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})


def rename_if_absent(from_name: str, from_fd: int, name: str, directory_fd: int) -> None:
    """Give a file another name that nobody has; a link is renamed itself.

    Args:
        from_name: its name in the directory `from_fd`.
        from_fd: a directory.
        name: its new name in the directory `directory_fd`.
        directory_fd: a directory.

    Raises:
        PreconditionFailedError: the name exists.
        OSError: the old name can't be removed …; then there is no new one.
    """
    try:
        os.link(from_name, name, src_dir_fd=from_fd, dst_dir_fd=directory_fd, follow_symlinks=False)
    except FileExistsError:
        raise already_exists() from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    else:
        _leave_old_name(from_name, from_fd, name, directory_fd)
        return
    # Nobody else gets the name once an empty file of ours has it; that is what is replaced.
    try:
        os.close(os.open(name, _CREATE, 0o600, dir_fd=directory_fd))
    except FileExistsError:
        raise already_exists() from None
    try:
        os.rename(from_name, name, src_dir_fd=from_fd, dst_dir_fd=directory_fd)
    except BaseException:
        discard(name, directory_fd)
        raise


def _leave_old_name(from_name: str, from_fd: int, name: str, directory_fd: int) -> None:
    """Remove the first of two names of a file; where that is refused, the second."""
    try:
        os.unlink(from_name, dir_fd=from_fd)
    except OSError as error:
        old = os.stat(from_name, dir_fd=from_fd, follow_symlinks=False)
        if os.path.samestat(old, os.stat(name, dir_fd=directory_fd, follow_symlinks=False)):
            os.unlink(name, dir_fd=directory_fd)
        raise OSError(error.errno, f"its old name can't be removed: {error.strerror}") from None


def already_exists() -> errors.PreconditionFailedError:
    """Return the error of `if_absent` on a name that exists."""
    return errors.PreconditionFailedError("the file exists already")


def discard(temporary: str, directory_fd: int) -> None:
    """Remove a temporary file; it may be gone."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=directory_fd)
