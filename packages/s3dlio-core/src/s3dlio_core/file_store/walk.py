"""Ordered listings of a directory tree.

Keys come in ascending order of their UTF-8 bytes, as S3 lists them: a directory sorts as its name
with "/" behind it. One directory's names are held at a time for each level, never the tree.

Links are followed. Where they are skipped instead, each is a wanted `ListError`; where they are
things of their own, each is an object that is described by itself. What can't be read (a directory
without permission, a dangling link) becomes a `ListError`, too, and the listing goes on.
Fifos, sockets and devices, and links to a directory that they lie in, are wanted `ListError`s with
a warning, so that nobody takes their names for free. Temporary files of ours are left out in
silence.

A file that vanishes meanwhile was never there. A directory may vanish with all in it because its
disk went away, so that is a `ListError`; and the root must be the same at the end.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from s3dlio_core import errors
from s3dlio_core.file_store.paths import from_os_error
from s3dlio_core.file_store.reader import info_of
from s3dlio_core.local_names import TEMPORARY_PREFIX
from s3dlio_core.logs import get_logger
from s3dlio_core.store import ListError, ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

_log = get_logger("file")

#: Device and inode.
_Identity: TypeAlias = "tuple[int, int]"


@dataclass(slots=True)
class _Level:
    """A directory that is being walked.

    Attributes:
        key: "" or ends in "/".
        identity: the directory's.
        left: keys in it that are still to be yielded or walked, the last one first.
        lost_any: a file of it was gone before its turn.
    """

    key: str
    identity: _Identity
    left: list[bytes]
    lost_any: bool = False


#: What a walk yields: an object, a common prefix, or what had to be left out.
Found: TypeAlias = "ObjectInfo | str | ListError"


class Walk:
    """Walks the keys below a root that begin with a prefix."""

    def __init__(
        self,
        root: str,
        prefix: str,
        delimiter: str,
        after: str,
        skip: str,
        *,
        follow_links: bool = True,
        own_links: bool = False,
        enter: Callable[[str], bool] | None = None,
    ) -> None:
        """Prepare a walk.

        Args:
            root: the directory.
            prefix: keys begin with it.
            delimiter: "" for all depths, "/" to roll directories up.
            after: yield only what sorts after it.
            skip: a common prefix that was yielded before; nothing in it is yielded again.
            follow_links: take what links below the root point to; else leave links out.
            own_links: instead, take each link as an object of its own.
            enter: is asked, for each directory below the prefix, whether to walk it, too, by its
                key, which ends in "/". Then the delimiter is "", and no common prefix is yielded.
        """
        self._root = root
        self._prefix = prefix
        self._delimiter = delimiter
        self._after = os.fsencode(after)
        self._skip = os.fsencode(skip)
        self._follow_links = follow_links and not own_links
        self._own_links = own_links
        self._enter = enter
        # Device and inode of the directories that the walk stands in.
        self._inside: list[_Identity] = []

    def __iter__(self) -> Iterator[Found]:
        """Yield what is found, in order.

        Raises:
            LocalIOError: the root is gone, or is another directory than in the beginning.
        """
        root = _identity_of(self._root)
        base = self._prefix[: self._prefix.rfind("/") + 1]
        # Whoever lists a tree level by level must meet its end, too, where a link leads upwards.
        self._inside = _identities_above(self._root, base)
        yield from self._tree(base, self._is_stepped_into)
        if root is not None and _identity_of(self._root) != root:
            raise _gone(self._root, errors.Scope.CONTAINER)

    def _tree(self, key: str, enter: Callable[[str], bool]) -> Generator[Found, None, None]:
        """Walk a directory, whose key is "" or ends in "/", and those below it to step into.

        Others stand for themselves. Not a recursion: a tree may be deeper than Python's stack.
        """
        depth = len(self._inside)
        levels: list[_Level] = []
        try:
            yield from self._descend(key, levels)
            while levels:
                level = levels[-1]
                if not level.left:
                    yield from self._ascend(levels)
                    continue
                below = os.fsdecode(level.left.pop())
                if not below.endswith("/"):
                    path = os.path.join(self._root, below)
                    found = self._object(below, path)
                    if found is not None:
                        yield found
                    else:
                        level.lost_any = True
                elif enter(below):
                    yield from self._descend(below, levels)
                elif self._enter is None and self._has_key(below):
                    yield below
        finally:
            del self._inside[depth:]

    def _is_stepped_into(self, key: str) -> bool:
        if len(key) <= len(self._prefix):
            return True
        return not self._delimiter if self._enter is None else self._enter(key)

    def _descend(self, key: str, levels: list[_Level]) -> Iterator[ListError]:
        """Read a directory and add its entries to the levels, or yield why that can't be done."""
        path = os.path.join(self._root, key) if key else self._root
        try:
            status = os.stat(path)
            identity = (status.st_dev, status.st_ino)
            if identity in self._inside:
                yield _left_out(key, path, "a symbolic link into a directory that it lies in")
                return
            entries = self._entries(path, key)
        except (FileNotFoundError, NotADirectoryError):
            if levels:  # it was there when the directory above was read
                yield ListError(key, _gone(path))
            return
        except OSError as error:
            yield ListError(key, from_os_error(error, "list", path))
            return
        self._inside.append(identity)
        levels.append(_Level(key, identity, entries))

    def _ascend(self, levels: list[_Level]) -> Iterator[ListError]:
        """Leave a directory; where files of it were gone, see whether that is because it is."""
        self._inside.pop()
        level = levels.pop()
        path = os.path.join(self._root, level.key)
        if level.lost_any and _identity_of(path) != level.identity:
            yield ListError(level.key, _gone(path))

    def _entries(self, path: str, key: str) -> list[bytes]:
        """Return the keys in a directory that may matter, the last one first.

        Directories end in "/". Keys alone, not entries: a directory may have millions.
        """
        base = os.fsencode(key)
        prefix = os.fsencode(self._prefix)
        entries: list[bytes] = []
        with os.scandir(path) as scan:
            for entry in scan:
                name = entry.name
                if name.startswith(TEMPORARY_PREFIX):
                    continue
                is_directory = _is_directory(entry, follow_links=self._follow_links)
                full = base + os.fsencode(name) + (b"/" if is_directory else b"")
                if not full.startswith(prefix):
                    if not (is_directory and prefix.startswith(full)):
                        continue
                elif full <= self._after and not (is_directory and self._after.startswith(full)):
                    continue
                if full == self._skip:
                    continue
                entries.append(full)
        entries.sort(reverse=True)
        return entries

    def _has_key(self, key: str) -> bool:
        """Whether a directory has a key: a common prefix stands for one, an empty one is none."""
        if self._has_file(key):
            return True
        with contextlib.closing(self._tree(key, lambda _: True)) as tree:
            return next(tree, None) is not None

    def _object(self, key: str, path: str) -> ObjectInfo | ListError | None:
        try:
            status = os.stat(path, follow_symlinks=self._follow_links)
        except FileNotFoundError:
            if not os.path.islink(path):
                return None  # it vanished since the directory was read
            # Not a missing object: the link is there, and that it can't be read is a failure.
            reason = errors.LocalIOError("a symbolic link to nothing", operation="list", uri=path)
            return ListError(key, reason)
        except OSError as error:
            return ListError(key, from_os_error(error, "list", path))
        if stat.S_ISLNK(status.st_mode) and self._own_links:
            return info_of(key, status)
        if stat.S_ISLNK(status.st_mode):
            skipped = errors.NotSupportedError("a symbolic link", operation="list", uri=path)
            return ListError(key, skipped, wanted=True)
        if not stat.S_ISREG(status.st_mode):
            return _left_out(key, path, "no regular file")
        return info_of(key, status)

    def _has_file(self, key: str) -> bool:
        """Whether a file of a directory shows, before all of it is read, that there is a key."""
        if self._after.startswith(os.fsencode(key)):
            return False  # it may be one of those that were listed before
        try:
            with os.scandir(os.path.join(self._root, key)) as scan:
                return any(
                    entry.is_file(follow_symlinks=False)
                    and not entry.name.startswith(TEMPORARY_PREFIX)
                    for entry in scan
                )
        except OSError:
            return False  # a walk tells why


