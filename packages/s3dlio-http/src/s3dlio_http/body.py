"""What `response.raw` is: the body of an answer, straight from the socket.

Rules that hold in this file:
- `readinto` fills the caller's buffer: only what came along with the head is copied.
- 0 from `readinto`, and b"" from `read`, mean the end of a whole body, never a cut one.
- At the last byte the connection goes back to its pool by itself. One with unread bytes is closed.
- Nothing is decoded unless the caller asks for it; then urllib3's decoders do it.

Source: RFC 9112 sections 6.3, 8 and 9.8; urllib3's HTTPResponse, whose users call the same methods.
"""

from __future__ import annotations

import io
import ssl
import time
from typing import TYPE_CHECKING

import urllib3.exceptions
import urllib3.response

from s3dlio_http.errors import EarlyCloseError, body_error, cut_short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer as WritableBuffer

    from s3dlio_http.answer_head import AnswerHead
    from s3dlio_http.connection import Connection
    from s3dlio_http.speed import SpeedWatch

__all__ = ["Body", "LengthBody", "UntilCloseBody"]

_STREAM_BYTES = 64 * 1024


class Body(io.RawIOBase):
    """A body that is being received, as a file. Subclasses know where it ends.

    Attributes:
        head: the head of the answer.
        decode_content: whether to undo the content coding (gzip and such) if nothing else is said.
    """

    __slots__ = ("_connection", "_decoder", "_done", "_left", "_whole", "decode_content", "head")

    #: `read` takes memory as bytes come, not as many as a server promises.
    _piece_bytes = 64 * 1024

    def __init__(self, connection: Connection, head: AnswerHead) -> None:
        """Take over a connection whose head has been read."""
        self.head = head
        self.decode_content = False
        self._connection: Connection | None = connection
        self._decoder: urllib3.response.HTTPResponse | None = None
        self._done = 0
        self._left = 0
        self._whole = False

    # ---- bytes ----

    def readinto(self, buffer: WritableBuffer) -> int:
        """Read some bytes into a buffer; 0 at the end of the body.

        Raises:
            urllib3.exceptions.HTTPError: the body was cut short, is malformed, or came too late.
        """
        view = buffer if type(buffer) is memoryview else memoryview(buffer)
        if view.format != "B" or view.ndim != 1:
            view = view.cast("B")
        if not self.decode_content:
            return self._receive_into(view)
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def _receive_into(self, view: memoryview) -> int:
        connection = self._connection
        if connection is None:
            return self._read_after_end()
        if not view:
            return 0
        try:
            count = self._fill(connection, view)
        except BaseException as error:
            self._fail(error, connection)
            raise
        self._done += count
        return count

    def read(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """Read up to `amt` bytes, fewer only at the end; all that is left without it.

        Args:
            amt: how many bytes; None or a negative number for all.
            decode_content: whether to undo the content coding; None for what the attribute says.

        Raises:
            urllib3.exceptions.HTTPError: as `readinto`.
        """
        if decode_content is None:
            decode_content = self.decode_content
        if decode_content and "content-encoding" in self.head.fields:
            return self._decoding().read(amt, decode_content=True)
        most = self._piece_bytes
        if amt is None or amt < 0:
            return b"".join(iter(lambda: self._read_piece(most), b""))
        if amt <= most:
            return self._read_piece(amt)
        pieces = []
        while amt and (piece := self._read_piece(min(amt, most))):
            pieces.append(piece)
            amt -= len(piece)
        return b"".join(pieces)

    def stream(
        self, amt: int | None = _STREAM_BYTES, decode_content: bool | None = None
    ) -> Iterator[bytes]:
        """Yield the body in pieces of up to `amt` bytes; requests' `iter_content` uses it."""
        if decode_content is None:
            decode_content = self.decode_content
        if decode_content and "content-encoding" in self.head.fields:
            yield from self._decoding().stream(amt, decode_content=True)
        elif amt != 0:
            while data := self._stream_piece(amt):
                yield data

    def __iter__(self) -> Iterator[bytes]:
        """Yield the decoded body line by line."""
        rest = b""
        for data in self.stream(decode_content=True):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield line + b"\n"
        if rest:
            yield rest

    def _stream_piece(self, amt: int | None) -> bytes:
        return self.read(amt, decode_content=False)

    def _read_piece(self, size_bytes: int) -> bytes:
        if self._connection is None:
            self._read_after_end()
            return b""
        view = memoryview(bytearray(size_bytes))
        done = 0
        while done < size_bytes and (count := self._receive_into(view[done:])):
            done += count
        return bytes(view[:done])

    def _fill(self, connection: Connection, view: memoryview) -> int:
        raise NotImplementedError

    # ---- the end ----

    def close(self) -> None:
        """Let go of the answer; a connection with unread bytes is closed."""
        connection = self._connection
        if connection is not None:
            self._connection = None
            connection.close()

    def release_conn(self) -> None:
        """As `close`: a connection that can be used again is back in its pool by itself."""
        self.close()

    @property
    def closed(self) -> bool:
        """Whether there is nothing more to read."""
        return self._connection is None

    def isclosed(self) -> bool:
        """Return whether there is nothing more to read."""
        return self._connection is None

    def _finish(self, connection: Connection) -> None:
        self._connection = None
        self._whole = True
        connection.release()

    def _read_after_end(self) -> int:
        if self._whole:
            return 0
        raise urllib3.exceptions.ProtocolError("the answer was closed before its end")

    def _fail(self, error: BaseException, connection: Connection) -> None:
        # After an interruption behind the last byte it may be another thread's already.
        if self._connection is connection:
            self.close()
        # Under TLS a connection that ends without a word of the server's was cut.
        if isinstance(error, EarlyCloseError | ssl.SSLEOFError):
            raise cut_short(self._done, max(1, self._left)) from error
        if isinstance(error, OSError):
            raise body_error(error, connection.pool.origin) from error

    # ---- what requests and its users ask for ----

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self.head.status

    @property
    def reason(self) -> str:
        """What the server says the status means."""
        return self.head.reason

    @property
    def version(self) -> int:
        """10 or 11, as http.client has it."""
        return 11 if self.head.minor else 10

    @property
    def headers(self) -> urllib3.HTTPHeaderDict:
        """All headers, repeated ones apart."""
        return urllib3.HTTPHeaderDict(self.head.pairs)

    @property
    def _original_response(self) -> _Original | None:
        # The cookie jar of requests looks here, and costs 20 microseconds when it finds something.
        return _Original(self.headers) if "set-cookie" in self.head.fields else None

    def getheader(self, name: str, default: str | None = None) -> str | None:
        """Return the value of a header."""
        field = self.head.fields.get(name.lower())
        return default if field is None else field[1]

    def readable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return how many bytes have been read."""
        return self._done

    def _decoding(self) -> urllib3.response.HTTPResponse:
        if self._decoder is None:
            self._decoder = urllib3.response.HTTPResponse(
                body=_Undecoded(self),  # type: ignore[arg-type] # it is only read
                headers={"content-encoding": self.head.fields["content-encoding"][1]},
                status=self.head.status,
                preload_content=False,
            )
        return self._decoder


class LengthBody(Body):
    """A body whose length the head tells."""

    __slots__ = ("_watch",)

    _piece_bytes = 1024 * 1024

    def __init__(self, connection: Connection, head: AnswerHead, length_bytes: int) -> None:
        """Take over a connection whose head has been read."""
        super().__init__(connection, head)
        self._left = length_bytes
        self._watch: SpeedWatch | None = None
        if not length_bytes:
            self._finish(connection)

    def _fill(self, connection: Connection, view: memoryview) -> int:
        left = self._left
        if left < len(view):
            view = view[:left]
        count = connection.take_buffered(view) or self._receive(connection, view)
        self._left = left = left - count
        if not left:
            self._finish(connection)
        return count

    def _receive(self, connection: Connection, view: memoryview) -> int:
        watch = self._watch
        if watch is None:
            count = connection.receive(view)
            if count < self._left:
                self._watch = connection.watch()
        else:
            began = time.monotonic()
            count = connection.receive(view)
            watch.add(count, time.monotonic() - began)
        return count

    def _read_piece(self, size_bytes: int) -> bytes:
        return super()._read_piece(min(size_bytes, self._left or size_bytes))


class UntilCloseBody(Body):
    """A body that ends with the connection. It may be slow: events come this way."""

    __slots__ = ()

    def _fill(self, connection: Connection, view: memoryview) -> int:
        count = connection.take_buffered(view)
        if not count:
            try:
                count = connection.receive(view)
            except EarlyCloseError:
                connection.keep = False
                self._finish(connection)
        return count


class _Original:
    """What the cookie jar of requests looks at."""

    __slots__ = ("msg",)

    def __init__(self, headers: urllib3.HTTPHeaderDict) -> None:
        self.msg = headers


class _Undecoded:
    """What urllib3's decoder reads from. A body that was closed too early isn't "closed" here."""

    __slots__ = ("_body",)

    def __init__(self, body: Body) -> None:
        self._body = body

    def read(self, amt: int | None = None) -> bytes:
        return self._body.read(amt, decode_content=False)

    def close(self) -> None:
        self._body.close()

    @property
    def closed(self) -> bool:
        return self._body._whole  # noqa: SLF001 - of this module
