"""One connection: a request out, and by `receiver` its answer in.

Rules that hold in this file:
- The plain socket blocks, and the kernel keeps its timeouts (SO_RCVTIMEO, SO_SNDTIMEO): Python's
  own timeouts cost one more system call for each wait. What is not on time is a BlockingIOError.
  A signal, which only the main thread gets, starts the wait anew.
- A connection is used again only when its last answer was read to the end, nothing lies behind it,
  and both sides want to keep it.
- A connection that nobody holds closes its socket: an abandoned answer leaks nothing.

Source: RFC 9112 sections 9.3 to 9.6; socket(7).
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import sys
import time
from typing import TYPE_CHECKING, Final

import urllib3.exceptions

from s3dlio_http.errors import EarlyCloseError, NoAnswerError
from s3dlio_http.receiver import CUT, Receiver
from s3dlio_http.syscalls import AT_ONCE, NO_SIGNAL, SHORT_BYTES, ReadableNow, send_now

if TYPE_CHECKING:
    from s3dlio_http.answer_head import AnswerHead
    from s3dlio_http.pool import Pool

__all__ = ["Connection"]

_READABLE: Final = select.POLLIN | select.POLLHUP | select.POLLERR | select.POLLNVAL
#: macOS refuses more than 2 GiB at once.
_SEND_MAX_BYTES: Final = 1 << 30
#: The kernel's struct timeval is two longs where this is set.
_KERNEL_TIMEOUTS: Final = sys.maxsize > 2**32 and sys.platform in {"linux", "darwin"}


class Connection(Receiver):
    """A connection to one origin, used by one request at a time.

    Attributes:
        keep: whether it may serve another one.
    """

    __slots__ = ("_readable_now", "_sock", "_timeout_s", "keep")

    def __init__(self, pool: Pool, sock: socket.socket) -> None:
        """Take over a connected socket."""
        super().__init__(pool, sock)
        self.keep = True
        self._sock = sock
        self._readable_now = ReadableNow(sock)
        self._timeout_s: float | None = -1.0

    def __del__(self) -> None:
        # Of an abandoned answer, or of a pool that is full or gone.
        with contextlib.suppress(AttributeError):  # when __init__ didn't get that far
            self._sock.close()

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def release(self) -> None:
        """Give the connection back: its answer has been read to the end."""
        if self.keep and self.start == self.end and self.pool.open:
            self.pool.idle.append(self)
        else:
            self._sock.close()

    def is_stale(self) -> bool:
        """Return whether an idle connection was closed by the server, or got bytes unasked."""
        return self._readable_now()

    def set_timeout(self, timeout_s: float | None) -> None:
        """Set how long one wait for the other side may last; None for ever."""
        if timeout_s != self._timeout_s:
            self._timeout_s = timeout_s
            self._apply_timeout(timeout_s)

    def _apply_timeout(self, timeout_s: float | None) -> None:
        if not _KERNEL_TIMEOUTS:
            self._sock.settimeout(timeout_s)
            return
        self._sock.settimeout(None)
        # Zero would mean for ever.
        whole_us = 0 if timeout_s is None else max(1, round(timeout_s * 1_000_000))
        value = struct.pack("@ll", *divmod(whole_us, 1_000_000))
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, value)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, value)

    def exchange(self, head: bytes, body: memoryview | None, timeout_s: float | None) -> AnswerHead:
        """Send a request and receive the head of its answer. A failure closes the connection.

        Args:
            head: the head of the request.
            body: its body, or None.
            timeout_s: how long each wait may last; None for ever.

        Raises:
            NoAnswerError: the connection was cut before the first byte of an answer.
            MalformedAnswerError: what came isn't an answer.
            urllib3.exceptions.ProtocolError: the server confirms what wasn't sent to the end.
            OSError: the connection broke, or nothing came in time.
        """
        try:
            self.set_timeout(timeout_s)
            cut = self._send(head, body)
            answer = self.read_head()
            if cut is not None and answer.status < 300:
                # This would be taken for the word that the whole body has arrived.
                raise urllib3.exceptions.ProtocolError("Connection aborted.", cut)
        except BaseException:
            self.close()
            raise
        return answer

    def _send(self, head: bytes, body: memoryview | None) -> Exception | None:
        """Send a request, or as much of it as the server takes.

        Returns:
            Why not all of it was sent, when the server has begun to answer.

        Raises:
            NoAnswerError: the connection broke, and there is no answer.
            OSError: the server took nothing in time.
        """
        self.start = self.end = 0
        try:
            if body is None:
                self._send_head(head)
            else:
                self._send_both(head, body)
        except CUT as error:
            # A server that refuses a body closes early; what it said before that counts.
            self.keep = False
            self._receive_last(error)
            return error
        return None

    def _send_head(self, head: bytes) -> None:
        sent = send_now(self._sock, head) if len(head) <= SHORT_BYTES else 0
        if sent < len(head):
            self._sock.sendall(memoryview(head)[sent:], NO_SIGNAL)

    def _send_both(self, head: bytes, body: memoryview) -> None:
        if len(head) + body.nbytes <= SHORT_BYTES:
            sent = send_now(self._sock, head + body)
        else:
            try:
                sent = self._sock.sendmsg((head, body[:_SEND_MAX_BYTES]), (), AT_ONCE)
            except BlockingIOError:
                sent = 0
        if sent < len(head):
            self._sock.sendall(memoryview(head)[sent:], NO_SIGNAL)
            sent = len(head)
        sent -= len(head)
        if sent < body.nbytes:
            self._send_rest(body[sent:])

    def _send_rest(self, body: memoryview) -> None:
        """Send what the socket didn't take at once; stop when the server refuses the request."""
        poller = select.poll()
        poller.register(self._sock.fileno(), select.POLLIN | select.POLLOUT)
        watch = self.watch()
        timeout_ms = None if self._timeout_s is None else max(1, round(self._timeout_s * 1000))
        done = 0
        while done < body.nbytes:
            began = time.monotonic()
            ready = poller.poll(timeout_ms)
            if not ready:
                raise TimeoutError("the server takes no more of the body")
            if ready[0][1] & _READABLE and self._receive_at_once():
                status = self._first_digit()
                if status > b"2":
                    raise ConnectionAbortedError("the server answered before it had the body")
                if status == b"2":
                    # It takes the body all the same; the rest of the answer waits.
                    poller.modify(self._sock.fileno(), select.POLLOUT)
            count = self._send_at_once(body[done:])
            done += count
            if watch is not None:
                watch.add(count, time.monotonic() - began)

    def _send_at_once(self, body: memoryview) -> int:
        try:
            return self._sock.send(body[:_SEND_MAX_BYTES], AT_ONCE)
        except BlockingIOError:
            return 0

    def _receive_last(self, error: Exception) -> None:
        with contextlib.suppress(*CUT):
            self._receive_at_once()
        if not self.end:
            raise NoAnswerError("Connection aborted.", error) from error

    def _receive_at_once(self) -> int:
        """Receive what is there, into the buffer; return 0 when there is nothing.

        Raises:
            EarlyCloseError: the server closed the connection.
        """
        try:
            count = self._sock.recv_into(self._view[self.end :], 0, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
        if not count:
            raise EarlyCloseError("the server closed the connection")
        self.end += count
        return count

    def _first_digit(self) -> bytes:
        """Return the first digit of the last status in the buffer, or b""."""
        begin = bytes(self.buffer[self.start : self.end])
        while begin[9:10] == b"1" and b"\r\n\r\n" in begin:
            begin = begin.partition(b"\r\n\r\n")[2]
        return begin[9:10]
