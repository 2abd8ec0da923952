"""Renaming local files: a move within one file system.

Rules that hold here:
- Both directories are opened below their roots without following a link (`paths`), so neither end
  lies outside of them. Names are used relative to these directories.
- The name at the destination changes from old to new at once (rename(2)), or it is given only if
  nobody has it (link(2), then the old name goes; between the two the file has both).
- A symbolic link is moved as what it is, where links are things of their own (`own_links`); to
  another file system a new one is made. Elsewhere the caller copies what it points to.
- A file is never renamed onto itself: neither by another path nor by a hard link, nor in another
  case where a directory folds case.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.file_store import writing
from s3dlio_core.file_store.paths import Translated, check_path_size, split_key
from s3dlio_core.file_store.reader import etag_of, info_of
from s3dlio_core.local_names import TEMPORARY_PREFIX

if TYPE_CHECKING:
    from s3dlio_core.file_store.store import FileStore
    from s3dlio_core.store import Condition, CopySource, ObjectInfo


def rename(
    store: FileStore, source: CopySource, key: str, condition: Condition | None
) -> ObjectInfo:
    """Give a file another name. See `ObjectStore.rename_from`."""
    with Translated("move", f"{store.scheme}://{source.container.rstrip('/')}/{source.key}"):
        from_segments, from_name = split_key(source.key)
        from_directory = store.tree_of(source).parent(from_segments)
        status = os.stat(from_name, dir_fd=from_directory.fd, follow_symlinks=False)
        _check_kind(store, status)
        _check_unchanged(source, status, from_name, from_directory.fd)
    segments, name = split_key(key)
    check_path_size(store.root, key)
    directory = store.tree.parent(segments, create=True)
    replaced = writing.existing(name, directory.fd)
    if replaced is not None and os.path.samestat(replaced, status):
        raise errors.CollisionError("source and destination are one file")
    if writing.is_special(replaced):
        raise errors.InvalidKeyError("a device or fifo stands there, which would keep nothing")
    if_absent = condition is not None and condition.if_absent
    if if_absent and replaced is not None:
        raise writing.already_exists()
    ends = from_name, from_directory.fd, name, directory.fd
    try:
        if if_absent:
            writing.rename_if_absent(*ends)
        else:
            os.rename(from_name, name, src_dir_fd=from_directory.fd, dst_dir_fd=directory.fd)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        if not stat.S_ISLNK(status.st_mode):
            raise errors.NotSupportedError("it lies in another file system") from None
        _make_link_anew(*ends, if_absent=if_absent)
    _make_durable(store, name, directory.fd, segments)
    return info_of(key, os.stat(name, dir_fd=directory.fd, follow_symlinks=False))


def _check_kind(store: FileStore, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise errors.ObjectNotFoundError("it is a directory")
    if stat.S_ISLNK(status.st_mode):
        if not store.own_links:
            raise errors.NotSupportedError("a symbolic link is read through here")
    elif not stat.S_ISREG(status.st_mode):
        raise errors.NotSupportedError("it is no regular file")


def _check_unchanged(
    source: CopySource, status: os.stat_result, name: str, directory_fd: int
) -> None:
    """Check that a source is the one that was found; a link may have been found through itself.

    Raises:
        SourceChangedError: it isn't.
    """
    if source.etag is None or etag_of(status) == source.etag:
        return
    if stat.S_ISLNK(status.st_mode):
        try:
            if etag_of(os.stat(name, dir_fd=directory_fd)) == source.etag:
                return
        except OSError:
            pass  # it leads nowhere now
    raise errors.SourceChangedError("it changed since it was listed")


def _make_link_anew(
    from_name: str, from_fd: int, name: str, directory_fd: int, *, if_absent: bool
) -> None:
    """Make a symbolic link like another, in another file system, and remove that one."""
    text = os.readlink(from_name, dir_fd=from_fd)
    if if_absent:
        try:
            os.symlink(text, name, dir_fd=directory_fd)
        except FileExistsError:
            raise writing.already_exists() from None
    else:
        temporary = TEMPORARY_PREFIX + secrets.token_hex(8)
        os.symlink(text, temporary, dir_fd=directory_fd)
        try:
            os.rename(temporary, name, src_dir_fd=directory_fd, dst_dir_fd=directory_fd)
        except BaseException:
            writing.discard(temporary, directory_fd)
            raise
    os.unlink(from_name, dir_fd=from_fd)


def _make_durable(
    store: FileStore, name: str, directory_fd: int, segments: tuple[str, ...]
) -> None:
    if not store.fsync:
        return
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory_fd)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        fd = os.open(".", os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory_fd)  # a link: its directory
    try:
        store.make_durable(fd, segments)
    finally:
        os.close(fd)
