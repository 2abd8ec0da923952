"""The counts of a run that one thread carries out, and what its observer is told of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from s3dlio_core.transfer.events import Snapshot, TransferObserver
from s3dlio_core.transfer.frames import drop_frames
from s3dlio_core.transfer.report import (
    FAILURES_KEPT_MAX,
    PLANNED_KEPT_MAX,
    Failure,
    Planned,
    TransferReport,
)

if TYPE_CHECKING:
    from s3dlio_core.errors import S3dlioError

__all__ = ["Tally"]

#: How often the observer is told the state.
TICK_S = 0.1


class Tally:
    """Counts, and tells the observer. For one thread.

    Attributes:
        found_count, found_bytes: objects that were found so far.
        done_count, done_bytes: those that are done.
        skipped_count: those that a rule left out.
    """

    def __init__(self, operation: str, observer: TransferObserver, *, dry_run: bool) -> None:
        """Begin to count, and say so.

        Args:
            operation: its name.
            observer: is told everything.
            dry_run: nothing is done: what is counted as done only would be.
        """
        self.found_count = 0
        self.found_bytes = 0
        self.done_count = 0
        self.done_bytes = 0
        self.skipped_count = 0
        self._operation = operation
        self._observer = observer
        self._dry_run = dry_run
        self._failed_count = 0
        self._failures: list[Failure] = []
        self._planned: list[Planned] = []
        self._unmatched: list[str] = []
        self._notes: list[str] = []
        self._started_at = self._told_at = time.monotonic()
        observer.started(self._snapshot(final=False))

    def plan(self, planned: Planned) -> None:
        """Count what would be done."""
        self.done_count += 1
        self.done_bytes += planned.size_bytes
        if len(self._planned) < PLANNED_KEPT_MAX:
            self._planned.append(planned)
        self._observer.planned(planned)

    def fail(self, failure: Failure) -> None:
        """Count an object that failed."""
        drop_frames(failure.error)
        self._failed_count += 1
        if len(self._failures) < FAILURES_KEPT_MAX:
            self._failures.append(failure)
        self._observer.failed(failure)

    def note(self, text: str) -> None:
        """Keep what the user should read."""
        self._notes.append(text)
        self._observer.noted(text)

    def miss(self, source: str, reason: str) -> None:
        """Keep a source that selects nothing, and why."""
        self._unmatched.append(source)
        self.note(reason)

    def tick(self) -> None:
        """Tell the state, if it is time."""
        now = time.monotonic()
        if now - self._told_at >= TICK_S:
            self._told_at = now
            self._observer.progressed(self._snapshot(final=False))

    def finish(self, stopped_by: S3dlioError | None) -> TransferReport:
        """Tell the end, and return what was done.

        Args:
            stopped_by: the error that ended the run early, or None.
        """
        if stopped_by is not None:
            drop_frames(stopped_by)
        snapshot = self._snapshot(final=True)
        report = TransferReport(
            self._operation,
            done_count=self.done_count,
            done_bytes=self.done_bytes,
            failed_count=self._failed_count,
            failures=tuple(self._failures),
            skipped_count=self.skipped_count,
            unmatched=tuple(self._unmatched),
            notes=tuple(self._notes),
            elapsed_s=snapshot.elapsed_s,
            stopped_by=stopped_by,
            dry_run=self._dry_run,
            planned=tuple(self._planned),
        )
        self._observer.finished(snapshot, report)
        return report

    def _snapshot(self, *, final: bool) -> Snapshot:
        return Snapshot(
            operation=self._operation,
            done_count=self.done_count,
            failed_count=self._failed_count,
            skipped_count=self.skipped_count,
            total_count=self.found_count,
            done_bytes=self.done_bytes,
            total_bytes=self.found_bytes,
            totals_final=final,
            elapsed_s=time.monotonic() - self._started_at,
        )
