"""Before rclone: the first write into a directory is alone, so that the directory is made once.

Rclone looks whether a directory is there and then makes it, without a lock over both. When two
writes do so at once, the second one's directory replaces the first one's in rclone's memory, and
what the first is writing there is lost from sight:

- Its PUT ends in 500 ("Dir.Rename error: file does not exist").
- After that rclone reads the directory anew. A rename that it meets on the way leaves an object
  whose PUT was answered with 200, but which is looked for under its temporary name: each GET of it
  is a 500 for as long as rclone remembers the directory.

Rules of this file: a write into a directory that is known passes without waiting; nothing is
repeated, and no answer is changed.

Source: rclone 1.75.2, `mkdirRecursive` (cmd/serve/s3/utils.go), `Dir.Mkdir` and
`_readDirFromEntries` (vfs/dir.go), and the log of a server that went wrong.
"""

from __future__ import annotations

import threading
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tests.servers.http_relay import forward

if TYPE_CHECKING:
    from tests.servers.http_relay import Exchange


class DirectoryGate:
    """What a relay before rclone does with its exchanges. Thread-safe."""

    def __init__(self) -> None:
        self._known: frozenset[PurePosixPath] = frozenset()
        self._changing = threading.Lock()

    def handle(self, exchange: Exchange) -> None:
        """Pass an exchange on, alone if it may make or remove a directory."""
        path, _, query = exchange.target.partition("?")
        if deletes_objects(exchange.method, query):
            self._delete(exchange)
        elif stores_object(exchange.method, query):
            self._store(exchange, PurePosixPath(unquote(path)).parent)
        else:
            forward(exchange)

    def _delete(self, exchange: Exchange) -> None:
        with self._changing:
            # rclone removes a directory with its last object.
            self._known = frozenset()
            forward(exchange)

    def _store(self, exchange: Exchange, directory: PurePosixPath) -> None:
        if directory not in self._known:
            with self._changing:
                if directory not in self._known:
                    forward(exchange)
                    if exchange.status == HTTPStatus.OK:
                        self._known |= {directory}
                    return
        forward(exchange)


def stores_object(method: str, query: str) -> bool:
    """Whether a request that succeeds leaves an object: a put, a copy, the end of an upload."""
    if method == "PUT":
        # rclone keeps parts in memory, as long as it is told not to stream them.
        return "partNumber=" not in query
    return method == "POST" and "uploadId=" in query


def deletes_objects(method: str, query: str) -> bool:
    """Whether a request deletes objects, one or many; aborting an upload doesn't."""
    if method == "DELETE":
        return "uploadId=" not in query
    return method == "POST" and query.startswith("delete")
