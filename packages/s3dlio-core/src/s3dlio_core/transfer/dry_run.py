"""A run that only tells what it would do: the same plan, the same decisions, and no write.

What it can't know: what a store or a source says only when it is written or read, such as that one
source's file stands where another's directory would be. So an object that it names may still fail
in the real run.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from s3dlio_core.errors import S3dlioError, Scope
from s3dlio_core.transfer.in_order import in_order
from s3dlio_core.transfer.plan import CopyItem, Note, PlanEntry, Skipped, part_size_for
from s3dlio_core.transfer.report import Failure, Planned, TransferReport
from s3dlio_core.transfer.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from s3dlio_core.store import ObjectStore
    from s3dlio_core.transfer.events import CancelToken, TransferObserver

__all__ = ["DryRun"]


class DryRun:
    """Carries out one plan but for its writes; made for one run."""

    def __init__(
        self,
        operation: str,
        destination: ObjectStore,
        *,
        jobs: int,
        part_size_bytes: int | None,
        observer: TransferObserver,
        cancel: CancelToken,
        is_wanted: Callable[[CopyItem], bool] | None = None,
    ) -> None:
        """Prepare a run.

        Args:
            operation: "upload", "download" or "copy"; for messages.
            destination: where everything would be written.
            jobs: decisions at the same time, at the most.
            part_size_bytes: as of `Engine`.
            observer: is told each copy that would be made, in the plan's order.
            cancel: stops the run when it is set.
            is_wanted: decides whether an object would be copied, and may ask the stores; None: all
                would.
        """
        self._operation = operation
        self._destination = destination
        self._jobs = jobs
        self._part_size_bytes = part_size_bytes
        self._observer = observer
        self._cancel = cancel
        self._is_wanted = is_wanted

    def run(self, plan: Iterable[PlanEntry]) -> TransferReport:
        """Go through a plan and return what would be done. Errors are in the report, not raised."""
        tally = Tally(self._operation, self._observer, dry_run=True)
        with tally.counting(), contextlib.closing(self._decided(plan)) as decided:
            for entry, outcome in decided:
                self._cancel.raise_if_cancelled(self._operation)
                self._take(entry, outcome, tally)
                tally.tick()
        return tally.report

    def _decided(
        self, plan: Iterable[PlanEntry]
    ) -> Generator[tuple[PlanEntry, bool | S3dlioError], None, None]:
        if self._is_wanted is None:
            return ((entry, self._decide(entry)) for entry in plan)
        return in_order(self._decide, plan, self._jobs, self._cancel)

    def _decide(self, entry: PlanEntry) -> bool | S3dlioError:
        """Return whether an entry would be copied, or why not although it should."""
        if not isinstance(entry, CopyItem):
            return False
        try:
            if self._is_wanted is not None and not self._is_wanted(entry):
                return False
            destination = self._destination
            size_bytes, limits = entry.info.size_bytes, destination.limits
            part_size_for(size_bytes, entry.source.limits, limits, self._part_size_bytes)
            destination.check_key(entry.key)
        except S3dlioError as error:
            return error
        return True

    def _take(self, entry: PlanEntry, outcome: bool | S3dlioError, tally: Tally) -> None:
        if isinstance(entry, CopyItem) and outcome:
            tally.found_count += 1
            tally.found_bytes += entry.info.size_bytes
            self._take_item(entry, outcome, tally)
        elif isinstance(entry, Failure):
            tally.found_count += 1
            tally.fail(entry)
        elif isinstance(entry, Note):
            tally.note(entry.text)
        elif isinstance(entry, (CopyItem, Skipped)):
            tally.skipped_count += 1
        else:
            tally.miss(entry.source, entry.reason)

    def _take_item(self, item: CopyItem, outcome: bool | S3dlioError, tally: Tally) -> None:
        """Tell of an object that would be copied, or why it wouldn't."""
        source = item.source.uri_of(item.info.key)
        destination = self._destination.uri_of(item.key)
        if isinstance(outcome, S3dlioError):
            outcome.operation = outcome.operation or self._operation
            outcome.uri = outcome.uri or source
            if outcome.scope is not Scope.OBJECT:
                raise outcome
            tally.fail(Failure(source, destination, outcome))
        else:
            tally.plan(Planned(source, destination, item.info.size_bytes))
