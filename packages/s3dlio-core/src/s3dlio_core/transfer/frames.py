"""What an error that is kept must not keep: the frames it passed through.

A report may hold thousands of errors. Each one's traceback refers to the frames, and these to open
directories and leased memory, which would stay until the report goes.
"""

from __future__ import annotations

import traceback

__all__ = ["drop_frames"]


def drop_frames(error: BaseException) -> None:
    """Forget the tracebacks of an error and of those that led to it."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            # Frames refer to each other in circles, and would wait for the garbage collector.
            traceback.clear_frames(one.__traceback__)
            one.__traceback__ = None
            waiting += [one.__cause__, one.__context__]
