"""Reading a byte range of an object, from servers that honour ranges and from those that don't.

Rules that hold in this file:
- An answer is judged by its Content-Range and its length, not by one status number: rclone answers
  a range with status 200, the right bytes and a Content-Range; a server that ignores Range sends
  the whole object, of which the beginning is then skipped and the end never read.
- A body that ends early is an error, never a short result.
- The ETag of the answer is compared with the one that was asked for: a server may ignore If-Match.
- A whole object that is told with a checksum is compared with it before its last bytes are given.

Source: RFC 9110 section 14.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from s3dlio_core.errors import (
    IntegrityError,
    InvalidRangeError,
    PreconditionFailedError,
    ServiceError,
)
from s3dlio_core.rest.headers import content_length, content_range
from s3dlio_core.store import ObjectInfo, ObjectReader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Buffer as WritableBuffer

    from s3dlio_core.content_check import ContentCheck

__all__ = ["Answer", "RangeReader", "RangeSource", "open_range"]

_OPERATION = "read"
#: How much memory bytes that nobody wants may take.
_SKIP_SLICE_BYTES = 256 * 1024


class Answer(Protocol):
    """An answer whose head has arrived, as `s3dlio_http.HttpAnswer` is one."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""

    def readinto(self, view: memoryview, /) -> int:
        """Read some bytes of the body into the view; 0 at its end."""

    def finish(self) -> None:
        """Give the connection back. The body must have been read, or be empty."""

    def close(self) -> None:
        """Close; a connection with unread bytes is cut."""


class RangeSource(Protocol):
    """An object, as its store reaches it."""

    @property
    def uri(self) -> str:
        """The object's URI, for messages."""

    def get(self, start: int, stop: int | None, if_match: str | None, /) -> Answer:
        """Ask for bytes [start, stop), or to the end; stop is above start.

        Raises:
            InvalidRangeError: the service says that the range begins at the end, or beyond.
            S3dlioError: anything else that went wrong.
        """

    def head(self, if_match: str | None, /) -> ObjectInfo:
        """Describe the object."""

    def describe(self, headers: Mapping[str, str], size_bytes: int, /) -> ObjectInfo:
        """Describe the object by the headers of an answer and the size of the whole."""

    def check(self, info: ObjectInfo, /) -> ContentCheck | None:
        """Return what the bytes of a whole read are compared with, or None for nothing."""


@dataclass(slots=True)
class _Asked:
    """What the caller asked for."""

    source: RangeSource
    start: int
    stop: int | None
    if_match: str | None

    @property
    def uri(self) -> str:
        return self.source.uri


class RangeReader(ObjectReader):
    """A stream of an object's bytes."""

    def __init__(
        self,
        info: ObjectInfo,
        answer: Answer | None,
        *,
        uri: str,
        start: int = 0,
        skip_bytes: int = 0,
        length_bytes: int = 0,
        unread_bytes: int = 0,
        check: ContentCheck | None = None,
    ) -> None:
        """Take over an answer.

        Args:
            info: the object.
            answer: its body, or None when there is nothing to read.
            uri: of the object, for messages.
            start: first byte of the range.
            skip_bytes: bytes of the body before the range.
            length_bytes: bytes of the range.
            unread_bytes: bytes of the body after the range, which are never read.
            check: what the bytes are compared with.
        """
        super().__init__()
        self._info = info
        self._answer = answer
        self._uri = uri
        self._skip_bytes = skip_bytes
        self._length_bytes = length_bytes
        self._left_bytes = length_bytes
        self._unread_bytes = unread_bytes
        self._stop = start + length_bytes
        self.check = check

    @property
    def info(self) -> ObjectInfo:
        """The object as this answer describes it."""
        return self._info

    def readinto(self, buffer: WritableBuffer) -> int:
        """Read some bytes into the buffer; 0 at the end of the range."""
        if self.closed:
            raise ValueError("read of a closed reader")
        if not self._left_bytes or self._answer is None:
            return 0
        view = memoryview(buffer).cast("B")
        if not view.nbytes:
            return 0
        while self._skip_bytes:
            self._skip_bytes -= self._fill(memoryview(bytearray(self._next_skip())))
        count = self._fill(view[: self._left_bytes])
        position = self._stop - self._left_bytes
        self._left_bytes -= count
        if not self._left_bytes:
            self._finish()
        if self.check is not None:
            # The last step: who reads these bytes again, after an error above, adds them but once.
            self.check.add(position, view[:count])
            if not self._left_bytes:
                self.check.finish()
        return count

    def close(self) -> None:
        """Give the connection back, or cut it when bytes are left."""
        if not self.closed and self._answer is not None:
            self._answer.close()
            self._answer = None
        super().close()

    def _next_skip(self) -> int:
        return min(self._skip_bytes, _SKIP_SLICE_BYTES)

    def _fill(self, view: memoryview) -> int:
        answer = self._answer
        count = 0 if answer is None else answer.readinto(view)
        if count:
            return count
        done = self._length_bytes - self._left_bytes
        raise IntegrityError(
            f"the answer ended after {done} of {self._length_bytes} bytes",
            operation=_OPERATION,
            uri=self._uri,
        )

    def _finish(self) -> None:
        if self._answer is None:
            return
        if self._unread_bytes:
            self._answer.close()
        else:
            self._answer.finish()
        self._answer = None


