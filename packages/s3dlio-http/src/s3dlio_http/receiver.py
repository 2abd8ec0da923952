"""The receiving half of a connection: the head of an answer, and the bytes that follow.

Rules that hold in this file:
- What arrives is received into one buffer of the connection until the head is whole; what the
  buffer holds of the body is copied out, the rest goes straight into the caller's buffer.

Source: RFC 9112 sections 2.2 and 9.6.
"""

from __future__ import annotations

import re
import ssl
import time
from typing import TYPE_CHECKING, Final

from s3dlio_http.answer_head import AnswerHead
from s3dlio_http.errors import EarlyCloseError, MalformedAnswerError, NoAnswerError
from s3dlio_http.speed import SpeedWatch

if TYPE_CHECKING:
    import socket

    from s3dlio_http.pool import Pool

__all__ = ["CUT", "Receiver"]

_BARE_LF: Final = re.compile(rb"(?:^|[^\r])\n")
#: What a connection that the other side closed raises.
CUT: Final = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


class Receiver:
    """What receives on a socket.

    Attributes:
        pool: where the connection belongs.
        buffer: received bytes; those in [start, end) have not been consumed.
        recv_into: of the socket.
    """

    __slots__ = ("_view", "buffer", "end", "pool", "recv_into", "start")

    def __init__(self, pool: Pool, sock: socket.socket) -> None:
        self.pool = pool
        self.buffer = bytearray(pool.limits.size_bytes)
        self._view = memoryview(self.buffer)
        self.start = self.end = 0
        self.recv_into = sock.recv_into

    def read_head(self) -> AnswerHead:
        """Receive the head of the answer.

        Raises:
            NoAnswerError: the connection was cut before its first byte.
            MalformedAnswerError: it isn't one.
            OSError: the connection broke, or nothing came in time.
        """
        limits = self.pool.limits
        if self.start == self.end:
            self._receive_first()
        for _ in range(limits.interim + 1):
            stop = self.buffer.find(b"\r\n\r\n", self.start, self.end)
            if stop < 0:
                stop = self._receive_head()
            head = AnswerHead(str(self._view[self.start : stop + 2], "latin-1"), limits.fields)
            self.start = stop + 4
            if head.status >= 200:
                return head
            if head.status == 101:
                raise MalformedAnswerError("the server changed the protocol, unasked")
        raise MalformedAnswerError(f"more than {limits.interim} interim answers")

    def _receive_first(self) -> None:
        try:
            count = self.recv_into(self.buffer)
        except CUT as error:
            raise NoAnswerError("Connection aborted.", error) from error
        if not count:
            silence = EarlyCloseError("the server closed it without an answer")
            raise NoAnswerError("Connection aborted.", silence)
        self.start, self.end = 0, count

    def _receive_head(self) -> int:
        """Receive until a head is whole; return where its last line ends."""
        watch = self.watch()
        searched = self.start
        while True:
            if _BARE_LF.search(self.buffer, max(self.start, searched - 1), self.end):
                raise MalformedAnswerError("a line of the answer's head doesn't end with CR LF")
            if not b"HTTP/1.".startswith(self.buffer[self.start : min(self.end, self.start + 7)]):
                raise MalformedAnswerError("the answer doesn't begin with a status line of HTTP/1")
            searched = max(self.start, self.end - 3)
            moved = self.receive_more(watch)
            searched -= moved
            stop = self.buffer.find(b"\r\n\r\n", searched, self.end)
            if stop >= 0:
                return stop

    def receive_more(self, watch: SpeedWatch | None) -> int:
        """Receive some bytes behind those in the buffer.

        Returns:
            By how many bytes those in the buffer were moved to the front.

        Raises:
            MalformedAnswerError: the buffer is full.
            EarlyCloseError: the connection was closed.
        """
        moved = 0
        if self.end == len(self.buffer) or self.start == self.end:
            moved = self.start
            if not moved and self.end:
                raise MalformedAnswerError(f"a head of more than {len(self.buffer)} bytes")
            self._view[: self.end - moved] = self._view[moved : self.end]
            self.start, self.end = 0, self.end - moved
        began = time.monotonic()
        count = self.recv_into(self._view[self.end :])
        if not count:
            raise EarlyCloseError("the server closed the connection")
        self.end += count
        if watch is not None:
            watch.add(count, time.monotonic() - began)
        return moved

    def take_buffered(self, view: memoryview) -> int:
        """Move received bytes into a buffer; return how many, 0 when there are none."""
        start = self.start
        count = min(self.end - start, len(view))
        if count:
            self.start = stop = start + count
            view[:count] = self._view[start:stop]
        return count

    def receive(self, view: memoryview) -> int:
        """Receive bytes straight into a buffer; return how many.

        Raises:
            EarlyCloseError: the connection was closed.
        """
        count = self.recv_into(view)
        if not count:
            raise EarlyCloseError("the server closed the connection")
        return count

    def skip(self, expected: bytes) -> bool:
        """Return whether these bytes were received, and then drop them."""
        found = self.buffer.startswith(expected, self.start, self.end)
        if found:
            self.start += len(expected)
        return found

    def read_line(self, max_bytes: int) -> bytes:
        """Return the next line without its CR LF.

        Raises:
            MalformedAnswerError: it is longer than this.
            EarlyCloseError: the connection was closed.
        """
        while (stop := self.buffer.find(b"\r\n", self.start, self.end)) < 0:
            if self.end - self.start > max_bytes + 1:
                break
            self.receive_more(None)
        if not 0 <= stop - self.start <= max_bytes:
            raise MalformedAnswerError("a chunk, its size or the trailer is too long")
        line = bytes(self._view[self.start : stop])
        self.start = stop + 2
        return line

    def watch(self) -> SpeedWatch | None:
        """Return what watches the minimum speed of one transfer."""
        minimum = self.pool.minimum_speed
        return None if minimum is None else SpeedWatch(minimum, self.pool.origin)
