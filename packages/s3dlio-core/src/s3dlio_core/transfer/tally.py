"""The counts of a run that one thread carries out, and what its observer is told of them."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from s3dlio_core.errors import S3dlioError
from s3dlio_core.transfer.events import Snapshot, TransferObserver
from s3dlio_core.transfer.frames import drop_frames
from s3dlio_core.transfer.report import (
    FAILURES_KEPT_MAX,
    PLANNED_KEPT_MAX,
    Failure,
    Planned,
    Settled,
    TransferReport,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        """Begin with nothing.

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
        self._report: TransferReport | None = None

    @contextlib.contextmanager
    def counting(self) -> Iterator[None]:
        """Tell the observer the beginning and, however the block ends, the end.

        An S3dlioError that ends the block isn't raised, but stands in the report.
        """
        stopped_by: S3dlioError | None = None
        self._started_at = self._told_at = time.monotonic()
        self._observer.started(self._snapshot(final=False))
        try:
            yield
        except S3dlioError as error:
            error.operation = error.operation or self._operation
            stopped_by = error
            drop_frames(error)
        finally:
            snapshot = self._snapshot(final=True)
            self._report = self._make_report(snapshot, stopped_by)
            self._observer.finished(snapshot, self._report)

    @property
    def report(self) -> TransferReport:
        """What was done, once `counting` has come to its end."""
        if self._report is None:
            raise AssertionError("counting() comes first")
        return self._report

    def plan(self, planned: Planned) -> None:
        """Count what would be done."""
        self.done_count += 1
        self.done_bytes += planned.size_bytes or 0
        if len(self._planned) < PLANNED_KEPT_MAX:
            self._planned.append(planned)
        self._observer.planned(planned)

    @property
    def tells_settled(self) -> bool:
        """Whether the observer is told each object that is done."""
        return self._observer.wants_settled

    def settle(self, settled: Settled) -> None:
        """Tell the observer of an object that is done; only if `tells_settled`."""
        self._observer.settled(settled)

    def fail(self, failure: Failure) -> None:
        """Count an object that failed."""
        drop_frames(failure.error)
        self._failed_count += 1
        if len(self._failures) < FAILURES_KEPT_MAX:
            self._failures.append(failure)
        self._observer.failed(failure)

    def note(self, text: str, *, tell: bool = True) -> None:
        """Keep what the user should read; tell it at once, or with `tell_notes`."""
        self._notes.append(text)
        if tell:
            self._observer.noted(text)

    def tell_notes(self) -> None:
        """Tell all notes that were kept."""
        for text in self._notes:
            self._observer.noted(text)

    @property
    def missed_count(self) -> int:
        """Sources that selected nothing."""
        return len(self._unmatched)

    def miss(self, source: str, reason: str, *, tell: bool = True) -> None:
        """Keep a source that selects nothing, and why."""
        self._unmatched.append(source)
        self.note(reason, tell=tell)

    def tick(self) -> None:
        """Tell the state, if it is time."""
        now = time.monotonic()
        if now - self._told_at >= TICK_S:
            self._told_at = now
            self._observer.progressed(self._snapshot(final=False))

    def _make_report(self, snapshot: Snapshot, stopped_by: S3dlioError | None) -> TransferReport:
        return TransferReport(
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
            deleted_count=snapshot.deleted_count,
        )

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
            deleted_count=self.done_count if self._operation == "delete" else 0,
        )
