"""Rows in a temporary file, so that memory is flat whatever their number.

SQLite's unnamed databases are files that no other process can open and that vanish with it
("Temporary Disk Files Used By SQLite", sqlite.org/tempfiles.html). Its sorter merges runs on disk
when they outgrow the cache.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from s3dlio_core.errors import LocalIOError, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["DiskRows"]

#: What is kept in memory.
_CACHE_KIB = 4 * 1024
_SETUP = (
    "PRAGMA journal_mode=OFF",
    "PRAGMA synchronous=OFF",
    "PRAGMA temp_store=FILE",
    f"PRAGMA cache_size=-{_CACHE_KIB}",
    "CREATE TABLE kept (name BLOB, value BLOB)",
    "BEGIN",
)
_INSERT = "INSERT INTO kept VALUES (?, ?)"


class DiskRows:
    """Pairs of bytes. Not thread-safe, but one thread may go on where another has stopped."""

    def __init__(self) -> None:
        """Make none.

        Raises:
            LocalIOError: there is no room for the temporary file.
        """
        import sqlite3  # noqa: PLC0415 - few runs need it

        self._error = sqlite3.Error
        self._count = 0
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        with self._translated():
            for statement in _SETUP:
                self._database.execute(statement)

    def __len__(self) -> int:
        return self._count

    def add(self, name: bytes, value: bytes) -> None:
        """Add a row.

        Raises:
            LocalIOError: there is no room for it.
        """
        with self._translated():
            self._database.execute(_INSERT, (name, value))
        self._count += 1

    def add_all(self, rows: Iterable[tuple[bytes, bytes]]) -> None:
        """Add rows as they come; what the iteration raises is raised.

        Raises:
            LocalIOError: there is no room for them.
        """
        with self._translated():
            self._count += self._database.executemany(_INSERT, rows).rowcount

    def in_order(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the rows, ascending by their names.

        Raises:
            LocalIOError: there is no room to sort them.
        """
        with self._translated():
            yield from self._database.execute("SELECT name, value FROM kept ORDER BY name")

    def close(self) -> None:
        """Remove the file."""
        self._database.close()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            raise LocalIOError(
                f"the temporary file of this run fails: {error}",
                hint="Make room in the directory of temporary files, or set SQLITE_TMPDIR",
                scope=Scope.STORE,
            ) from error
