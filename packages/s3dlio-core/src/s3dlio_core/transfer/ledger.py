"""What the threads of a run have done, and what its observer is told of it.

Rules that hold in this file:
- Each worker counts in `Counters` of its own, so counting needs no lock.
- Failures, notes and what is done come from any thread; the observer hears them from the one that
  calls `tell`. Workers that are faster than the observer wait while `is_full`.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from typing import TYPE_CHECKING

from s3dlio_core.content_check import Outcome
from s3dlio_core.logs import get_logger
from s3dlio_core.transfer.events import Snapshot, TransferObserver
from s3dlio_core.transfer.frames import drop_frames
from s3dlio_core.transfer.report import FAILURES_KEPT_MAX, Failure, Settled, TransferReport

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3dlio_core.errors import S3dlioError

__all__ = ["Counters", "Ledger"]

_log = get_logger("transfer")
_failed_log = get_logger("transfer.failed")

#: Objects that are done and not told yet, at the most (but for one more of each worker).
UNTOLD_MAX = 10_000


class Counters:
    """What one worker has done."""

    __slots__ = ("done_bytes", "done_count", "left_bytes", "left_count", "outcomes")

    def __init__(self) -> None:
        self.done_count = 0
        self.done_bytes = 0
        self.left_count = 0
        self.left_bytes = 0
        # All keys from the beginning: a thread that is left behind can't change its size.
        self.outcomes: Counter[Outcome] = Counter(dict.fromkeys(Outcome, 0))

    def object_done(self, outcome: Outcome | None) -> None:
        """Count an object, and how its bytes compared with its checksum."""
        self.done_count += 1
        if outcome is not None:
            self.outcomes[outcome] += 1

    def object_left(self, size_bytes: int) -> None:
        """Count an object whose destination stays as it is."""
        self.left_count += 1
        self.left_bytes += size_bytes


class Ledger:
    """The counts, failures and notes of one run."""

    def __init__(self, operation: str, observer: TransferObserver) -> None:
        """Begin with nothing.

        Args:
            operation: its name.
            observer: is told everything.
        """
        self.notes: list[str] = []
        self.totals_final = False
        self._operation = operation
        self._observer = observer
        self._started_at = 0.0
        self._counters: list[Counters] = []
        self._total_count = 0
        self._total_bytes = 0
        self._failed_count = 0
        self._skipped_count = 0
        self._failures: list[Failure] = []
        self._unmatched: list[str] = []
        #: Whether the observer is told each object that is done.
        self.tells_settled = observer.wants_settled
        # What the observer hasn't been told yet.
        self._untold: deque[Failure | Settled | str] = deque()
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Tell the observer that the run begins."""
        self._started_at = time.monotonic()
        self._observer.started(self._snapshot())

    def counters(self) -> Counters:
        """Return counters for one more worker."""
        made = Counters()
        self._counters.append(made)
        return made

    # The planner's thread.

    def find(self, size_bytes: int) -> None:
        """Count an object of a plan."""
        self._total_count += 1
        self._total_bytes += size_bytes

    def skip(self) -> None:
        """Count an object that a rule leaves out."""
        self._skipped_count += 1

    def miss(self, source: str, reason: str) -> None:
        """Keep a source that selects nothing, and why."""
        self._unmatched.append(source)
        self.note(reason)

    # Any thread.

    def resize(self, difference_bytes: int) -> None:
        """Correct the total of a plan that has come to its end: an object's size has changed."""
        with self._lock:
            self._total_bytes += difference_bytes

    def fail(self, failure: Failure) -> None:
        """Record an object that failed."""
        drop_frames(failure.error)
        with self._lock:
            self._failed_count += 1
            if len(self._failures) < FAILURES_KEPT_MAX:
                self._failures.append(failure)
            self._untold.append(failure)
        _failed_log.warning("%s", failure.error)

    def settle(self, settled: Settled) -> None:
        """Tell the observer of an object that is done; only if `tells_settled`."""
        self._untold.append(settled)

    @property
    def is_full(self) -> bool:
        """Whether the observer is so far behind that workers should wait."""
        return len(self._untold) >= UNTOLD_MAX

    def note(self, text: str) -> None:
        """Keep what the user should read."""
        with self._lock:
            self.notes.append(text)
            self._untold.append(text)

    # The caller's thread.

    def remark(self, texts: Iterable[str]) -> None:
        """Keep what stores remark; they have logged it, so the observer isn't told."""
        for text in texts:
            if text not in self.notes:
                self.notes.append(text)

    def tell(self) -> None:
        """Tell the observer what it doesn't know."""
        for _ in range(
            len(self._untold)
        ):  # no more: workers may add them faster than they are told
            news = self._untold.popleft()
            if isinstance(news, str):
                self._observer.noted(news)
            elif isinstance(news, Settled):
                self._observer.settled(news)
            else:
                self._observer.failed(news)

    def tell_progress(self) -> None:
        """Tell the observer the state."""
        self._observer.progressed(self._snapshot())

    def end(self, stopped_by: S3dlioError | None) -> TransferReport:
        """Tell the observer the end, and return what was done.

        Args:
            stopped_by: the error that ended the run early, or None.
        """
        report = self._report(stopped_by)
        _log.info(
            "%s ended: %d objects done, %d verified, %d not verified, %d failed, %.1f s",
            self._operation,
            report.done_count,
            report.verified_count,
            sum(report.unverified.values()),
            report.failed_count,
            report.elapsed_s,
        )
        try:
            self.tell()
        finally:
            self._observer.finished(self._snapshot(), report)
        return report

    def _snapshot(self) -> Snapshot:
        # What stays as it is leaves the totals, since nothing of it is to be done.
        left_count = sum(counter.left_count for counter in self._counters)
        left_bytes = sum(counter.left_bytes for counter in self._counters)
        return Snapshot(
            operation=self._operation,
            done_count=sum(counter.done_count for counter in self._counters),
            failed_count=self._failed_count,
            skipped_count=self._skipped_count + left_count,
            total_count=self._total_count - left_count,
            done_bytes=sum(counter.done_bytes for counter in self._counters),
            total_bytes=self._total_bytes - left_bytes,
            totals_final=self.totals_final,
            elapsed_s=time.monotonic() - self._started_at,
        )

    def _report(self, stopped_by: S3dlioError | None) -> TransferReport:
        snapshot = self._snapshot()
        outcomes = sum((counter.outcomes for counter in self._counters), Counter[Outcome]())
        verified_count = outcomes.pop(Outcome.VERIFIED, 0)
        return TransferReport(
            operation=self._operation,
            done_count=snapshot.done_count,
            done_bytes=snapshot.done_bytes,
            failed_count=self._failed_count,
            failures=tuple(self._failures),
            skipped_count=snapshot.skipped_count,
            verified_count=verified_count,
            unverified={outcome.value: count for outcome, count in outcomes.items()},
            unmatched=tuple(self._unmatched),
            notes=tuple(self.notes),
            elapsed_s=snapshot.elapsed_s,
            stopped_by=stopped_by,
        )
