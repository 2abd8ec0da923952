"""Keys and paths: what a key may be called, and how its directory is opened.

Rules that hold here:
- A key becomes path segments only through `split_key`; nothing with "..", an empty segment or a
  NUL byte ever reaches the operating system.
- For writing and deleting, directories below the root are opened one by one with O_NOFOLLOW, so
  no symbolic link below the root can lead a write out of it. The root itself may be a link.
- Reading follows links, as `cp` does.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import threading
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.local_names import check_local_key

if TYPE_CHECKING:
    from types import TracebackType

    from s3dlio_core.file_store.store import FileStore

#: PATH_MAX, in bytes with the NUL at the end (limits.h).
PATH_SIZE_MAX_BYTES = 1024 if sys.platform == "darwin" else 4096

_OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def split_key(key: str) -> tuple[tuple[str, ...], str]:
    """Split a key into its directories and its name.

    Raises:
        InvalidKeyError: no safe file of this name can exist.
    """
    check_local_key(key)
    *directories, name = key.split("/")
    return tuple(directories), name


def check_path_size(root: str, key: str) -> None:
    """Check that a new file's path isn't too long to be opened by it.

    Raises:
        InvalidKeyError: it is.
    """
    # No character has more than four bytes: mostly there is nothing to encode.
    if (len(root) + len(key) + 1) * 4 < PATH_SIZE_MAX_BYTES:
        return
    size_bytes = len(os.fsencode(f"{root}/{key}"))
    if size_bytes >= PATH_SIZE_MAX_BYTES:
        raise errors.InvalidKeyError(
            f"a local path has less than {PATH_SIZE_MAX_BYTES} bytes, this one has {size_bytes}",
            hint="Choose a destination with a shorter path",
        )


_BY_ERRNO: dict[int, type[errors.S3dlioError]] = {
    errno.ENOENT: errors.ObjectNotFoundError,
    errno.EACCES: errors.PermissionDeniedError,
    errno.EPERM: errors.PermissionDeniedError,
    errno.EROFS: errors.PermissionDeniedError,
    errno.ENOSPC: errors.StorageFullError,
    errno.EDQUOT: errors.StorageFullError,
    errno.EFBIG: errors.ObjectTooLargeError,
    errno.ENAMETOOLONG: errors.InvalidKeyError,
    errno.ENOTDIR: errors.InvalidKeyError,
    errno.EISDIR: errors.InvalidKeyError,
    errno.ELOOP: errors.InvalidKeyError,
    errno.ENOTEMPTY: errors.ContainerNotEmptyError,
    errno.EILSEQ: errors.InvalidKeyError,  # a file system that takes UTF-8 names only
}
# Not the fault of one file: the next would meet it too.
_STORE_WIDE = frozenset({errno.EMFILE, errno.ENFILE, errno.EROFS})
_HINTS = {
    errno.ENOSPC: "Free some space and run the command again",
    errno.EDQUOT: "The quota is used up",
    errno.EMFILE: "Raise the limit with ulimit -n, or use fewer jobs",
    errno.ENOTDIR: "A file stands where a directory is needed",
    errno.EISDIR: "A directory stands where the file would be",
    errno.ELOOP: "A symbolic link stands where a directory is needed; it isn't followed",
}


def from_os_error(error: OSError, operation: str, uri: str) -> errors.S3dlioError:
    """Turn an error of the operating system into ours, by one table."""
    number = error.errno or 0
    cls = _BY_ERRNO.get(number, errors.LocalIOError)
    return cls(
        error.strerror or str(error),
        operation=operation,
        uri=uri,
        hint=_HINTS.get(number, ""),
        code=errno.errorcode.get(number, ""),
        scope=errors.Scope.STORE if number in _STORE_WIDE else None,
    )


def as_ours(error: errors.S3dlioError | OSError, operation: str, uri: str) -> errors.S3dlioError:
    """Return one of our errors with operation and URI: the same, if it is one."""
    if not isinstance(error, errors.S3dlioError):
        return from_os_error(error, operation, uri)
    error.operation = error.operation or operation
    error.uri = error.uri or uri
    return error


class Translated:
    """Turns the operating system's errors into ours, and names operation and URI in both.

    A class: a generator's frame would be in the error's traceback and know, from Python 3.13 on,
    the frame that has the error. In that cycle, what failed would stay open.
    """

    __slots__ = ("_operation", "_uri")

    def __init__(self, operation: str, uri: str) -> None:
        self._operation = operation
        self._uri = uri

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(exc, errors.S3dlioError):
            as_ours(exc, self._operation, self._uri)
        elif isinstance(exc, OSError):
            raise from_os_error(exc, self._operation, self._uri) from exc


class TranslatedOf:
    """`Translated` for a store's methods; a missing file without a directory is no container.

    It stands round each put and read: generators would cost a microsecond more, too.
    """

    __slots__ = ("_key", "_operation", "_store")

    def __init__(self, store: FileStore, operation: str, key: str) -> None:
        self._store = store
        self._operation = operation
        self._key = key

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not isinstance(exc, (errors.S3dlioError, OSError)):
            return
        store = self._store
        told = as_ours(exc, self._operation, store.uri_of(self._key))
        try:
            if isinstance(told, errors.ObjectNotFoundError) and not os.path.isdir(store.root):
                raise errors.ContainerNotFoundError(
                    "no such directory", operation=self._operation, uri=store.uri
                ) from None
            if told is not exc:
                raise told from exc
        finally:
            del told  # its traceback has this frame: in a cycle, what failed would stay open


def absolute(path: str) -> str:
    """Return an absolute path; a ".." behind a link means what the system takes it to mean."""
    return os.path.realpath(path) if ".." in path.split("/") else os.path.abspath(path)


def is_directory(path: str) -> bool:
    """Whether there is a directory; unlike `os.path.isdir`, "no" means "no"."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def sync_directory(path: str) -> None:
    """Make a directory's entries survive a power failure."""
    fd = os.open(path, _OPEN_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class Descriptor:
    """An open file, closed when the last reference goes.

    Each call that uses it holds one, so nobody closes a descriptor under a late call: its number
    might be another file's by then.
    """

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __del__(self) -> None:
        os.close(self.fd)


class _OpenDirectory(Descriptor):
    """A directory below the root."""

    __slots__ = ("segments",)

    def __init__(self, segments: tuple[str, ...], fd: int) -> None:
        super().__init__(fd)
        self.segments = segments


class DirectoryTree:
    """Opens directories below a root. Each thread keeps the last one open: files come in runs."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._local = threading.local()

    def parent(self, segments: tuple[str, ...], *, create: bool = False) -> _OpenDirectory:
        """Open a directory below the root, following no link.

        The descriptor is valid while the caller holds the returned object.

        Raises:
            OSError: ENOENT, ELOOP (a link), ENOTDIR, EACCES …
        """
        held: _OpenDirectory | None = getattr(self._local, "held", None)
        if held is not None and held.segments == segments and self._is_in_place(held):
            return held
        held = _OpenDirectory(segments, self._open(segments, create=create))
        self._local.held = held
        return held

    def _is_in_place(self, held: _OpenDirectory) -> bool:
        """Whether a directory still has its path: it may have been removed, renamed or replaced."""
        try:
            now = os.stat("/".join((self.root, *held.segments)))
        except OSError:
            return False
        return os.path.samestat(now, os.fstat(held.fd))

    def _open(self, segments: tuple[str, ...], *, create: bool) -> int:
        fd = os.open(self.root, _OPEN_DIRECTORY)
        for segment in segments:
            try:
                below = _open_below(fd, segment, create=create)
            finally:
                os.close(fd)
            fd = below
        return fd

    def close(self) -> None:
        """Close what the threads keep open."""
        self._local = threading.local()


def _open_below(fd: int, segment: str, *, create: bool) -> int:
    flags = _OPEN_DIRECTORY | os.O_NOFOLLOW
    try:
        return os.open(segment, flags, dir_fd=fd)
    except FileNotFoundError:
        if not create:
            raise
    except NotADirectoryError:
        # Some systems say ENOTDIR for a link, too, when O_DIRECTORY and O_NOFOLLOW come together.
        if stat.S_ISLNK(os.stat(segment, dir_fd=fd, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), segment) from None
        raise
    with contextlib.suppress(FileExistsError):
        os.mkdir(segment, dir_fd=fd)
    return os.open(segment, flags, dir_fd=fd)
