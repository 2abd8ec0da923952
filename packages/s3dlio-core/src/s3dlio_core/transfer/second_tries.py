"""What failed and is tried again when the plan has come to its end.

An outage, a lock or a writer that has ended by then no longer stands in the way. (Single requests
are repeated by the retrying store, at once and long before.)

Rules that hold in this file:
- A failure is told when it is final; what is to be tried again is only remembered, with the
  failure that counts when a run ends before its turn.
- Memory is bounded: what fails when `FAILURES_KEPT_MAX` objects are remembered is final at once.
- What can't change from one try to the next is final at once, too.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from s3dlio_core.errors import (
    InvalidKeyError,
    NotSupportedError,
    ObjectTooLargeError,
    SourceChangedError,
)
from s3dlio_core.transfer.frames import drop_frames
from s3dlio_core.transfer.report import FAILURES_KEPT_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3dlio_core.transfer.plan import CopyItem
    from s3dlio_core.transfer.report import Failure

__all__ = ["SecondTries"]

_HOPELESS = (InvalidKeyError, NotSupportedError, ObjectTooLargeError)


class SecondTries:
    """The objects of a run that failed and may be tried again; thread-safe."""

    def __init__(self, passes: int) -> None:
        """Begin with nothing.

        Args:
            passes: how often what failed is tried again, at the most.
        """
        #: Failures that were final only because too many objects were remembered.
        self.refused_count = 0
        self._passes_left = passes
        self._waiting: dict[tuple[str, str], tuple[CopyItem, Failure]] = {}
        self._lock = threading.Lock()

    def postpone(self, item: CopyItem, failure: Failure) -> bool:
        """Remember an object that failed; return False when its failure is final."""
        drop_frames(failure.error)
        name = _name(item)
        with self._lock:
            known = self._waiting.pop(name, None) is not None
            if not self._passes_left or isinstance(failure.error, _HOPELESS):
                return False
            if len(self._waiting) >= FAILURES_KEPT_MAX and not known:
                self.refused_count += 1
                return False
            self._waiting[name] = (item, failure)
            return True

    def settle(self, item: CopyItem) -> None:
        """Forget an object that was copied."""
        if self._waiting:
            with self._lock:
                self._waiting.pop(_name(item), None)

    def next_pass(self) -> Sequence[CopyItem]:
        """Begin a pass: return what is to be tried; nothing when no more passes are made."""
        with self._lock:
            if not self._passes_left:
                return ()
            self._passes_left -= 1
            return [
                # Somebody may have written the destination since it was listed.
                replace(item, existing=None, stale=isinstance(failure.error, SourceChangedError))
                for item, failure in self._waiting.values()
            ]

    def unsettled(self) -> Sequence[Failure]:
        """Return, once, the failures of what no pass has come to the end of."""
        with self._lock:
            left = [failure for _, failure in self._waiting.values()]
            self._waiting.clear()
            return left


def _name(item: CopyItem) -> tuple[str, str]:
    return item.source.uri_of(item.info.key), item.key
