"""What a transfer tells while it runs, and how it is told to stop.

The engine calls an observer from one thread, the one that called the operation, ten times a
second and at each failure; an observer needs no locks and must not block for long. An observer
that raises ends the transfer with its error.
"""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3dlio_core.errors import CancelledError

if TYPE_CHECKING:
    from s3dlio_core.transfer.report import Failure, Planned, Settled, TransferReport

__all__ = ["CancelToken", "PassingObserver", "Snapshot", "TransferObserver"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a transfer at one moment.

    Attributes:
        operation: "upload", "download", "copy", "move", "sync" or "delete".
        done_count, failed_count, skipped_count: objects that are finished, one way or another.
        total_count: objects found so far; it grows while the listing goes on.
        done_bytes: bytes of finished objects and of finished parts of unfinished ones. Bytes of
            an object that fails are taken out again.
        total_bytes: bytes of the objects found so far.
        totals_final: whether the listing is complete and the totals will grow no more.
        elapsed_s: seconds since the start.
        deleted_count: objects that a sync or a deletion has deleted so far.
    """

    operation: str
    done_count: int
    failed_count: int
    skipped_count: int
    total_count: int
    done_bytes: int
    total_bytes: int
    totals_final: bool
    elapsed_s: float
    deleted_count: int = 0


class TransferObserver:
    """Watches a transfer. Each method does nothing by default: override what you need."""

    #: Whether `settled` is called. It costs each object some microseconds, so it must be asked for.
    wants_settled: bool = False

    def started(self, snapshot: Snapshot) -> None:
        """Be told that the transfer begins."""

    def progressed(self, snapshot: Snapshot) -> None:
        """Be told the state, ten times a second."""

    def failed(self, failure: Failure) -> None:
        """Be told of an object that failed; the transfer goes on."""

    def settled(self, settled: Settled) -> None:
        """Be told of an object that is done, if `wants_settled`; the order is that of their ends.

        The transfer waits for an observer that is slower than it, so that memory stays flat.
        """

    def planned(self, planned: Planned) -> None:
        """Be told one thing that a dry run would do, in the plan's order."""

    def noted(self, text: str) -> None:
        """Be told something the user should read, e.g. that subdirectories were left out."""

    def finished(self, snapshot: Snapshot, report: TransferReport) -> None:
        """Be told the end, whatever it was; called exactly once for each `started`."""


class PassingObserver(TransferObserver):
    """Passes everything on to another observer; for those that add something."""

    def __init__(self, inner: TransferObserver) -> None:
        self._inner = inner
        self.wants_settled = inner.wants_settled

    def started(self, snapshot: Snapshot) -> None:
        """Pass it on."""
        self._inner.started(snapshot)

    def progressed(self, snapshot: Snapshot) -> None:
        """Pass it on."""
        self._inner.progressed(snapshot)

    def failed(self, failure: Failure) -> None:
        """Pass it on."""
        self._inner.failed(failure)

    def settled(self, settled: Settled) -> None:
        """Pass it on."""
        self._inner.settled(settled)

    def planned(self, planned: Planned) -> None:
        """Pass it on."""
        self._inner.planned(planned)

    def noted(self, text: str) -> None:
        """Pass it on."""
        self._inner.noted(text)

    def finished(self, snapshot: Snapshot, report: TransferReport) -> None:
        """Pass it on."""
        self._inner.finished(snapshot, report)


class CancelToken:
    """Asks a running transfer to stop; may be set from any thread.

    A signal handler sets it from a thread of its own: the handler may have interrupted the very
    lock that waiting for the token holds.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._children: list[weakref.ref[CancelToken]] = []
        self._lock = threading.Lock()

    def cancel(self) -> None:
        """Ask to stop. Running requests end, unfinished uploads are aborted."""
        self._event.set()
        with self._lock:
            children = list(self._children)
        for reference in children:
            child = reference()
            if child is not None:
                child.cancel()

    def child(self) -> CancelToken:
        """Return a token that is set with this one, and may be set alone: that of one run."""
        child = CancelToken()
        with self._lock:
            alive = [reference for reference in self._children if reference() is not None]
            self._children = [*alive, weakref.ref(child)]
        if self.cancelled:
            child.cancel()
        return child

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._event.is_set()

    def raise_if_cancelled(self, operation: str = "", uri: str = "") -> None:
        """Raise CancelledError when it was."""
        if self._event.is_set():
            raise CancelledError("cancelled", operation=operation, uri=uri)

    def wait(self, timeout_s: float) -> bool:
        """Sleep until cancelled or the time is over; return whether it was cancelled."""
        return self._event.wait(timeout_s)