def open_range(
    source: RangeSource, start: int, stop: int | None, if_match: str | None
) -> RangeReader:
    """Open bytes [start, stop) of an object.

    Raises:
        InvalidRangeError: start is negative or beyond the end, or stop before start.
        PreconditionFailedError: the object has another ETag.
        S3dlioError: as `RangeSource.get`.
    """
    asked = _Asked(source, start, stop, if_match)
    if start < 0 or (stop is not None and stop < start):
        raise _out_of_range(asked, "the range is negative")
    if stop == start:
        return _open_empty(asked)
    try:
        answer = source.get(start, stop, if_match)
    except InvalidRangeError:
        # Beyond the end, or right at it: then there is nothing to read, and that is no error.
        return _open_empty(asked)
    try:
        return _judge(asked, answer)
    except BaseException:
        answer.close()
        raise


def _open_empty(asked: _Asked) -> RangeReader:
    info = asked.source.head(asked.if_match)
    _check_etag(asked, info)
    if asked.start > info.size_bytes:
        raise _out_of_range(asked, f"the object has {info.size_bytes} bytes")
    if asked.start < info.size_bytes and asked.stop != asked.start:
        raise IntegrityError(
            f"the service refused the range from {asked.start} of {info.size_bytes} bytes",
            operation=_OPERATION,
            uri=asked.uri,
        )
    return RangeReader(info, None, uri=asked.uri)


def _judge(asked: _Asked, answer: Answer) -> RangeReader:
    sent = content_range(answer.headers)
    length = content_length(answer.headers)
    if sent is None:
        if answer.status == 206:
            raise _misfit(asked, "a part of the object, but not which")
        size = asked.source.head(None).size_bytes if length is None else length
        begin, end = 0, size
    else:
        size = sent.size_bytes if sent.size_bytes is not None else -1
        begin, end = sent.start, sent.stop
        if size < 0:
            size = asked.source.head(None).size_bytes
        if length is not None and length != end - begin:
            raise _misfit(asked, f"{length} bytes for bytes {begin}-{end - 1}")
    info = asked.source.describe(answer.headers, size)
    _check_etag(asked, info)
    if asked.start > size:
        raise _out_of_range(asked, f"the object has {size} bytes")
    stop = size if asked.stop is None else min(asked.stop, size)
    if begin > asked.start or end < stop:
        raise _misfit(asked, f"bytes {begin}-{end - 1} of {size}")
    reader = RangeReader(
        info,
        answer,
        uri=asked.uri,
        start=asked.start,
        skip_bytes=asked.start - begin,
        length_bytes=stop - asked.start,
        unread_bytes=end - stop,
        check=asked.source.check(info) if asked.start == 0 and asked.stop is None else None,
    )
    if stop == asked.start:
        reader._finish()  # noqa: SLF001 - of this module
        if reader.check is not None:
            reader.check.finish()
    return reader


def _check_etag(asked: _Asked, info: ObjectInfo) -> None:
    if asked.if_match is not None and info.etag != asked.if_match:
        raise PreconditionFailedError(
            f"the object has the ETag {info.etag or '(none)'}, not {asked.if_match}",
            operation=_OPERATION,
            uri=asked.uri,
        )


def _out_of_range(asked: _Asked, why: str) -> InvalidRangeError:
    stop = "" if asked.stop is None else asked.stop
    return InvalidRangeError(
        f"bytes [{asked.start}, {stop}) can't be read: {why}", operation=_OPERATION, uri=asked.uri
    )


def _misfit(asked: _Asked, what: str) -> ServiceError:
    stop = "" if asked.stop is None else asked.stop
    return ServiceError(
        f"the service was asked for bytes [{asked.start}, {stop}) and sent {what}",
        operation=_OPERATION,
        uri=asked.uri,
        retryable=True,
    )
