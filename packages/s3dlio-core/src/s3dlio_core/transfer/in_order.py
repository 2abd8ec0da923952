"""Calling a function on a stream, many at a time, with the results in the stream's order.

Rules that hold in this file:
- Lazy: at most a few entries for each thread are read ahead.
- Threads are daemons, and few entries start few of them: an interpreter that exits doesn't wait
  for a request that hangs.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from s3dlio_core.transfer.events import CancelToken

__all__ = ["in_order"]

#: Entries that wait for their turn, for each thread: one slow call must not keep the others idle.
AHEAD_PER_THREAD = 4
#: How often who waits for a result looks at the cancel token.
CANCEL_CHECK_S = 0.1

_Entry = TypeVar("_Entry")
_Result = TypeVar("_Result")


class _Call(Generic[_Entry, _Result]):
    """One call, on its way through a thread."""

    def __init__(self, entry: _Entry) -> None:
        self.entry = entry
        self._done = threading.Event()
        self._result: list[_Result] = []
        self._error: BaseException | None = None

    def run(self, function: Callable[[_Entry], _Result]) -> None:
        """Make it."""
        try:
            self._result.append(function(self.entry))
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            self._error = error
        self._done.set()

    def result(self, cancel: CancelToken) -> _Result:
        """Wait for its result; raise what it raised, or CancelledError."""
        while not self._done.wait(CANCEL_CHECK_S):
            cancel.raise_if_cancelled()
        if self._error is not None:
            raise self._error
        return self._result[0]


def in_order(
    function: Callable[[_Entry], _Result],
    entries: Iterable[_Entry],
    jobs: int,
    cancel: CancelToken,
) -> Generator[tuple[_Entry, _Result], None, None]:
    """Yield each entry with what a function returns for it.

    Args:
        function: is called in threads.
        entries: read by the caller's thread, as they are needed.
        jobs: threads at the most.
        cancel: ends a wait.

    Raises:
        CancelledError: the token was set while a call was waited for.
        BaseException: what the function raises, in the entry's turn.
    """
    calls: queue.SimpleQueue[_Call[_Entry, _Result] | None] = queue.SimpleQueue()
    waiting: deque[_Call[_Entry, _Result]] = deque()
    threads = 0
    try:
        for entry in entries:
            call: _Call[_Entry, _Result] = _Call(entry)
            waiting.append(call)
            calls.put(call)
            if threads < min(jobs, len(waiting)):
                threading.Thread(
                    target=_make_calls, args=(function, calls), name="s3dlio-order", daemon=True
                ).start()
                threads += 1
            if len(waiting) >= jobs * AHEAD_PER_THREAD:
                first = waiting.popleft()
                yield first.entry, first.result(cancel)
        while waiting:
            first = waiting.popleft()
            yield first.entry, first.result(cancel)
    finally:
        with contextlib.suppress(queue.Empty):
            while True:  # nobody wants these results any more
                calls.get_nowait()
        for _ in range(threads):
            calls.put(None)


def _make_calls(
    function: Callable[[_Entry], _Result],
    calls: queue.SimpleQueue[_Call[_Entry, _Result] | None],
) -> None:
    while (call := calls.get()) is not None:
        call.run(function)
