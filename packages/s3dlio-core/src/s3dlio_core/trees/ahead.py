"""Reading a stream ahead in a thread of its own.

So the request for a listing's next page is under way while this one is worked on.

Rules that hold in this file:
- At most `BATCHES_AHEAD_MAX` batches wait, so memory is flat.
- What the stream raises is raised where its end would be.
- The thread is a daemon and ends with its reader: an interpreter that exits doesn't wait for it.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

__all__ = ["read_ahead"]

#: Elements that are handed over together: a page of most services.
BATCH_SIZE = 1000
#: Batches that wait for the reader.
BATCHES_AHEAD_MAX = 2
#: How often the thread looks whether anybody still reads.
CHECK_S = 0.1

_Element = TypeVar("_Element")


class _Ahead(Generic[_Element]):
    """What the thread and its reader share."""

    def __init__(self) -> None:
        self.batches: queue.Queue[Sequence[_Element] | BaseException] = queue.Queue(
            BATCHES_AHEAD_MAX
        )
        self.closed = threading.Event()

    def hand_over(self, batch: Sequence[_Element] | BaseException) -> bool:
        """Wait for room; return False when nobody reads any more."""
        while not self.closed.is_set():
            with contextlib.suppress(queue.Full):
                self.batches.put(batch, timeout=CHECK_S)
                return True
        return False


def read_ahead(stream: Iterator[_Element]) -> Generator[_Element, None, None]:
    """Yield a stream's elements; a thread reads it from the first `next` on.

    Args:
        stream: is read and closed by the thread alone.
    """
    ahead: _Ahead[_Element] = _Ahead()
    threading.Thread(target=_read, args=(stream, ahead), name="s3dlio-ahead", daemon=True).start()
    try:
        while True:
            batch = ahead.batches.get()
            if isinstance(batch, BaseException):
                raise batch
            if not batch:
                return
            yield from batch
    finally:
        ahead.closed.set()


def _read(stream: Iterator[_Element], ahead: _Ahead[_Element]) -> None:
    batch: list[_Element] = []
    try:
        for element in stream:
            batch.append(element)
            if len(batch) == BATCH_SIZE:
                if not ahead.hand_over(batch):
                    return
                batch = []
        if not batch or ahead.hand_over(batch):
            ahead.hand_over(())
    except BaseException as error:  # noqa: BLE001 - raised again where the stream is read
        if not batch or ahead.hand_over(batch):
            ahead.hand_over(error)
    finally:
        close = getattr(stream, "close", None)
        if close is not None:
            close()
