"""Carrying out a sync: the copies, and then, if all went well, the deletions.

To an observer both are one run: it is told one end, with the report of both.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from s3dlio_core.deletion import delete_batch
from s3dlio_core.errors import S3dlioError
from s3dlio_core.transfer.events import PassingObserver, Snapshot, TransferObserver
from s3dlio_core.transfer.frames import drop_frames
from s3dlio_core.transfer.report import (
    FAILURES_KEPT_MAX,
    PLANNED_KEPT_MAX,
    Failure,
    Planned,
    TransferReport,
)
from s3dlio_core.trees.extras import refusal_of, why_kept

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from s3dlio_core.session import Place
    from s3dlio_core.transfer.events import CancelToken
    from s3dlio_core.trees.extras import Extras
    from s3dlio_core.trees.sync_plan import SyncPlan

__all__ = ["HeldEnd", "delete_extras"]

#: How often the observer is told the state.
TICK_S = 0.1


class HeldEnd(PassingObserver):
    """Holds the end of a run back, until all that belongs to it is done."""

    def __init__(self, inner: TransferObserver) -> None:
        super().__init__(inner)
        self._end: tuple[Snapshot, TransferReport] | None = None

    def finished(self, snapshot: Snapshot, report: TransferReport) -> None:
        """Keep it for `release`."""
        self._end = snapshot, report

    def state_of(self, report: TransferReport) -> Snapshot:
        """Hold a new report in place of the one that was held; return the state that it means."""
        if self._end is None:
            raise AssertionError("no run has ended")
        snapshot = dataclasses.replace(
            self._end[0],
            failed_count=report.failed_count,
            deleted_count=report.deleted_count,
            elapsed_s=report.elapsed_s,
        )
        self._end = snapshot, report
        return snapshot

    def release(self) -> None:
        """Tell the end, if the run has had one."""
        if self._end is not None:
            self._inner.finished(*self._end)


def delete_extras(
    report: TransferReport,
    extras: Extras,
    plan: SyncPlan,
    destination: Place,
    *,
    max_delete: int | None,
    observer: HeldEnd,
    cancel: CancelToken,
) -> TransferReport:
    """Delete what only the destination has, unless something speaks against it.

    Args:
        report: of the copies.
        extras: what only the destination has.
        plan: what was carried out.
        destination: where they are.
        max_delete: delete nothing when there are more; None: any number.
        observer: is told the progress.
        cancel: stops after the current batch.

    Returns:
        The report of both.
    """
    run = _Deletion(report, destination, observer)
    reason = why_kept(report) or ("" if plan.is_complete else "the listings have no end")
    if reason:
        run.note(f"nothing was deleted, since {reason}")
    elif extras:
        refusal = refusal_of(
            len(extras),
            destination=destination.store,
            prefix=destination.prefix,
            matched_any=plan.matched_any,
            max_delete=max_delete,
        )
        if refusal is not None:
            run.stop(refusal)
        else:
            run.delete(extras, cancel)
    whole = run.report()
    observer.state_of(whole)
    return whole


class _Deletion:
    """Counts on from the report of the copies."""

    def __init__(self, copies: TransferReport, destination: Place, observer: HeldEnd) -> None:
        self._copies = copies
        self._store = destination.store
        self._observer = observer
        self._deleted_count = 0
        self._failed_count = 0
        self._failures: list[Failure] = []
        self._planned: list[Planned] = []
        self._notes: list[str] = []
        self._stopped_by = copies.stopped_by
        self._began_at = self._told_at = time.monotonic()

    def note(self, text: str) -> None:
        """Keep what the user should read, and tell it."""
        self._notes.append(text)
        self._observer.noted(text)

    def stop(self, error: S3dlioError) -> None:
        """Keep what ends the run."""
        error.operation = error.operation or "delete"
        drop_frames(error)
        self._stopped_by = error

    def delete(self, extras: Extras, cancel: CancelToken) -> None:
        """Delete them, or in a dry run tell them."""
        work: Callable[[Sequence[str]], None] = self._delete_batch
        if self._copies.dry_run:
            work = self._plan_batch
        try:
            for batch in extras.batches(self._store.limits.delete_batch_max):
                cancel.raise_if_cancelled("delete", self._store.uri)
                work(batch)
                self._tick()
        except S3dlioError as error:
            self.stop(error)

    def _delete_batch(self, keys: Sequence[str]) -> None:
        settled = self._observer.settled if self._observer.wants_settled else None
        self._deleted_count += delete_batch(self._store, keys, self._fail, settled)

    def _fail(self, failure: Failure) -> None:
        drop_frames(failure.error)
        self._failed_count += 1
        if len(self._failures) < FAILURES_KEPT_MAX - len(self._copies.failures):
            self._failures.append(failure)
        self._observer.failed(failure)

    def _plan_batch(self, keys: Sequence[str]) -> None:
        for key in keys:
            planned = Planned(self._store.uri_of(key), "", None)
            if len(self._planned) < PLANNED_KEPT_MAX - len(self._copies.planned):
                self._planned.append(planned)
            self._observer.planned(planned)
        self._deleted_count += len(keys)

    def _tick(self) -> None:
        now = time.monotonic()
        if now - self._told_at >= TICK_S:
            self._told_at = now
            self._observer.progressed(self._observer.state_of(self.report()))

    def report(self) -> TransferReport:
        """Return what was done so far, copies included."""
        copies = self._copies
        return dataclasses.replace(
            copies,
            deleted_count=self._deleted_count,
            failed_count=copies.failed_count + self._failed_count,
            failures=(*copies.failures, *self._failures),
            planned=(*copies.planned, *self._planned),
            notes=(*copies.notes, *self._notes),
            elapsed_s=copies.elapsed_s + time.monotonic() - self._began_at,
            stopped_by=self._stopped_by,
        )
