"""An object as a seekable stream, and as a sequence of pieces.

Rules that hold in this file:
- One request opens an object and brings its beginning; a small one is read with it alone.
- Who reads on gets ranges that are on their way already, more of them the longer it goes on. Who
  jumps gets what is asked for, in one request of its own, until reading goes on from there.
- All bytes are of one state of the object (`pinned`). Where the store tells a checksum, a stream
  that is read from the first byte to the last, in order, is compared before its last bytes are
  given. After a jump that can't be done.
- Positions are only numbers until bytes are asked for: `seek` makes no request.
"""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any, NoReturn

from s3dlio_core.bandwidth import Bandwidth, paced
from s3dlio_core.errors import IntegrityError, InvalidRangeError
from s3dlio_core.streams.ownership import Owner, refuse_pickling
from s3dlio_core.streams.pinned import PinnedObject
from s3dlio_core.streams.read_ahead import FIRST_RANGE_BYTES, ReadAhead
from s3dlio_core.streams.workers import Workers
from s3dlio_core.transfer.buffers import BUDGET_BYTES, BufferPool
from s3dlio_core.transfer.events import CancelToken
from s3dlio_core.transfer.object_copy import fill
from s3dlio_core.transfer.plan import PART_SIZE_BYTES, WHOLE_OBJECT_PARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Buffer

    from s3dlio_core.store import ObjectInfo, ObjectReader, ObjectStore
    from s3dlio_core.streams.read_ahead import Range

__all__ = ["AHEAD_MAX", "BUFFER_SIZE_BYTES", "ObjectStream", "RawObjectStream"]

#: Ranges on their way for one stream: with the one that is being read, 64 MiB at the most.
AHEAD_MAX = 7
#: What a buffered stream reads at the least, so also what a jump costs.
BUFFER_SIZE_BYTES = 256 * 1024
#: What isn't longer is read with the one request that opened it.
_ONE_REQUEST_MAX_BYTES = PART_SIZE_BYTES * WHOLE_OBJECT_PARTS
#: After a jump, so much is read by requests for what is asked for alone.
_DIRECT_BYTES = 2 * BUFFER_SIZE_BYTES


