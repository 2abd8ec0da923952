"""Deleting what selections find, in the stores' own batches."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.selection import Selection, expand
from s3dlio_core.selection.filters import Filters, Sieve, left_out_text
from s3dlio_core.store import ListError, ObjectInfo
from s3dlio_core.transfer.events import CancelToken, Snapshot, TransferObserver
from s3dlio_core.transfer.frames import drop_frames
from s3dlio_core.transfer.report import (
    FAILURES_KEPT_MAX,
    PLANNED_KEPT_MAX,
    Failure,
    Planned,
    TransferReport,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from s3dlio_core.store import ObjectStore

__all__ = ["Deletion"]

#: How often the observer is told the state.
TICK_S = 0.1


class Deletion:
    """One run of a deletion. A key counts as deleted when the store has answered for its batch."""

    def __init__(
        self,
        observer: TransferObserver,
        cancel: CancelToken,
        filters: Filters | None = None,
        *,
        dry_run: bool = False,
    ) -> None:
        """Prepare a run.

        Args:
            observer: is told the progress.
            cancel: stops after the current batch.
            filters: what objects must be like to be deleted.
            dry_run: delete nothing, but tell what would be.
        """
        self._observer = observer
        self._dry_run = dry_run
        self._planned: list[Planned] = []
        self._cancel = cancel
        self._filters = filters
        self._left_out_objects = 0
        self._left_out_directories = 0
        self._started_at = time.monotonic()
        self._told_at = self._started_at
        self._found_count = 0
        self._done_count = 0
        self._failed_count = 0
        self._failures: list[Failure] = []
        self._unmatched: list[str] = []
        self._notes: list[str] = []

    def run(
        self, selections: Sequence[Selection | errors.NothingMatchedError], *, recursive: bool
    ) -> TransferReport:
        """Delete what the selections find. Errors are in the report, but usage errors are raised.

        Raises:
            UsageError: a directory without `recursive`; nothing was deleted.
        """
        for selection in selections:
            if not isinstance(selection, errors.NothingMatchedError):
                _check_directory(selection, recursive=recursive)
        self._observer.started(self._snapshot(final=False))
        stopped_by: errors.S3dlioError | None = None
        try:
            for selection in selections:
                if isinstance(selection, errors.NothingMatchedError):
                    self._nothing(selection.uri, str(selection))
                else:
                    self._delete(selection, recursive=recursive)
            self._count_left_out()
            if len(self._unmatched) < len(selections):  # otherwise the caller's error says it all
                for note in self._notes:
                    self._observer.noted(note)
        except errors.S3dlioError as error:
            stopped_by = error
            drop_frames(error)
        finally:
            # Also after KeyboardInterrupt, or an observer that raised.
            snapshot = self._snapshot(final=True)
            report = self._report(snapshot, stopped_by)
            self._observer.finished(snapshot, report)
        return report

    def _report(self, snapshot: Snapshot, stopped_by: errors.S3dlioError | None) -> TransferReport:
        return TransferReport(
            "delete",
            done_count=snapshot.done_count,
            failed_count=self._failed_count,
            failures=tuple(self._failures),
            unmatched=tuple(self._unmatched),
            notes=tuple(self._notes),
            elapsed_s=snapshot.elapsed_s,
            stopped_by=stopped_by,
            dry_run=self._dry_run,
            planned=tuple(self._planned),
        )

    def _delete(self, selection: Selection, *, recursive: bool) -> None:
        store = selection.place.store
        before = self._found_count
        filters = self._filters
        sieve = None if filters is None else Sieve(filters, selection.place.prefix)
        keys = self._keys(selection, sieve, recursive=recursive)
        while batch := list(itertools.islice(keys, store.limits.delete_batch_max)):
            self._found_count += len(batch)
            if self._dry_run:
                self._tell(store, batch)
            else:
                self._delete_batch(store, batch)
            self._tick()
        if sieve is not None and sieve.anything:
            self._left_out_objects += sieve.object_count
            self._left_out_directories += sieve.directory_count
        elif self._found_count == before:
            text = errors.printable(selection.text)
            self._nothing(selection.text, f"{text}: {selection.nothing_matched}")

    def _delete_batch(self, store: ObjectStore, keys: Sequence[str]) -> None:
        failed_count = 0
        for failed in store.delete_many(keys):
            failed_count += 1
            self._failed(store.uri_of(failed.key), failed.error)
        self._done_count += len(keys) - failed_count

    def _tell(self, store: ObjectStore, keys: Sequence[str]) -> None:
        """Tell what a dry run would delete."""
        for key in keys:
            planned = Planned(store.uri_of(key), "", 0)
            self._done_count += 1
            if len(self._planned) < PLANNED_KEPT_MAX:
                self._planned.append(planned)
            self._observer.planned(planned)

    def _keys(self, selection: Selection, sieve: Sieve | None, *, recursive: bool) -> Iterator[str]:
        for found in expand(selection, recursive=recursive, sieve=sieve):
            self._cancel.raise_if_cancelled("delete", selection.text)
            if isinstance(found, ObjectInfo):
                yield found.key
            elif isinstance(found, ListError) and not found.wanted:
                self._found_count += 1
                self._failed(selection.place.store.uri_of(found.key), found.error)

    def _tick(self) -> None:
        now = time.monotonic()
        if now - self._told_at >= TICK_S:
            self._told_at = now
            self._observer.progressed(self._snapshot(final=False))

    def _failed(self, uri: str, error: errors.S3dlioError) -> None:
        drop_frames(error)
        failure = Failure(uri, "", error)
        self._failed_count += 1
        if len(self._failures) < FAILURES_KEPT_MAX:
            self._failures.append(failure)
        self._observer.failed(failure)

    def _count_left_out(self) -> None:
        if self._left_out_objects or self._left_out_directories:
            self._notes.append(left_out_text(self._left_out_objects, self._left_out_directories))

    def _nothing(self, source: str, reason: str) -> None:
        self._unmatched.append(source)
        self._notes.append(reason)

    def _snapshot(self, *, final: bool) -> Snapshot:
        return Snapshot(
            operation="delete",
            done_count=self._done_count,
            failed_count=self._failed_count,
            skipped_count=0,
            total_count=self._found_count,
            done_bytes=0,
            total_bytes=0,
            totals_final=final,
            elapsed_s=time.monotonic() - self._started_at,
        )


def _check_directory(selection: Selection, *, recursive: bool) -> None:
    if selection.names_directory and not recursive:
        raise errors.UsageError(
            "this names a directory",
            operation="delete",
            uri=selection.text,
            hint="Say recursive (-r) to delete all that lies below it",
        )