def _left_out(key: str, path: str, reason: str) -> ListError:
    """Warn of what no store can hold, and return it."""
    _log.warning("left out %s: %s", path, reason)
    error = errors.NotSupportedError(reason, operation="list", uri=path)
    return ListError(key, error, wanted=True)


def _gone(path: str, scope: errors.Scope = errors.Scope.OBJECT) -> errors.LocalIOError:
    """Return the error of a directory that was there; what is in it can't be said to be missing."""
    return errors.LocalIOError(
        "the directory was removed, renamed or unmounted while it was listed",
        operation="list",
        uri=path,
        scope=scope,
        hint="Run the command again when it is back",
    )


def _identity_of(path: str) -> _Identity | None:
    """Return a directory's identity; None when it can't be looked at."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _identities_above(root: str, key: str) -> list[_Identity]:
    """Return device and inode of the directories between the root and the one of a key."""
    identities = []
    above, _, name = key.rstrip("/").rpartition("/")
    while name:
        try:
            status = os.stat(os.path.join(root, above))
        except OSError:
            break  # then the key's own directory can't be opened either, which is told
        identities.append((status.st_dev, status.st_ino))
        above, _, name = above.rpartition("/")
    return identities


def _is_directory(entry: os.DirEntry[str], *, follow_links: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow_links)
    except OSError:
        return False
