"""The threads of one stream.

Rules that hold in this file:
- A thread is started when there is something to do, and no more of them than were asked for.
- They are daemons: an interpreter that exits doesn't wait for a request that hangs.
- They refer to no stream, so that one that nobody uses any more can be collected.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Workers"]


class Workers:
    """Runs what it is given in threads, in the order in which it is given. For one caller."""

    def __init__(self, threads_max: int, name: str) -> None:
        """Prepare; nothing is started.

        Args:
            threads_max: threads at the most.
            name: of the threads.
        """
        self._threads_max = threads_max
        self._name = name
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def run(self, task: Callable[[], None]) -> None:
        """Have a task run; it raises nothing."""
        self._tasks.put(task)
        if len(self._threads) < self._threads_max:
            self._start()

    def _start(self) -> None:
        thread = threading.Thread(
            target=_run_all, args=(self._tasks,), name=self._name, daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # the system gives no more threads: go on with those that there are
            if not self._threads:
                raise
            self._threads_max = len(self._threads)
        else:
            self._threads.append(thread)

    def drop_waiting(self) -> None:
        """Forget the tasks that no thread has begun."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._tasks.get_nowait()

    def close(self) -> None:
        """Let the threads end after what they were given."""
        for _ in self._threads:
            self._tasks.put(None)

    def join(self, timeout_s: float) -> bool:
        """Wait for the threads to end, after `close`; return whether they have."""
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)


def _run_all(tasks: queue.SimpleQueue[Callable[[], None] | None]) -> None:
    while (task := tasks.get()) is not None:
        task()
        del task  # it refers to a buffer, and the next may be long in coming
