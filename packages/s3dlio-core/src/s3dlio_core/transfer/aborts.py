"""Aborting what a run leaves unfinished, without waiting for a server that doesn't answer."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from s3dlio_core.errors import S3dlioError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from s3dlio_core.transfer.parted_copy import PartedCopy

__all__ = ["abort_copies"]


def abort_copies(
    unended: Sequence[PartedCopy], jobs: int, grace_s: float
) -> Mapping[PartedCopy, str]:
    """Abort copies in parts, side by side.

    Args:
        unended: what has neither been ended nor aborted.
        jobs: how many at a time, at the most.
        grace_s: how long to wait for all of them.

    Returns:
        Those that may be left, and why.
    """
    left = {parted: _why_left(parted) for parted in unended}
    waiting = deque(parted for parted in unended if parted.begun and not parted.ending)
    threads = [
        threading.Thread(target=_abort_all, args=(waiting, left), name="s3dlio-abort", daemon=True)
        for _ in range(min(jobs, len(waiting)))
    ]
    deadline = time.monotonic() + grace_s
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    # A thread that still waits may yet change the one that it fills.
    return dict(left)


def _why_left(parted: PartedCopy) -> str:
    """Why an upload may be left when nothing more is heard of it."""
    if parted.ending:
        return "no answer to its end, so it may be finished"
    return "no answer to its abort" if parted.begun else "no answer to its beginning"


def _abort_all(waiting: deque[PartedCopy], left: dict[PartedCopy, str]) -> None:
    """Abort one upload after the other; what succeeds isn't left."""
    while waiting:
        try:
            parted = waiting.popleft()
        except IndexError:  # another thread was faster
            return
        try:
            parted.abort()
        except S3dlioError as error:
            left[parted] = str(error)
        else:
            del left[parted]
