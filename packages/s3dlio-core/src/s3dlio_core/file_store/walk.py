"""Ordered listings of a directory tree.

Keys come in ascending order of their UTF-8 bytes, as S3 lists them: a directory sorts as its name
with "/" behind it. One directory's names are held at a time for each level, never the tree.

Links are followed; a link to a directory that it lies in is left out. Where links are skipped
instead, each is a wanted `ListError`; where they are things of their own, each is an object that
is described by itself. What can't be read (a directory without permission, a
dangling link) becomes a `ListError`, too, and the listing goes on.
Fifos, sockets and devices are left out with a warning, temporary files of ours in silence.
"""

from __future__ import annotations

import contextlib
import os
import stat
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
        self._inside: list[tuple[int, int]] = []

    def __iter__(self) -> Iterator[Found]:
        """Yield what is found, in order."""
        base = self._prefix[: self._prefix.rfind("/") + 1]
        # Whoever lists a tree level by level must meet its end, too, where a link leads upwards.
        self._inside = _identities_above(self._root, base)
        return self._tree(base, self._is_stepped_into)

    def _tree(self, key: str, enter: Callable[[str], bool]) -> Generator[Found, None, None]:
        """Walk a directory, whose key is "" or ends in "/", and those below it to step into.

        Others stand for themselves. Not a recursion: a tree may be deeper than Python's stack.
        """
        depth = len(self._inside)
        levels: list[list[bytes]] = []
        try:
            yield from self._descend(key, levels)
            while levels:
                if not levels[-1]:
                    levels.pop()
                    self._inside.pop()
                    continue
                below = os.fsdecode(levels[-1].pop())
                if not below.endswith("/"):
                    path = os.path.join(self._root, below)
                    found = self._object(below, path)
                    if found is not None:
                        yield found
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

    def _descend(self, key: str, levels: list[list[bytes]]) -> Iterator[ListError]:
        """Read a directory and add its entries to the levels, or yield why that can't be done."""
        path = os.path.join(self._root, key) if key else self._root
        try:
            status = os.stat(path)
            identity = (status.st_dev, status.st_ino)
            if identity in self._inside:
                _log.warning("left out %s: a symbolic link into a directory that it lies in", path)
                return
            entries = self._entries(path, key)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            yield ListError(key, from_os_error(error, "list", path))
            return
        self._inside.append(identity)
        levels.append(entries)

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
            _log.warning("left out %s: no regular file", path)
            return None
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


def _identities_above(root: str, key: str) -> list[tuple[int, int]]:
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