class RawObjectStream(io.RawIOBase):
    """The bytes of one object. For one thread; `ObjectStream` is buffered and has a lock."""

    def __init__(
        self,
        store: ObjectStore,
        key: str,
        *,
        version: str | None = None,
        start: int = 0,
        stop: int | None = None,
        seen: ObjectInfo | None = None,
        ahead_max: int = AHEAD_MAX,
        bandwidth: Bandwidth | None = None,
        cancel: CancelToken | None = None,
        at_close: Callable[[], None] | None = None,
    ) -> None:
        """Open an object.

        Args:
            store: holds it.
            key: its key.
            version: read this version of it.
            start: where reading begins.
            stop: what is asked for at first ends here; the stream doesn't.
            seen: the state of it that is meant; None is the current one.
            ahead_max: ranges of 8 MiB that are read ahead at the most.
            bandwidth: what reading on keeps to; it is one request then. For who doesn't jump.
            cancel: ends requests when it is set.
            at_close: is called at the end, once.

        Raises:
            ObjectNotFoundError: there is no such object.
            InvalidRangeError: it ends before `start`.
        """
        super().__init__()
        self._owner = Owner()
        self._at_close = contextlib.ExitStack()
        if at_close is not None:
            self._at_close.callback(at_close)
        self._cancel = (cancel or CancelToken()).child()
        if seen is None:
            body = store.open_reader(key, start, stop, version=version)
        else:
            end = seen.size_bytes if stop is None else stop
            body = PinnedObject(store, seen, version).open(start, end)
        self._body: ObjectReader | None = body
        # Ranges side by side would come at a rate, but be handed out in bursts.
        self._is_paced = bandwidth is not None
        self._read = paced(body, bandwidth, self._cancel).readinto
        self._source = PinnedObject(store, body.info, version)
        # Ranges are compared here, so not by the reader of the first of them.
        self._check, body.check = body.check, None
        # With the range that is being read they keep to the budget, so nobody waits for memory.
        self._ahead_max = min(ahead_max, BUDGET_BYTES // PART_SIZE_BYTES - 1)
        self._workers = Workers(self._ahead_max, "s3dlio-read")
        self._buffers = BufferPool(BUDGET_BYTES)
        self._position = start
        self._begun_at = start
        self._body_stop = body.info.size_bytes if stop is None else min(stop, body.info.size_bytes)
        # Where the bytes that were given last ended: who asks for these next reads on.
        self._given_to = start
        self._ahead: ReadAhead | None = None
        self._range: Range | None = None
        self._damage: BaseException | None = None

    @property
    def info(self) -> ObjectInfo:
        """The object, as it was when it was opened."""
        return self._source.info

    @property
    def name(self) -> str:
        """Its URI."""
        return self._source.uri

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        self._check_usable()
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Change the position; return it. No request is made."""
        self._check_usable()
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.info.size_bytes}
        if whence not in bases:
            raise ValueError(f"whence is 0, 1 or 2, not {whence!r}")
        position = bases[whence] + offset
        if position < 0:
            raise ValueError(f"negative seek position {position}")
        self._position = position
        return position

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill the buffer with some bytes, at least one; return how many, 0 at the end."""
        self._check_usable()
        view = memoryview(buffer).cast("B")
        view = view[: max(0, self.info.size_bytes - self._position)]
        if not view:
            return 0
        self._note_jump()
        if self._reads_body():
            count = self._read_body(view)
        elif self._is_direct(len(view)):
            count = self._read_direct(view)
        else:
            if self._has_jumped() and len(view) > PART_SIZE_BYTES:
                self._read_ahead(self._position + len(view), at_once=True)
            held = self._held(self.info.size_bytes)[: len(view)]
            count = len(held)
            view[:count] = held
        self._given(count)
        return count

    def readall(self) -> bytes:
        """Return all that follows."""
        return self.take()

    def take(self, stop: int | None = None) -> bytes:
        """Return what follows up to a position; None is the object's end."""
        # It hands its own memory out as bytes, so that nothing is copied twice.
        content = io.BytesIO()
        for piece in self.pieces(stop):
            content.write(piece)
        return content.getvalue()

    def pieces(self, stop: int | None = None) -> Iterator[memoryview]:
        """Yield what follows, in order, in pieces of up to 8 MiB where they lie.

        Each is valid until the next is asked for; a forked child finds zeros there. Ranges are read
        side by side from the beginning.

        Args:
            stop: end before this position; None is the object's end.
        """
        self._check_usable()
        end = self.info.size_bytes if stop is None else min(stop, self.info.size_bytes)
        self._note_jump()
        is_long = not self._is_paced and end - self._position > _ONE_REQUEST_MAX_BYTES
        if not self._lies_ahead() and (is_long or self._body is None) and self._position < end:
            self._read_ahead(end, at_once=True)
        if self._reads_body():
            yield from self._body_pieces(end)
        while self._position < end:
            held = self._held(end)[: end - self._position]
            yield held
            self._given(len(held))

    def check_satisfiable(self) -> None:
        """Check that there is a byte at the position, as a range wants it (RFC 9110, 14.1.2).

        Raises:
            InvalidRangeError: there isn't.
        """
        if self._position >= self.info.size_bytes:
            raise InvalidRangeError(
                f"the range begins at byte {self._position}, and the object has "
                f"{self.info.size_bytes}",
                operation="read",
                uri=self.name,
            )

    # Where bytes come from: the request that opened the object, ranges ahead, or one of their own.

    def _note_jump(self) -> None:
        """Forget what is of no use at the position, if it isn't where reading would go on."""
        if self._position != self._given_to and not self._lies_ahead():
            self._leave_body()
            self._drop_ahead()
            self._check = None
            self._begun_at = self._given_to = self._position

    def _reads_body(self) -> bool:
        """Whether to go on with the first reader; one of a long object is soon left for ranges."""
        if self._body is None:
            return False
        is_short = self._body_stop - self._begun_at <= _ONE_REQUEST_MAX_BYTES
        return self._is_paced or is_short or self._position - self._begun_at < FIRST_RANGE_BYTES

    def _has_jumped(self) -> bool:
        """Whether the position is where a jump led to, or not far behind."""
        return (
            self._body is None
            and self._position - self._begun_at < _DIRECT_BYTES
            and not self._lies_ahead()
        )

    def _is_direct(self, count: int) -> bool:
        """Whether to read what is asked for with one request, and nothing else."""
        return count <= PART_SIZE_BYTES and self._has_jumped()

    def _read_body(self, view: memoryview) -> int:
        count = self._read(view)
        if not count:
            raise IntegrityError(
                f"the object ends {self._body_stop - self._position} bytes early",
                operation="read",
                uri=self.name,
            )
        if self._check is not None:
            self._check.add(self._position, view[:count])
        if self._position + count >= self._body_stop:
            self._leave_body()
        self._finish_check(count)
        return count

    def _read_direct(self, view: memoryview) -> int:
        with self._source.open(self._position, self._position + len(view)) as reader:
            fill(reader, view, self._cancel)
        return len(view)

    def _body_pieces(self, end: int) -> Iterator[memoryview]:
        lease = self._buffers.lend(min(FIRST_RANGE_BYTES, end - self._position), self._cancel)
        try:
            while self._position < end and self._reads_body():
                count = self._read_body(lease.view[: end - self._position])
                yield lease.view[:count]
                self._given(count)
        finally:
            lease.give_back()

    def _leave_body(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def _lies_ahead(self) -> bool:
        """Whether the position lies in what is held or on its way."""
        held, ahead = self._range, self._ahead
        if held is not None and held.start <= self._position < held.stop:
            return True
        return ahead is not None and ahead.holds(self._position)

    def _read_ahead(self, stop: int, *, at_once: bool = False) -> None:
        """Have ranges from the position on read."""
        self._drop_ahead()
        if min(self._position + FIRST_RANGE_BYTES, stop) > self._body_stop:
            self._leave_body()
        opened, self._body = self._body, None
        self._ahead = ReadAhead(
            self._source,
            self._position,
            stop,
            workers=self._workers,
            buffers=self._buffers,
            cancel=self._cancel,
            ahead_max=self._ahead_max,
            check=self._check,
            opened=opened,
            at_once=at_once,
        )

    def _held(self, stop: int) -> memoryview:
        """Return the bytes at the position that are here; wait for them, or ask for them.

        Args:
            stop: don't ask for what lies behind this.
        """
        if not self._lies_ahead():
            self._read_ahead(stop)
        while self._range is None or self._position >= self._range.stop:
            self._drop_range()
            self._range = None if self._ahead is None else self._ahead.take()
            if self._range is None:
                raise AssertionError("nothing is ahead")
            if self._position >= self._range.stop:
                self._check = None  # nobody waits for this one
        try:
            view = self._range.view()[self._position - self._range.start :]
        except BaseException:
            self._drop_ahead()
            raise
        self._finish_check(len(view))
        return view

    def _given(self, count: int) -> None:
        self._position += count
        self._given_to = self._position

    def _finish_check(self, count: int) -> None:
        """Compare, before the object's last bytes are given."""
        if self._check is not None and self._position + count >= self.info.size_bytes:
            check, self._check = self._check, None
            try:
                check.finish()
            except BaseException as error:
                # Who catches it and reads on must not get these bytes after all.
                self._damage = error
                raise

    def _drop_range(self) -> None:
        if self._range is not None:
            self._range.drop()
            self._range = None

    def _drop_ahead(self) -> None:
        self._drop_range()
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None
            # Some of the bytes on their way were compared, and will come again.
            self._check = None

    # The end.

    def _check_usable(self) -> None:
        if self.closed:
            raise ValueError("the stream is closed")
        self._owner.check(self.name)
        if self._damage is not None:
            raise self._damage

    def close(self) -> None:
        """Stop what is on its way, and close the connections."""
        # An __init__ that failed leaves no body, and io.IOBase.__del__ still calls this.
        if self.closed or not hasattr(self, "_damage"):
            super().close()
            return
        super().close()
        if not self._owner.is_here:
            return
        self._cancel.cancel()
        self._workers.drop_waiting()
        self._workers.close()
        with self._at_close:
            self._drop_ahead()
            self._leave_body()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        refuse_pickling(self)


class ObjectStream(io.BufferedReader):
    """The bytes of one object, buffered; what `open(uri, "rb")` returns."""

    raw: RawObjectStream

    @property
    def info(self) -> ObjectInfo:
        """The object, as it was when it was opened."""
        return self.raw.info

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        refuse_pickling(self)
