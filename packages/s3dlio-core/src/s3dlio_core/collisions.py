"""Objects that would land on one destination, found while a plan is made.

Rules that hold in this file:
- Two objects that give one key: the first is copied, the later one is a `Failure`, and nothing is
  overwritten. Where the destination folds case, keys that differ in it alone are one key.
- The same object selected twice is copied once.
- Where directories hold files, no object "a" can stand beside "a/b": the directory wins, so that
  one object is lost and not all below it. An empty "a" is a folder marker, and left out. This
  holds within one source; of two sources the first is written, and the file system refuses the
  others one by one.
- Memory is flat: keys that must be remembered lie in a temporary file of SQLite's ("Temporary
  Disk Files Used By SQLite", sqlite.org/tempfiles.html), and only who needs them makes one.
"""

from __future__ import annotations

import contextlib
import unicodedata
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.transfer.plan import CopyItem, PlanEntry, Skipped
from s3dlio_core.transfer.report import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_core.store import ObjectStore

__all__ = ["SeenKeys", "fold", "only_first", "without_shadowed"]

#: What the set of keys keeps in memory.
_CACHE_KIB = 16 * 1024
_SETUP = (
    "PRAGMA journal_mode=OFF",
    "PRAGMA synchronous=OFF",
    f"PRAGMA cache_size=-{_CACHE_KIB}",
    "CREATE TABLE seen (key BLOB PRIMARY KEY, source BLOB) WITHOUT ROWID",
    "BEGIN",
)


def fold(key: str) -> str:
    """Return what keys share that a file system may take for one name.

    Those of a canonical caseless match (Unicode Standard, D145). Some fold less ("ß" is not
    "ss" in NTFS and exFAT), so a few keys fail that could stand side by side; none is lost.
    """
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", key).casefold())


class SeenKeys:
    """An on-disk set of keys, and which source each of them came from."""

    def __init__(self) -> None:
        """Make an empty set.

        Raises:
            LocalIOError: there is no room for its temporary file.
        """
        import sqlite3  # noqa: PLC0415 - few plans need it

        self._error = sqlite3.Error
        # The plan is begun in one thread and read in another, never in two at a time.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._cursor = self._database.cursor()
        try:
            for statement in _SETUP:
                self._cursor.execute(statement)
        except sqlite3.Error as error:
            raise self._no_room(error) from error

    def add(self, key: str, source: str) -> str | None:
        """Add a key, unless it is there.

        Returns:
            The source that it was added with, when it is there; else None.

        Raises:
            LocalIOError: there is no room for it.
        """
        name = key.encode("utf-8", "surrogatepass")
        value = source.encode("utf-8", "surrogatepass")
        try:
            self._cursor.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (name, value))
            if self._cursor.rowcount:
                return None
            self._cursor.execute("SELECT source FROM seen WHERE key = ?", (name,))
        except self._error as error:
            raise self._no_room(error) from error
        return str(self._cursor.fetchone()[0], "utf-8", "surrogatepass")

    def _no_room(self, error: Exception) -> errors.LocalIOError:
        self.close()
        return errors.LocalIOError(
            f"the keys of this run can't be remembered: {error}",
            hint="Make room in the directory of temporary files, or set SQLITE_TMPDIR",
            scope=errors.Scope.STORE,
        )

    def close(self) -> None:
        """Remove the temporary file."""
        self._database.close()


def only_first(entries: Iterator[PlanEntry], destination: ObjectStore) -> Iterator[PlanEntry]:
    """Let the first object of each key through; the later ones fail."""
    folds = not destination.capabilities.case_sensitive
    with contextlib.closing(SeenKeys()) as seen:
        for entry in entries:
            if not isinstance(entry, CopyItem):
                yield entry
                continue
            uri = entry.source.uri_of(entry.info.key)
            earlier = seen.add(fold(entry.key) if folds else entry.key, uri)
            if earlier is None:
                yield entry
            elif earlier == uri:
                yield Skipped(uri)
            else:
                yield _lost(entry, destination, f"{earlier} has the same destination")


def without_shadowed(entries: Iterator[PlanEntry], destination: ObjectStore) -> Iterator[PlanEntry]:
    """Take out each object "a" that an object "a/b" follows, for a destination with directories.

    In a listing in order, what comes between the two begins with "a", too. So few objects wait: at
    most one for each character of the key that is looked at.
    """
    waiting: list[CopyItem] = []
    for entry in entries:
        if not isinstance(entry, CopyItem):
            yield entry
            continue
        keep = len(waiting)
        shadow: Failure | Skipped | None = None
        while keep and not _may_shadow(waiting[keep - 1].key, entry.key):
            keep -= 1
            if entry.key.startswith(waiting[keep].key + "/"):
                shadow = _shadowed(waiting.pop(keep), entry, destination)
                break
        if shadow is not None:
            yield shadow
        yield from waiting[keep:]
        del waiting[keep:]
        waiting.append(entry)
    yield from waiting


def _may_shadow(key: str, later: str) -> bool:
    """Whether a key below `key` may come after `later`, which isn't below it itself."""
    return later.startswith(key) and later[len(key) : len(key) + 1] < "/"


def _shadowed(item: CopyItem, below: CopyItem, destination: ObjectStore) -> Failure | Skipped:
    if not item.info.size_bytes:
        return Skipped(item.source.uri_of(item.info.key))
    needed_for = below.source.uri_of(below.info.key)
    return _lost(item, destination, f"a directory of this name is needed for {needed_for}")


def _lost(item: CopyItem, destination: ObjectStore, reason: str) -> Failure:
    source, goal = item.source.uri_of(item.info.key), destination.uri_of(item.key)
    hint = "Copy it alone, to a name of your own"
    error = errors.CollisionError(reason, uri=source, hint=hint)
    return Failure(source, goal, error)
