"""Bodies that come in chunks.

Rules that hold in this file:
- Strict: a size is hexadecimal digits, each line and each chunk ends with CR LF.
- Extensions and trailers are bounded, checked and dropped.
- A large chunk goes straight into the caller's buffer; small ones come through the connection's.

Source: RFC 9112 section 7.1.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from s3dlio_http.answer_head import check_trailer
from s3dlio_http.body import Body
from s3dlio_http.errors import MalformedAnswerError

if TYPE_CHECKING:
    from s3dlio_http.answer_head import AnswerHead
    from s3dlio_http.connection import Connection

__all__ = ["ChunkedBody"]

_CHUNK_LINE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;[^\0-\x08\x0a-\x1f\x7f]*)?")
#: The end of most bodies: of the last chunk, and the empty chunk.
_LAST = b"\r\n0\r\n\r\n"
#: From here on a chunk is worth a system call of its own.
_STRAIGHT_BYTES = 8 * 1024


class ChunkedBody(Body):
    """A body in chunks. It may be slow: events come this way."""

    __slots__ = ("_begun",)

    def __init__(self, connection: Connection, head: AnswerHead) -> None:
        """Take over a connection whose head has been read."""
        super().__init__(connection, head)
        self._begun = False

    def _fill(self, connection: Connection, view: memoryview) -> int:
        if not self._left and not self._next_chunk(connection):
            self._finish(connection)
            return 0
        if self._left < len(view):
            view = view[: self._left]
        count = connection.take_buffered(view)
        if not count:
            if len(view) < _STRAIGHT_BYTES:
                connection.receive_more(None)
                count = connection.take_buffered(view)
            else:
                count = connection.receive(view)
        self._left -= count
        if not self._left and connection.skip(_LAST):
            self._finish(connection)
        return count

    def _stream_piece(self, amt: int | None) -> bytes:
        # What has come is handed on: a stream of events must not wait for a full piece.
        connection = self._connection
        if connection is not None and not self._left:
            view = memoryview(bytearray(1))
            return self._with_rest(bytes(view[: self._receive_into(view)]), amt)
        return self._with_rest(b"", amt)

    def _with_rest(self, first: bytes, amt: int | None) -> bytes:
        most = self._piece_bytes if amt is None or amt < 0 else amt
        more = min(self._left, most - len(first))
        return first + self.read(more, decode_content=False) if more else first

    def _next_chunk(self, connection: Connection) -> int:
        """Read the size of the next chunk; return 0 after the last."""
        limits = connection.pool.limits
        if self._begun and connection.read_line(0):
            raise MalformedAnswerError("a chunk is longer than its size")
        self._begun = True
        line = _CHUNK_LINE.fullmatch(connection.read_line(limits.chunk_line_bytes))
        if line is None:
            raise MalformedAnswerError("the size of a chunk isn't a number")
        self._left = int(line[1], 16)
        if not self._left:
            self._skip_trailer(connection, limits.trailer_bytes)
        return self._left

    def _skip_trailer(self, connection: Connection, left_bytes: int) -> None:
        lines = []
        while line := connection.read_line(left_bytes):
            lines.append(str(line, "latin-1") + "\r\n")
            left_bytes -= len(line) + 2
        check_trailer("".join(lines))
