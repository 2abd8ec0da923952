"""The writer: what is written becomes one object when it is closed, and nothing otherwise.

Rules that hold in this file:
- `close` commits. An exception in its `with` block aborts, and so does its end without `close`: by
  the garbage collector, or with the interpreter.
- Bytes are copied once, into the buffer that they are sent from; `take_from` copies none.
- What fits into one part is one `put`.
"""

from __future__ import annotations

import io
import warnings
import weakref
from typing import TYPE_CHECKING, Any, NoReturn

from s3dlio_core.errors import IntegrityError
from s3dlio_core.streams.ownership import refuse_pickling

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Buffer

    from s3dlio_core.store import ObjectInfo
    from s3dlio_core.streams.upload import StreamUpload
    from s3dlio_core.transfer.buffers import Lease

__all__ = ["ObjectWriter"]


class ObjectWriter(io.BufferedIOBase):
    """A stream of bytes that becomes an object; what `open(uri, "wb")` returns. For one thread.

    Attributes:
        info: the object, as the store reports it, after `close`; None before.
    """

    def __init__(self, upload: StreamUpload) -> None:
        """Begin with nothing.

        Args:
            upload: where to.
        """
        super().__init__()
        self.info: ObjectInfo | None = None
        self._upload = upload
        #: The first part, full, as long as it may turn out to be the only one.
        self._first: Lease | None = None
        self._lease: Lease | None = None
        self._filled = 0
        self._position = 0
        #: Not all that was to be written was taken, so it can't be committed.
        self._is_broken = False
        # For the interpreter's exit; `__del__` comes before, where somebody only forgot it.
        self._finalizer = weakref.finalize(self, upload.abort)

    @property
    def name(self) -> str:
        """The object's URI."""
        return self._upload.uri

    def remarks(self) -> tuple[str, ...]:
        """Return what the store remarks; see `ObjectStore.remarks`."""
        return self._upload.remarks()

    def writable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return how many bytes were written."""
        self._check_usable()
        return self._position

    def write(self, data: Buffer, /) -> int:
        """Take all bytes; wait while too many are on their way.

        Raises:
            S3dlioError: a part could not be sent. The upload is aborted when the stream ends.
        """
        self._check_usable()
        rest = memoryview(data).cast("B")
        size_bytes = len(rest)
        try:
            while rest:
                room = self._room()
                count = min(len(room), len(rest))
                room[:count] = rest[:count]
                self._fill(count)
                rest = rest[count:]
        except BaseException:
            self._is_broken = True
            raise
        return size_bytes

    def take_from(self, readinto: Callable[[memoryview], int]) -> int:
        """Write what a function reads, straight into the buffers, until it returns 0.

        Args:
            readinto: fills a view, and returns how many bytes it got.

        Returns:
            The bytes.
        """
        self._check_usable()
        begin = self._position
        try:
            while count := readinto(self._room()):
                self._fill(count)
        except BaseException:
            self._is_broken = True
            raise
        return self._position - begin

    def _room(self) -> memoryview:
        """Return where the next bytes go: at least one fits."""
        lease = self._lease
        if lease is not None and self._filled == len(lease.view):
            if self._upload.in_parts:
                self._upload.send(lease, self._filled)
            else:
                self._first = lease
            lease = self._lease = None
        if lease is None:
            lease = self._lease = self._upload.lend(ahead=self._first is not None)
            self._filled = 0
        return lease.view[self._filled :]

    def _fill(self, count: int) -> None:
        """Take notice of bytes in that room."""
        self._filled += count
        self._position += count
        if self._first is not None:
            first, self._first = self._first, None
            self._upload.send(first, len(first.view))

    def close(self) -> None:
        """Commit the object: a second time nothing happens.

        Raises:
            PreconditionFailedError: its condition doesn't hold.
            S3dlioError: it can't be committed, and was aborted.
        """
        if self.closed:
            return
        self._upload.owner.check(self.name)
        try:
            self.info = self._commit()
        except BaseException:
            self.discard()
            raise
        self._end()

    def _commit(self) -> ObjectInfo:
        if self._is_broken:
            raise IntegrityError(
                "a write failed before, so nothing was committed",
                operation="put",
                uri=self.name,
                retryable=False,
            )
        lease = self._first or self._lease
        if self._upload.in_parts:
            if self._lease is not None and self._filled:
                self._upload.send(self._lease, self._filled)
            return self._upload.complete()
        if lease is None:
            return self._upload.put(memoryview(b""))
        return self._upload.put(lease.view[: self._position])

    def discard(self) -> None:
        """Abort: nothing is written. After the end nothing happens."""
        if not self.closed:
            self._upload.abort()
            self._end()

    def abandon(self) -> None:
        """Abort because nobody has closed it, and warn."""
        if not self.closed and self._upload.owner.is_here:
            warnings.warn(
                f"{self.name} was not closed, so it was not written", ResourceWarning, stacklevel=2
            )
        self.discard()

    def _end(self) -> None:
        self._finalizer.detach()
        self._first = self._lease = None
        super().close()

    def _check_usable(self) -> None:
        if self.closed:
            raise ValueError("the stream is closed")
        self._upload.owner.check(self.name)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is not None:
            self.discard()
        self.close()

    def __del__(self) -> None:
        # An __init__ that failed leaves no upload. io's own would close it, and so commit.
        if hasattr(self, "_finalizer"):
            self.abandon()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        refuse_pickling(self)
